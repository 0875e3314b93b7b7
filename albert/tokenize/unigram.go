package tokenize

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// unknownPenalty is how much worse than the worst token an unknown character
// is, as SentencePiece has it.
const unknownPenalty = 10

// unigram cuts normalised text into the tokens whose scores, which are
// logarithms of probabilities, have the highest sum (Kudo 2018, section 3).
type unigram struct {
	vocab   *trie
	pieces  []piece
	unknown int32
	bytes   *[256]int32 // tokens of single bytes; nil without byte fallback
	scores  []float32
	badness float32 // score of an unknown character
	largest float32 // absolute value of any of these
	// byWord says that no token holds a space but at its start, and that there
	// is a token for a space alone: then words are cut one by one.
	byWord bool
}

// found is a token of some bytes: bytes[start:end].
type found struct {
	id         int32
	start, end int
}

func newUnigram(m pieceModel, space string) (*unigram, error) {
	u := &unigram{pieces: m.pieces, unknown: noID, byWord: true}
	var entries []entry
	spaceAlone := false
	lowest := float32(math.MaxFloat32)
	if m.byteFallback {
		u.bytes = new([256]int32)
		for i := range u.bytes {
			u.bytes[i] = noID
		}
	}
	for i, p := range m.pieces {
		if p.text == "" {
			return nil, fmt.Errorf("token %d is empty", i)
		}
		switch p.kind {
		case normalPiece, userPiece:
			if p.kind == normalPiece {
				lowest = min(lowest, p.score)
			}
			entries = append(entries, entry{p.text, int32(i)})
			spaceAlone = spaceAlone || p.text == space
			u.byWord = u.byWord && strings.LastIndex(p.text, space) <= 0
		case unknownPiece:
			if u.unknown != noID {
				return nil, fmt.Errorf("tokens %d and %d are both for unknown characters", u.unknown, i)
			}
			u.unknown = int32(i)
		case controlPiece, unusedPiece:
		case bytePiece:
			b, ok := byteOfPiece(p.text)
			if !ok || u.bytes == nil {
				return nil, fmt.Errorf("token %d, %q, is for a byte, which the model does not use", i, p.text)
			}
			u.bytes[b] = int32(i)
		default:
			return nil, fmt.Errorf("token %d is of unknown kind %d", i, p.kind)
		}
	}
	if u.unknown == noID {
		return nil, fmt.Errorf("no token is for unknown characters")
	}
	if u.bytes != nil {
		for b, id := range u.bytes {
			if id == noID {
				return nil, fmt.Errorf("byte 0x%02X has no token", b)
			}
		}
	}
	u.byWord = u.byWord && spaceAlone
	u.badness = lowest - unknownPenalty
	u.scores = make([]float32, len(m.pieces))
	for i, p := range m.pieces {
		u.scores[i] = p.score
		u.largest = max(u.largest, u.scores[i], -u.scores[i], -u.badness)
	}
	u.vocab = newTrie(entries)
	return u, nil
}

// node is the best way to cut the bytes up to a place.
type node struct {
	score float32
	id    int32
	start int // of the last token; -1 where no token ends
}

// byteOfPiece returns the byte that a token written <0xE6> stands for.
func byteOfPiece(text string) (byte, bool) {
	if len(text) != len("<0xE6>") {
		return 0, false
	}
	var b byte
	_, err := fmt.Sscanf(text, "<0x%02X>", &b)
	return b, err == nil
}

// lattice is the scratch space of cut, and its outcome besides the tokens.
type lattice struct {
	nodes []node
	// margin is the smallest difference between two scores that were compared.
	// Where it is not far above the rounding error, another sum to begin with
	// could have other tokens win.
	margin float32
	// steps are the scores of the tokens, unknown characters one by one.
	steps []float32
}

// cut appends to dst the tokens of b. Scores are added up from the given one in
// single precision, as SentencePiece does, so that ties fall the same way.
func (u *unigram) cut(dst []found, b []byte, from float32, l *lattice) []found {
	nodes, steps := l.nodes[:0], l.steps[:0]
	margin := float32(math.Inf(1))
	for range len(b) + 1 {
		nodes = append(nodes, node{start: -1})
	}
	nodes[0].score = from
	offer := func(end int, n node) {
		to := &nodes[end]
		if to.start >= 0 {
			// An absolute value that keeps what is not a number.
			margin = min(margin, float32(math.Abs(float64(n.score-to.score))))
		}
		if to.start < 0 || n.score > to.score {
			*to = n
		}
	}
	states := u.vocab.states
	for at := 0; at < len(b); {
		here := nodes[at].score
		char := min(charLen(b[at]), len(b)-at)
		single := false
		s := int32(root)
		for i := at; i < len(b); i++ {
			next := states[s].base + int32(b[i])
			if states[next].parent != s || next == root {
				break
			}
			s = next
			id := states[s].id
			if id == noID {
				continue
			}
			offer(i+1, node{here + u.scores[id], id, at})
			single = single || i+1-at == char
		}
		if !single {
			offer(at+char, node{here + u.badness, u.unknown, at})
		}
		at += char
	}

	before := len(dst)
	for end := len(b); end > 0; end = nodes[end].start {
		n := nodes[end]
		if n.id == u.unknown {
			steps = append(steps, u.badness)
		} else {
			steps = append(steps, u.scores[n.id])
		}
		// Neighbours that are unknown are one token.
		if k := len(dst); k > before && n.id == u.unknown && dst[k-1].id == u.unknown && u.bytes == nil {
			dst[k-1].start = n.start
			continue
		}
		dst = append(dst, found{n.id, n.start, end})
	}
	slices.Reverse(dst[before:])
	slices.Reverse(steps)
	l.nodes, l.steps, l.margin = nodes, steps, margin
	return dst
}

// roundingError bounds how far the scores of some bytes can be off when they
// are added up from the given sum in single precision.
func (u *unigram) roundingError(from float32, length int) float32 {
	n := float32(length + 2)
	return n * (float32(math.Abs(float64(from))) + n*u.largest) * (1.0 / (1 << 22))
}

// charLen is the length of the UTF-8 character that begins with b.
func charLen(b byte) int {
	switch {
	case b < 0xC0:
		return 1
	case b < 0xE0:
		return 2
	case b < 0xF0:
		return 3
	}
	return 4
}
