package term

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Range is a byte range.
type Range struct {
	Start, End int
}

// Width is the number of columns that s takes on screen.
func Width(s string) int { return runewidth.StringWidth(s) }

// letter is what is not broken: a rune with the marks that combine with it, as
// a range of the wrapper's text.
type letter struct {
	Range
	width  int
	marked bool
}

// Wrap fills lines of at most width columns with the words of text, escaped,
// and puts the style on what the ranges cover; ranges are ascending and do not
// overlap. Words that are wider than a line are broken. The lines have no line
// ends.
func Wrap(text string, ranges []Range, style Style, width int) []string {
	var w wrapper
	w.width, w.style = max(width, 1), style
	inside := func(i int) bool {
		for len(ranges) > 0 && ranges[0].End <= i {
			ranges = ranges[1:]
		}
		return len(ranges) > 0 && ranges[0].Start <= i
	}
	// A space between two marked words is marked, too.
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		marked := inside(i)
		if unicode.IsSpace(r) {
			w.space(marked)
		} else {
			w.letter(Escape(text[i:i+n]), marked)
		}
		i += n
	}
	w.space(false)
	w.endLine()
	return w.lines
}

type wrapper struct {
	width int
	style Style
	lines []string
	text  strings.Builder // the letters, escaped

	line      []letter
	lineWidth int
	word      []letter
	wordWidth int
	// gap is the space before word.
	gap, gapMarked bool
}

func (w *wrapper) letter(text string, marked bool) {
	width, start := Width(text), w.text.Len()
	w.text.WriteString(text)
	if width == 0 && len(w.word) > 0 {
		w.word[len(w.word)-1].End = w.text.Len()
		return
	}
	w.word = append(w.word, letter{Range{start, w.text.Len()}, width, marked})
	w.wordWidth += width
}

// space ends the word and puts it on a line.
func (w *wrapper) space(marked bool) {
	if len(w.word) == 0 {
		return
	}
	gap := 0
	if len(w.line) > 0 && w.gap {
		gap = 1
	}
	if w.lineWidth+gap+w.wordWidth > w.width {
		w.endLine()
		gap = 0
	}
	if gap > 0 {
		start := w.text.Len()
		w.text.WriteByte(' ')
		w.line = append(w.line, letter{Range{start, w.text.Len()}, 1, w.gapMarked})
		w.lineWidth++
	}
	for _, l := range w.word {
		if w.lineWidth+l.width > w.width && w.lineWidth > 0 {
			w.endLine()
		}
		w.line = append(w.line, l)
		w.lineWidth += l.width
	}
	w.word, w.wordWidth = w.word[:0], 0
	w.gap, w.gapMarked = true, marked
}

func (w *wrapper) endLine() {
	if len(w.line) == 0 {
		return
	}
	var b strings.Builder
	for rest := w.line; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].marked == rest[0].marked {
			n++
		}
		var part strings.Builder
		for _, l := range rest[:n] {
			part.WriteString(w.text.String()[l.Start:l.End])
		}
		if rest[0].marked {
			b.WriteString(w.style.On(part.String()))
		} else {
			b.WriteString(part.String())
		}
		rest = rest[n:]
	}
	w.lines = append(w.lines, b.String())
	w.line, w.lineWidth = w.line[:0], 0
}
