package pdf

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// page is a page that is read and not yet part of the text.
type page struct {
	number int // from 1
	lines  []line
	notes  []string // what annotations say that is not drawn on the page
	crop   rect
	turn   uint8           // of the page, in quarters, with the clock
	marks  map[string]bool // of its footnotes
	keys   map[int]string  // of the lines at its edges
	edges  map[int]float32 // where they stand
	levels [2][][]int      // of the lines at its edges
}

// bodyWriter makes the text of pages. It holds back some of them, to see what
// repeats.
type bodyWriter struct {
	b        strings.Builder
	blocks   structure.Blocks
	places   []extract.PlaceAt
	boxes    []document.BoxAt
	titles   []title   // by their look
	pageAt   []int     // where each page starts
	upper    []float32 // the upper edge of each page
	queue    []*page   // not yet written
	near     []*page   // written, that are near the next
	size     bodySize
	total    int // pages of the document
	newlines int // owed before the next block
	open     openBlock
}

// title is a heading by its look.
type title struct {
	start int
	size  float32
	bold  bool
	text  string
}

// openBlock is the last block of a page if it may go on on the next.
type openBlock struct {
	last line
	full bool // its last line reaches to the edge
	ok   bool
}

// add takes the next page.
func (w *bodyWriter) add(p *page) {
	p.keys, p.edges = map[int]string{}, map[int]float32{}
	p.levels = edgeLevels(p.lines)
	for _, level := range slices.Concat(p.levels[0], p.levels[1]) {
		for _, i := range level {
			if key := edgeKey(&p.lines[i]); key != "" {
				p.keys[i], p.edges[i] = key, p.lines[i].bottom
			}
		}
	}
	w.size.add(p.lines)
	w.queue = append(w.queue, p)
	if len(w.queue) > nearPages {
		w.next()
	}
}

// finish writes the pages that were held back.
func (w *bodyWriter) finish() {
	for len(w.queue) > 0 {
		w.next()
	}
}

// next writes the first page that was held back.
func (w *bodyWriter) next() {
	p := w.queue[0]
	lines, furniture := w.apart(p)
	w.queue = w.queue[1:]
	w.write(p, lines, furniture)
	p.lines, p.levels = nil, [2][][]int{}
	w.near = append(w.near, p)
	if len(w.near) > nearPages {
		w.near = w.near[1:]
	}
}

// apart takes the furniture out of the lines of a page.
func (w *bodyWriter) apart(p *page) (lines, furniture []line) {
	body := w.size.most()
	isFurniture := map[int]bool{}
	for _, levels := range p.levels {
		for _, level := range levels {
			whole := true
			for _, i := range level {
				key := p.keys[i]
				isFurniture[i] = key != "" && p.lines[i].size <= 1.15*body && w.repeats(p, i, key) && !headsTable(p.lines, i)
				whole = whole && isFurniture[i]
			}
			if !whole {
				break
			}
		}
	}
	for i := range p.lines {
		if isFurniture[i] {
			furniture = append(furniture, p.lines[i])
		} else {
			lines = append(lines, p.lines[i])
		}
	}
	return lines, furniture
}

// repeats reports whether a line at the edge of a page comes again on pages
// near it, at the same height.
func (w *bodyWriter) repeats(p *page, i int, key string) bool {
	found := 0
	need := 2
	if w.total <= 3 {
		need = 1
	}
	at := p.edges[i]
	look := func(q *page) {
		for j, k := range q.keys {
			if q != p && k == key && abs(q.edges[j]-at) < 4 {
				found++
				return
			}
		}
	}
	for _, q := range w.near {
		look(q)
	}
	for _, q := range w.queue {
		look(q)
	}
	return found >= need
}

// headsTable reports whether a line is the header of a table, which may repeat
// on every page.
func headsTable(lines []line, i int) bool {
	return i+1 < len(lines) && len(lines[i].segments) > 1 && len(lines[i].segments) < maxCells && aligned(&lines[i], &lines[i+1]) > 1 &&
		lines[i].bottom-lines[i+1].bottom < 2*lines[i].size
}

