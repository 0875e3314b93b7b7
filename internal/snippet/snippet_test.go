package snippet_test

import (
	"slices"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/snippet"
)

// hit is one of a format with the words as matches.
func hit(format, text string, words ...string) albertsearch.Hit {
	h := albertsearch.Hit{Text: text, Citation: albertsearch.Citation{Type: format}}
	for _, w := range words {
		at := strings.Index(text, w)
		h.Matches = append(h.Matches, index.Range{Start: at, End: at + len(w)})
	}
	return h
}

// matched are the texts of the matches.
func matched(s snippet.Snippet) (out []string) {
	for _, m := range s.Matches {
		out = append(out, s.Text[m.Start:m.End])
	}
	return out
}

func TestSnippet(t *testing.T) {
	headed := hit("markdown", "# Gears\n\nThe large\ngear has teeth.\n- one\n- two", "Gears", "gear", "teeth")
	headed.Heading = []string{"Gears"}
	code := hit("code", "\n\nfunc main() {\n\tgear()\n}", "gear")
	code.Place = document.Place{Line: 7, Column: 1}
	for _, c := range []struct {
		name, text string
		hit        albertsearch.Hit
		matches    []string
		firstLine  int
	}{
		{"plain", "two lines", hit("text", "two\nlines", "lines"), []string{"lines"}, 0},
		{"heading", "The large\ngear has teeth.\n- one\n- two", headed, []string{"gear", "teeth"}, 0},
		{"hyphen at a line end", "a towrope\nof hemp", hit("markdown", "a tow-\nrope\nof hemp", "hemp"), []string{"hemp"}, 0},
		{"front matter", "A text.", hit("markdown", "---\ntags: x\n---\nA text.", "text"), []string{"text"}, 0},
		{"match in front matter only", "---\ntags: gear\n---\nA text.", hit("markdown", "---\ntags: gear\n---\nA text.", "gear"), []string{"gear"}, 0},
		{"code", "func main() {\n\tgear()\n}", code, []string{"gear"}, 9},
		{"nothing but a heading", "# Gears", hit("markdown", "# Gears"), nil, 0},
		{"empty", "", hit("text", ""), nil, 0},
	} {
		s := snippet.Of(c.hit)
		if s.Text != c.text || !slices.Equal(matched(s), c.matches) || s.FirstLine != c.firstLine || s.Preformatted != (c.hit.Type == "code") {
			t.Errorf("%s: %+v with the matches %q", c.name, s, matched(s))
		}
	}
	s := snippet.Of(headed)
	for _, c := range []struct {
		shown []int
		want  string
	}{{nil, "Gears"}, {[]int{0, 1}, "gear"}, {[]int{1}, "teeth"}} {
		if at := s.At(c.shown); headed.Text[at.Start:at.End] != c.want {
			t.Errorf("with %v shown it points to %q, want %q", c.shown, headed.Text[at.Start:at.End], c.want)
		}
	}
	if at := snippet.Of(hit("text", "\n\nabc")).At(nil); at != (index.Range{Start: 2, End: 2}) {
		t.Errorf("without matches it points to %v", at)
	}
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		matches []int
		want    int
	}{
		{nil, 0},
		{[]int{0, 0, 0}, 0},
		{[]int{0, 0, 0, 0, 1}, 3}, // a row leads up to the match
		{[]int{1, 0, 0, 0, 3, 1}, 4},
		{[]int{2, 0, 0, 0, 2, 0}, 0},
	} {
		if got := snippet.Window(c.matches, 2); got != c.want {
			t.Errorf("%v: from %d on, want %d", c.matches, got, c.want)
		}
	}
}

func FuzzSnippet(f *testing.F) {
	for _, format := range []string{"text", "markdown", "code", "html", "nothing known"} {
		f.Add(format, "---\na: b\n---\n# Gears\n\nThe large gear-\nbox\n```\ncode\n```\n", uint(5), uint(12))
	}
	f.Add("text", "\xff\n\n", uint(0), uint(1))
	f.Fuzz(func(t *testing.T, format, text string, start, length uint) {
		h := albertsearch.Hit{Text: text, Citation: albertsearch.Citation{Type: format, Heading: []string{"Gears"}, Place: document.Place{Line: 3, Column: 1}}}
		if n := uint(len(text)); start <= n && length <= n-start {
			h.Matches = []index.Range{{Start: int(start), End: int(start + length)}}
		}
		s := snippet.Of(h)
		for _, m := range s.Matches {
			if m.Start < 0 || m.End < m.Start || m.End > len(s.Text) {
				t.Fatalf("match %v of a text of %d bytes", m, len(s.Text))
			}
		}
		if at := s.At(nil); at.Start < 0 || at.End > len(text) || at.Start > at.End {
			t.Fatalf("it points to %v of %d bytes", at, len(text))
		}
	})
}
