package pdf

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// From glyphs to lines. A segment is what stands beside each other on a line
// without a wide gap. PDFium's own spaces and line ends are not used: they are
// wrong where letters are spaced, where fonts are of several sizes, and where a
// file has no order. Its order of glyphs is: it is that of the file, which is
// mostly that of reading.

// rect is where something stands, in points, the origin at the bottom left of
// the page.
type rect struct{ left, top, right, bottom float32 }

func (r rect) width() float32  { return r.right - r.left }
func (r rect) height() float32 { return r.top - r.bottom }

func union(a, b rect) rect {
	if a == (rect{}) {
		return b
	}
	return rect{min(a.left, b.left), max(a.top, b.top), max(a.right, b.right), min(a.bottom, b.bottom)}
}

// word is a word of a page.
type word struct {
	text string
	rect
	font
	// raised and lowered marks stand close behind what they belong to.
	raised, lowered bool
	glued           bool // no space before it
}

// segment is a run of words.
type segment struct {
	words []word
	rect
	size     float32 // of most of its letters
	bold     bool    // all of it
	mono     bool
	leftward bool // runs from right to left
	late     bool // of an annotation
	turn     uint8
}

// Distances in shares of the size of the type.
const (
	wordGap     = 0.1  // from here on two letters are of two words
	segmentGap  = 1.2  // from here on two words are of two segments
	backward    = 0.6  // as far may a glyph stand before the end of the last one
	sameLevel   = 0.35 // as far may baselines differ on a line
	smallLetter = 0.8  // of the size of the line: a raised or lowered mark
)

// segments makes segments of glyphs of the same turn.
func segments(glyphs []glyph) []segment {
	var list []segment
	for start := 0; start < len(glyphs); {
		end := start + 1
		level := glyphs[start]
		tight := rtl(level.r)
		for end < len(glyphs) && follows(glyphs[start:end], level, glyphs[end], &tight) {
			if glyphs[end].size >= level.size {
				level = glyphs[end]
			}
			end++
		}
		list = appendSegments(list, glyphs[start:end], tight)
		start = end
	}
	return list
}

// follows reports whether a glyph goes on with a run. level is the largest glyph
// of it, mixed whether it has text that runs to the left.
func follows(run []glyph, level, g glyph, mixed *bool) bool {
	last := run[len(run)-1]
	size := max(level.size, g.size)
	if !onLevel(level, g) || last.late != g.late {
		return false
	}
	if rtl(g.r) || *mixed {
		*mixed = true
		// Such text stands in any order; what is far away is parted later.
		return true
	}
	gap := g.left - last.right
	if g.rect == last.rect || g.space && gap < 0 && g.left >= last.left {
		return true // a letter of the same ligature, or a space drawn over it
	}
	return gap > -backward*size-last.width()*boolTo(combining(g.r) || g.r == last.r) && (gap < segmentGap*size || g.space && gap < 2*segmentGap*size)
}

