package main

import (
	"fmt"
	"io"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/snippet"
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

// newExcerpt takes the part in which most matches are, without what the headings
// have said.
func newExcerpt(h albertsearch.Hit, style term.Style, columns int) excerpt {
	sn := snippet.Of(h)
	x := excerpt{firstLine: sn.FirstLine}
	const more = len(" …")
	rows := term.Wrap(sn.Text, sn.Matches, style, columns-excerptIndent-more-x.numberWidth(strings.Count(sn.Text, "\n")))
	matches := make([]int, len(rows))
	for i, r := range rows {
		matches[i] = len(r.Marks)
	}
	start := snippet.Window(matches, excerptRows)
	for sn.Preformatted && start > 0 && rows[start].Continued {
		start-- // lines of code begin at their beginning
	}
	end := min(len(rows), start+excerptRows)
	x.rows, x.before, x.after = rows[start:end], start > 0, end < len(rows)
	var shown []int
	for _, r := range x.rows {
		shown = append(shown, r.Marks...)
	}
	x.at = sn.At(shown)
	return x
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
