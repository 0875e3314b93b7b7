package tokenize

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// sentencePiece is the tokenizer of Google's ALBERTs: text is cleaned as ALBERT
// does it, normalised as the model says, and cut by the unigram model.
//
// It is the tokenizer that checkpoints were trained with: the SentencePiece
// library behind ALBERT's published code. The AlbertTokenizer of transformers 5
// is a rewrite that has no rule for digits before a comma, strips every mark
// instead of those with a combining class, and has no byte fallback. Where the
// two differ, this one is like the former.
type sentencePiece struct {
	cleaner cleaner
	norm    *normalizer
	model   *unigram
	special Special
	plain   *plainBytes // nil where texts of ASCII need what others need
	scratch sync.Pool   // of *pieceScratch
}

// pieceScratch is what one call of Append needs.
type pieceScratch struct {
	cleaned, normal mapped
	lattice         lattice
	found, pieces   []found
	word            []byte
	known           map[string]knownWord
}

// knownWord is a word met before: its tokens, with scores added up from 0.
type knownWord struct {
	pieces []found
	steps  []float32
	margin float32
}

// Words are remembered up to this length and number: a text's words repeat.
const (
	maxKnownWord  = 48
	maxKnownWords = 1 << 13
	// maxKept is the text length up to which scratch space is kept for reuse.
	maxKept = 1 << 20
)

func loadPieceModel(b []byte, config configFile) (Tokenizer, error) {
	m, err := parsePieceModel(b)
	if err != nil {
		return nil, err
	}
	return newSentencePiece(m, cleaner{removeSpace: true, lower: true}, config)
}

func newSentencePiece(m pieceModel, c cleaner, config configFile) (Tokenizer, error) {
	set(&c.lower, config.DoLowerCase)
	set(&c.keepAccents, config.KeepAccents)
	set(&c.removeSpace, config.RemoveSpace)
	n, err := newNormalizer(m)
	if err != nil {
		return nil, err
	}
	u, err := newUnigram(m, string(n.space))
	if err != nil {
		return nil, err
	}
	ids := make(map[string]int32, len(m.pieces))
	for i, p := range m.pieces {
		ids[p.text] = int32(i)
	}
	names := config.specialNames.or(specialNames{
		CLS: "[CLS]", SEP: "[SEP]", PAD: "<pad>", MASK: "[MASK]", UNK: name(m.pieces[u.unknown].text),
	})
	special, err := names.find(func(piece string) int32 {
		if id, ok := ids[piece]; ok {
			return id
		}
		return noID
	})
	if err != nil {
		return nil, err
	}
	if special.UNK != u.unknown {
		return nil, fmt.Errorf("unk_token is %q, but the model's token for unknown characters is %q", names.UNK, m.pieces[u.unknown].text)
	}
	t := &sentencePiece{cleaner: c, norm: n, model: u, special: special}
	if c.removeSpace && n.mergeSpaces && n.dummyPrefix && !n.suffix && n.partsAtSpaces() && u.byWord {
		t.plain = newPlainBytes(c, n)
	}
	t.scratch.New = func() any { return &pieceScratch{known: map[string]knownWord{}} }
	return t, nil
}

func (t *sentencePiece) Special() Special { return t.special }

func (t *sentencePiece) Size() int { return len(t.model.pieces) }

// Append implements Tokenizer.
func (t *sentencePiece) Append(dst []Token, text string) []Token {
	s := t.scratch.Get().(*pieceScratch)
	// A written space mark is a space in the middle of a text, none at its end.
	if t.plain != nil && !strings.Contains(text, spaceMark) {
		dst = t.appendWords(dst, s, text)
	} else {
		dst, _ = t.appendAt(dst, s, text, 0, behind{})
	}
	if len(text) <= maxKept {
		t.scratch.Put(s)
	}
	return dst
}

// behind is what counts of the tokens before others.
type behind struct {
	score float32 // the sum of their scores
	end   int     // of the last
}

