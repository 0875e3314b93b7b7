package hint

import "testing"

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{
		"mine": "mine", "/a/b-c_d.e": "/a/b-c_d.e", "my index": "'my index'", "$(rm x)": "'$(rm x)'",
		"it's": `'it'\''s'`, "~/x": "'~/x'", "": "''",
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%q is typed as %s, want %s", text, got, want)
		}
	}
}
