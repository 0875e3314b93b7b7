package charset

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"io"
	"sync"
	"unicode"
)

//go:generate go -C ../../../internal/tools/letters run . -out ../../../ingest/extract/charset/letters.bin
//go:generate ../../../scripts/python gen_tables.py

// packedLetters has for each language which letters follow which; its layout is
// that of internal/tools/letters. Costs in it are improbabilities in quarters
// of a nat.
//
//go:embed letters.bin
var packedLetters []byte

// language is what is known of the letters of one.
type language struct {
	name string
	// letters is how many there are. local has their numbers from 1 by those of
	// all languages together (statistics.ids), 0 for letters of others. first
	// has the cost of each at the start of a word, after that of each behind
	// each.
	letters int
	local   []uint8
	first   []uint8
	after   []uint8
	latin   bool
	// characters has the cost of each, of languages whose characters are many;
	// nil for others.
	characters map[rune]uint8
}

// statistics are those of all languages.
type statistics struct {
	languages []*language
	ids       map[rune]uint16 // of lower-case letters, from 1
}

// read is made once: it takes three milliseconds, and about 1 MiB.
var letterStatistics = sync.OnceValue(func() *statistics {
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(packedLetters)))
	if err != nil {
		panic("charset: " + err.Error()) // it is part of the program
	}
	r := &packedReader{raw}
	s := &statistics{ids: map[rune]uint16{}}
	alphabets := map[*language][]rune{}
	for name := r.string(); name != ""; name = r.string() {
		alphabet := []rune(r.string())
		n := len(alphabet)
		l := &language{name: name, letters: n, latin: alphabet[0] == 'a', first: r.bytes(n), after: r.bytes(n * n)}
		for _, a := range alphabet {
			s.id(a)
		}
		alphabets[l] = alphabet
		s.languages = append(s.languages, l)
	}
	// What some write for a letter of Romanian.
	s.ids['ș'], s.ids['ț'] = s.id('ş'), s.id('ţ')
	for name := r.string(); name != ""; name = r.string() {
		l := &language{name: name, characters: map[rune]uint8{}}
		for c := r.bytes(1)[0]; c != 255; c = r.bytes(1)[0] {
			for _, x := range r.string() {
				l.characters[x] = c
			}
		}
		s.languages = append(s.languages, l)
	}
	for _, l := range s.languages {
		l.local = make([]uint8, len(s.ids)+1)
		for i, a := range alphabets[l] {
			l.local[s.ids[a]] = uint8(i + 1)
		}
	}
	return s
})

func (s *statistics) id(r rune) uint16 {
	if id, ok := s.ids[r]; ok {
		return id
	}
	id := uint16(len(s.ids) + 1)
	s.ids[r] = id
	return id
}

type packedReader struct{ b []byte }

func (r *packedReader) bytes(n int) []byte {
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *packedReader) string() string {
	n, size := binary.Uvarint(r.b)
	r.b = r.b[size:]
	return string(r.bytes(int(n)))
}

// sign is a character as scoring sees it.
type sign struct {
	r     rune
	id    uint16 // of its letter in lower case; 0 for what is no letter of any language here
	class class
	upper bool
}

type class uint8

const (
	space class = iota
	ascii       // punctuation
	digit
	letter      // Latin letters, accented or not
	otherLetter // letters of other scripts
	mark        // combining marks
	quote       // what stands beside letters: quotation marks, dashes, ellipses
	symbol      // what stands alone in texts: degrees, paragraphs, currencies
	rare        // all else
	box         // what tables and frames were drawn with
	han
	kana
	halfKana
	syllable // of Korean
	wide     // punctuation of East Asia
	invalid  // controls, what no character has, what is for private use
)

// costs of what is no letter of the language, in quarters of a nat; for ranges
// of common classes these are about their frequencies in print.
var classCosts = [...]int{
	space: 6, ascii: 12, digit: 12, letter: 46, otherLetter: 52, mark: 40, quote: 24, symbol: 30, rare: 42, box: 34, han: 52, kana: 52, halfKana: 44, syllable: 52, wide: 40, invalid: 64,
}

func classOf(r rune) class {
	switch {
	case r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' || r == 0xa0:
		return space
	case r < 0x20 || r == 0x7f:
		return invalid
	case r < 0x80:
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return letter
		}
		if r >= '0' && r <= '9' {
			return digit
		}
		return ascii
	case r < 0xa0 || r == 0xfffd || r >= 0xe000 && r < 0xf900 || r > 0x2ffff:
		return invalid
	case r < 0x250 || r >= 0x1e00 && r < 0x1f00:
		return latinClass(r)
	case r >= 0x2500 && r < 0x25a0:
		return box
	case r >= 0x3000 && r < 0x3040 || r >= 0xff00 && r < 0xff61:
		return wide
	case r >= 0x3040 && r < 0x3100:
		return kana
	case r >= 0x3400 && r < 0xa000 || r >= 0xf900 && r < 0xfb00 || r >= 0x20000:
		return han
	case r >= 0xac00 && r < 0xd7b0:
		return syllable
	case r >= 0xff61 && r < 0xffa0:
		return halfKana
	case r >= 0x2000 && r < 0x2070:
		return punctuationClass(r)
	case unicode.IsLetter(r):
		return otherLetter
	case unicode.Is(unicode.M, r):
		return mark
	case r == '€' || r == '№' || r == '™' || r == '₪':
		return symbol
	case !unicode.IsGraphic(r):
		return invalid
	}
	return rare
}

