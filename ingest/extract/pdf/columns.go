package pdf

import (
	"cmp"
	"slices"
)

// Many programs write a page with several columns line by line across all of
// them, and PDFium gives text in the order in which it is written. What
// follows finds such pages and the regions to read them by. It leaves alone
// pages that are in order, and tables, whose rows are to stay together.

const (
	minGutter      = 6.0  // points between columns
	minColumnLines = 5    // of each column
	minLineShape   = 10.0 // width of a line of prose by its height; a table's cells are shorter
	// maxCrossing is the share of the lines that may cross a gutter: titles,
	// wide tables.
	maxCrossing = 0.25
	// maxStray is the share of the lines that may reach into a gutter.
	maxStray = 0.05
	// minReturns is the share of lines at which the text returns to a column
	// on its left, above which a page is written across its columns.
	minReturns = 0.3
)

// inColumns returns the segments of a page in reading order, the parts of the page
// apart, or nil if it is to be read as it is written.
func inColumns(list []segment) [][]segment {
	rects := make([]rect, len(list))
	for i, p := range list {
		rects[i] = p.rect
	}
	columns := findColumns(rects)
	if len(columns) < 2 {
		return nil
	}
	list = splitAtGutters(list, columns)
	if !writtenAcross(list, columns) {
		return nil
	}
	columnOf := func(p segment) int { return slices.IndexFunc(columns, func(c column) bool { return c.holds(p.rect) }) }
	// From top to bottom: the bands between what crosses the columns.
	crossing := slices.DeleteFunc(slices.Clone(list), func(p segment) bool { return columnOf(p) >= 0 })
	slices.SortStableFunc(crossing, func(a, b segment) int { return cmp.Compare(b.top+b.bottom, a.top+a.bottom) })
	var levels []rect
	for _, p := range crossing {
		if n := len(levels); n > 0 && p.top+p.bottom > 2*levels[n-1].bottom { // on the same line
			levels[n-1] = union(levels[n-1], p.rect)
		} else {
			levels = append(levels, p.rect)
		}
	}
	// A part for each band and column, and for each level that crosses.
	parts := make([][]segment, (len(columns)+1)*(len(levels)+1))
	for _, p := range list {
		column, band := columnOf(p), 0
		if column >= 0 {
			for band < len(levels) && p.top+p.bottom < levels[band].top+levels[band].bottom {
				band++
			}
		} else {
			column = len(columns)
			band = max(0, slices.IndexFunc(levels, func(r rect) bool { return p.top+p.bottom > 2*r.bottom }))
		}
		at := band*(len(columns)+1) + column
		parts[at] = append(parts[at], p)
	}
	return slices.DeleteFunc(parts, func(p []segment) bool { return len(p) == 0 })
}

// column is a range of x. Columns meet in the middle of the gutter between them.
type column struct{ left, right float32 }

func (c column) holds(r rect) bool { return r.left >= c.left && r.right <= c.right }

// findColumns looks for gutters: ranges of x that few lines cross.
func findColumns(segments []rect) []column {
	lines := joinLines(segments)
	if len(lines) < 2*minColumnLines {
		return nil
	}
	left, right := lines[0].left, lines[0].right
	for _, l := range lines {
		left, right = min(left, l.left), max(right, l.right)
	}
	const widest = 15_000 // points; PDF pages are at most 14,400
	if right-left > widest {
		return nil
	}
	cover := make([]int, int(right-left)+1)
	for _, l := range lines {
		for x := int(l.left - left); x <= int(l.right-left) && x < len(cover); x++ {
			cover[x]++
		}
	}
	most := float64(slices.Max(cover))
	few, stray := int(maxCrossing*most), int(maxStray*most)
	var columns []column
	start, columnFrom := left, 0
	for x := 0; x < len(cover); {
		end := x
		for end < len(cover) && cover[end] <= few {
			end++
		}
		if from, to := emptiest(cover[:end], x, stray); x > columnFrom && end < len(cover) && float32(to-from) >= minGutter {
			middle := left + float32(from+to)/2
			columns = append(columns, column{start, middle})
			start, columnFrom = middle, to
		}
		x = max(end, x+1)
	}
	columns = append(columns, column{start, right})
	for _, c := range columns {
		var widths []float32
		for _, l := range lines {
			if c.holds(l) {
				widths = append(widths, l.width()/l.height())
			}
		}
		if len(widths) < minColumnLines {
			return nil
		}
		slices.Sort(widths)
		if widths[len(widths)/2] < minLineShape {
			return nil
		}
	}
	return columns
}

// splitAtGutters parts the segments whose words are of two columns: they cross a
// gutter without any text in it.
func splitAtGutters(list []segment, columns []column) []segment {
	for _, c := range columns[:len(columns)-1] {
		const half = 1.5 // of the strip in the middle of a gutter
		var parted []segment
		for _, p := range list {
			at := slices.IndexFunc(p.words, func(w word) bool { return w.right > c.right-half })
			if p.left >= c.right-half || at <= 0 || p.words[at].left < c.right+half || p.leftward {
				parted = append(parted, p)
				continue
			}
			before := p
			before.words, p.words = p.words[:at:at], p.words[at:]
			before.finish()
			p.finish()
			parted = append(parted, before, p)
		}
		list = parted
	}
	return list
}

// emptiest returns the longest part of cover[start:] that has no more than
// stray lines above the lowest cover: between two columns, that into which
// hardly a line reaches but those across both.
func emptiest(cover []int, start, stray int) (from, to int) {
	if start == len(cover) {
		return start, start
	}
	lowest := slices.Min(cover[start:])
	for x := start; x < len(cover); {
		stop := x
		for stop < len(cover) && cover[stop] <= lowest+stray {
			stop++
		}
		if stop-x > to-from {
			from, to = x, stop
		}
		x = max(stop, x+1)
	}
	return from, to
}

// joinLines joins the segments that follow each other on a line at the distance
// of words.
func joinLines(segments []rect) []rect {
	var lines []rect
	for _, p := range segments {
		if n := len(lines); n > 0 {
			l := &lines[n-1]
			middle := (p.top + p.bottom) / 2
			if gap := p.left - l.right; middle < l.top && middle > l.bottom && gap > -l.height() && gap < minGutter {
				*l = union(*l, p)
				continue
			}
		}
		lines = append(lines, p)
	}
	return lines
}

// writtenAcross reports whether the text jumps between the columns more often
// than it has to.
func writtenAcross(list []segment, columns []column) bool {
	at, returns := -1, 0
	count := make([]int, len(columns))
	for _, l := range list {
		i := slices.IndexFunc(columns, func(c column) bool { return c.holds(l.rect) })
		if i < 0 {
			continue
		}
		count[i]++
		if i < at {
			returns++
		}
		at = i
	}
	return float64(returns) >= max(2, minReturns*float64(slices.Min(count)))
}