// write appends a page to the text.
func (w *bodyWriter) write(p *page, lines, furniture []line) {
	parts := layout(lines, w.size.most())
	p.marks = map[string]bool{}
	for i := range parts {
		if parts[i].note {
			p.marks[noteMark(&parts[i].lines[0])] = true
		}
	}
	parts = footnotesFirst(parts)
	joined := len(parts) > 0 && w.open.joins(&parts[0])
	if joined {
		w.newlines = 1
		w.startPage(p)
		w.lines(p, parts[0].lines, ' ')
		w.open.last = parts[0].lines[len(parts[0].lines)-1]
		parts = parts[1:]
		w.newlines = 2
	} else if w.b.Len() > 0 {
		w.newlines = 2
	}
	if !joined {
		w.startPage(p)
	}
	for _, l := range furniture {
		w.begin(document.Furniture, 0)
		w.lines(p, []line{l}, ' ')
		w.newlines = 2
	}
	if len(furniture) > 0 || len(parts) > 0 || len(p.notes) > 0 {
		w.open.ok = false
	}
	for i := range parts {
		w.part(p, parts, i)
	}
	for _, n := range p.notes {
		w.begin(document.Paragraph, 0)
		w.string(n)
		w.newlines, w.open.ok = 2, false
	}
}

// startPage notes where a page starts.
func (w *bodyWriter) startPage(p *page) {
	at := w.b.Len() + w.newlines
	if w.b.Len() == 0 {
		at = 0
	}
	// A page without text before one that goes on with a line.
	for i := len(w.places) - 1; i >= 0 && w.places[i].Offset > at; i-- {
		w.places[i].Offset, w.pageAt[i] = at, at
	}
	for len(w.pageAt) < p.number {
		w.pageAt, w.upper = append(w.pageAt, at), append(w.upper, p.crop.top)
	}
	w.places = append(w.places, extract.PlaceAt{Offset: at, Place: document.Place{Page: p.number}})
}

// begin begins a block.
func (w *bodyWriter) begin(kind document.BlockKind, level int) {
	w.separate()
	w.blocks.Begin(w.b.Len(), kind, level)
}

// separate writes the line ends that are owed.
func (w *bodyWriter) separate() {
	if w.b.Len() > 0 {
		w.b.WriteString("\n\n"[:w.newlines])
	}
	w.newlines = 0
}

// part appends a block of a page.
func (w *bodyWriter) part(p *page, parts []part, i int) {
	b := &parts[i]
	if i > 0 && keepsTogether(parts[i-1].kind, b.kind) {
		w.newlines = min(w.newlines, 1)
	}
	w.begin(b.kind, b.level)
	start := w.b.Len()
	between := byte(' ')
	if b.kind == document.TableRow || b.kind == document.TableHeader {
		between = '\t'
	}
	w.lines(p, b.lines, between)
	if b.kind == document.Heading {
		if text := extract.OneLine(w.b.String()[start:]); text != "" && len(w.titles) < extract.MaxHeadings {
			w.titles = append(w.titles, title{start: start, size: roundSize(b.size), bold: b.bold, text: text})
		}
	}
	w.newlines = 2
	last := b.lines[len(b.lines)-1]
	w.open = openBlock{last: last, full: last.right > b.edge-2*last.size, ok: i == len(parts)-1 && (b.kind == document.Paragraph || b.kind == document.ListItem)}
}

// keepsTogether reports whether no empty line parts two blocks.
func keepsTogether(a, b document.BlockKind) bool {
	row := func(k document.BlockKind) bool { return k == document.TableRow || k == document.TableHeader }
	return row(a) && row(b) || a == document.ListItem && b == document.ListItem || a == document.Heading && b != document.Heading
}

