package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
)

const (
	// excerptRows is how much of a passage is shown.
	excerptRows = 4
	// excerptIndent leaves room for an ellipsis.
	excerptIndent = 4
)

// excerpt is the part of a passage that is shown.
type excerpt struct {
	rows []term.Row
	// before and after say that there is more.
	before, after bool
	// firstLine is the line of the file that row line 0 is; 0 where the rows
	// are not lines of the file.
	firstLine int
	// at is the first match that is shown, and where there is none the first
	// of the passage, or its beginning.
	at index.Range
}

// newExcerpt takes the part in which most matches lie, without what the
// headings have said.
func newExcerpt(h albertsearch.Hit, style term.Style, columns int) excerpt {
	body := bodyStart(h)
	text, marks := h.Text[body:], ranges(h.Matches)
	left := 0 // out of marks
	for left < len(marks) && marks[left].Start < body {
		left++
	}
	marks = clip(marks[left:], term.Range{Start: body, End: len(h.Text)})
	var x excerpt
	verbatim := preformatted(h.Type)
	if verbatim && h.Line > 0 {
		x.firstLine = h.Part(h.Text, index.Range{Start: body, End: body}).Line
	}
	if !verbatim {
		text, marks = term.Reflow(text, marks, ownLine(h.Type))
	}
	const more = len(" …")
	rows := term.Wrap(text, marks, style, columns-excerptIndent-more-x.numberWidth(strings.Count(text, "\n")))
	start := bestRows(rows)
	for verbatim && start > 0 && rows[start].Continued {
		start-- // lines of code begin at their beginning
	}
	end := min(len(rows), start+excerptRows)
	x.rows, x.before, x.after = rows[start:end], start > 0, end < len(rows)
	x.at = index.Range{Start: body, End: body}
	if len(h.Matches) > 0 {
		x.at = firstMatch(h)
	}
	for _, r := range x.rows {
		if len(r.Marks) > 0 {
			x.at = h.Matches[left+r.Marks[0]]
			break
		}
	}
	return x
}

// bestRows returns where the rows begin that have most of the marks: the first
// of several, after a row that leads up to the first mark.
func bestRows(rows []term.Row) int {
	marks := func(start int) (n int) {
		for _, r := range rows[start:min(len(rows), start+excerptRows)] {
			n += len(r.Marks)
		}
		return n
	}
	last := max(0, len(rows)-excerptRows)
	best := 0
	for start := range last + 1 {
		if marks(start) > marks(best) {
			best = start
		}
	}
	most := marks(best)
	for best < last && len(rows[best].Marks) == 0 && len(rows[best+1].Marks) == 0 && marks(best+1) == most && most > 0 {
		best++
	}
	return best
}

// bodyStart is where the text of a passage begins that its headings have not
// said. Front matter is also left out, unless there is a match in it only.
func bodyStart(h albertsearch.Hit) int {
	start := frontMatterEnd(h)
	if len(h.Matches) > 0 && firstMatch(h).Start < start {
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

// firstMatch is the first match of a passage, in front matter only if there is
// no other; without matches the beginning.
func firstMatch(h albertsearch.Hit) index.Range {
	if len(h.Matches) == 0 {
		return index.Range{}
	}
	front := frontMatterEnd(h)
	if i := slices.IndexFunc(h.Matches, func(r index.Range) bool { return r.Start >= front }); i >= 0 {
		return h.Matches[i]
	}
	return h.Matches[0]
}

// said reports whether the line is a heading, perhaps with marks before it, or
// the title.
func said(c albertsearch.Citation, line string) bool {
	line = term.OneLine(strings.TrimLeft(line, "# "))
	return line == term.OneLine(c.Title) ||
		slices.ContainsFunc(c.Heading, func(h string) bool { return line == term.OneLine(h) })
}

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

// preformatted reports whether the lines of a format are shown as they are.
func preformatted(format string) bool {
	f, _ := formats.Get(format)
	return f.Lines == extract.Preformatted
}

// item begins a list's item, a table's row, a heading or a quotation.
var item = regexp.MustCompile(`^\s*([-*+•|>#]|\d{1,3}[.)]\s)`)

// ownLine returns the function that tells which lines of a format are not
// joined with the line before.
func ownLine(format string) func(previous, line string) bool {
	if f, _ := formats.Get(format); f.Lines == extract.Paragraphs {
		return func(_, _ string) bool { return true }
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

// numberWidth is how wide the line numbers and their margin are.
func (x *excerpt) numberWidth(lines int) int {
	if x.firstLine == 0 {
		return 0
	}
	return len(fmt.Sprint(x.firstLine+lines)) + 2
}

// excerpt prints the part of a passage, with line numbers where its rows are
// lines.
func (s *session) excerpt(w io.Writer, x excerpt) {
	numbers := 0
	if len(x.rows) > 0 {
		numbers = x.numberWidth(x.rows[len(x.rows)-1].Line)
	}
	for i, r := range x.rows {
		margin := strings.Repeat(" ", excerptIndent)
		if i == 0 && x.before {
			margin = strings.Repeat(" ", excerptIndent-2) + "… "
		}
		if numbers > 0 {
			number := ""
			if !r.Continued {
				number = fmt.Sprint(x.firstLine + r.Line)
			}
			margin += s.Style(term.Dim).On(fmt.Sprintf("%*s  ", numbers-2, number))
		}
		line := margin + r.Text
		if i == len(x.rows)-1 && x.after {
			line += " …"
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}
