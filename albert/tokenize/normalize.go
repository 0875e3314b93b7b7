package tokenize

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// spaceMark is what SentencePiece writes for a space: U+2581.
const spaceMark = "▁"

// normalizer is the normalisation that is part of a SentencePiece model.
type normalizer struct {
	table       charsmap
	user        *trie // user-defined tokens, which are left as they are; nil if there are none
	dummyPrefix bool
	mergeSpaces bool
	space       []byte // what a space becomes: spaceMark or " "
	suffix      bool   // the dummy space goes behind the text
	plain       [utf8.RuneSelf]bool
	userSpace   bool // a user-defined token has a space and something else
}

func newNormalizer(m pieceModel) (*normalizer, error) {
	table, err := parseCharsmap(m.charsmap)
	if err != nil {
		return nil, err
	}
	n := &normalizer{
		table:       table,
		dummyPrefix: m.dummyPrefix,
		mergeSpaces: m.mergeSpaces,
		space:       []byte(" "),
		suffix:      m.spaceAsSuffix,
	}
	if m.escapeSpaces {
		n.space = []byte(spaceMark)
	}
	var user []entry
	for i, p := range m.pieces {
		if p.kind == userPiece {
			user = append(user, entry{p.text, int32(i)})
			n.userSpace = n.userSpace || len(p.text) > 1 && strings.Contains(p.text, " ")
		}
	}
	if len(user) > 0 {
		n.user = newTrie(user)
	}
	for b := range n.plain {
		n.plain[b] = b != ' ' && n.isPlain(byte(b))
	}
	return n, nil
}

// isPlain reports whether b before another ASCII character, or at the end, stays
// as it is.
func (n *normalizer) isPlain(b byte) bool {
	if r, length := n.table.match([]byte{b}); length > 0 && !bytes.Equal(r, []byte{b}) {
		return false
	}
	user := int32(noState) // a user's token of b alone changes nothing
	if n.user != nil {
		user = n.user.next(root, b)
	}
	for next := range byte(utf8.RuneSelf) {
		if n.table.hasPrefix(b, next) || user != noState && n.user.next(user, next) != noState {
			return false
		}
	}
	return true
}

// partsAtSpaces reports whether the text before a space and that behind it are
// normalised by themselves: that no rule is about a space and something else.
func (n *normalizer) partsAtSpaces() bool {
	for next := range 256 {
		if n.table.hasPrefix(' ', byte(next)) {
			return false
		}
	}
	return n.isPlain(' ') && !n.table.hasInside(' ') && !n.userSpace && !bytes.Contains(n.table.replacements, []byte(spaceMark))
}

// appendTo appends the normalised form of in to out, which is empty. Spaces
// stand for no byte of the text, so that a word's range begins with its letters.
func (n *normalizer) appendTo(out, in *mapped) {
	afterSpace := n.mergeSpaces
	b := in.bytes
	i := 0
	for n.mergeSpaces && i < len(b) {
		r, length := n.prefix(b[i:])
		if string(r) != " " {
			break
		}
		i += length
	}
	if i == len(b) {
		return
	}
	if n.dummyPrefix && !n.suffix {
		n.addSpace(out)
	}
	for i < len(b) {
		if c := b[i]; c < utf8.RuneSelf && n.plain[c] && (i+1 == len(b) || b[i+1] < utf8.RuneSelf) {
			out.addByte(c, in.start[i], in.end[i])
			afterSpace = false
			i++
			continue
		}
		r, length := n.prefix(b[i:])
		start, end := in.start[i], in.end[i+length-1]
		i += length
		if afterSpace {
			r = bytes.TrimLeft(r, " ")
		}
		for _, c := range r {
			if c == ' ' {
				n.addSpace(out)
			} else {
				out.addByte(c, start, end)
			}
		}
		if len(r) > 0 {
			afterSpace = r[len(r)-1] == ' '
		}
		afterSpace = afterSpace && n.mergeSpaces
	}
	if n.mergeSpaces {
		for bytes.HasSuffix(out.bytes, n.space) {
			end := len(out.bytes) - len(n.space)
			out.bytes, out.start, out.end = out.bytes[:end], out.start[:end], out.end[:end]
		}
	}
	if n.dummyPrefix && n.suffix {
		n.addSpace(out)
	}
}

// noByte is the start of the bytes that stand for none of the text.
const noByte = -1

func (n *normalizer) addSpace(out *mapped) { out.add(n.space, noByte, noByte) }

// prefix returns what the longest rule that applies to the start of b makes of
// it, and the length of that start, at least 1.
func (n *normalizer) prefix(b []byte) ([]byte, int) {
	if n.user != nil {
		longest := 0
		for s, i := int32(root), 0; i < len(b); i++ {
			if s = n.user.next(s, b[i]); s == noState {
				break
			}
			if n.user.states[s].id != noID {
				longest = i + 1
			}
		}
		if longest > 0 {
			return b[:longest], longest
		}
	}
	if r, length := n.table.match(b); length > 0 {
		return r, length
	}
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size == 1 {
		return []byte("\uFFFD"), 1
	}
	return b[:size], size
}
