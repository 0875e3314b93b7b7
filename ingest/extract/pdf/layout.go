package pdf

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// part is a block of a page while it is made.
type part struct {
	kind  document.BlockKind
	level int
	lines []line
	// size and bold are those of a heading.
	size float32
	bold bool
	edge float32 // how far the text beside it reaches
	note bool    // a footnote
}

// layout parts the lines of a page into blocks. body is the size of the type of
// most of the text.
func layout(lines []line, body float32) []part {
	l := layouter{body: body, lines: lines, edges: edgesOf(lines)}
	l.leading = usualLeading(lines)
	for i := 0; i < len(lines); {
		if n := tableAt(lines[i:]); n > 0 {
			l.table(lines[i : i+n])
			i += n
			continue
		}
		l.add(i)
		i++
	}
	for i := range l.parts {
		l.classify(&l.parts[i])
	}
	markNotes(l.parts, body)
	return l.parts
}

// smallType is the share of the usual size below which type is small, as that of
// footnotes.
const smallType = 0.93

// markNotes finds the footnotes: what ends a page in small type and begins with
// a mark.
func markNotes(parts []part, body float32) {
	for i := len(parts) - 1; i > 0; i-- {
		p := &parts[i]
		if p.kind != document.Paragraph && p.kind != document.ListItem || p.lines[0].size > smallType*body {
			return
		}
		if mark := noteMark(&p.lines[0]); mark != "" {
			p.kind, p.note = document.Paragraph, true
		}
	}
}

// noteMark returns the mark with which a footnote begins, empty if it has none.
func noteMark(l *line) string {
	w := &l.segments[0].words[0]
	mark := strings.TrimRight(w.text, ".)")
	if w.raised || mark != "" && len(mark) < 4 && strings.Trim(mark, "0123456789*†‡§¶") == "" {
		return mark
	}
	return ""
}

type layouter struct {
	body    float32
	leading float32 // usual distance of lines, in shares of their size
	lines   []line
	edges   map[int]float32 // the right edge of each part of the page
	parts   []part
}

// edgesOf returns how far the lines of each part of a page reach.
func edgesOf(lines []line) map[int]float32 {
	edges := map[int]float32{}
	for _, l := range lines {
		if e, ok := edges[l.part]; !ok || l.right > e {
			edges[l.part] = l.right
		}
	}
	return edges
}