// latinClass is for what Latin sets have above ASCII.
func latinClass(r rune) class {
	switch r {
	case '«', '»', '·', 0xad, '¡', '¿':
		return quote
	case '°', '§', '©', '®', '£', 'º', 'ª', '²', '½', '±', '×', '´':
		return symbol
	}
	if unicode.IsLetter(r) {
		return letter
	}
	return rare
}

func punctuationClass(r rune) class {
	switch r {
	case '‘', '’', '‚', '“', '”', '„', '–', '—', '…', '‹', '›', '―':
		return quote
	case '•', '†', '‰', '\u200e', '\u200f', '\u200c', '\u200d', '‐':
		return symbol
	}
	return rare
}

func (s *statistics) sign(r rune) sign {
	lower := r
	if r >= 0x80 || r >= 'A' && r <= 'Z' {
		lower = unicode.ToLower(r)
	}
	return sign{r: r, id: s.ids[lower], class: classOf(r), upper: lower != r}
}

func (s *statistics) signs(text string) []sign {
	out := make([]sign, 0, len(text))
	for _, r := range text {
		out = append(out, s.sign(r))
	}
	return out
}

// What is improbable about capitals and neighbours, in quarters of a nat.
const (
	costCapital       = 6  // a word begins with one
	costCapitalAgain  = 2  // one follows another
	costCapitalInside = 24 // one follows a small letter
	costScripts       = 16 // a letter follows one of another script
	costStuck         = 14 // a sign stands in a word
	costNumber        = 16 // a digit follows a letter beyond ASCII
	costAtNumber      = 18 // a symbol stands at a digit
	costForeignASCII  = 16 // a letter of ASCII in a language of another script
	costBoxAgain      = 4
)

// step is the improbability of c behind prev in a text of the language, in
// quarters of a nat.
func (l *language) step(prev, c *sign) int {
	if l.characters != nil {
		return l.characterCost(c, prev)
	}
	local, before := int(l.local[c.id]), int(l.local[prev.id])
	switch {
	case local > 0 && before > 0:
		return int(l.after[(before-1)*l.letters+local-1]) + caseCost(prev, c)
	case local > 0:
		return int(l.first[local-1]) + caseCost(prev, c) + l.besideCost(prev)
	}
	return l.otherCost(c, prev, before > 0)
}

func caseCost(prev, c *sign) int {
	switch {
	case c.upper && prev.upper:
		return costCapitalAgain
	case c.upper && (prev.class == letter || prev.class == otherLetter):
		return costCapitalInside
	case c.upper:
		return costCapital
	}
	return 0
}

// besideCost is for a letter of the language behind something else.
func (l *language) besideCost(prev *sign) int {
	switch prev.class {
	case letter, otherLetter, han, kana, syllable:
		if l.latin && prev.class == letter {
			return 0
		}
		return costScripts
	case symbol, rare, box, halfKana:
		return costStuck
	}
	return 0
}

// otherCost is for what is no letter of the language.
func (l *language) otherCost(c, prev *sign, inWord bool) int {
	cost := classCosts[c.class]
	switch c.class {
	case digit:
		switch {
		case prev.class == symbol: // at its own place it cost more
			cost -= classCosts[symbol] - costAtNumber
		case inWord && prev.r >= 0x80:
			cost += costNumber
		}
	case letter:
		if !l.latin && c.r < 0x80 {
			cost = costForeignASCII
		}
		if inWord && !l.latin {
			cost += costScripts
		}
		return cost + caseCost(prev, c)
	case otherLetter:
		if inWord {
			cost += costScripts
		}
		return cost + caseCost(prev, c)
	case rare, symbol, box, halfKana:
		switch {
		case inWord:
			cost += costStuck
		case c.class == symbol && prev.class == digit:
			cost = costAtNumber
		}
		if c.class == box && c.r == prev.r {
			cost = costBoxAgain
		}
	}
	return cost
}

// characterCost is for a language whose characters are counted one by one.
func (l *language) characterCost(c, prev *sign) int {
	if cost, ok := l.characters[c.r]; ok {
		return int(cost)
	}
	switch c.class {
	case wide:
		return 20
	case letter:
		if c.r < 0x80 {
			return costForeignASCII
		}
	case kana:
		if l.name == "ja" {
			return 30
		}
	case halfKana:
		if l.name == "ja" {
			return 26
		}
	case box:
		if c.r == prev.r {
			return costBoxAgain
		}
	}
	return classCosts[c.class]
}
