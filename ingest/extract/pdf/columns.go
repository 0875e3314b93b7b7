package pdf

import (
	"cmp"
	"slices"
)

// Many programs write a page with several columns line by line across all of
// them, and PDFium gives text in the order in which it is written. What
// follows finds such pages and the regions to read them by. It leaves alone
// pages that are in order, and tables, whose rows are to stay together.

// rect is where a piece of text stands, in points, the origin at the bottom
// left of the page.
type rect struct{ left, top, right, bottom float64 }

func (r rect) width() float64  { return r.right - r.left }
func (r rect) height() float64 { return r.top - r.bottom }

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

// columnRegions returns the regions of a page in reading order, or nil if it
// is to be read as it is written. pieces are in the order of writing; blank
// reports whether there is no text in a region.
func columnRegions(pieces []rect, blank func(rect) bool) []rect {
	pieces = slices.DeleteFunc(slices.Clone(pieces), func(r rect) bool { return r.width() <= 0 || r.height() <= 0 })
	columns := findColumns(pieces)
	if len(columns) < 2 {
		return nil
	}
	pieces = splitAtGutters(pieces, columns, blank)
	if !writtenAcross(pieces, columns) {
		return nil
	}
	// From top to bottom: the bands between what crosses the columns.
	byTop := slices.Clone(pieces)
	slices.SortStableFunc(byTop, func(a, b rect) int { return cmp.Compare(b.top+b.bottom, a.top+a.bottom) })
	var regions []rect
	var band []rect
	flush := func() {
		for _, c := range columns {
			var region rect
			for _, p := range band {
				if c.holds(p) {
					region = union(region, p)
				}
			}
			if region != (rect{}) {
				regions = append(regions, region)
			}
		}
		band = nil
	}
	for i := 0; i < len(byTop); i++ {
		if slices.ContainsFunc(columns, func(c column) bool { return c.holds(byTop[i]) }) {
			band = append(band, byTop[i])
			continue
		}
		flush()
		crossing := byTop[i]
		for i+1 < len(byTop) && byTop[i+1].top+byTop[i+1].bottom > 2*crossing.bottom { // on the same line
			i++
			crossing = union(crossing, byTop[i])
		}
		regions = append(regions, crossing)
	}
	flush()
	return regions
}

func union(a, b rect) rect {
	if a == (rect{}) {
		return b
	}
	return rect{min(a.left, b.left), max(a.top, b.top), max(a.right, b.right), min(a.bottom, b.bottom)}
}

// column is a range of x. Columns meet in the middle of the gutter between them.
type column struct{ left, right float64 }

func (c column) holds(r rect) bool { return r.left >= c.left && r.right <= c.right }

// findColumns looks for gutters: ranges of x that few lines cross.
func findColumns(pieces []rect) []column {
	lines := joinLines(pieces)
	if len(lines) < 2*minColumnLines {
		return nil
	}
	left, right := lines[0].left, lines[0].right
	for _, l := range lines {
		left, right = min(left, l.left), max(right, l.right)
	}
	const widest = 100_000 // points; PDF pages are at most 14,400
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
		if from, to := emptiest(cover[:end], x, stray); x > columnFrom && end < len(cover) && float64(to-from) >= minGutter {
			middle := left + float64(from+to)/2
			columns = append(columns, column{start, middle})
			start, columnFrom = middle, to
		}
		x = max(end, x+1)
	}
	columns = append(columns, column{start, right})
	for _, c := range columns {
		var widths []float64
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

// splitAtGutters parts the pieces that PDFium has made of words in two columns:
// they cross a gutter without any text in it.
func splitAtGutters(pieces []rect, columns []column, blank func(rect) bool) []rect {
	for _, c := range columns[:len(columns)-1] {
		const half = 1.5 // of the strip in the middle of a gutter
		var crossing []rect
		for _, p := range pieces {
			if p.left < c.right-half && p.right > c.right+half {
				crossing = append(crossing, p)
			}
		}
		slices.SortStableFunc(crossing, func(a, b rect) int { return cmp.Compare(b.bottom, a.bottom) })
		empty := map[rect]bool{}
		// Most strips are empty from top to bottom, and asking is slow, so
		// halves are asked about only where the whole is not empty.
		var ask func(group []rect)
		ask = func(group []rect) {
			var all rect
			for _, p := range group {
				all = union(all, p)
			}
			switch {
			case len(group) == 0:
			case blank(rect{c.right - half, all.top, c.right + half, all.bottom}):
				for _, p := range group {
					empty[p] = true
				}
			case len(group) > 1:
				ask(group[:len(group)/2])
				ask(group[len(group)/2:])
			}
		}
		ask(crossing)
		var parted []rect
		for _, p := range pieces {
			if empty[p] {
				parted = append(parted, rect{p.left, p.top, c.right, p.bottom})
				p.left = c.right
			}
			parted = append(parted, p)
		}
		pieces = parted
	}
	return pieces
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

// joinLines joins the pieces that follow each other on a line at the distance
// of words.
func joinLines(pieces []rect) []rect {
	var lines []rect
	for _, p := range pieces {
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
func writtenAcross(pieces []rect, columns []column) bool {
	at, returns := -1, 0
	count := make([]int, len(columns))
	for _, l := range joinLines(pieces) {
		i := slices.IndexFunc(columns, func(c column) bool { return c.holds(l) })
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