// appendAt appends the tokens of a text, or of a part of one that is at offset
// there.
func (t *sentencePiece) appendAt(dst []Token, s *pieceScratch, text string, offset int, so behind) ([]Token, behind) {
	s.cleaned.reset()
	s.normal.reset()
	t.cleaner.clean(&s.cleaned, text)
	t.norm.appendTo(&s.normal, &s.cleaned)

	for at, b := 0, s.normal.bytes; at < len(b); {
		end := len(b)
		if t.model.byWord {
			if n := bytes.Index(b[at+1:], t.norm.space); n >= 0 {
				end = at + 1 + n
			}
		}
		var pieces []found
		pieces, so.score = t.wordPieces(s, b[at:end], so.score)
		for _, p := range pieces {
			start, end := s.normal.source(at+p.start, at+p.end, len(text))
			// A space out of the middle of a character's replacement has the range
			// of the character.
			so.end = max(so.end, offset+end)
			dst = append(dst, Token{ID: p.id, Start: offset + start, End: so.end})
		}
		at = end
	}
	return dst, so
}

// plainBytes says what becomes of a byte of ASCII among others: 0 that it takes
// more than a look at it, wordEnd that it is white space.
type plainBytes [256]byte

const wordEnd = ' '

func newPlainBytes(c cleaner, n *normalizer) *plainBytes {
	p := new(plainBytes)
	for b := range byte(utf8.RuneSelf) {
		lower := b
		if c.lower && 'A' <= b && b <= 'Z' {
			lower += 'a' - 'A'
		}
		switch {
		case skipSpace(string(rune(b)), 0) > 0:
			p[b] = wordEnd
		case n.plain[lower]:
			p[b] = lower
		}
	}
	return p
}

// appendWords is Append for models by which what is between ASCII's white space
// is cut by itself. Of a word of plain bytes only the case is changed, so that
// places need no tracking; quotation marks written as two are more than that.
func (t *sentencePiece) appendWords(dst []Token, s *pieceScratch, text string) []Token {
	mark := len(t.norm.space) // before each word; it stands for no byte
	word := append(s.word[:0], t.norm.space...)
	var so behind
	for i := 0; i < len(text); {
		if t.plain[text[i]] == wordEnd {
			i++
			continue
		}
		start, plain, before := i, true, byte(0)
		word = word[:mark]
		for ; i < len(text); i++ {
			b := text[i]
			c := t.plain[b]
			if c == wordEnd {
				break
			}
			plain = plain && c != 0 && (b != before || b != '`' && b != '\'')
			word, before = append(word, c), b
		}
		if !plain {
			dst, so = t.appendAt(dst, s, text[start:i], start, so)
			continue
		}
		var pieces []found
		pieces, so.score = t.wordPieces(s, word, so.score)
		for _, p := range pieces {
			so.end = max(so.end, start+max(p.end-mark, 0))
			dst = append(dst, Token{ID: p.id, Start: start + max(p.start-mark, 0), End: so.end})
		}
	}
	s.word = word
	return dst
}

// wordPieces returns the tokens of a word behind tokens of the given score, and
// the score with its own.
func (t *sentencePiece) wordPieces(s *pieceScratch, word []byte, score float32) ([]found, float32) {
	if len(word) > maxKnownWord {
		pieces := t.cut(s, word, score)
		return pieces, sum(score, s.lattice.steps)
	}
	w, ok := s.known[string(word)]
	if !ok {
		pieces := t.cut(s, word, 0)
		w = knownWord{slices.Clone(pieces), slices.Clone(s.lattice.steps), s.lattice.margin}
		if len(s.known) >= maxKnownWords {
			clear(s.known)
		}
		s.known[string(word)] = w
	}
	if w.margin > t.model.roundingError(score, len(word)) {
		return w.pieces, sum(score, w.steps)
	}
	pieces := t.cut(s, word, score)
	return pieces, sum(score, s.lattice.steps)
}

func sum(score float32, steps []float32) float32 {
	for _, step := range steps {
		score += step
	}
	return score
}

