// Package memory keeps an index in memory: for tests, and for programs whose
// collections are small and not to be kept. It is plain: documents in a slice,
// every search goes through all passages. What it finds is what any other store
// has to find.
package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

var (
	_ index.Backend    = (*Backend)(nil)
	_ index.Snapshot   = (*snapshot)(nil)
	_ index.Writer     = (*writer)(nil)
	_ index.Reembedder = (*writer)(nil)
)

// Backend is an index in memory. It lives as long as the Backend, also after
// Close. The zero value has no index yet.
type Backend struct {
	mu        sync.Mutex
	published *version // nil when there is no index
	writing   bool
}

// New returns a Backend without an index.
func New() *Backend { return new(Backend) }

// String is "memory".
func (b *Backend) String() string { return "memory" }

// Snapshot returns what was published last.
func (b *Backend) Snapshot(ctx context.Context) (index.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.published == nil {
		return nil, fmt.Errorf("%v: %w", b, index.ErrNotFound)
	}
	return &snapshot{version: b.published}, nil
}

// Create opens the index for writing and makes it if there is none.
func (b *Backend) Create(ctx context.Context, s index.Settings) (index.Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.Dim < 0 {
		return nil, fmt.Errorf("vectors of dimension %d", s.Dim)
	}
	languages, err := analysis.NewLanguages(s.Languages.Names())
	if err != nil {
		return nil, err
	}
	s.Languages = index.LanguagesOf(languages.Allowed()...)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.writing {
		return nil, b.locked()
	}
	if b.published == nil {
		b.published = &version{settings: s, languages: languages, generation: 1, updated: time.Now().UTC()}
	} else if !b.published.settings.Same(s) {
		return nil, &index.SettingsError{Dir: b.String(), Have: b.published.settings, Want: s}
	}
	v := *b.published
	if s.EmbedderName != "" {
		v.settings.EmbedderName = s.EmbedderName
	}
	b.writing = true
	return &writer{backend: b, version: &v}, nil
}

func (b *Backend) locked() error { return &index.LockedError{Dir: b.String()} }

// Locked returns an *index.LockedError if somebody writes to the index.
func (b *Backend) Locked(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.writing {
		return b.locked()
	}
	return nil
}

// Drop deletes the index.
func (b *Backend) Drop(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case b.writing:
		return b.locked()
	case b.published == nil:
		return fmt.Errorf("%v: %w", b, index.ErrNotFound)
	}
	b.published = nil
	return nil
}

// Capabilities are all but maintenance: there is nothing that could be damaged.
func (b *Backend) Capabilities(ctx context.Context) (index.Capabilities, error) {
	return index.Capabilities{Reembed: true, Later: true, Annotations: true}, ctx.Err()
}

// Close does nothing: the index stays.
func (b *Backend) Close() error { return nil }

// publish makes a version the one that snapshots are of.
func (b *Backend) publish(v *version) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published = v
}

func (b *Backend) unlock() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing = false
}
