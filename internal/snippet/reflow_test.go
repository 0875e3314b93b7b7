package snippet

import (
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
)

func TestReflow(t *testing.T) {
	items := func(_, line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "- ") }
	for _, c := range []struct{ name, text, mark, want, marked string }{
		{"joined", "one\r\n  two\n", "two", "one two", "two"},
		{"hard", "a list:\n - one\n   more\n - two", "more\n - two", "a list:\n - one more\n - two", "more\n - two"},
		{"empty lines", "one\n\n \ntwo", "one\n\n \ntwo", "one two", "one two"},
		{"parted word", "the thumb-\nnail is small", "thumb-\nnail", "the thumbnail is small", "thumbnail"},
		{"soft hyphen", "the thumb\u00ad\nnail", "nail", "the thumbnail", "nail"},
		{"hyphen that stays", "inlet- and\nout-\n- item", "and", "inlet- and out-\n- item", "and"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := strings.Index(c.text, c.mark)
			got, marks := reflow(c.text, []index.Range{{Start: at, End: at + len(c.mark)}}, items)
			if got != c.want || got[marks[0].Start:marks[0].End] != c.marked {
				t.Errorf("got %q with %q marked", got, got[marks[0].Start:marks[0].End])
			}
		})
	}
}

func FuzzReflow(f *testing.F) {
	f.Add("one-\ntwo\n\n- three \xff", 3, 9)
	f.Add(" \u00ad\n\u00ad\n", 0, 2)
	f.Add("00-\na", 3, 4)
	f.Fuzz(func(t *testing.T, text string, start, end int) {
		if start < 0 || end < start || end > len(text) {
			t.Skip()
		}
		got, marks := reflow(text, []index.Range{{Start: start, End: end}}, func(previous, _ string) bool { return previous == "" })
		if m := marks[0]; m.Start < 0 || m.End < m.Start || m.End > len(got) {
			t.Fatalf("range %v of %d bytes", m, len(got))
		}
	})
}
