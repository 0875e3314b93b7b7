// Package textnorm makes the form of a text that is matched and read by the
// models: compatibility characters, ligatures, soft hyphens, line-end
// hyphenation and look-alike letters of other scripts are resolved. What is
// shown and cited is always the original, which Text leads back to.
package textnorm

import "sort"

// Text is a normalised text that knows the original. Its size is that of the
// original and, for each place that differs, 32 bytes.
type Text struct {
	s     string
	edits []edit
	size  int // of the original
}

// Normalize resolves, in this order:
//
//   - soft hyphens, characters of no width, marks of writing direction,
//     variation selectors and control characters other than white space: they
//     are dropped;
//   - typographic quotes, dashes and spaces: they become ' " - and a space;
//   - compatibility characters (ligatures, full width, superscripts): they
//     become what Unicode's form NFKC has;
//   - words hyphenated at a line end: they are joined (see dehyphenate);
//   - words that mix scripts: their look-alike letters become letters of one
//     script (see unmix). A word of one script is left alone, so that Russian
//     and Greek stay what they are.
//
// Case is kept. Normalize(Normalize(s).String()) changes nothing more. A byte
// that is not part of UTF-8 becomes U+FFFD. ASCII without any of these costs no
// allocation.
func Normalize(s string) Text {
	t := Text{s: s, size: len(s)}
	i := firstUnplain(s)
	if i == len(s) {
		return t
	}
	for _, pass := range []func(*rewriter){simplify, compose, dehyphenate, unmix} {
		w := rewriter{src: t.s}
		pass(&w)
		t.s, t.edits = w.result(t.edits)
	}
	return t
}

// String returns the normalised text.
func (t Text) String() string { return t.s }

// Original returns the smallest byte range of the original that the bytes
// [start, end) of the normalised text came from. It is empty when start is not
// less than end. Dropped characters belong to it only when they are between
// others.
func (t Text) Original(start, end int) (int, int) {
	start = min(max(start, 0), len(t.s))
	end = min(max(end, start), len(t.s))
	from := t.originalStart(start)
	if start == end {
		return from, from
	}
	return from, t.originalEnd(end)
}

func (t Text) originalStart(pos int) int {
	i := sort.Search(len(t.edits), func(i int) bool { return t.edits[i].newEnd > pos })
	if i < len(t.edits) && t.edits[i].newStart <= pos {
		return t.edits[i].oldStart
	}
	return pos + t.shift(i)
}

func (t Text) originalEnd(pos int) int {
	i := sort.Search(len(t.edits), func(i int) bool { return t.edits[i].newStart >= pos })
	if i > 0 && t.edits[i-1].newEnd >= pos {
		return t.edits[i-1].oldEnd
	}
	return pos + t.shift(i)
}

// shift returns how far a place behind the first n edits has moved.
func (t Text) shift(n int) int {
	if n == 0 {
		return 0
	}
	return t.edits[n-1].oldEnd - t.edits[n-1].newEnd
}

// firstUnplain returns the index of the first byte of s that may begin
// something to be resolved; len(s) when there is none.
func firstUnplain(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 0x80, c == '`', c < ' ' && !isSpace(c), c == 0x7f:
			return i
		case c == '-' && i+1 < len(s) && isSpace(s[i+1]) && i > 0 && !isSpace(s[i-1]):
			return i
		}
	}
	return len(s)
}

// isSpace tells whether c is white space of ASCII.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
