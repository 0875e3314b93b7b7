package term_test

import (
	"reflect"
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

func texts(rows []term.Row) []string {
	var lines []string
	for _, r := range rows {
		lines = append(lines, r.Text)
	}
	return lines
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, text string
		marks      []term.Range
		width      int
		want       []string
	}{
		{"nothing", "", nil, 10, nil},
		{"empty line", "a\n \nb", nil, 10, []string{"a", "", "b"}},
		{"fits", "one two three", nil, 13, []string{"one two three"}},
		{"fills", "one two three", nil, 12, []string{"one two", "three"}},
		{"lines", "one two\r\nthree\n", nil, 20, []string{"one two", "three"}},
		{"indentation", "  if x:\n\treturn  a", nil, 20, []string{"  if x:", "    return  a"}},
		{"indentation of what is broken", "\t\tabc def", nil, 7, []string{"   abc", "def"}},
		{"long word", "a bbbbbbbb c", nil, 3, []string{"a", "bbb", "bbb", "bb", "c"}},
		{"wide letters", "漢字漢字 x", nil, 5, []string{"漢字", "漢字", "x"}},
		{"combining", "e\u0301e\u0301e\u0301", nil, 2, []string{"e\u0301e\u0301", "e\u0301"}},
		{"marked", "one two three", []term.Range{{Start: 4, End: 7}}, 20, []string{"one \x1b[1mtwo\x1b[0m three"}},
		{"marked over a row's end", "one two three", []term.Range{{Start: 4, End: 13}}, 8, []string{"one \x1b[1mtwo\x1b[0m", "\x1b[1mthree\x1b[0m"}},
		{"marked space", "one two three", []term.Range{{Start: 0, End: 7}}, 20, []string{"\x1b[1mone two\x1b[0m three"}},
		{"marked part", "reindexing", []term.Range{{Start: 2, End: 7}}, 20, []string{"re\x1b[1mindex\x1b[0ming"}},
		{"escaped", "a\x1bb", nil, 20, []string{`a\x1bb`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := texts(term.Wrap(c.text, c.marks, term.Bold, c.width)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRowsKnowTheirLinesAndMarks(t *testing.T) {
	got := term.Wrap("one two\nthree four", []term.Range{{Start: 0, End: 3}, {Start: 4, End: 10}, {Start: 14, End: 18}}, term.Plain, 5)
	want := []term.Row{
		{Text: "one", Marks: []int{0}},
		{Text: "two", Marks: []int{1}, Continued: true},
		{Text: "three", Line: 1},
		{Text: "four", Line: 1, Marks: []int{2}, Continued: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
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
		lines := texts(term.Wrap(text, []term.Range{{Start: start, End: end}}, term.Plain, width))
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
