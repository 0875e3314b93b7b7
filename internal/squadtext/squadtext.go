// Package squadtext brings answers into the form in which SQuAD compares them
// (Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension
// of Text", section 6.1).
package squadtext

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Normalize returns an answer in lower case, without ASCII punctuation, without
// the articles "a", "an" and "the", words separated by one space. It equals the
// official script's normalize_answer on every text.
func Normalize(answer string) string {
	return strings.Join(Words(answer), " ")
}

// Words returns the words of Normalize(answer).
func Words(answer string) []string {
	s := cases.Lower(language.Und).String(answer)
	s = strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			return -1
		}
		return r
	}, s)
	return strings.FieldsFunc(dropArticles(s), IsSpace)
}

// dropArticles replaces each article by a space. A word is a longest run of
// letters and digits, as \b of the official script's pattern
// takes it: "a–b" loses its "a".
func dropArticles(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := strings.IndexFunc(s, func(r rune) bool { return !IsWord(r) })
		if n < 0 {
			n = len(s)
		}
		switch word := s[:n]; word {
		case "a", "an", "the":
			b.WriteByte(' ')
		default:
			b.WriteString(word)
		}
		s = s[n:]
		n = strings.IndexFunc(s, IsWord)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	return b.String()
}

// IsWord reports whether r is part of a word.
func IsWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// IsSpace reports whether r is what Python's str.split() separates at: Unicode's white space and
// the four information separators of ASCII.
func IsSpace(r rune) bool {
	return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f
}
