package ingest

import (
	"strings"
)

// Census finds out which documents of an index are gone: See every entry of
// the sources first, then ask Gone. The zero Census has no sources: nothing is
// gone.
type Census struct {
	sources []Source
	seen    map[string]struct{}
	unseen  []string
}

// NewCensus returns a census of what the sources cover.
func NewCensus(sources ...Source) *Census {
	return &Census{sources: sources, seen: map[string]struct{}{}}
}

// See notes an entry and tells whether it is the first of its ID.
func (c *Census) See(e Entry) bool {
	before := len(c.seen)
	c.seen[e.ID] = struct{}{}
	if e.Unseen != "" {
		c.unseen = append(c.unseen, e.Unseen)
	}
	return len(c.seen) > before
}

// Gone tells whether the document of that ID was there once and is no more.
func (c *Census) Gone(id string) bool {
	if _, ok := c.seen[id]; ok {
		return false
	}
	for _, prefix := range c.unseen {
		if strings.HasPrefix(id, prefix) {
			return false
		}
	}
	for _, s := range c.sources {
		if s.Covers(id) {
			return true
		}
	}
	return false
}
