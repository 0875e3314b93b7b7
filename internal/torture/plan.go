// Package torture tells whether an index keeps what it has promised. A Plan is
// a random history of a collection; Run carries it out on an index and notes in
// a log, elsewhere, what the index has acknowledged; Check compares an index
// with the log after whatever has happened to it, and Resume goes on.
package torture

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/embed/embedtest"
)

// Plan is a history of documents that are added, changed, touched and removed
// in steps, and embedded anew. It is the same for the same seed.
type Plan struct {
	Seed uint64
	// Docs is how many documents there may be at most.
	Docs int
}

// Version says which step put a document, and which one touched it since.
type Version struct{ Put, Touched int }

// State is what the index holds after a step.
type State struct {
	Docs map[int]Version
	// Dim is the length of a vector: two embedders take turns.
	Dim int
}

func (s State) clone() State { return State{maps.Clone(s.Docs), s.Dim} }

func (s State) equal(other State) bool { return s.Dim == other.Dim && maps.Equal(s.Docs, other.Docs) }

// Change is a step. A step that embeds anew does nothing else.
type Change struct {
	Put, Touch, Delete []int
	Reembed            bool
}

const firstDim, otherDim = 16, 24

// reembedEvery is how often a step is one that embeds anew.
const reembedEvery = 7

// States returns the state after each step from 0, the empty index, to last,
// and the changes that lead to them.
func (p Plan) States(last int) ([]State, []Change) {
	states, changes := []State{{map[int]Version{}, firstDim}}, []Change{{}}
	for step := 1; step <= last; step++ {
		c := p.change(step, states[step-1])
		changes = append(changes, c)
		states = append(states, states[step-1].after(c, step))
	}
	return states, changes
}

func (p Plan) change(step int, s State) Change {
	if step%reembedEvery == 0 {
		return Change{Reembed: true}
	}
	random := rand.New(rand.NewPCG(p.Seed, uint64(step)))
	var c Change
	order := random.Perm(p.Docs)
	take := func(n int, ok func(doc int) bool) (docs []int) {
		for len(docs) < n && len(order) > 0 {
			if ok(order[0]) {
				docs = append(docs, order[0])
			}
			order = order[1:]
		}
		slices.Sort(docs)
		return docs
	}
	live := func(doc int) bool { _, ok := s.Docs[doc]; return ok }
	c.Put = take(1+random.IntN(4), func(int) bool { return true })
	c.Delete = take(random.IntN(3), live)
	c.Touch = take(random.IntN(3), live)
	return c
}

func (s State) after(c Change, step int) State {
	next := s.clone()
	for _, d := range c.Put {
		next.Docs[d] = Version{step, step}
	}
	for _, d := range c.Touch {
		next.Docs[d] = Version{next.Docs[d].Put, step}
	}
	for _, d := range c.Delete {
		delete(next.Docs, d)
	}
	if c.Reembed {
		next.Dim = firstDim + otherDim - s.Dim
	}
	return next
}

// Words returns how many words of its own a version of a document has.
func (p Plan) words(doc, put int) int {
	return 3 + rand.New(rand.NewPCG(p.Seed^uint64(doc)<<32, uint64(put))).IntN(250)
}

// word is the i-th of them: no other version has it.
func word(doc, put, i int) string { return fmt.Sprintf("w%dx%dx%d", doc, put, i) }

func parseWord(s string) (doc, put, i int, ok bool) {
	n, err := fmt.Sscanf(s, "w%dx%dx%d", &doc, &put, &i)
	return doc, put, i, err == nil && n == 3
}

// Text is a version of a document.
func (p Plan) text(doc, put int) string {
	var b strings.Builder
	for i := range p.words(doc, put) {
		b.WriteString(word(doc, put, i))
		if b.WriteString(" common "); i%20 == 19 {
			b.WriteString(".\n\n")
		}
	}
	return b.String()
}

// Embedder is the one whose vectors have that length.
func Embedder(dim int) embedtest.Hash { return embedtest.Hash{Dimension: dim} }

func docName(doc int) string { return fmt.Sprintf("doc-%06d.txt", doc) }
