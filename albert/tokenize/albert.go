package tokenize

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// mapped is text derived from the text given to Append, with the byte range
// there that each of its bytes stands for.
type mapped struct {
	bytes []byte
	start []int
	end   []int
}

func (m *mapped) reset() { m.bytes, m.start, m.end = m.bytes[:0], m.start[:0], m.end[:0] }

// add appends bytes that all stand for the same range.
func (m *mapped) add(b []byte, start, end int) {
	m.bytes = append(m.bytes, b...)
	for range b {
		m.start = append(m.start, start)
		m.end = append(m.end, end)
	}
}

func (m *mapped) addByte(b byte, start, end int) {
	m.bytes = append(m.bytes, b)
	m.start = append(m.start, start)
	m.end = append(m.end, end)
}

func (m *mapped) addRune(r rune, start, end int) {
	before := len(m.bytes)
	m.bytes = utf8.AppendRune(m.bytes, r)
	for range len(m.bytes) - before {
		m.start = append(m.start, start)
		m.end = append(m.end, end)
	}
}

// extend lets the last character stand also for a mark on it that is removed.
func (m *mapped) extend(start, end int) {
	for i := len(m.end) - 1; i >= 0 && m.end[i] == start; i-- {
		m.end[i] = end
	}
}

// cleaner is what ALBERT does to text before SentencePiece sees it (Lan et al.
// 2019; preprocess_text of its published code), in this order: white space is
// trimmed and each run of it made one space, “ and ” become ", compatibility
// decomposition and removal of combining marks, lower case.
type cleaner struct {
	removeSpace bool
	keepAccents bool
	lower       bool
}

// clean appends the cleaned text to out, which is empty.
func (c cleaner) clean(out *mapped, text string) {
	sigma := false
	for i := 0; i < len(text); {
		b := text[i]
		if c.removeSpace {
			if end := skipSpace(text, i); end > i {
				if i > 0 && end < len(text) {
					out.addByte(' ', i, end)
				}
				i = end
				continue
			}
		}
		if b < utf8.RuneSelf {
			n := 1
			switch {
			case (b == '`' || b == '\'') && i+1 < len(text) && text[i+1] == b:
				b, n = '"', 2
			case c.lower && 'A' <= b && b <= 'Z':
				b += 'a' - 'A'
			}
			out.addByte(b, i, i+n)
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError || c.keepAccents {
			sigma = c.add(out, r, i, i+n) || sigma
		} else {
			sigma = c.addBare(out, text[i:i+n], r, i) || sigma
		}
		i += n
	}
	if sigma {
		lowerSigmas(out.bytes)
	}
}

// addBare appends the compatibility decomposition of the character at start
// without its combining marks. Without them nothing is left to reorder.
func (c cleaner) addBare(out *mapped, char string, r rune, start int) (sigma bool) {
	end := start + len(char)
	var scratch [64]byte // the longest decomposition is 33 bytes
	for d := decompose(scratch[:0], norm.NFKD, char, r); len(d) > 0; {
		r, n := utf8.DecodeRune(d)
		if norm.NFKD.Properties(d).CCC() == 0 {
			sigma = c.add(out, r, start, end) || sigma
		} else {
			out.extend(start, end)
		}
		d = d[n:]
	}
	return sigma
}

// add appends a character, in lower case if that is asked. It leaves a capital
// sigma, whose lower case depends on what is around it, and tells so.
func (c cleaner) add(out *mapped, r rune, start, end int) bool {
	if c.lower {
		if r == 'İ' {
			out.add([]byte("i\u0307"), start, end)
			return false
		}
		if r == 'Σ' {
			out.addRune(r, start, end)
			return true
		}
		r = unicode.ToLower(r)
	}
	out.addRune(r, start, end)
	return false
}

// skipSpace returns the end of the run of white space at text[i:].
func skipSpace(text string, i int) int {
	for i < len(text) {
		r, n := decode(text[i:])
		if !unicode.IsSpace(r) && (r < 0x1C || r > 0x1F) {
			break
		}
		i += n
	}
	return i
}

// lowerSigmas turns Σ into ς at the end of a word, that is behind a letter with
// case and not before one, signs that have no case of their own passed over
// (Unicode 3.13, Final_Sigma), and elsewhere into σ.
func lowerSigmas(b []byte) {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("Σ"))
		if i < 0 {
			return
		}
		i += at
		at = i + len("Σ")
		lower := "σ"
		if casedBefore(b[:i]) && !casedAfter(b[at:]) {
			lower = "ς"
		}
		copy(b[i:], lower)
	}
}

func casedBefore(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeLastRune(b)
		if !caseIgnorable(r) {
			return cased(r)
		}
		b = b[:len(b)-n]
	}
	return false
}

func casedAfter(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if !caseIgnorable(r) {
			return cased(r)
		}
		b = b[n:]
	}
	return false
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return strings.ContainsRune("'.:··՟״‘’․‧︓﹒﹕＇．：", r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
