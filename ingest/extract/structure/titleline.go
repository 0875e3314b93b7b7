package structure

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
)

// Titles yields the parts of a paragraph: a line that looks like a title,
// although no empty line follows it, ends a part. The text of a PDF has many. A
// block that is neither a paragraph nor an item of a list is one part.
func Titles(body string, b document.Block) iter.Seq[document.Block] {
	return func(yield func(document.Block) bool) {
		width := 0
		end := b.Start + len(strings.TrimRightFunc(body[b.Start:b.End], unicode.IsSpace))
		// A numbered title is taken for an item of a list where nothing else is
		// known of the text.
		if b.Kind == document.Paragraph || b.Kind == document.ListItem {
			width = lineWidth(body[b.Start:end])
		}
		for pos := b.Start; width > 0 && pos < end; {
			line, next := LineAt(body, pos, end)
			if next < end && isTitle(line, body[next:end], width) {
				part := b
				part.End = next
				if !yield(part) {
					return
				}
				b.Start = next
			}
			pos = next
		}
		yield(b)
	}
}

// lineWidth returns how long the lines of a paragraph are, in characters, but
// for a few that are longer, and 0 for a single line.
func lineWidth(paragraph string) int {
	var widths []int
	for line := range strings.Lines(paragraph) {
		widths = append(widths, utf8.RuneCountInString(strings.TrimSpace(line)))
	}
	if len(widths) < 2 {
		return 0
	}
	slices.Sort(widths)
	return widths[len(widths)*3/4]
}

// isTitle reports whether the line, before rest, is not wrapped but ends there:
// the next word would have fit on it, and nothing says that a sentence goes on.
func isTitle(line, rest string, width int) bool {
	line, rest = strings.TrimSpace(line), strings.TrimSpace(rest)
	opens := func(s string) bool {
		r, _ := utf8.DecodeRuneInString(s)
		return unicode.IsUpper(r) || unicode.IsDigit(r)
	}
	if !opens(line) || !opens(rest) {
		return false
	}
	if r, _ := utf8.DecodeLastRuneInString(line); unicode.IsPunct(r) && r != ')' || joins(line[strings.LastIndexByte(line, ' ')+1:]) {
		return false
	}
	next, _, _ := strings.Cut(rest, " ")
	return 4*(utf8.RuneCountInString(line)+1+utf8.RuneCountInString(next)) < 3*width
}

// joins reports whether something must follow a word.
func joins(word string) bool {
	switch strings.ToLower(word) {
	case "a", "an", "the", "and", "or", "but", "nor", "of", "to", "in", "on", "at", "by", "for", "from", "with", "as", "than", "that", "which",
		"is", "are", "was", "were", "be", "has", "had", "have", "mr", "mrs", "ms", "dr", "st",
		"der", "die", "das", "den", "dem", "des", "ein", "eine", "und", "oder", "von", "zu", "im", "am", "mit", "für", "ist",
		"le", "la", "les", "de", "du", "un", "une", "et", "ou", "à", "el", "los", "las", "y", "o", "en", "con":
		return true
	}
	return false
}
