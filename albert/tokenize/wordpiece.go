package tokenize

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWordChars is the length in characters past which a word is one UNK token
// (max_input_chars_per_word).
const maxWordChars = 100

// wordPiece is the tokenizer of BERT (Devlin et al. 2019, appendix A.2): text
// is cleaned, split into words at white space, punctuation and ideographs, and
// each word is cut into the longest tokens of the vocabulary from its left.
type wordPiece struct {
	vocab    *trie
	inner    int32 // the trie's state behind the continuation prefix, "##"
	size     int
	special  Special
	maxChars int
	clean    bool // drop control characters
	cjk      bool // ideographs are words of their own
	strip    bool // strip accents
	lower    bool

	classes *classes
	ascii   [utf8.RuneSelf]asciiRule
	words   sync.Pool // of *word
}

// asciiRule is what becomes of an ASCII character.
type asciiRule struct {
	class class
	lower byte
}

// word is a word after normalisation, and where its bytes come from.
type word struct {
	bytes []byte
	start []int // of each byte, the byte range of the text that it stands for
	end   []int
	chars int
	// whole says that nothing can be appended: the word is one character that
	// stands alone.
	whole bool

	decomposed []byte // scratch
}

func newWordPiece(v vocabulary, c settings) *wordPiece {
	w := &wordPiece{
		vocab:    newTrie(v.entries),
		size:     v.size,
		maxChars: v.maxChars,
		clean:    c.clean,
		cjk:      c.cjk,
		strip:    c.strip,
		lower:    c.lower,
		classes:  newClasses(),
		words:    sync.Pool{New: func() any { return new(word) }},
	}
	w.inner = w.vocab.walk(root, v.prefix)
	for b := range w.ascii {
		r := rune(b)
		w.ascii[b] = asciiRule{w.classOf(r), byte(b)}
		if w.lower {
			w.ascii[b].lower = byte(unicode.ToLower(r))
		}
	}
	return w
}

func (w *wordPiece) Special() Special { return w.special }

func (w *wordPiece) Size() int { return w.size }

// Append implements Tokenizer.
func (w *wordPiece) Append(dst []Token, text string) []Token {
	for i := 0; i < len(text); {
		b := text[i]
		if b >= utf8.RuneSelf {
			dst, i = w.appendSlow(dst, text, i)
			continue
		}
		switch c := w.ascii[b].class; {
		case c&(space|dropped) != 0:
			i++
		default:
			end := i + 1
			for c == 0 && end < len(text) && text[end] < utf8.RuneSelf && w.ascii[text[end]].class == 0 {
				end++
			}
			// What follows may belong to the word, or be an accent on it: then the
			// whole word goes the slow way.
			if end < len(text) && (text[end] >= utf8.RuneSelf || c == 0 && w.ascii[text[end]].class&dropped != 0) {
				dst, i = w.appendSlow(dst, text, i)
				continue
			}
			dst = w.appendASCII(dst, text, i, end)
			i = end
		}
	}
	return dst
}

// appendASCII appends the tokens of the word text[start:end], which is ASCII.
func (w *wordPiece) appendASCII(dst []Token, text string, start, end int) []Token {
	unknown := Token{ID: w.special.UNK, Start: start, End: end}
	if end-start > w.maxChars {
		return append(dst, unknown)
	}
	states := w.vocab.states
	before := len(dst)
	s := int32(root)
	for start < end {
		id, stop := int32(noID), start
		for i := start; i < end && s != noState; i++ {
			n := states[s].base + int32(w.ascii[text[i]].lower)
			if states[n].parent != s || n == root {
				break
			}
			s = n
			if states[s].id != noID {
				id, stop = states[s].id, i+1
			}
		}
		if id == noID {
			return append(dst[:before], unknown)
		}
		dst = append(dst, Token{ID: id, Start: start, End: stop})
		start, s = stop, w.inner
	}
	return dst
}

