package textnorm

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:generate go run ../../internal/tools/lookalikes -out lookalikes_table.go

// unmix gives words that mix the Latin script with another one letters of one
// script: "еmbеdding" with Cyrillic е becomes all Latin, "мoсква" with a Latin
// o all Cyrillic. The script is Latin when each of the other letters looks
// like a Latin one (Unicode Technical Standard 39, letters only); it is
// Cyrillic or Greek when that has more letters in the word and each of the
// Latin ones looks like one of its.
//
// Words are left alone when neither is possible ("HTMLки"), and when all that
// is foreign is one small Greek letter at the begin or end, as in "TNFα" or
// "μm", unless it is an omicron, which nobody can see. Chinese, Japanese and
// Korean characters end a word here: they are often written beside Latin
// letters without a space.
func unmix(w *rewriter) {
	s := w.src
	for i := 0; i < len(s); {
		start := i
		var has letters
		for i < len(s) {
			if c := s[i]; c < 0x80 {
				if !isWordRune(rune(c)) {
					break
				}
				has.ascii = has.ascii || c >= 'A'
				i++
				continue
			}
			r, n := utf8.DecodeRuneInString(s[i:])
			if !isWordRune(r) || isUnalphabetic(r) {
				break
			}
			has.other = true
			i += n
		}
		if has.ascii && has.other {
			if word, ok := unmixed(s[start:i]); ok {
				w.replace(start, i, word)
			}
		}
		if i < len(s) {
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
		}
	}
}

type letters struct{ ascii, other bool }

// isUnalphabetic tells whether r is of one of the scripts of East Asia.
func isUnalphabetic(r rune) bool {
	return r >= 0x1100 && (r <= 0x11ff || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7ff || r >= 0xf900 && r <= 0xfaff || r >= 0x20000 && r <= 0x3ffff)
}

// unmixed returns the word in one script, and whether it has to be replaced.
func unmixed(word string) (string, bool) {
	var latin, cyrillic, greek, other int
	resolvable := true
	for _, r := range norm.NFD.String(word) {
		switch {
		case r < 0x80:
			if r >= 'A' {
				latin++
			}
			continue
		case unicode.IsMark(r):
			continue
		case unicode.Is(unicode.Latin, r):
			latin++
			continue // resolved where possible, right as it is otherwise
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.Is(unicode.Greek, r):
			greek++
		default:
			other++
		}
		if _, ok := lookalike(r); !ok {
			resolvable = false
		}
	}
	if greek == 1 && cyrillic+other == 0 && greekAtEdge(word) {
		return word, false
	}
	if other == 0 && cyrillic+greek > latin {
		if out, ok := mapLetters(word, latinLikeCyrillic, likeLatinCyrillic); ok && greek == 0 {
			return out, out != word
		}
		if out, ok := mapLetters(word, latinLikeGreek, likeLatinGreek); ok && cyrillic == 0 {
			return out, out != word
		}
	}
	if !resolvable {
		return word, false
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(word) {
		if c, ok := lookalike(r); ok {
			b.WriteByte(c)
		} else {
			b.WriteRune(r)
		}
	}
	out := norm.NFKC.String(b.String())
	return out, out != word
}

// The letters of Latin that are written like one of another script.
const (
	latinLikeCyrillic = "aceijopsxyABCEHIJKMOPSTX"
	likeLatinCyrillic = "асеіјорѕхуАВСЕНІЈКМОРЅТХ"
	latinLikeGreek    = "ovABEHIKMNOPTXYZ"
	likeLatinGreek    = "ονΑΒΕΗΙΚΜΝΟΡΤΧΥΖ"
)

// mapLetters replaces the letters of ASCII in word that are in from by those
// in the same place of to. It fails when the word has others, or letters of
// Latin beyond ASCII.
func mapLetters(word, from, to string) (string, bool) {
	target := []rune(to)
	var b strings.Builder
	for _, r := range word {
		isLatin := r >= 'A' && r < 0x80 || r >= 0x80 && unicode.Is(unicode.Latin, r)
		switch i := strings.IndexRune(from, r); {
		case i >= 0:
			b.WriteRune(target[i])
		case isLatin:
			return "", false
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFKC.String(b.String()), true
}

// greekAtEdge tells whether word begins or ends with a small Greek letter that
// is not an omicron. A final sigma that comes first is a c, from a lunate one.
func greekAtEdge(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	small := func(r rune) bool { return r != 'ο' && unicode.Is(unicode.Greek, r) && unicode.IsLower(r) }
	return first != 'ς' && small(first) || small(last)
}

// lookalike returns the letter of ASCII that r looks like.
func lookalike(r rune) (byte, bool) {
	i, _ := slices.BinarySearch(lookalikes[:], uint32(r)<<8)
	if i < len(lookalikes) && lookalikes[i]>>8 == uint32(r) {
		return byte(lookalikes[i]), true
	}
	return 0, false
}
