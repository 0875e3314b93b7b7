package qa

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/internal/squadtext"
)

// tidy moves the ends of the byte range to where a person would cut: words are
// whole (a model's tokens are not), white space, separators and lone quotation marks and brackets at the ends are left
// out, a bracket or quotation mark that is opened inside and closed directly
// behind is closed, and the full stop of an abbreviation ("U.S.") stays while
// that of the sentence goes. A name that the range is a part of is taken whole.
// What is left may be empty.
func tidy(text string, start, end int) (int, int) {
	start, end = words(text, start, end)
	from, to := start, end
	// A completed range may have an end that is no end of words, and the other
	// way round. What does not settle stays as it is.
	for range 3 {
		a, b := complete(text, from, to)
		if a, b = words(text, a, b); a == from && b == to {
			return complete(text, from, to)
		}
		from, to = a, b
	}
	return start, end
}

// words is tidy as far as words go.
func words(text string, start, end int) (int, int) {
	start, end = wholeWords(text, start, end)
	start = trimLeft(text, start, end)
	end = trimRight(text, start, end)
	if start >= end {
		return start, start
	}
	for {
		s, e := unpaired(text, start, end)
		if s == start && e == end {
			return start, end
		}
		start = trimLeft(text, s, e)
		end = trimRight(text, start, e)
		if start >= end {
			return start, start
		}
	}
}

// wholeWords moves the ends that are inside a word or a number to its ends.
func wholeWords(text string, start, end int) (int, int) {
	for start > 0 && start < end {
		before, n := utf8.DecodeLastRuneInString(text[:start])
		first, _ := utf8.DecodeRuneInString(text[start:])
		if !(inWord(before) && inWord(first)) && !insideNumber(text, start) {
			break
		}
		start -= n
	}
	for start < end && end < len(text) {
		last, _ := utf8.DecodeLastRuneInString(text[:end])
		next, n := utf8.DecodeRuneInString(text[end:])
		if !(inWord(last) && inWord(next)) && !insideNumber(text, end) {
			break
		}
		end += n
	}
	return start, end
}

// insideNumber reports whether at is beside a comma, a full stop or a colon that
// has a digit on either side, as in 192,300, 3.14 and 9:30: a model's tokens end
// there, a number does not.
func insideNumber(text string, at int) bool {
	mark := func(i int) bool {
		return i > 0 && i+1 < len(text) && strings.IndexByte(",.:", text[i]) >= 0 && isDigit(text[i-1]) && isDigit(text[i+1]) &&
			(text[i] != ':' || !endsInName(text[:i]))
	}
	return mark(at) || mark(at-1)
}

// endsInName reports whether the digits at the end of s belong to a name, as in
// "db2" before the port.
func endsInName(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "0123456789"))
	return unicode.IsLetter(r)
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// inWord reports whether r belongs to a word of a script that separates words.
func inWord(r rune) bool {
	return (squadtext.IsWord(r) || unicode.IsMark(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// Characters that say nothing at the ends of an answer. Signs that belong to
// an amount (-5, $3, 20 %, #1) are not among them.
const (
	looseLeft  = ".,;:!?/|*_=–—•·…"
	looseRight = ",;:!?/|*_=-–—•·…"
)

func trimLeft(text string, start, end int) int {
	for start < end {
		r, n := utf8.DecodeRuneInString(text[start:end])
		next, _ := utf8.DecodeRuneInString(text[start+n : end])
		decimal := r == '.' && unicode.IsDigit(next)
		if !squadtext.IsSpace(r) && !strings.ContainsRune(looseLeft, r) || decimal {
			break
		}
		start += n
	}
	return start
}

func trimRight(text string, start, end int) int {
	for start < end {
		r, n := utf8.DecodeLastRuneInString(text[start:end])
		switch {
		case r == '.' && !endsSentence(text, end):
			return end
		case r == '.', squadtext.IsSpace(r), strings.ContainsRune(looseRight, r):
			end -= n
		default:
			if end < len(text) && text[end] == '.' && abbreviated(text[:end]) {
				return end + 1
			}
			return end
		}
	}
	return end
}

// endsSentence reports whether the full stop just before end closes a sentence
// rather than an abbreviation.
func endsSentence(text string, end int) bool {
	if abbreviated(text[:end-1]) {
		return false
	}
	rest := strings.TrimLeftFunc(text[end:], squadtext.IsSpace)
	if rest == "" || len(rest) == len(text)-end && end < len(text) {
		// The end of the passage, or something that is glued to the stop.
		return true
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return !unicode.IsLower(r)
}

// abbreviated reports whether a full stop behind s would be part of its last
// word: a single letter that has a full stop before it, or a capital that
// stands alone.
func abbreviated(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	if !unicode.IsLetter(r) {
		return false
	}
	before, k := utf8.DecodeLastRuneInString(s[:len(s)-n])
	return before == '.' || (k == 0 || squadtext.IsSpace(before)) && unicode.IsUpper(r)
}

// brackets are what opens and what closes it. No character is in two pairs,
// so that mending one never breaks another.
var brackets = [...][2]rune{{'(', ')'}, {'[', ']'}, {'{', '}'}, {'«', '»'}, {'“', '”'}}

// unpaired takes one bracket or quotation mark off an end when its partner is
// not inside the range, and puts one on when the partner follows directly.
func unpaired(text string, start, end int) (int, int) {
	s := text[start:end]
	first, n := utf8.DecodeRuneInString(s)
	last, m := utf8.DecodeLastRuneInString(s)
	next, k := utf8.DecodeRuneInString(text[end:])
	if first == '"' || first == '\'' {
		switch strings.Count(s, string(first)) {
		case 1:
			if next == first {
				return start, end + k
			}
			return start + n, end
		}
	}
	if last == '"' && strings.Count(s, `"`)%2 == 1 {
		return start, end - m
	}
	for _, pair := range brackets {
		open, shut := pair[0], pair[1]
		opened, closed := strings.Count(s, string(open)), strings.Count(s, string(shut))
		switch {
		case opened > closed && next == shut:
			return start, end + k
		case opened > closed && first == open:
			return start + n, end
		case opened > closed && last == open:
			return start, end - m
		case closed > opened && last == shut:
			return start, end - m
		case closed > opened && first == shut:
			return start + n, end
		}
	}
	return start, end
}