// joins reports whether a block goes on in the first one of the next page.
func (o *openBlock) joins(next *part) bool {
	if !o.ok || next.kind != document.Paragraph || next.note {
		return false
	}
	first := &next.lines[0]
	if abs(first.size-o.last.size) > 0.1*o.last.size || first.turn != o.last.turn || first.bold != o.last.bold {
		return false
	}
	before, behind := lineText(&o.last), lineText(first)
	if ends(before) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(behind, `"'([{«„“‘ `))
	return unicode.IsLower(r) || strings.HasSuffix(before, "-") || o.full && unicode.IsLetter(r) && !unicode.IsUpper(r) || o.full && unicode.IsDigit(r)
}

// footnotesFirst puts footnotes before the last paragraph of a page if that goes
// on on the next page.
func footnotesFirst(parts []part) []part {
	n := len(parts)
	for n > 0 && parts[n-1].note {
		n--
	}
	if n == 0 || n == len(parts) || parts[n-1].kind != document.Paragraph || ends(lineText(&parts[n-1].lines[len(parts[n-1].lines)-1])) {
		return parts
	}
	return slices.Concat(parts[:n-1], parts[n:], parts[n-1:n])
}

// lines appends lines, with a sign between their segments.
func (w *bodyWriter) lines(p *page, lines []line, between byte) {
	for i := range lines {
		if i > 0 {
			w.b.WriteByte('\n')
		} else {
			w.separate()
		}
		for j := range lines[i].segments {
			if j > 0 {
				w.b.WriteByte(between)
			}
			w.words(p, lines[i].segments[j].words)
		}
	}
}

// words appends the words of a segment, and where they stand.
func (w *bodyWriter) words(p *page, words []word) {
	for i := 0; i < len(words); i++ {
		v := &words[i]
		if i > 0 && !v.glued {
			w.b.WriteByte(' ')
		}
		start := w.b.Len()
		text := v.text
		if v.glued && i > 0 {
			switch {
			case v.raised:
				text = structure.Raised(words[i-1].text, v.text, p.marks[v.text])
			case v.lowered:
				text = lowered(words[i-1].text, v.text)
			}
		}
		w.b.WriteString(text)
		start += len(text) - len(strings.TrimLeft(text, " "))
		w.box(p, v, start)
	}
}

// lowered is a mark as it is written behind a word. Type has no sign for an index
// that stands apart from its letter, so that only numbers are set off.
func lowered(before, mark string) string {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(mark)
	if unicode.IsDigit(last) && unicode.IsDigit(first) {
		return structure.Lowered(before, mark)
	}
	return mark
}

// box notes where a word stands that was just written.
func (w *bodyWriter) box(p *page, v *word, start int) {
	if len(w.boxes) < extract.MaxBoxes && start < w.b.Len() {
		w.boxes = append(w.boxes, document.BoxAt{Start: start, End: w.b.Len(), Page: p.number, Box: p.place(v).Rounded()})
	}
}

// string appends text that stands nowhere.
func (w *bodyWriter) string(s string) {
	w.separate()
	w.b.WriteString(s)
}

// place is where a word stands on the page as it is shown, from its upper left
// corner.
func (p *page) place(v *word) document.Box {
	r := v.rect.upright((4 - v.turn) % 4) // as the file has it
	c := p.crop
	r = rect{left: r.left - c.left, right: r.right - c.left, top: r.top - c.bottom, bottom: r.bottom - c.bottom}
	w, h := c.width(), c.height()
	switch p.turn {
	case 1:
		r, h = rect{left: r.bottom, right: r.top, top: w - r.left, bottom: w - r.right}, w
	case 2:
		r = rect{left: w - r.right, right: w - r.left, top: h - r.bottom, bottom: h - r.top}
	case 3:
		r, h = rect{left: h - r.top, right: h - r.bottom, top: r.right, bottom: r.left}, w
	}
	return document.Box{Left: r.left, Top: h - r.top, Right: r.right, Bottom: h - r.bottom}
}
