package textnorm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// dehyphenate joins words that were parted at a line end: "exam-\nple" becomes
// "example". Whether the hyphen belongs to the word cannot be known; it is
// dropped when a small letter follows, with these exceptions, which keep it
// and lose the line end only:
//
//   - what follows is a capital or a digit: "Anglo-\nSaxon", "covid-\n19";
//   - the word has a hyphen already: "state-of-the-\nart";
//   - its first part is one that mostly makes compounds ("well", "self",
//     "non", "cross", "high", "low", "half") and four letters or more follow:
//     "well-\nknown".
//
// A hyphen before "and", "or" or "to" stands for the rest of a word, as in
// "pre- and post-war", and stays with its line end.
func dehyphenate(w *rewriter) {
	s := w.src
	for i := 0; ; i++ {
		n := strings.IndexByte(s[i:], '-')
		if n < 0 {
			return
		}
		i += n
		if i == 0 || !endsLine(s[i+1:]) {
			continue
		}
		next := i + 1 + skipLineEnd(s[i+1:])
		before := wordBefore(s[:i])
		after := wordAfter(s[next:])
		if before == "" || after == "" || strings.TrimRight(before, "-") != before {
			continue
		}
		switch first, _ := utf8.DecodeRuneInString(after); {
		case after == "and" || after == "or" || after == "to":
		case unicode.IsLower(first) && !keepsHyphen(before, after):
			w.replace(i, next, "")
		default:
			w.replace(i+1, next, "")
		}
	}
}

func keepsHyphen(before, after string) bool {
	if strings.Contains(before, "-") {
		return true
	}
	switch strings.ToLower(before) {
	case "well", "self", "non", "cross", "high", "low", "half":
		return utf8.RuneCountInString(after) >= 4
	}
	return false
}

// endsLine tells whether s begins with a line end, blanks before it allowed.
func endsLine(s string) bool {
	s = strings.TrimLeft(s, " \t")
	return strings.HasPrefix(s, "\n") || strings.HasPrefix(s, "\r\n")
}

// skipLineEnd returns the length of the line end that s begins with, blanks
// before and behind it included.
func skipLineEnd(s string) int {
	rest := strings.TrimLeft(s, " \t")
	rest = strings.TrimPrefix(rest, "\r")
	rest = strings.TrimPrefix(rest, "\n")
	return len(s) - len(strings.TrimLeft(rest, " \t"))
}

// wordBefore returns the word at the end of s with its hyphens, nothing when s
// does not end with a letter.
func wordBefore(s string) string {
	i := len(s)
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if !isWordRune(r) && (r != '-' || i == len(s)) {
			break
		}
		i -= n
	}
	return s[i:]
}

func wordAfter(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return !isWordRune(r) })
	if i < 0 {
		return s
	}
	return s[:i]
}

// isWordRune tells whether r can be part of a word.
func isWordRune(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	// Cyrillic first: the tables of package unicode are slow.
	return r >= 0x400 && r < 0x482 || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
}
