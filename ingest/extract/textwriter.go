package extract

import (
	"strings"
	"unicode/utf8"
)

// textWriter builds a Body from pieces of a document: it joins white space,
// and puts line ends and empty lines where blocks end. What goes beyond the
// limit is dropped.
type textWriter struct {
	b        strings.Builder
	limit    int64
	full     bool
	headings []Heading

	// What is owed before the next piece, in this order.
	newlines int
	mark     string // a bullet, or the tabs between cells
	space    bool

	rowStart int // where the row of a table starts
}

// breakLine asks for a line end (1) or an empty line (2) before what comes. At
// the start of a list item or a cell there is nothing to set it off from.
func (w *textWriter) breakLine(n int) {
	if n > 0 && w.mark == "" {
		w.newlines, w.space = max(w.newlines, n), false
	}
}

// item starts an item of a list.
func (w *textWriter) item() {
	w.endMark()
	w.mark = "- "
}

// cell starts a cell of a table other than the first of its row.
func (w *textWriter) cell() {
	if w.b.Len() > w.rowStart {
		w.newlines, w.space = 0, false
	}
	w.mark += "\t"
}

// row starts a row of a table.
func (w *textWriter) row() {
	w.endMark()
	w.rowStart = w.b.Len()
}

// endMark ends an item.
func (w *textWriter) endMark() {
	w.mark = ""
	w.breakLine(1)
}

// endRow ends a row of a table, and with it the blocks in its last cell.
func (w *textWriter) endRow() {
	w.mark, w.newlines, w.space = "", 1, false
}

// lead is what is written before the next piece.
func (w *textWriter) lead() string {
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

// text appends s with its white space joined.
func (w *textWriter) text(s string) {
	for len(s) > 0 {
		i := strings.IndexFunc(s, isBreakingSpace)
		switch {
		case i < 0:
			w.raw(s)
			return
		case i > 0:
			w.raw(s[:i])
		}
		w.space = true
		s = strings.TrimLeftFunc(s[i:], isBreakingSpace)
	}
}

func isBreakingSpace(r rune) bool {
	return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f'
}

// raw appends s as it is, after the white space that is owed.
func (w *textWriter) raw(s string) {
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
	w.b.WriteString(cut(s, left))
	w.full = int64(len(s)) > left
}

// position is where the next piece will start, given that there is one.
func (w *textWriter) position() int { return w.b.Len() + len(w.lead()) }

// heading records that the text since start is a heading, unless it is empty
// or one too many.
func (w *textWriter) heading(start, level int) {
	if start >= w.b.Len() || len(w.headings) == maxHeadings {
		return
	}
	if title := oneLine(w.b.String()[start:]); title != "" {
		w.headings = append(w.headings, Heading{Start: start, Level: level, Text: title})
	}
}
