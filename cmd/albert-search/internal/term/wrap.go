package term

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/albert-search/albert-search/document"
)

// Range is a byte range of a text.
type Range = document.Span

// Width is the number of columns that s takes on screen.
func Width(s string) int { return runewidth.StringWidth(s) }

// Cut returns the beginning of s that is at most width columns wide, with an
// ellipsis for what is left out.
func Cut(s string, width int) string { return runewidth.Truncate(s, width, "…") }

// Row is a line on screen.
type Row struct {
	Text string
	// Line counts the lines of the text from 0; Continued rows are not the
	// first of theirs.
	Line      int
	Continued bool
	// Marks are the ranges, by their number, that begin in the row.
	Marks []int
}

// Wrap breaks the lines of text into rows of at most width columns, between
// words where that can be, escaped, with the style on what the ranges cover;
// ranges are ascending and do not overlap. Indentation is kept.
func Wrap(text string, ranges []Range, style Style, width int) []Row {
	w := wrapper{width: max(width, 1), style: style, lastMark: -1}
	at, next := 0, 0
	for line := range strings.Lines(text) {
		for i := 0; i < len(line); {
			for next < len(ranges) && ranges[next].End <= at+i {
				next++
			}
			mark := -1
			if next < len(ranges) && ranges[next].Start <= at+i {
				mark = next
			}
			r, n := utf8.DecodeRuneInString(line[i:])
			if unicode.IsSpace(r) {
				w.space(r, mark)
			} else {
				w.letter(Escape(line[i:i+n]), mark)
			}
			i += n
		}
		at += len(line)
		w.endLine()
	}
	return w.rows
}

// tabWidth is how wide a tab is shown.
const tabWidth = 4

type wrapper struct {
	width int
	style Style
	rows  []Row
	text  strings.Builder // the letters, escaped

	row       []letter
	rowWidth  int
	word      []letter
	wordWidth int
	// gap is the number of spaces before word.
	gap     int
	gapMark int // the range that covers it

	current  Row // what is known of the row that is being filled
	lastMark int // the last range that has begun
}

// letter is what is not broken: a rune with the marks that combine with it, as
// a range of the wrapper's text.
type letter struct {
	Range
	width int
	mark  int // the range that covers it; -1 for none
}

func (w *wrapper) letter(text string, mark int) {
	width, start := Width(text), w.text.Len()
	w.text.WriteString(text)
	if width == 0 && len(w.word) > 0 {
		w.word[len(w.word)-1].End = w.text.Len()
		return
	}
	w.word = append(w.word, letter{Range{Start: start, End: w.text.Len()}, width, mark})
	w.wordWidth += width
}

// space ends the word and widens the gap to the next one.
func (w *wrapper) space(r rune, mark int) {
	w.endWord()
	if w.gap == 0 {
		w.gapMark = mark
	}
	if r == '\t' {
		w.gap += tabWidth
	} else {
		w.gap++
	}
}

// endWord puts the word on a row.
func (w *wrapper) endWord() {
	if len(w.word) == 0 {
		return
	}
	if w.rowWidth > 0 && w.rowWidth+w.gap+w.wordWidth > w.width {
		w.endRow()
		w.gap = 0
	}
	// Indentation leaves room for something.
	for range min(w.gap, w.width/2) {
		start := w.text.Len()
		w.text.WriteByte(' ')
		w.put(letter{Range{Start: start, End: w.text.Len()}, 1, w.gapMark})
	}
	for _, l := range w.word {
		if w.rowWidth+l.width > w.width && w.rowWidth > 0 {
			w.endRow()
		}
		w.put(l)
	}
	w.word, w.wordWidth, w.gap = w.word[:0], 0, 0
}

func (w *wrapper) put(l letter) {
	if l.mark > w.lastMark {
		w.lastMark = l.mark
		w.current.Marks = append(w.current.Marks, l.mark)
	}
	w.row = append(w.row, l)
	w.rowWidth += l.width
}

func (w *wrapper) endRow() {
	var b strings.Builder
	for rest := w.row; len(rest) > 0; {
		n := 1
		for n < len(rest) && (rest[n].mark < 0) == (rest[0].mark < 0) {
			n++
		}
		var part strings.Builder
		for _, l := range rest[:n] {
			part.WriteString(w.text.String()[l.Start:l.End])
		}
		if rest[0].mark >= 0 {
			b.WriteString(w.style.On(part.String()))
		} else {
			b.WriteString(part.String())
		}
		rest = rest[n:]
	}
	w.current.Text = b.String()
	w.rows = append(w.rows, w.current)
	w.current = Row{Line: w.current.Line, Continued: true}
	w.row, w.rowWidth = w.row[:0], 0
}

func (w *wrapper) endLine() {
	w.endWord()
	w.endRow()
	w.gap = 0
	w.current = Row{Line: w.current.Line + 1}
}
