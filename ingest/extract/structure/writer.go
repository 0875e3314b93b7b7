// Package structure helps readers of formats to say what a text is made of.
package structure

import (
	"strings"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest/extract"
)

// Writer builds a Body from parts of a document: it joins white space,
// and puts line ends and empty lines where blocks end. What goes beyond the
// limit is dropped.
type Writer struct {
	b        strings.Builder
	limit    int64
	full     bool
	headings []extract.Heading

	// What is owed before the next piece, in this order.
	newlines int
	mark     string // a bullet, or the tabs between cells
	space    bool

	rowStart int // where the row of a table starts
}

// NewWriter returns a Writer of at most limit bytes.
func NewWriter(limit int64) *Writer { return &Writer{limit: limit} }

// Len returns the length of what was written.
func (w *Writer) Len() int { return w.b.Len() }

// Full reports that something was dropped because of the limit.
func (w *Writer) Full() bool { return w.full }

// Finish puts what was written into t.
func (w *Writer) Finish(t *extract.Text) {
	t.Body, t.Headings = w.b.String(), w.headings
}

// Break asks for a line end (1) or an empty line (2) before what comes. At
// the start of a list item or a cell there is nothing to set it off from.
func (w *Writer) Break(n int) {
	if n > 0 && w.mark == "" {
		w.newlines, w.space = max(w.newlines, n), false
	}
}

// Item starts an item of a list.
func (w *Writer) Item() {
	w.EndItem()
	w.mark = "- "
}

// Cell starts a cell of a table other than the first of its row.
func (w *Writer) Cell() {
	if w.b.Len() > w.rowStart {
		w.newlines, w.space = 0, false
	}
	w.mark += "\t"
}

// Row starts a row of a table.
func (w *Writer) Row() {
	w.EndItem()
	w.rowStart = w.b.Len()
}

// EndItem ends an item.
func (w *Writer) EndItem() {
	w.mark = ""
	w.Break(1)
}

// EndRow ends a row of a table, and with it the blocks in its last cell.
func (w *Writer) EndRow() {
	w.mark, w.newlines, w.space = "", 1, false
}

// lead is what is written before the next piece.
func (w *Writer) lead() string {
	lead := ""
	if w.b.Len() > 0 {
		lead = "\n\n"[:min(w.newlines, 2)]
	}
	switch {
	case w.mark != "":
		return lead + w.mark
	case lead == "" && w.space && w.b.Len() > 0:
		return " "
	}
	return lead
}

// Text appends s with its white space joined.
func (w *Writer) Text(s string) {
	for len(s) > 0 {
		i := strings.IndexFunc(s, IsBreakingSpace)
		switch {
		case i < 0:
			w.Raw(s)
			return
		case i > 0:
			w.Raw(s[:i])
		}
		w.space = true
		s = strings.TrimLeftFunc(s[i:], IsBreakingSpace)
	}
}

func IsBreakingSpace(r rune) bool {
	return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f'
}

// Raw appends s as it is, after the white space that is owed.
func (w *Writer) Raw(s string) {
	if s == "" || w.full {
		return
	}
	lead := w.lead()
	w.newlines, w.mark, w.space = 0, "", false
	left := w.limit - int64(w.b.Len()) - int64(len(lead))
	if left < int64(min(len(s), utf8.UTFMax)) {
		w.full = true
		return
	}
	w.b.WriteString(lead)
	w.b.WriteString(extract.Cut(s, left))
	w.full = int64(len(s)) > left
}

// Position is where the next piece will start, given that there is one.
func (w *Writer) Position() int { return w.b.Len() + len(w.lead()) }

// Heading records that the text since start is a heading, unless it is empty
// or one too many.
func (w *Writer) Heading(start, level int) {
	if start >= w.b.Len() || len(w.headings) == extract.MaxHeadings {
		return
	}
	if title := extract.OneLine(w.b.String()[start:]); title != "" {
		w.headings = append(w.headings, extract.Heading{Start: start, Level: level, Text: title})
	}
}
