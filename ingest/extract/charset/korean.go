package charset

import (
	"errors"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"
)

// errDecodesOnly: texts are read here, never written.
var errDecodesOnly = errors.New("charset: this set can only be read")

type decodesOnly struct{ transform.NopResetter }

func (decodesOnly) Transform(_, _ []byte, _ bool) (int, int, error) { return 0, 0, errDecodesOnly }

// iso2022KR is KS X 1001 in seven bits: SO begins Korean, SI ends it, and a
// designator of four bytes stands once at the start of a line before.
type iso2022KR struct{}

func (iso2022KR) NewEncoder() *encoding.Encoder {
	return &encoding.Encoder{Transformer: decodesOnly{}}
}

func (iso2022KR) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: &iso2022KRDecoder{pairs: korean.EUCKR.NewDecoder()}}
}

const designatorKR = "\x1b$)C"

type iso2022KRDecoder struct {
	pairs *encoding.Decoder
	out   bool // after SO
}

// Reset implements transform.Transformer.
func (d *iso2022KRDecoder) Reset() { d.out = false }

// Transform implements transform.Transformer.
func (d *iso2022KRDecoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r, n := rune(src[nSrc]), 1
		switch c := src[nSrc]; {
		case c == 0x0e || c == 0x0f:
			d.out = c == 0x0e
			nSrc++
			continue
		case c == 0x1b && hasPrefix(src[nSrc:], designatorKR):
			nSrc += len(designatorKR)
			continue
		case c == 0x1b && !atEOF && len(src)-nSrc < len(designatorKR):
			return nDst, nSrc, transform.ErrShortSrc
		case c == '\n':
			d.out = false // a line ends what was not ended
		case d.out && c > 0x20 && c < 0x7f:
			if nSrc+1 == len(src) {
				if !atEOF {
					return nDst, nSrc, transform.ErrShortSrc
				}
				r = utf8.RuneError
				break
			}
			r, n = runeOfPair(d.pairs, c|0x80, src[nSrc+1]|0x80), 2
		case c >= 0x80:
			r = utf8.RuneError
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += n
	}
	return nDst, nSrc, nil
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// runeOfPair is the character of two bytes of EUC-KR.
func runeOfPair(d *encoding.Decoder, a, b byte) rune {
	out, err := d.Bytes([]byte{a, b})
	if err != nil {
		return utf8.RuneError
	}
	r, n := utf8.DecodeRune(out)
	if n != len(out) {
		return utf8.RuneError
	}
	return r
}

// johab is the composing code of Korean (KS X 1001, annex 3; code page 1361):
// of the sixteen bits of a syllable five are for each of its three letters.
type johab struct{}

func (johab) NewEncoder() *encoding.Encoder { return &encoding.Encoder{Transformer: decodesOnly{}} }

func (johab) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: johabDecoder{pairs: korean.EUCKR.NewDecoder()}}
}

type johabDecoder struct {
	transform.NopResetter
	pairs *encoding.Decoder
}

// Transform implements transform.Transformer.
func (d johabDecoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r, n := rune(src[nSrc]), 1
		switch {
		case src[nSrc] < 0x80:
		case nSrc+1 < len(src):
			if r = d.rune(src[nSrc], src[nSrc+1]); r == utf8.RuneError && src[nSrc+1] < 0x80 {
				break // what may stand for itself does
			}
			n = 2
		case !atEOF:
			return nDst, nSrc, transform.ErrShortSrc
		default:
			r = utf8.RuneError
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += n
	}
	return nDst, nSrc, nil
}

// The letters of a syllable by their five bits: the places in the order of
// Unicode, -1 for no letter there, -2 for what is not used.
const (
	noLetter = -1
	unused   = -2
)

func initialJamo(bits int) int {
	switch {
	case bits == 1:
		return noLetter
	case bits >= 2 && bits <= 20:
		return bits - 2
	}
	return unused
}

func medialJamo(bits int) int {
	switch {
	case bits == 2:
		return noLetter
	case bits >= 3 && bits <= 7:
		return bits - 3
	case bits >= 10 && bits <= 15:
		return bits - 5
	case bits >= 18 && bits <= 23:
		return bits - 7
	case bits >= 26 && bits <= 29:
		return bits - 9
	}
	return unused
}

func finalJamo(bits int) int {
	switch {
	case bits == 1:
		return noLetter
	case bits >= 2 && bits <= 17:
		return bits - 1
	case bits >= 19 && bits <= 29:
		return bits - 2
	}
	return unused
}

// rune is the character of two bytes, U+FFFD if there is none.
func (d johabDecoder) rune(a, b byte) rune {
	if a >= 0x84 && a <= 0xd3 {
		return hangul(int(a)<<8 | int(b))
	}
	return d.symbol(a, b)
}

// compatibility letters stand for a syllable of one letter.
const (
	loneInitials = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
	loneFinals   = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
)

func hangul(code int) rune {
	i, m, f := initialJamo(code>>10&31), medialJamo(code>>5&31), finalJamo(code&31)
	switch {
	case i == unused || m == unused || f == unused:
		return utf8.RuneError
	case i >= 0 && m >= 0:
		return rune(0xac00 + (i*21+m)*28 + max(f, 0))
	case i >= 0 && f == noLetter:
		return []rune(loneInitials)[i]
	case i == noLetter && m >= 0 && f == noLetter:
		return rune(0x314f + m)
	case i == noLetter && m == noLetter && f > 0:
		return []rune(loneFinals)[f-1]
	}
	return utf8.RuneError
}

// symbol is a character that KS X 1001 has elsewhere: its rows are put two into
// one lead byte here.
func (d johabDecoder) symbol(a, b byte) rune {
	var row int
	switch {
	case a >= 0xd9 && a <= 0xde:
		row = 2 * int(a-0xd9)
	case a >= 0xe0 && a <= 0xf9:
		row = 41 + 2*int(a-0xe0)
	default:
		return utf8.RuneError
	}
	var cell int
	switch {
	case b >= 0x31 && b <= 0x7e:
		cell = int(b - 0x31)
	case b >= 0x91 && b <= 0xa0:
		cell = int(b-0x91) + 78
	case b >= 0xa1 && b <= 0xfe:
		row, cell = row+1, int(b-0xa1)
	default:
		return utf8.RuneError
	}
	return runeOfPair(d.pairs, byte(0xa1+row), byte(0xa1+cell))
}
