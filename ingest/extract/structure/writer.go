// Package structure helps readers of formats to say what a text is made of: by
// a Writer, where a format knows its structure, or by what lines look like.
package structure

import (
	"strings"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// Writer builds a Body and its blocks from parts of a document: it joins white
// space, and puts line ends and empty lines where blocks end. What goes beyond
// the limit is dropped.
type Writer struct {
	b        strings.Builder
	limit    int64
	full     bool
	headings []extract.Heading
	blocks   Blocks
	places   []extract.PlaceAt
	at       document.Place // of what comes

	kind  document.BlockKind // of the blocks to come
	level int
	begin bool // a block begins with what comes

	// What is owed before what comes, in this order.
	newlines  int
	mark      string // a bullet or number, or the tabs between cells
	item      bool   // the mark is that of an item
	itemLevel int    // of the item with the mark
	space     bool

	row row
}

// row is a row of a table while it is written.
type row struct {
	open   bool
	start  int // length of the text before it
	blocks int // how many were before it
	cells  int
}

// NewWriter returns a Writer of at most limit bytes.
func NewWriter(limit int64) *Writer { return &Writer{limit: limit, begin: true} }

// Len returns the length of what was written.
func (w *Writer) Len() int { return w.b.Len() }

// Tail is the end of what was written.
func (w *Writer) Tail() string {
	const enough = 64
	s := w.b.String()
	return s[max(0, len(s)-enough):]
}

// Owed reports whether what comes is parted from what was written: by white
// space, a line end or the beginning of a block.
func (w *Writer) Owed() bool {
	return w.b.Len() == 0 || w.begin || w.space || w.newlines > 0 || w.mark != ""
}

// Full reports that something was dropped because of the limit.
func (w *Writer) Full() bool { return w.full }

// Finish puts what was written into t.
func (w *Writer) Finish(t *extract.Text) {
	t.Body, t.Headings = w.b.String(), w.headings
	t.Blocks = w.blocks.Finish(len(t.Body))
	if w.places != nil {
		t.Places = w.places
	}
}

// maxPlaces is how many places of a text are kept: each takes more than a
// hundred bytes. What follows has the place of the last.
const maxPlaces = 200_000

// Place says where in the file the text stands that comes.
func (w *Writer) Place(p document.Place) { w.at = p }

// place records the place of the text from offset on, if it is another one.
func (w *Writer) place(offset int) {
	n := len(w.places)
	if n == maxPlaces || n == 0 && w.at.IsZero() || n > 0 && w.places[n-1].Place.Equal(w.at) {
		return
	}
	w.places = append(w.places, extract.PlaceAt{Offset: offset, Place: w.at})
}

// Kind says of what kind the blocks are that begin from here on, but for list
// items and rows of tables, which have calls of their own. A heading never
// shares a block with what is around it.
func (w *Writer) Kind(kind document.BlockKind, level int) {
	apart := func(k document.BlockKind) bool { return k == document.Heading || k == document.Furniture }
	if kind != w.kind && (apart(kind) || apart(w.kind)) {
		w.begin = true
	}
	w.kind, w.level = kind, level
}

// Break ends a block, and asks for a line end (1) or an empty line (2) before
// what comes. At the start of a list item or a cell there is nothing to set it
// off from.
func (w *Writer) Break(n int) {
	if n <= 0 || w.mark != "" {
		return
	}
	if w.row.open && w.b.Len() == w.row.start {
		n = 1 // a row follows the one before it, whatever is in its first cell
	}
	w.newlines, w.space = max(w.newlines, n), false
	w.begin = true
}

// Line asks for a line end inside a block.
func (w *Writer) Line() {
	if w.mark == "" {
		w.newlines, w.space = max(w.newlines, 1), false
	}
}

// Item starts an item of a list that is in level others, with a bullet.
func (w *Writer) Item(level int) { w.Numbered(level, "-") }

// Numbered starts an item with the number that it is shown with, such as "3." or
// "iv)".
func (w *Writer) Numbered(level int, number string) {
	w.EndItem()
	w.mark, w.item, w.itemLevel = number+" ", true, level
}

// EndItem ends an item.
func (w *Writer) EndItem() {
	w.mark, w.item = "", false
	w.Break(1)
}

// Row starts a row of a table.
func (w *Writer) Row() {
	w.EndItem()
	w.row = row{open: true, start: w.b.Len(), blocks: w.blocks.Len()}
}

// Cell starts a cell.
func (w *Writer) Cell() {
	if w.row.cells++; w.row.cells == 1 {
		return
	}
	if w.b.Len() > w.row.start {
		w.newlines, w.space = 0, false
	}
	w.mark += "\t"
	w.item = false
}

// EndRow ends a row of a table, and with it the blocks in its last cell. header
// says that its cells are the names of the columns.
func (w *Writer) EndRow(header bool) {
	if w.row.open && w.row.cells > 1 {
		w.endRow(header)
	}
	w.row.open = false
	w.mark, w.item, w.newlines, w.space = "", false, 1, false
	w.begin = true
}

// maxRow is the length in bytes of the longest row of several paragraphs that is
// taken for a row of a table. Tables are also used to lay out whole pages.
const maxRow = 2000

// endRow makes one block of a row, unless it has text with a structure of its
// own in it.
func (w *Writer) endRow(header bool) {
	blocks := w.blocks.list[min(w.row.blocks, len(w.blocks.list)):]
	if len(blocks) == 0 || w.blocks.full || len(blocks) > 1 && w.b.Len()-w.row.start > maxRow {
		return
	}
	for _, b := range blocks {
		if b.Kind != document.Paragraph {
			return
		}
	}
	w.blocks.list = w.blocks.list[:w.row.blocks+1]
	last := w.blocks.Last()
	last.Kind, last.Level = document.TableRow, 0
	if header {
		last.Kind = document.TableHeader
	}
}

// lead is what is written before what comes: what ends a block, and what begins
// one.
func (w *Writer) lead() (end, begin string) {
	if w.b.Len() > 0 {
		end = "\n\n"[:min(w.newlines, 2)]
	}
	switch {
	case w.mark != "":
		return end, w.mark
	case end == "" && w.space && w.b.Len() > 0:
		return " ", ""
	}
	return end, ""
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

// IsBreakingSpace reports whether r is white space at which lines may be broken.
func IsBreakingSpace(r rune) bool {
	return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f'
}

// Raw appends s as it is, after the white space that is owed.
func (w *Writer) Raw(s string) {
	if s == "" || w.full {
		return
	}
	end, begin := w.lead()
	left := w.limit - int64(w.b.Len()) - int64(len(end)+len(begin))
	if left < int64(min(len(s), utf8.UTFMax)) {
		w.full = true
		return
	}
	w.b.WriteString(end)
	if w.begin {
		w.beginBlock(begin)
	}
	w.newlines, w.mark, w.item, w.space, w.begin = 0, "", false, false, false
	w.place(w.b.Len())
	w.b.WriteString(begin)
	w.b.WriteString(extract.Cut(s, left))
	w.full = int64(len(s)) > left
}

// beginBlock begins a block with a bullet or what parts cells.
func (w *Writer) beginBlock(mark string) {
	at := w.b.Len()
	kind, level := w.kind, w.level
	switch {
	case w.newlines == 0 && at > 0:
		at += len(mark) // in the middle of a line, whose part before it has the mark
	case w.item && kind != document.Heading && kind != document.Code && kind != document.Furniture:
		kind, level = document.ListItem, w.itemLevel
	}
	w.blocks.Begin(at, kind, level)
}

// Position is where what comes will start, given that something does.
func (w *Writer) Position() int {
	end, begin := w.lead()
	return w.b.Len() + len(end) + len(begin)
}

// Heading records that the text since start, a Position, is a heading, unless it
// is empty or one too many.
func (w *Writer) Heading(start, level int) {
	if start >= w.b.Len() || len(w.headings) == extract.MaxHeadings {
		return
	}
	title := extract.OneLine(w.b.String()[start:])
	if title == "" {
		return
	}
	// A bullet before it is part of its block.
	for i := len(w.blocks.list) - 1; i >= 0; i-- {
		if b := w.blocks.list[i]; b.Start <= start {
			if b.Kind == document.Heading {
				start = b.Start
			}
			break
		}
	}
	if n := len(w.headings); n > 0 && start < w.headings[n-1].Start {
		return
	}
	w.headings = append(w.headings, extract.Heading{Start: start, Level: level, Text: title})
}