// usualLeading is the distance of most lines that follow each other.
func usualLeading(lines []line) float32 {
	var all []float32
	for i := 1; i < len(lines); i++ {
		a, b := &lines[i-1], &lines[i]
		if a.part != b.part || a.size != b.size {
			continue
		}
		if d := (a.bottom - b.bottom) / a.size; d > 0.5 && d < 3 {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return 1.25
	}
	slices.Sort(all)
	return min(all[len(all)*2/5], 2.2)
}

// add puts a line into the last block or a new one.
func (l *layouter) add(i int) {
	next := l.lines[i]
	n := len(l.parts)
	if n == 0 || l.parts[n-1].kind == document.TableRow || l.parts[n-1].kind == document.TableHeader || !l.goesOn(&l.parts[n-1], next) {
		kind := document.Paragraph
		if structure.IsListItem(lineText(&next)) {
			kind = document.ListItem
		}
		l.parts = append(l.parts, part{kind: kind, lines: []line{next}, edge: l.edges[next.part]})
		return
	}
	l.parts[n-1].lines = append(l.parts[n-1].lines, next)
}

// goesOn reports whether a line belongs to the same block as those before it.
func (l *layouter) goesOn(p *part, next line) bool {
	last := &p.lines[len(p.lines)-1]
	size := min(last.size, next.size)
	drop := last.bottom - next.bottom
	switch {
	case last.part != next.part, last.turn != next.turn,
		max(last.size, next.size) > 1.12*size,
		last.mono != next.mono && (last.mono && len(p.lines) > 1 || next.mono),
		drop < 0.3*size,
		drop > (l.leading+0.35)*size && drop > 1.3*size,
		next.left > last.right, next.right < last.left:
		return false
	}
	if len(p.lines) > 1 {
		// Lines of a block are as far apart as its first ones.
		if usual := p.lines[0].bottom - p.lines[1].bottom; drop > usual+0.3*size {
			return false
		}
	}
	if last.bold != next.bold && (last.bold || l.short(last, &next)) {
		return false
	}
	if last.size < smallType*l.body && noteMark(&next) != "" && noteMark(&p.lines[0]) != "" {
		return false
	}
	text := lineText(&next)
	ended := l.short(last, &next)
	if structure.IsListItem(text) {
		bullet := text[0] > '9' || text[0] < '0'
		if bullet && (ended || next.left <= p.lines[0].left+size) || ended || p.kind == document.ListItem && next.left <= p.lines[0].left+0.3*size {
			return false
		}
	}
	if next.mono && last.mono {
		return true
	}
	// Indented, or the end of a paragraph before it.
	indent := next.left - last.left
	switch {
	case indent > 0.7*size && len(p.lines) > 1 && indent < 5*size && !l.centred(last, &next):
		return false
	case ended && ends(lineText(last)) && startsSentence(text):
		return false
	case p.kind == document.ListItem && len(p.lines) > 1 && indent < -0.7*size:
		return false
	}
	return true
}

// short reports whether the first word of the next line would have fit at the
// end of a line.
func (l *layouter) short(last, next *line) bool {
	first := next.segments[0].words[0]
	return last.right+first.width()+0.6*last.size < l.edges[last.part]
}

// centred reports whether two lines have one middle.
func (l *layouter) centred(a, b *line) bool {
	return abs(a.left+a.right-b.left-b.right) < a.size && abs(a.left-b.left) > 0.5*a.size
}

// ends reports whether a sentence ends with a line.
func ends(s string) bool {
	s = strings.TrimRight(s, `"')]}»”’ `)
	r, _ := utf8.DecodeLastRuneInString(s)
	return strings.ContainsRune(".!?:;。！？…", r)
}

// startsSentence reports whether a line may begin a sentence.
func startsSentence(s string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, `"'([{«„“‘ `))
	return !unicode.IsLower(r)
}

// lineText is the text of a line, without marks.
func lineText(l *line) string {
	var b strings.Builder
	for i, p := range l.segments {
		if i > 0 {
			b.WriteByte(' ')
		}
		for j, w := range p.words {
			if j > 0 && !w.glued {
				b.WriteByte(' ')
			}
			b.WriteString(w.text)
		}
	}
	return b.String()
}

// maxHeading is the length of the longest heading, in characters.
const maxHeading = 200

// classify finds out whether a block is a heading or code.
func (l *layouter) classify(p *part) {
	if p.kind != document.Paragraph && p.kind != document.ListItem {
		return
	}
	first := &p.lines[0]
	p.size, p.bold = first.size, first.bold
	if first.mono && len(p.lines) > 1 {
		p.kind = document.Code
		return
	}
	if first.turn != 0 || len(p.lines) > 3 || first.mono {
		return
	}
	length, letters := 0, 0
	for i := range p.lines {
		if p.lines[i].bold != p.bold || p.lines[i].size < 0.95*p.size {
			return
		}
		for _, r := range lineText(&p.lines[i]) {
			length++
			if unicode.IsLetter(r) {
				letters++
			}
		}
	}
	if length > maxHeading || letters < 2 || 3*letters < length {
		return
	}
	last := lineText(&p.lines[len(p.lines)-1])
	large := p.size > 1.15*l.body
	if large && p.size > 1.4*l.body || (large || p.bold && p.size > 0.95*l.body && len(p.lines) <= 2) && !strings.HasSuffix(last, ".") && !strings.HasSuffix(last, ",") {
		p.kind = document.Heading
	}
}

// bodySize is the size in which most of the text is set.
type bodySize map[float32]int

func (b bodySize) add(lines []line) {
	for i := range lines {
		for _, p := range lines[i].segments {
			b[roundSize(p.size)] += len(p.words)
		}
	}
}

func (b bodySize) most() float32 {
	var size float32
	for s, n := range b {
		if n > b[size] || n == b[size] && s < size {
			size = s
		}
	}
	return size
}

func roundSize(s float32) float32 { return float32(int(2*s+0.5)) / 2 }
