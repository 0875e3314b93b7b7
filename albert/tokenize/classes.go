package tokenize

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:generate ../../scripts/python testdata/gen_tables.py

// class is what a character does to a word, as bits.
type class uint8

const (
	dropped   class = 1 << iota // text cleaning drops it
	space                       // it separates words
	alone                       // it is a word of its own wherever it stands
	ideograph                   // it is a word of its own where ideographs are
	mark                        // accent stripping drops it
)

// classes gives the class of every character.
type classes struct {
	low  [1 << 16]class // the characters of the basic plane
	high []classSpan    // the others
}

type classSpan struct {
	span
	class class
}

func newClasses() *classes {
	t := &classes{}
	for _, of := range []struct {
		spans []span
		class class
	}{
		{droppedByCleaning, dropped},
		{whitespace, space},
		{punctuation, alone},
		{cjkIdeograph, ideograph},
		{nonspacingMark, mark},
	} {
		for _, s := range of.spans {
			for r := s.first; r <= min(s.last, rune(len(t.low)-1)); r++ {
				t.low[r] |= of.class
			}
			if s.last >= rune(len(t.low)) {
				t.high = append(t.high, classSpan{s, of.class})
			}
		}
	}
	return t
}

func (t *classes) of(r rune) class {
	if r < rune(len(t.low)) {
		return t.low[r]
	}
	var c class
	for _, s := range t.high {
		if s.first <= r && r <= s.last {
			c |= s.class
		}
	}
	return c
}

// decode returns the first character of s and its length. A byte that begins
// no character counts as U+FFFD of length 1.
func decode(s string) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(s)
}

// decompose appends the decomposition of a character, r, to dst. It does not
// allocate, as norm's own functions do for each call.
func decompose(dst []byte, form norm.Form, char string, r rune) []byte {
	const first, last, vowels, tails = 0xAC00, 0xD7A3, 21, 28
	if first <= r && r <= last {
		// Hangul syllables decompose by rule (Unicode 3.12).
		s := r - first
		dst = utf8.AppendRune(dst, 0x1100+s/(vowels*tails))
		dst = utf8.AppendRune(dst, 0x1161+s/tails%vowels)
		if s%tails != 0 {
			dst = utf8.AppendRune(dst, 0x11A7+s%tails)
		}
		return dst
	}
	if d := form.PropertiesString(char).Decomposition(); d != nil {
		return append(dst, d...)
	}
	return append(dst, char...)
}
