// Package snippet makes of a passage what is shown of it: without what its
// headings have said already, its lines joined where they are no lines of their
// own, and the part in which most matches are. How that looks, on a terminal or a
// page, is for whoever shows it.
package snippet

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
)

// Snippet is the text of a passage to be shown.
type Snippet struct {
	Text string
	// Matches are the ranges of Text that the words of the query match.
	Matches []index.Range
	// Preformatted texts, such as code, are shown line by line as they are.
	Preformatted bool
	// FirstLine is the line of the file on which Text begins; 0 where the lines
	// of Text are not those of the file.
	FirstLine int

	hit  albertsearch.Hit
	body int // where Text begins in that of the hit
	left int // how many matches of the hit are not in Text
}

// Of returns the snippet of a hit.
func Of(h albertsearch.Hit) Snippet {
	s := Snippet{hit: h, body: bodyStart(h), Preformatted: Preformatted(h.Type)}
	for s.left < len(h.Matches) && h.Matches[s.left].Start < s.body {
		s.left++
	}
	s.Text = h.Text[s.body:]
	for _, m := range h.Matches[s.left:] {
		s.Matches = append(s.Matches, index.Range{Start: m.Start - s.body, End: m.End - s.body})
	}
	if s.Preformatted && h.Column > 0 {
		s.FirstLine = h.Part(h.Text, index.Range{Start: s.body, End: s.body}).Line
	}
	s.Text, s.Matches = Flow(h.Type, s.Text, s.Matches)
	return s
}

// At returns what the snippet points to, a range of the hit's text, where shown
// are the indexes of the Matches that are shown: the first of these, and where
// there are none the first match of the passage, or its beginning.
func (s Snippet) At(shown []int) index.Range {
	switch {
	case len(shown) > 0:
		return s.hit.Matches[s.left+shown[0]]
	case len(s.hit.Matches) > 0:
		return FirstMatch(s.hit)
	}
	return index.Range{Start: s.body, End: s.body}
}

// Window returns which size rows, of a text in rows with so many matches each,
// are to be shown: those from the returned one on, which have the most matches;
// of several such the first, after a row that leads up to the first match.
func Window(matches []int, size int) int {
	in := func(start int) (n int) {
		for _, m := range matches[start:min(len(matches), start+size)] {
			n += m
		}
		return n
	}
	last := max(0, len(matches)-size)
	best := 0
	for start := range last + 1 {
		if in(start) > in(best) {
			best = start
		}
	}
	most := in(best)
	for best < last && matches[best] == 0 && matches[best+1] == 0 && in(best+1) == most && most > 0 {
		best++
	}
	return best
}

// FirstMatch is the first match of a passage, in front matter only if there is
// no other; without matches the beginning.
func FirstMatch(h albertsearch.Hit) index.Range {
	if len(h.Matches) == 0 {
		return index.Range{}
	}
	front := frontMatterEnd(h)
	if i := slices.IndexFunc(h.Matches, func(r index.Range) bool { return r.Start >= front }); i >= 0 {
		return h.Matches[i]
	}
	return h.Matches[0]
}

// Flow joins the lines of a text of the format, except where a line is one of
// its own, and leaves out empty lines; a preformatted text stays as it is. It
// returns the ranges moved along.
func Flow(format, text string, ranges []index.Range) (string, []index.Range) {
	if Preformatted(format) {
		return text, ranges
	}
	return reflow(text, ranges, ownLine(format))
}

// Preformatted reports whether the lines of a format are shown as they are.
func Preformatted(format string) bool {
	f, _ := formats.Get(format)
	return f.Lines == extract.Preformatted
}

// bodyStart is where the text of a passage begins that its headings have not
// said. Front matter is also left out, unless there is a match in it only.
func bodyStart(h albertsearch.Hit) int {
	start := frontMatterEnd(h)
	if len(h.Matches) > 0 && FirstMatch(h).Start < start {
		start = 0
	}
	for {
		rest := h.Text[start:]
		line, after, more := strings.Cut(strings.TrimLeftFunc(rest, unicode.IsSpace), "\n")
		line = strings.TrimSpace(line)
		if !more || strings.TrimSpace(after) == "" || line != "" && !said(h.Citation, line) {
			return len(h.Text) - len(strings.TrimLeft(rest, "\r\n"))
		}
		start = len(h.Text) - len(after)
	}
}

// said reports whether the line is a heading, perhaps with marks before it, or
// the title.
func said(c albertsearch.Citation, line string) bool {
	line = oneLine(strings.TrimLeft(line, "# "))
	return line == oneLine(c.Title) ||
		slices.ContainsFunc(c.Heading, func(h string) bool { return line == oneLine(h) })
}

// oneLine is the text with its white space made single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// frontMatterEnd is where the metadata at the beginning of a Markdown file end.
func frontMatterEnd(h albertsearch.Hit) int {
	fence, rest, _ := strings.Cut(h.Text, "\n")
	fence = strings.TrimSpace(fence)
	if f, _ := formats.Get(h.Type); !f.FrontMatter || h.Start > 0 || fence != "---" && fence != "+++" {
		return 0
	}
	at := len(h.Text) - len(rest)
	for line := range strings.Lines(rest) {
		at += len(line)
		if strings.TrimSpace(line) == fence {
			return at
		}
	}
	return 0
}

// item begins a list's item, a table's row, a heading or a quotation.
var item = regexp.MustCompile(`^\s*([-*+•|>#]|\d{1,3}[.)]\s)`)

// ownLine returns the function that tells which lines of a format are not
// joined with the line before.
func ownLine(format string) func(previous, line string) bool {
	if f, _ := formats.Get(format); f.Lines == extract.Paragraphs {
		// Markdown keeps the line ends that part a word.
		return func(previous, line string) bool { return hyphen([]byte(previous), strings.TrimSpace(line)) == 0 }
	}
	fenced := false
	return func(previous, line string) bool {
		fence := strings.HasPrefix(strings.TrimSpace(previous), "```")
		if fence {
			fenced = !fenced
		}
		return fenced || fence || previous == "" || item.MatchString(line) ||
			strings.HasPrefix(previous, "#") || strings.HasPrefix(strings.TrimSpace(line), "```")
	}
}
