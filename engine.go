package albertsearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/internal/errkind"
)

// Engine is an index and the models that fill and read it. Models are loaded
// when they are first needed. All methods may be called by several goroutines
// at once; while one Index or Remove runs, another fails with index.ErrLocked,
// unless it finds nothing to do.
type Engine struct {
	o      Options
	log    *slog.Logger
	models *models
	// versions are those that documents are brought to.
	versions versions

	store index.Backend
	// languages highlight what a query matches.
	languages *analysis.Languages

	mu      sync.Mutex
	closed  bool
	reading sync.WaitGroup // those that have a snapshot
	// logged is the generation that was last logged.
	logged atomic.Uint64
}

// Open returns an Engine on the index in o.Dir or behind o.Backend, which need
// not exist yet. It only checks the options; Close must be called after the last
// use.
func Open(o Options) (*Engine, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	e := &Engine{o: o, log: o.Logger, store: o.Backend, versions: currentVersions(o)}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	languages, err := analysis.NewLanguages(o.Languages)
	if err != nil {
		return nil, errkind.Errorf(errkind.Usage, "open engine: %w", err)
	}
	if e.store == nil {
		if e.store, err = o.schemes().Open(o.Dir); err != nil {
			return nil, fmt.Errorf("open engine: %w", err)
		}
	}
	e.languages, e.models = languages, newModels(o, e.log)
	return e, nil
}

// schemes are those of the options, and paths.
func (o Options) schemes() index.Schemes {
	s := index.Schemes{"": func(dir string) (index.Backend, error) {
		return local.New(dir, local.Options{WriteTimeout: o.WriteTimeout}), nil
	}}
	maps.Copy(s, o.Schemes)
	return s
}

// address is where the index is, as it was given.
func (e *Engine) address() string { return cmp.Or(e.o.Dir, e.store.String()) }

// Close waits for running searches and frees index and models.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.reading.Wait()
	var err error
	if e.o.Backend == nil {
		err = e.store.Close()
	}
	return errors.Join(err, e.models.close())
}

// read calls f with the newest published version. All that f sees is of that one
// version, whatever is published meanwhile. No lock is held while f runs.
func (e *Engine) read(ctx context.Context, f func(index.Snapshot) error) error {
	if err := e.begin(); err != nil {
		return err
	}
	defer e.reading.Done()
	return e.readNow(ctx, f)
}

// readNow is read for those that have begun, who finish also when the engine is
// being closed.
func (e *Engine) readNow(ctx context.Context, f func(index.Snapshot) error) error {
	return index.Read(ctx, e.store, func(s index.Snapshot) error {
		e.logGeneration(ctx, s)
		return f(s)
	})
}

// logGeneration logs the first use of a generation.
func (e *Engine) logGeneration(ctx context.Context, s index.Snapshot) {
	if !e.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	stats, err := s.Stats(ctx)
	if err != nil {
		return // whoever reads will have it too
	}
	text := "index opened"
	switch before := e.logged.Swap(stats.Generation); before {
	case stats.Generation:
		return
	case 0:
	default:
		text = "newer generation of the index opened"
	}
	e.log.InfoContext(ctx, text, "index", e.address(), "generation", stats.Generation,
		"documents", stats.Documents, "passages", stats.Passages)
}

// begin notes that something reads, which Close waits for.
func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	e.reading.Add(1)
	return nil
}
