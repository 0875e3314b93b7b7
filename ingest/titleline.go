package ingest

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// atTitles yields the parts of a paragraph: a line that looks like a title,
// although no empty line follows it, ends a part. The text of a PDF has many.
func atTitles(body string, b block) iter.Seq[block] {
	return func(yield func(block) bool) {
		width := 0
		if !b.line {
			width = lineWidth(body[b.start:b.end])
		}
		for pos := b.start; width > 0 && pos < b.end; {
			line, next := lineAt(body, pos, b.end)
			if next < b.end && isTitle(line, body[next:b.end], width) {
				if !yield(block{start: b.start, end: pos + len(line), before: b.before}) {
					return
				}
				b.start = next
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

// isTitle tells whether the line, before rest, is not wrapped but ends there:
// the next word had found place on it, and nothing says that a sentence goes
// on.
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

// joins tells whether something must follow a word.
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
