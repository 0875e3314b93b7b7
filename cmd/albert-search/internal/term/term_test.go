package term_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ä, 漢字, 👩‍🚀":   "plain, ä, 漢字, 👩‍🚀",
		"\x1b[31mred":         `\x1b[31mred`,
		"bell\a tab\t":        `bell\x07 tab\x09`,
		"\u009b31m":           `\x9b31m`,
		"\xff\xfe":            `\xff\xfe`,
		"evil\u202egpj.exe":   `evil\u202egpj.exe`,
		"a\u2028b":            `a\u2028b`,
		"shown \uFFFD as is?": `shown \ufffd as is?`,
	} {
		if got := term.Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got, want := term.OneLine(" two\r\n\tlines\x00 "), `two lines\x00`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, text string
		marks      []term.Range
		width      int
		want       []string
	}{
		{"nothing", "", nil, 10, nil},
		{"spaces", " \n ", nil, 10, nil},
		{"fits", "one  two\nthree", nil, 13, []string{"one two three"}},
		{"fills", "one two three", nil, 12, []string{"one two", "three"}},
		{"long word", "a bbbbbbbb c", nil, 3, []string{"a", "bbb", "bbb", "bb", "c"}},
		{"wide letters", "漢字漢字 x", nil, 5, []string{"漢字", "漢字", "x"}},
		{"combining", "e\u0301e\u0301e\u0301", nil, 2, []string{"e\u0301e\u0301", "e\u0301"}},
		{"marked", "one two three", []term.Range{{4, 7}}, 20, []string{"one \x1b[1mtwo\x1b[0m three"}},
		{"marked over a line end", "one two three", []term.Range{{4, 13}}, 8, []string{"one \x1b[1mtwo\x1b[0m", "\x1b[1mthree\x1b[0m"}},
		{"marked space", "one two three", []term.Range{{0, 7}}, 20, []string{"\x1b[1mone two\x1b[0m three"}},
		{"marked part", "reindexing", []term.Range{{2, 7}}, 20, []string{"re\x1b[1mindex\x1b[0ming"}},
		{"escaped", "a\x1bb", nil, 20, []string{`a\x1bb`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := term.Wrap(c.text, c.marks, term.Bold, c.width); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("some words, 漢字, e\u0301 and \x1b[2J control", 5, 9, 12)
	f.Add("\xff\xff \u202e", 0, 1, 1)
	f.Add("👩‍🚀👩‍🚀👩‍🚀", 4, 11, 3)
	f.Fuzz(func(t *testing.T, text string, start, end, width int) {
		if start < 0 || end < start || end > len(text) || width < 1 || width > 500 {
			t.Skip()
		}
		lines := term.Wrap(text, []term.Range{{Start: start, End: end}}, term.Plain, width)
		for _, line := range lines {
			if strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) {
				t.Fatalf("line %q has control characters", line)
			}
			// An escape like \u202e is one letter of six columns.
			if w := term.Width(line); w > max(width, 6) {
				t.Fatalf("line %q is %d columns wide, more than %d", line, w, width)
			}
		}
		// Nothing is lost.
		bare := func(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), "") }
		if got, want := bare(strings.Join(lines, "")), bare(term.Escape(spaces(text))); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// spaces makes all white space of text spaces, which Escape leaves alone.
func spaces(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case r == utf8.RuneError:
			_, n := utf8.DecodeRuneInString(text[i:])
			b.WriteString(text[i : i+n])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestSnippet(t *testing.T) {
	text := strings.Repeat("filler words here ", 20) + "the gear ratio of the gear box" + strings.Repeat(" and so on", 30)
	gear := strings.Index(text, "gear")
	second := strings.LastIndex(text, "gear")
	marks := []term.Range{{Start: 0, End: 6}, {Start: gear, End: gear + 4}, {Start: second, End: second + 4}}
	s := term.Snippet(text, marks, 100)
	got := text[s.Start:s.End]
	if !strings.Contains(got, "gear ratio of the gear box") {
		t.Errorf("%q is not where most marks are", got)
	}
	if len(got) > 100 || text[s.Start-1] != ' ' || text[s.End] != ' ' {
		t.Errorf("%q is not cut between words, or too long", got)
	}
	if s := term.Snippet("short", nil, 100); s != (term.Range{Start: 0, End: 5}) {
		t.Errorf("short text was cut: %v", s)
	}
	if s := term.Snippet(text, nil, 100); s.Start != 0 {
		t.Errorf("without marks the beginning is shown, not %v", s)
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add(strings.Repeat("漢字", 50), 30, 40)
	f.Add(strings.Repeat("word ", 50), 100, 20)
	f.Add(strings.Repeat("\xff", 300), 100, 20)
	f.Fuzz(func(t *testing.T, text string, at, size int) {
		if at < 0 || at > len(text) || size < 1 || size > 1000 {
			t.Skip()
		}
		s := term.Snippet(text, []term.Range{{Start: at, End: len(text)}}, size)
		if s.Start < 0 || s.End < s.Start || s.End > len(text) {
			t.Fatalf("range %v of %d bytes", s, len(text))
		}
		if utf8.ValidString(text) && !utf8.ValidString(text[s.Start:s.End]) {
			t.Fatalf("a letter is cut: %q", text[s.Start:s.End])
		}
	})
}
