package pdf

import "slices"

// line is a line of a page, or of a column of it: segments from left to right in
// the order of reading.
type line struct {
	segments []segment
	rect
	size float32
	bold bool
	mono bool
	turn uint8
	most int // words of a segment, which is of that size
	part int // of the page: a column, or what crosses columns
}

// add takes a segment at the index at.
func (l *line) add(at int, p segment) {
	if len(l.segments) == 0 {
		l.bold, l.mono, l.turn = true, true, p.turn
	}
	l.segments = slices.Insert(l.segments, at, p)
	l.rect = union(l.rect, p.rect)
	l.bold, l.mono = l.bold && p.bold, l.mono && p.mono
	if n := len(p.words); n > l.most || n == l.most && p.size > l.size {
		l.most, l.size = n, p.size
	}
}

// maxSegments is how many segments of text a page may have to be looked at for
// columns.
const maxSegments = 20_000

// linesOf puts the glyphs of a page into lines, in the order of reading.
func linesOf(glyphs []glyph) []line {
	var lines []line
	part := 0
	for _, group := range byTurn(glyphs) {
		turn := group[0].turn
		for i := range group {
			group[i].rect = group[i].upright(turn)
		}
		list := segments(group)
		var parts [][]segment
		if len(list) <= maxSegments {
			parts = inColumns(list)
		}
		if parts == nil {
			parts = [][]segment{list}
		}
		for _, p := range parts {
			for _, l := range joinSegments(p) {
				l.part = part
				lines = append(lines, l)
			}
			part++
		}
	}
	return lines
}

// byTurn parts glyphs by how they are turned. What most are comes first.
func byTurn(glyphs []glyph) [][]glyph {
	var groups [4][]glyph
	for _, g := range glyphs {
		groups[g.turn] = append(groups[g.turn], g)
	}
	list := slices.DeleteFunc(groups[:], func(g []glyph) bool { return len(g) == 0 })
	slices.SortStableFunc(list, func(a, b []glyph) int { return len(b) - len(a) })
	return list
}

// joinSegments makes lines of the segments of one part of a page.
func joinSegments(list []segment) []line {
	var lines []line
	for _, p := range list {
		n := len(lines)
		if p.late {
			lines = place(lines, p)
			continue
		}
		if n > 0 && lines[n-1].goesOn(p) {
			lines[n-1].add(len(lines[n-1].segments), p)
			continue
		}
		if i := touching(lines, p); i >= 0 {
			lines[i].insert(p)
			continue
		}
		l := line{}
		l.add(0, p)
		lines = append(lines, l)
	}
	return lines
}

// place puts a segment of an annotation where it stands: into the line that it
// fills in, or between the lines above and below it.
func place(lines []line, p segment) []line {
	beside, above := -1, -1
	var near float32
	for i := range lines {
		l := &lines[i]
		if l.turn != p.turn {
			continue
		}
		if overlap := min(l.top, p.top) - max(l.bottom, p.bottom); overlap > 0.4*min(l.height(), p.height()) && len(l.segments) < maxCells {
			if gap := max(p.left-l.right, l.left-p.right, 0); beside < 0 || gap < near {
				beside, near = i, gap
			}
		}
		if l.bottom > p.top-0.5*p.height() && (above < 0 || l.bottom <= lines[above].bottom) {
			above = i
		}
	}
	if beside >= 0 {
		lines[beside].insert(p)
		return lines
	}
	var l line
	l.add(0, p)
	return slices.Insert(lines, above+1, l)
}

// goesOn reports whether a segment stands behind a line.
func (l *line) goesOn(p segment) bool {
	last := l.segments[len(l.segments)-1]
	if !sameLine(last, p) {
		return false
	}
	if last.leftward && p.leftward {
		return p.right <= last.left+0.5*p.size
	}
	return p.left >= last.right-0.5*p.size
}

// sameLine reports whether two segments stand on one line.
func sameLine(a, b segment) bool {
	overlap := min(a.top, b.top) - max(a.bottom, b.bottom)
	return overlap > 0.6*min(a.height(), b.height()) && abs(a.bottom-b.bottom) < 0.6*max(a.size, b.size)
}

// touching finds a line beside which a segment stands at the distance of words,
// although the file has it elsewhere.
func touching(lines []line, p segment) int {
	const look = 200 // lines back, and segments of each
	for i := len(lines) - 1; i >= max(0, len(lines)-look); i-- {
		if len(lines[i].segments) > look {
			continue
		}
		for _, q := range lines[i].segments {
			if q.size < 0.8*p.size || p.size < 0.8*q.size || !sameLine(q, p) {
				continue
			}
			gap := max(p.left-q.right, q.left-p.right)
			if gap > -0.1*p.size && gap < 0.6*p.size {
				return i
			}
		}
	}
	return -1
}

// insert puts a segment where it stands in a line.
func (l *line) insert(p segment) {
	at := slices.IndexFunc(l.segments, func(q segment) bool { return (q.left > p.left) != p.leftward })
	if at < 0 {
		at = len(l.segments)
	}
	l.add(at, p)
}
