package term

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Snippet returns the part of text, about size bytes long, in which most of
// the ranges lie, the first of several, and cuts it between words. Ranges are
// ascending and do not overlap.
func Snippet(text string, ranges []Range, size int) Range {
	if len(text) <= size {
		return Range{0, len(text)}
	}
	// The best part begins, or nearly so, with one of the ranges.
	best, most := 0, -1
	for i, r := range ranges {
		n := 0
		for _, other := range ranges[i:] {
			if other.End <= r.Start+size {
				n++
			}
		}
		if n > most {
			best, most = r.Start, n
		}
	}
	// Some words before the first match show what it is about.
	start := max(0, min(best-size/5, len(text)-size))
	if start > 0 {
		start = nextWord(text, start)
	}
	end := min(len(text), start+size)
	if end < len(text) {
		end = lastSpace(text, start, end)
	}
	return Range{start, end}
}

// nextWord returns where the first word after i begins; i, moved to a letter's
// beginning, when there is no space near.
func nextWord(text string, i int) int {
	near := text[i:min(len(text), i+40)]
	if at := strings.IndexFunc(near, unicode.IsSpace); at >= 0 {
		rest := text[i+at:]
		return len(text) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	}
	for i < len(text) && !utf8.RuneStart(text[i]) {
		i++
	}
	return i
}

// lastSpace returns where the last word that is whole before end ends.
func lastSpace(text string, start, end int) int {
	from := max(start, end-40)
	if at := strings.LastIndexFunc(text[from:end], unicode.IsSpace); at > 0 {
		return from + at
	}
	for end > start && !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}
