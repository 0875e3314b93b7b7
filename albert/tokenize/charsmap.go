package tokenize

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// charsmap is a SentencePiece model's table of replacements, precompiled: a
// double-array trie of the strings to replace (darts-clone, 32-bit units), and
// behind it the replacements, each ended by a zero byte.
type charsmap struct {
	units        []uint32
	replacements []byte
}

// parseCharsmap reads a table: the size of the trie in bytes, the trie, the
// replacements. An empty table replaces nothing.
func parseCharsmap(b []byte) (charsmap, error) {
	if len(b) == 0 {
		return charsmap{}, nil
	}
	if len(b) < 4 {
		return charsmap{}, errors.New("the normalisation table is truncated")
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if size%4 != 0 || size == 0 || size >= uint64(len(b)) {
		return charsmap{}, errors.New("the normalisation table is damaged: its trie does not fit in it")
	}
	m := charsmap{units: make([]uint32, size/4), replacements: b[size:]}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return m, nil
}

// A unit holds the byte that leads to it (bits 0 to 7, and bit 31 set in units
// that hold a value), whether a string ends there (bit 8), and how far off its
// children are (bits 10 to 30, in 256s where bit 9 is set).
func unitOffset(u uint32) uint32 { return u >> 10 << (u & (1 << 9) >> 6) }

// at returns the unit at a place a unit points to, which a damaged table may
// have outside itself.
func (m *charsmap) at(i uint32) (uint32, bool) {
	if uint64(i) >= uint64(len(m.units)) {
		return 0, false
	}
	return m.units[i], true
}

// match returns the replacement of the longest string of the table that s
// begins with, and that string's length: 0 if there is none.
func (m *charsmap) match(s []byte) (replacement []byte, length int) {
	if len(m.units) == 0 {
		return nil, 0
	}
	node := unitOffset(m.units[0])
	for i, c := range s {
		node ^= uint32(c)
		u, ok := m.at(node)
		if !ok || u&(1<<31|0xFF) != uint32(c) {
			break
		}
		node ^= unitOffset(u)
		if u>>8&1 == 0 {
			continue
		}
		if v, ok := m.at(node); ok {
			if at := v &^ (1 << 31); uint64(at) < uint64(len(m.replacements)) {
				replacement, _, _ = bytes.Cut(m.replacements[at:], []byte{0})
				length = i + 1
			}
		}
	}
	return replacement, length
}

// hasPrefix reports whether some string of the table begins with s.
func (m *charsmap) hasPrefix(s ...byte) bool {
	if len(m.units) == 0 {
		return false
	}
	node := unitOffset(m.units[0])
	for _, c := range s {
		node ^= uint32(c)
		u, ok := m.at(node)
		if !ok || u&(1<<31|0xFF) != uint32(c) {
			return false
		}
		node ^= unitOffset(u)
	}
	return true
}

// hasInside reports whether some string of the table has the byte c behind its
// first. It may say so where none has.
func (m *charsmap) hasInside(c byte) bool {
	if len(m.units) == 0 {
		return false
	}
	// A unit is where its parent's offset leads with its byte: only one with
	// this byte is a child of the root.
	first := unitOffset(m.units[0]) ^ uint32(c)
	for i, u := range m.units {
		if u&(1<<31|0xFF) == uint32(c) && uint32(i) != first {
			return true
		}
	}
	return false
}
