package ingest

import (
	"strings"
)

// Listing finds out which documents of an index are gone: Add every entry of
// the sources first, then ask Gone. The zero Listing has no sources: nothing is
// gone.
type Listing struct {
	sources    []Source
	seen       map[string]struct{}
	incomplete []string
}

// NewListing returns a Listing of what the sources cover.
func NewListing(sources ...Source) *Listing {
	return &Listing{sources: sources, seen: map[string]struct{}{}}
}

// Add notes an entry and reports whether it is the first of its ID.
func (l *Listing) Add(e Entry) bool {
	before := len(l.seen)
	l.seen[e.ID] = struct{}{}
	if e.Incomplete != "" {
		l.incomplete = append(l.incomplete, e.Incomplete)
	}
	return len(l.seen) > before
}

// Gone reports whether the document of that ID was there once and is no more.
func (l *Listing) Gone(id string) bool {
	if _, ok := l.seen[id]; ok {
		return false
	}
	for _, prefix := range l.incomplete {
		if strings.HasPrefix(id, prefix) {
			return false
		}
	}
	for _, s := range l.sources {
		if s.Covers(id) {
			return true
		}
	}
	return false
}
