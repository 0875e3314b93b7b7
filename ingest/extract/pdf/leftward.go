package pdf

import (
	"cmp"
	"slices"
	"unicode"

	"golang.org/x/text/unicode/bidi"
)

// Text that runs from right to left. What is drawn has an order from left to
// right only; PDFium's guess at the order of reading is wrong around brackets,
// numbers and words of other scripts, so that it is worked out here again.

func rtl(r rune) bool {
	if r < 0x590 {
		return false
	}
	p, _ := bidi.LookupRune(r)
	c := p.Class()
	return c == bidi.R || c == bidi.AL || c == bidi.AN
}

// visualParts puts the glyphs of a line from left to right, and parts it where
// there are wide gaps. The part that is read first comes first.
func visualParts(run []glyph) [][]glyph {
	for i := range run {
		before, behind := i, i
		if i > 0 {
			before = i - 1
		}
		if i+1 < len(run) {
			behind = i + 1
		}
		run[i].leftward = run[before].left > run[i].left || run[i].left > run[behind].left
	}
	// Marks stay behind the letter on which they stand.
	type placed struct {
		glyph
		at float32
	}
	order := make([]placed, len(run))
	for i, g := range run {
		order[i] = placed{g, g.left}
		if i > 0 && combining(g.r) {
			order[i].at = order[i-1].at
		}
	}
	slices.SortStableFunc(order, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	line := make([]glyph, len(run))
	for i, o := range order {
		line[i] = o.glyph
	}
	var parts [][]glyph
	start := 0
	var right float32
	toLeft, toRight := 0, 0
	for i, g := range line {
		if i > start && g.left-right > segmentGap*g.size {
			parts = append(parts, line[start:i])
			start = i
		}
		if i == start || g.right > right {
			right = g.right
		}
		switch {
		case rtl(g.r):
			toLeft++
		case unicode.IsLetter(g.r):
			toRight++
		}
	}
	parts = append(parts, line[start:])
	if toLeft >= toRight {
		slices.Reverse(parts)
	}
	return parts
}

// direction of a glyph in a line.
const (
	neutral = iota
	toRight
	toLeft
)

// logical puts glyphs that stand from left to right into the order of reading.
func logical(line []glyph) []glyph {
	clusters := clustersOf(line)
	dirs := make([]int, len(clusters))
	left, right := 0, 0
	for i, c := range clusters {
		switch p, _ := bidi.LookupRune(c[0].r); p.Class() {
		case bidi.R, bidi.AL:
			dirs[i] = toLeft
			left++
		case bidi.L:
			dirs[i] = toRight
			right++
		case bidi.EN, bidi.AN:
			dirs[i] = toRight
		}
	}
	base := toRight
	if left >= right {
		base = toLeft
	}
	resolve(clusters, dirs, base)
	var out []glyph
	emit := func(from, to int) { // of one direction
		if dirs[from] == toRight {
			for _, c := range clusters[from:to] {
				out = append(out, mirrored(c, false)...)
			}
			return
		}
		for i := to - 1; i >= from; i-- {
			out = append(out, mirrored(clusters[i], true)...)
		}
	}
	bounds := []int{0}
	for i := 1; i <= len(dirs); i++ {
		if i == len(dirs) || dirs[i] != dirs[i-1] {
			bounds = append(bounds, i)
		}
	}
	if base == toLeft {
		for i := len(bounds) - 1; i > 0; i-- {
			emit(bounds[i-1], bounds[i])
		}
	} else {
		for i := 1; i < len(bounds); i++ {
			emit(bounds[i-1], bounds[i])
		}
	}
	return out
}

// clustersOf joins glyphs that share a box, as the letters of a ligature, and
// marks with what they stand on.
func clustersOf(line []glyph) [][]glyph {
	var clusters [][]glyph
	for i := 0; i < len(line); {
		end := i + 1
		marks := false
		for end < len(line) && (combining(line[end].r) || line[end].rect == line[i].rect && !line[end].space) {
			marks = marks || combining(line[end].r)
			end++
		}
		c := line[i:end:end]
		if len(c) > 1 && !marks && rtl(c[0].r) && !lamAlef(c) {
			c = slices.Clone(c)
			slices.Reverse(c) // PDFium turned them round
		}
		clusters = append(clusters, c)
		i = end
	}
	return clusters
}

// lamAlef reports whether the letters of a ligature are in order already:
// PDFium takes characters that are ligatures themselves apart in order.
func lamAlef(c []glyph) bool {
	return len(c) == 2 && c[0].r == 'ل' && (c[1].r == 'ا' || c[1].r == 'أ' || c[1].r == 'إ' || c[1].r == 'آ')
}

// resolve gives every cluster a direction: signs between digits are of the
// number, others of what is on both sides of them, or of the line.
func resolve(clusters [][]glyph, dirs []int, base int) {
	digit := func(i int) bool {
		return i >= 0 && i < len(clusters) && unicode.IsDigit(clusters[i][0].r)
	}
	for i := 0; i < len(dirs); i++ {
		if dirs[i] != neutral {
			continue
		}
		end := i
		for end < len(dirs) && dirs[end] == neutral {
			end++
		}
		d := base
		switch {
		case end == i+1 && digit(i-1) && digit(end) && !clusters[i][0].space:
			d = toRight
		case i > 0 && end < len(dirs) && dirs[i-1] == dirs[end]:
			d = dirs[end]
			if d == toRight && base == toLeft && digit(i-1) && digit(end) {
				d = base // two numbers of a line
			}
		}
		for ; i < end; i++ {
			dirs[i] = d
		}
	}
}

// mirrored gives brackets the form that they have in the order of reading:
// PDFium mirrors them where it takes the text for leftward.
func mirrored(c []glyph, leftward bool) []glyph {
	if len(c) != 1 || c[0].leftward == leftward {
		return c
	}
	g := c[0]
	if m, ok := mirrorOf(g.r); ok {
		g.r = m
		return []glyph{g}
	}
	return c
}

// mirrorOf returns the bracket that is the mirror image of one.
func mirrorOf(r rune) (rune, bool) {
	const pairs = "()[]{}<>«»‹›≤≥"
	var before rune
	opening := true
	for _, p := range pairs {
		switch {
		case !opening && r == p:
			return before, true
		case !opening && r == before:
			return p, true
		}
		before, opening = p, !opening
	}
	return 0, false
}
