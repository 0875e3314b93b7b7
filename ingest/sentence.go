package ingest

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// sentenceReach is how far around a span Sentence looks, in bytes.
const sentenceReach = 2000

// Sentence returns the byte range of the sentence of body around
// body[start:end], or of all the sentences that the span touches. Where none
// begins or ends within some 2,000 bytes, the range ends at a space there. A
// title that stands right above a sentence is not part of it.
func Sentence(body string, start, end int) (int, int) {
	start = min(max(start, 0), len(body))
	end = min(max(end, start), len(body))
	from, to := start-sentenceReach, end+sentenceReach
	if from <= 0 {
		from = 0
	} else if i := strings.IndexFunc(body[from:start], unicode.IsSpace); i >= 0 {
		from += i
	} else {
		from = start
	}
	if to >= len(body) {
		to = len(body)
	} else if i := strings.LastIndexFunc(body[end:to], unicode.IsSpace); i >= 0 {
		to = end + i
	} else {
		to = end
	}

	first, last := start, end
	var buf []byte
	window := body[from:to]
	for _, b := range structure.Prose(window, nil) {
		if from+b.End < start || from+b.Start > end {
			continue
		}
		for title := range structure.Titles(window, b) {
			eachSpan(window, title, cutPlain, func(part span) {
				for s, e := range sentencesIn(window, part, &buf) {
					// A span that is empty belongs to the sentence it lies in.
					if s, e = s+from, e+from; s < end && e > start || s <= start && end <= e {
						first, last = min(first, s), max(last, e)
					}
				}
			})
		}
	}
	return first, last
}

// sentencesIn yields the sentences of a span, without the white space around
// them. A line is one sentence. buf is
// scratch space.
//
// Boundaries are those of Unicode Standard Annex 29, with three differences:
// a line end is a space; a boundary needs a space, or the punctuation of
// Chinese and Japanese, before it ("?x=1" in a URL ends nothing); and a full
// stop after an abbreviation, an initial or a number at the beginning ends
// nothing.
func sentencesIn(body string, b span, buf *[]byte) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		if b.line {
			if s, e := trim(body, b.start, b.end); s < e {
				yield(s, e)
			}
			return
		}
		text := segmentable((*buf)[:0], body[b.start:b.end])
		*buf = text
		start := b.start
		for it := sentences.FromBytes(text); it.Next(); {
			end := b.start + it.End()
			if end < b.end && !endsSentence(body[start:end]) {
				continue
			}
			if s, e := trim(body, start, end); s < e && !yield(s, e) {
				return
			}
			start = end
		}
	}
}

// maxPunctuation is the longest run of punctuation and space that the
// segmenter is given. From each of its characters it looks to the end of the
// run, so that a million brackets would keep it busy for hours.
const maxPunctuation = 100

// segmentable appends s to buf with spaces for line ends, and with digits for
// what of a run of punctuation is too much. All stays in its place.
func segmentable(buf []byte, s string) []byte {
	buf = append(buf, s...)
	run := 0
	for i := 0; i < len(s); {
		n := 1
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
			run = 0
			i++
			continue
		case c == '\n' || c == '\r':
			buf[i] = ' '
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			if r >= 0x3400 && r < 0xA000 || unicode.IsLetter(r) || unicode.IsNumber(r) {
				run = 0
				i += n
				continue
			}
		}
		if run++; run > maxPunctuation {
			for j := range n {
				buf[i+j] = '0'
			}
		}
		i += n
	}
	return buf
}

// endsSentence reports whether s, which ends where the annex sees a boundary,
// really is a sentence.
func endsSentence(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(s)
	if !unicode.IsSpace(last) {
		return last >= 0x3000
	}
	s = strings.TrimRightFunc(s, unicode.IsSpace)
	if !strings.HasSuffix(s, ".") {
		return true
	}
	s = s[:len(s)-1]
	i := strings.LastIndexFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`([{"'“‘`, r)
	})
	word := s[i+1:]
	if i < 0 || strings.TrimSpace(s[:i+1]) == "" {
		// "3. Results", "a. First": the number belongs to what follows.
		if len(word) <= 4 && strings.Trim(word, "0123456789.") == "" || len(word) == 1 {
			return false
		}
	}
	return !isAbbreviation(word)
}

// isAbbreviation reports whether a full stop after the word usually does not end
// the sentence. word is without that full stop.
func isAbbreviation(word string) bool {
	if i := strings.LastIndexByte(word, '.'); i >= 0 {
		// "e.g", "U.S", "z.B": letters, each with its full stop.
		return utf8.RuneCountInString(word[i+1:]) == 1 && i <= 5
	}
	if first, n := utf8.DecodeRuneInString(word); n == len(word) && unicode.IsUpper(first) {
		return true
	}
	switch strings.ToLower(word) {
	case "dr", "mr", "mrs", "ms", "prof", "st", "sr", "jr", "rev", "hon", "gen", "col", "lt", "sgt", "capt", "gov", "sen", "rep",
		"vs", "cf", "viz", "ca", "approx", "resp", "al", "ibid", "esp", "incl", "eq", "eqs", "fig", "figs", "sec", "ch", "vol", "no", "nos", "nr",
		"pp", "pt", "ed", "eds", "art", "tab", "op", "cit", "dept", "univ", "ltd", "corp", "mt", "ft",
		"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
		"bzw", "usw", "evtl", "ggf", "vgl", "abs", "bd", "hr", "fr", "mme", "mlle", "sra", "ing", "dipl":
		return true
	}
	return false
}

// trim drops white space from both ends of body[start:end], except a space
// that a combining mark stands on.
func trim(body string, start, end int) (int, int) {
	s := body[start:end]
	end -= len(s) - len(strings.TrimRightFunc(s, unicode.IsSpace))
	s = body[start:max(start, end)]
	trimmed := strings.TrimLeftFunc(s, unicode.IsSpace)
	at := start + len(s) - len(trimmed)
	if at > start && trimmed != "" && structure.JoinsPrevious(trimmed) {
		if r, n := utf8.DecodeLastRuneInString(body[start:at]); !unicode.IsControl(r) && r != '\u2028' && r != '\u2029' {
			at -= n // nothing joins a line end
		}
	}
	return at, max(at, end)
}
