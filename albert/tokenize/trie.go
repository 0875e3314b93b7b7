package tokenize

import (
	"cmp"
	"slices"
	"strings"
)

// trie maps byte strings to ids and finds every key that begins at a place in
// a text in one walk. It is a double array: the child of state s by byte b is
// state base(s)+b, and is there when that state's parent is s.
type trie struct {
	states []state
}

type state struct {
	base   int32
	parent int32 // free when it is the state noState
	id     int32 // id of the key that ends here, noID when none does
}

const (
	root    = 0
	noState = -1
	noID    = -1

	// maxProbes bounds the search for a gap that fits a state's children.
	// Past it they go behind all others, which costs room and saves time.
	maxProbes = 16
)

type entry struct {
	key string
	id  int32
}

// newTrie builds the trie of the entries. Of entries with the same key that
// with the highest id counts; empty keys are left out.
func newTrie(entries []entry) *trie {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b entry) int {
		// Not cmp.Or: that would compare the ids each time.
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Compare(a.id, b.id)
	})
	if len(sorted) > 0 && sorted[0].key == "" {
		first := slices.IndexFunc(sorted, func(e entry) bool { return e.key != "" })
		if first < 0 {
			first = len(sorted)
		}
		sorted = sorted[first:]
	}
	b := builder{states: []state{{parent: root, id: noID}}, gap: 1}
	b.add(sorted)
	// The walk may look up to 255 places behind the last state.
	b.grow(len(b.states) + 256)
	return &trie{states: b.states}
}

// next returns the state reached from s by byte c, or noState.
func (t *trie) next(s int32, c byte) int32 {
	n := t.states[s].base + int32(c)
	if n != root && t.states[n].parent == s {
		return n
	}
	return noState
}

// walk returns the state reached from s by the bytes of key, or noState.
func (t *trie) walk(s int32, key string) int32 {
	for i := 0; i < len(key) && s != noState; i++ {
		s = t.next(s, key[i])
	}
	return s
}

// find returns the id of key, or noID.
func (t *trie) find(key string) int32 {
	if s := t.walk(root, key); s != noState {
		return t.states[s].id
	}
	return noID
}

type builder struct {
	states []state
	gap    int32 // no state before it is free
}

// group is the run keys[first:end] of sorted keys that share their first depth
// bytes, which lead to state.
type group struct {
	first, end, depth, state int32
}

// add places the sorted keys, a level of the trie at a time, so that the
// states near the root, which every walk visits, lie close together.
func (b *builder) add(keys []entry) {
	queue := []group{{end: int32(len(keys)), state: root}}
	var labels []byte
	for len(queue) > 0 {
		g := queue[0]
		queue = queue[1:]
		for g.first < g.end && len(keys[g.first].key) == int(g.depth) {
			b.states[g.state].id = keys[g.first].id
			g.first++
		}
		if g.first == g.end {
			continue
		}
		labels = labels[:0]
		for _, e := range keys[g.first:g.end] {
			if c := e.key[g.depth]; len(labels) == 0 || labels[len(labels)-1] != c {
				labels = append(labels, c)
			}
		}
		base := b.place(g.state, labels)
		first := g.first
		for _, c := range labels {
			end := first
			for end < g.end && keys[end].key[g.depth] == c {
				end++
			}
			queue = append(queue, group{first, end, g.depth + 1, base + int32(c)})
			first = end
		}
	}
}

// place finds room for the children of s and returns the base of s.
func (b *builder) place(s int32, labels []byte) int32 {
	for int(b.gap) < len(b.states) && b.states[b.gap].parent != noState {
		b.gap++
	}
	first := int32(labels[0])
	at := max(b.gap, first+1) // a base is never negative, and the root is nobody's child
	for probes := 0; ; probes++ {
		if probes == maxProbes {
			at = max(int32(len(b.states)), at)
		}
		if b.fits(at-first, labels) {
			break
		}
		at++
	}
	base := at - first
	b.grow(int(base) + int(labels[len(labels)-1]) + 1)
	b.states[s].base = base
	for _, c := range labels {
		b.states[base+int32(c)] = state{parent: s, id: noID}
	}
	return base
}

func (b *builder) fits(base int32, labels []byte) bool {
	for _, c := range labels {
		if n := int(base) + int(c); n < len(b.states) && b.states[n].parent != noState {
			return false
		}
	}
	return true
}

func (b *builder) grow(n int) {
	if n <= len(b.states) {
		return
	}
	free := len(b.states)
	b.states = slices.Grow(b.states, n-free)[:n]
	for ; free < n; free++ {
		b.states[free] = state{parent: noState, id: noID}
	}
}