// appendSlow appends the tokens of the text from start up to the next place
// where Append can go on by itself, and returns that place.
func (w *wordPiece) appendSlow(dst []Token, text string, start int) ([]Token, int) {
	word := w.words.Get().(*word)
	defer w.words.Put(word)
	word.reset()

	i := start
	for i < len(text) {
		r, n := decode(text[i:])
		c := w.classOf(r)
		if c&dropped != 0 {
			i += n
			continue
		}
		if r < utf8.RuneSelf && (c&space != 0 || c&alone != 0 && i > start) {
			break
		}
		if c&ideograph != 0 {
			dst = w.flush(dst, word)
		}
		if !w.strip || r < utf8.RuneSelf || r == utf8.RuneError {
			dst = w.appendRune(dst, word, r, i, i+n)
		} else {
			word.decomposed = decompose(word.decomposed[:0], norm.NFD, text[i:i+n], r)
			for _, d := range string(word.decomposed) {
				dst = w.appendRune(dst, word, d, i, i+n)
			}
		}
		if c&ideograph != 0 {
			word.whole = true
		}
		i += n
	}
	return w.flush(dst, word), i
}

// appendRune appends to the word a character that stands for text[start:end].
func (w *wordPiece) appendRune(dst []Token, word *word, r rune, start, end int) []Token {
	c := w.classes.of(r)
	switch {
	case w.strip && c&mark != 0:
		// The mark is dropped, but the letter that carries it is shown with it.
		for i := len(word.end) - 1; i >= 0 && word.end[i] == start; i-- {
			word.end[i] = end
		}
		return dst
	case c&space != 0:
		return w.flush(dst, word)
	case c&alone != 0:
		dst = w.flush(dst, word)
		word.append(r, start, end, w.lower)
		word.whole = true
		return dst
	}
	if word.whole {
		dst = w.flush(dst, word)
	}
	word.append(r, start, end, w.lower)
	if w.strip {
		word.reorder()
	}
	return dst
}

// flush appends the tokens of the word and empties it.
func (w *wordPiece) flush(dst []Token, word *word) []Token {
	defer word.reset()
	if len(word.bytes) == 0 {
		return dst
	}
	last := len(word.bytes) - 1
	unknown := Token{ID: w.special.UNK, Start: word.start[0], End: word.end[last]}
	if word.chars > w.maxChars {
		return append(dst, unknown)
	}
	before := len(dst)
	s := int32(root)
	for at := 0; at <= last; s = w.inner {
		id, stop := int32(noID), at
		for i := at; i <= last && s != noState; i++ {
			if s = w.vocab.next(s, word.bytes[i]); s != noState && w.vocab.states[s].id != noID {
				id, stop = w.vocab.states[s].id, i+1
			}
		}
		if id == noID {
			return append(dst[:before], unknown)
		}
		dst = append(dst, Token{ID: id, Start: word.start[at], End: word.end[stop-1]})
		at = stop
	}
	return dst
}

// classOf is the class of a character before decomposition, as far as this
// tokenizer's settings care.
func (w *wordPiece) classOf(r rune) class {
	c := w.classes.of(r)
	if !w.clean {
		c &^= dropped
	}
	if !w.cjk {
		c &^= ideograph
	}
	return c
}

func (w *word) reset() {
	w.bytes, w.start, w.end = w.bytes[:0], w.start[:0], w.end[:0]
	w.chars, w.whole = 0, false
}

func (w *word) append(r rune, start, end int, lower bool) {
	before := len(w.bytes)
	if lower && r == 'İ' {
		// The one character whose lower case is two.
		w.bytes = append(w.bytes, "i\u0307"...)
		w.chars += 2
	} else {
		if lower {
			r = unicode.ToLower(r)
		}
		w.bytes = utf8.AppendRune(w.bytes, r)
		w.chars++
	}
	for range len(w.bytes) - before {
		w.start = append(w.start, start)
		w.end = append(w.end, end)
	}
}

// reorder moves the last character before those of a higher combining class,
// as canonical decomposition asks. Few characters need it: most that combine
// are dropped as accents. Byte ranges stay in the order of the text.
func (w *word) reorder() {
	last := w.bytes
	_, n := utf8.DecodeLastRune(last)
	ccc := norm.NFD.Properties(last[len(last)-n:]).CCC()
	if ccc == 0 {
		return
	}
	at := len(w.bytes) - n
	for at > 0 {
		_, m := utf8.DecodeLastRune(w.bytes[:at])
		if norm.NFD.Properties(w.bytes[at-m:at]).CCC() <= ccc {
			break
		}
		var moved [utf8.UTFMax]byte
		copy(moved[:], w.bytes[at:at+n])
		copy(w.bytes[at-m+n:], w.bytes[at-m:at])
		copy(w.bytes[at-m:], moved[:n])
		at -= m
	}
}
