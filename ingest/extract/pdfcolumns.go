package extract

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
	// minReturns is the share of lines at which the text returns to a column
	// on its left, above which a page is written across its columns.
	minReturns = 0.3
)

// columnRegions returns the regions of a page in reading order, or nil if it
// is to be read as it is written. pieces are in the order of writing.
func columnRegions(pieces []rect) []rect {
	pieces = slices.DeleteFunc(slices.Clone(pieces), func(r rect) bool { return r.width() <= 0 || r.height() <= 0 })
	columns := findColumns(pieces)
	if len(columns) < 2 || !writtenAcross(pieces, columns) {
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

// column is a range of x.
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
	few := int(maxCrossing * float64(slices.Max(cover)))
	var columns []column
	start := 0
	for x := 0; x < len(cover); {
		end := x
		for end < len(cover) && cover[end] <= few {
			end++
		}
		if float64(end-x) >= minGutter && x > start && end < len(cover) {
			columns = append(columns, column{left + float64(start), left + float64(x) + 1})
			start = end
		}
		x = max(end, x+1)
	}
	columns = append(columns, column{left + float64(start) - 1, right + 1})
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

// writtenAcross tells whether the text jumps between the columns more often
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