// source returns the byte range of the text that bytes[i:j] stand for. If they
// stand for none, it is the empty range before what comes next.
func (m *mapped) source(i, j, length int) (start, end int) {
	for i < j && m.start[i] == noByte {
		i++
	}
	for i < j && m.start[j-1] == noByte {
		j--
	}
	if i < j {
		return m.start[i], m.end[j-1]
	}
	for ; i < len(m.start); i++ {
		if m.start[i] != noByte {
			return m.start[i], m.start[i]
		}
	}
	return length, length
}

// cut cuts a word behind tokens of the given score, and applies ALBERT's rule
// for digits before a comma.
func (t *sentencePiece) cut(s *pieceScratch, word []byte, score float32) []found {
	s.found = t.model.cut(s.found[:0], word, score, &s.lattice)
	out := s.pieces[:0]
	for _, p := range s.found {
		if b := word[p.start:p.end]; endsInDigitComma(b) {
			out = t.splitComma(out, b, p.start)
		} else {
			out = t.appendFound(out, p, b)
		}
	}
	s.pieces = out
	return out
}

// appendFound appends the token p, or the bytes b of an unknown character as
// tokens of their own if the model has those.
func (t *sentencePiece) appendFound(out []found, p found, b []byte) []found {
	if p.id != t.model.unknown || t.model.bytes == nil {
		return append(out, p)
	}
	for _, c := range b {
		out = append(out, found{t.model.bytes[c], p.start, p.end})
	}
	return out
}

func endsInDigitComma(b []byte) bool {
	n := len(b) - 1
	if n < 1 || b[n] != ',' {
		return false
	}
	r, _ := utf8.DecodeLastRune(b[:n])
	return isDigit(r)
}

// isDigit reports whether r is a digit, also one that is raised, lowered or
// circled (Unicode's Numeric_Type Decimal or Digit).
func isDigit(r rune) bool {
	return unicode.IsDigit(r) || slices.ContainsFunc(digitSigns, func(s span) bool { return s.first <= r && r <= s.last })
}

// digitSigns are the digits that are not decimal digits.
var digitSigns = []span{
	{0x00B2, 0x00B3}, {0x00B9, 0x00B9}, {0x1369, 0x1371}, {0x19DA, 0x19DA}, {0x2070, 0x2070},
	{0x2074, 0x2079}, {0x2080, 0x2089}, {0x2460, 0x2468}, {0x2474, 0x247C}, {0x2488, 0x2490},
	{0x24EA, 0x24EA}, {0x24F5, 0x24FD}, {0x24FF, 0x24FF}, {0x2776, 0x277E}, {0x2780, 0x2788},
	{0x278A, 0x2792}, {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A},
}

// splitComma appends the tokens of b, which starts at offset in its word and
// ends in a comma: what is before the comma is cut again by itself, so that
// "9,9" and "9" share a token.
func (t *sentencePiece) splitComma(out []found, b []byte, offset int) []found {
	var digits, normal mapped
	for i := 0; i < len(b)-1; {
		if bytes.HasPrefix(b[i:], []byte(spaceMark)) {
			i += len(spaceMark)
			continue
		}
		digits.addByte(b[i], offset+i, offset+i+1)
		i++
	}
	t.norm.appendTo(&normal, &digits)
	cut := t.model.cut(nil, normal.bytes, 0, new(lattice))
	atSpace := bytes.HasPrefix(b, []byte(spaceMark))
	for i, p := range cut {
		id, text := p.id, normal.bytes[p.start:p.end]
		if i == 0 && !atSpace && bytes.HasPrefix(text, []byte(spaceMark)) {
			// The space put before the digits is not in the text.
			if text = text[len(spaceMark):]; len(text) == 0 {
				continue
			}
			if id = t.model.vocab.find(string(text)); id == noID {
				id = t.model.unknown
			}
		}
		start, end := normal.source(p.start, p.end, offset)
		if i == 0 && atSpace {
			start = offset
		}
		out = t.appendFound(out, found{id, start, end}, text)
	}
	comma := len(b) - 1
	id := t.model.vocab.find(",")
	if id == noID {
		id = t.model.unknown
	}
	return t.appendFound(out, found{id, offset + comma, offset + comma + 1}, b[comma:])
}
