package ingest

import "strings"

// Census finds out which documents of an index are gone: See every entry of a
// source first, then ask Gone. The zero Census has no roots: nothing is gone.
type Census struct {
	roots  []string
	seen   map[string]struct{}
	unseen []string
}

// NewCensus returns a census of what is below the roots of a source.
func NewCensus(roots []string) *Census {
	return &Census{roots: roots, seen: map[string]struct{}{}}
}

// See notes an entry.
func (c *Census) See(e Entry) {
	c.seen[e.ID] = struct{}{}
	if e.Unseen != "" {
		c.unseen = append(c.unseen, e.Unseen)
	}
}

// Gone tells whether the document of that ID was there once and is no more.
func (c *Census) Gone(id string) bool {
	below := func(prefixes []string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(id, p) {
				return true
			}
		}
		return false
	}
	if _, ok := c.seen[id]; ok {
		return false
	}
	return below(c.roots) && !below(c.unseen)
}
