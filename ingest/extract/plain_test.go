package extract

import (
	"bytes"
	"testing"
)

// extractBytes reads content as a file of the given name.
func extractBytes(t *testing.T, name string, content []byte) (*Text, error) {
	t.Helper()
	x := New(Options{CacheDir: t.TempDir()})
	defer x.Close()
	return x.Extract(t.Context(), name, bytes.NewReader(content), int64(len(content)))
}

func TestPlainKeepsBytes(t *testing.T) {
	body := "first line\r\nsecond\n\n\tthird — with a dash\n"
	for _, mark := range []string{"", "\xEF\xBB\xBF"} {
		got, err := extractBytes(t, "a.txt", []byte(mark+body))
		if err != nil {
			t.Fatal(err)
		}
		if got.Body != body || !got.Lines || got.Type != TypeText || got.Note != "" {
			t.Errorf("mark %q: got %+v", mark, got)
		}
	}
}