func boolTo(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// onLevel reports whether two glyphs stand on the same line: on one baseline,
// or the one as a raised or lowered mark of the other.
func onLevel(a, b glyph) bool {
	small, large := a, b
	if small.size > large.size {
		small, large = large, small
	}
	shift := abs(a.base() - b.base())
	if shift < sameLevel*small.size {
		return true
	}
	if small.size > smallLetter*large.size {
		// Of the same size: raised without being smaller is rare.
		return shift < sameLevel*large.size
	}
	overlap := min(a.top, b.top) - max(a.bottom, b.bottom)
	return overlap > 0.5*small.height() && shift < 0.7*large.size
}

// base is about where the baseline is.
func (g glyph) base() float32 { return g.bottom + 0.22*g.height() }

func abs(f float32) float32 { return max(f, -f) }

func combining(r rune) bool { return r >= 0x300 && unicode.In(r, unicode.M) }

// appendSegments makes words and segments of a run of glyphs on one line.
func appendSegments(list []segment, run []glyph, mixed bool) []segment {
	if mixed {
		for _, part := range visualParts(run) {
			list = appendWords(list, logical(part), true)
		}
		return list
	}
	return appendWords(list, run, false)
}

// appendWords parts a run in reading order into words.
func appendWords(list []segment, run []glyph, leftward bool) []segment {
	if len(run) == 0 {
		return list
	}
	run = undoubled(run)
	gap := letterGap(run)
	size := mainSize(run)
	p := segment{leftward: leftward, late: run[0].late}
	var w word
	var level glyph // the last glyph of full size
	flush := func() {
		if w.text != "" {
			p.words = append(p.words, w)
		}
		w = word{}
	}
	spaced := true
	var last glyph
	for i, g := range run {
		if g.space {
			spaced = true
			continue
		}
		distance := g.left - last.right
		if leftward {
			distance = distanceOf(last, g)
		}
		raised, lowered := false, false
		if level.r != 0 && g.size <= smallLetter*level.size {
			shift := g.base() - level.base()
			raised, lowered = shift > 0.12*level.size, shift < -0.08*level.size
		}
		switch {
		case raised && !w.raised && w.text != "" && distance < 0.3*level.size:
			flush()
			w.glued = true
		case i > 0 && spaced && w.text != "", w.text != "" && distance > gap*max(size, 0.8*last.size) && !combining(g.r):
			flush()
		case w.text != "" && (raised != w.raised || lowered != w.lowered):
			flush()
			w.glued = true
		}
		if w.text == "" {
			w.rect, w.font, w.raised, w.lowered = g.rect, g.font, raised, lowered
		}
		w.text += string(g.r)
		w.rect = union(w.rect, g.rect)
		spaced, last = false, g
		if !raised && !lowered {
			level = g
		}
	}
	flush()
	if len(p.words) == 0 {
		return list
	}
	p.words = unspaced(p.words)
	p.finish()
	return append(list, p)
}

// minSpaced is how many letters with spaces between them are taken for a word.
const minSpaced = 4

// unspaced joins words whose letters are set apart by spaces: "N O T I C E". They
// are as far from each other as each is from the next, but for where a word ends.
func unspaced(words []word) []word {
	var out []word
	for i := 0; i < len(words); {
		end := i
		for end < len(words) && isSingleLetter(&words[end]) && (end == i || words[end].left-words[end-1].right < 1.5*words[end].size) {
			end++
		}
		if end-i < minSpaced || isSequence(words[i:end]) {
			end = max(end, i+1)
			out = append(out, words[i:end]...)
		} else {
			out = append(out, joinLetters(words[i:end])...)
		}
		i = end
	}
	return out
}

func isSingleLetter(w *word) bool {
	r, n := utf8.DecodeRuneInString(w.text)
	return n == len(w.text) && r < 0x590 && unicode.IsLetter(r) && !w.raised && !w.lowered
}

// isSequence reports whether letters are a list of letters, as A B C D, or a
// single one again and again.
func isSequence(words []word) bool {
	steps := 0
	for i := 1; i < len(words); i++ {
		a, _ := utf8.DecodeRuneInString(words[i-1].text)
		b, _ := utf8.DecodeRuneInString(words[i].text)
		if b == a || b == a+1 {
			steps++
		}
	}
	return 2*steps >= len(words)-1
}

// joinLetters makes words of letters: a wider gap parts two words.
func joinLetters(letters []word) []word {
	gaps := make([]float32, 0, len(letters))
	for i := 1; i < len(letters); i++ {
		gaps = append(gaps, letters[i].left-letters[i-1].right)
	}
	usual := slices.Clone(gaps)
	slices.Sort(usual)
	limit := usual[len(usual)/2] + 0.2*letters[0].size
	out := letters[:1:1]
	for i, w := range letters[1:] {
		if gaps[i] > limit {
			out = append(out, w)
			continue
		}
		last := &out[len(out)-1]
		last.text += w.text
		last.rect = union(last.rect, w.rect)
	}
	return out
}

// finish works out what a segment's words have in common.
func (p *segment) finish() {
	p.rect = rect{}
	p.bold, p.mono, p.size, p.turn = true, true, 0, p.words[0].turn
	most, count := 0, map[float32]int{}
	for _, w := range p.words {
		p.rect = union(p.rect, w.rect)
		p.bold = p.bold && (w.bold || w.raised)
		p.mono = p.mono && w.mono
		if count[w.size] += len(w.text); count[w.size] > most {
			most, p.size = count[w.size], w.size
		}
	}
}

// mainSize is the size that most of the glyphs have.
func mainSize(run []glyph) float32 {
	count := map[float32]int{}
	var size float32
	for _, g := range run {
		if !g.space {
			if count[g.size]++; count[g.size] > count[size] {
				size = g.size
			}
		}
	}
	return size
}

// letterGap returns from which distance on letters are of two words, in shares
// of the size: more than usual where all letters are set apart.
func letterGap(run []glyph) float32 {
	var gaps []float32
	spaces := 0
	for i := 1; i < len(run); i++ {
		a, b := run[i-1], run[i]
		if b.space {
			spaces++
		}
		// The dots that lead to the number of a page are set apart, too.
		if unicode.IsLetter(a.r) && unicode.IsLetter(b.r) && !combining(b.r) {
			gaps = append(gaps, distanceOf(a, b)/max(a.size, b.size))
		}
	}
	least := float32(wordGap)
	switch {
	case run[0].tight:
		least = 0.28
	case spaces > 0:
		least = 0.13
	}
	if len(gaps) < 6 {
		return least
	}
	slices.Sort(gaps)
	// Most letters stand close to the next one of their word.
	usual := gaps[len(gaps)*2/5]
	if usual <= 0.03 {
		return least
	}
	return max(least, min(usual, 0.45)+wordGap)
}

// distanceOf is the distance between two glyphs that follow each other, on
// whichever side.
func distanceOf(a, b glyph) float32 {
	return max(b.left-a.right, a.left-b.right)
}

// undoubled drops glyphs that are drawn twice, a little beside each other, to
// look bold.
func undoubled(run []glyph) []glyph {
	kept := run[:0]
	for _, g := range run {
		twice := false
		for j := len(kept) - 1; j >= 0 && j >= len(kept)-3 && !twice; j-- {
			k := kept[j]
			// Letters of a ligature share a box.
			twice = k.r == g.r && !g.space && k.rect != g.rect && abs(k.left-g.left) < 0.3*min(k.width(), g.width()) && abs(k.bottom-g.bottom) < 0.15*g.size
		}
		if !twice {
			kept = append(kept, g)
		}
	}
	return kept
}
