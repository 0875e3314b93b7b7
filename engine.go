package albertsearch

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/internal/errkind"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// Options configure an Engine. The zero value of each field is a sensible default,
// but for Dir or Backend, of which one is needed.
type Options struct {
	// Dir is the folder of the index. Index makes it.
	Dir string
	// Backend is where the index is, instead of Dir. Close does not close it.
	Backend index.Backend
	// ONNXRuntime is the path of the ONNX Runtime library. When empty it is
	// looked for beside the program, in the cache folder and by the system.
	ONNXRuntime string
	// Threads is the number of CPU threads the models use; 0 means all.
	Threads int
	// EmbedderModel and ReaderModel replace the built-in models by others in
	// Hugging Face layout.
	EmbedderModel *ModelFiles
	ReaderModel   *ModelFiles
	// Embedder replaces any embedding model. Close does not close it.
	Embedder embed.Embedder
	// Reader replaces any reading model. Close does not close it.
	Reader *Reader
	// Calibration replaces that of the reading model, as one that was fitted on
	// the collection itself. A Reader has its own in its Options.
	Calibration *qa.Calibration
	// Threshold is the confidence from which answers are given; 0 means that of
	// the calibration. A Reader has its own in its Options.
	Threshold float64
	// Reranking replaces what belongs to the reading model, as one that was
	// fitted on questions of one's own. A Reader has its own.
	Reranking *rerank.Calibration
	// Patience is how long a change of the index may take, besides the time for
	// as many bytes as it has, before the disk counts as one that does not
	// answer; 0 means 5 minutes.
	Patience time.Duration
}

// Engine is an index and the models that fill and read it. Models are loaded
// when they are first needed. All methods may be called by several goroutines
// at once; while one Index or Remove runs, another fails with index.ErrLocked,
// unless it finds nothing to do.
type Engine struct {
	o      Options
	models *models

	store index.Backend
	// languages highlight what a query matches.
	languages analysis.Languages

	mu      sync.Mutex
	closed  bool
	reading sync.WaitGroup // those that have a snapshot
}

// Open returns an Engine on the index in o.Dir, which need not exist yet. It
// only checks the options; Close must be called after the last use.
func Open(o Options) (*Engine, error) {
	switch {
	case o.Dir == "" && o.Backend == nil:
		return nil, errkind.New(errkind.Usage, "open engine: no index folder given")
	case o.Dir != "" && o.Backend != nil:
		return nil, errkind.New(errkind.Usage, "open engine: both an index folder and a backend given")
	}
	if o.Threads < 0 {
		return nil, errkind.Errorf(errkind.Usage, "open engine: %d threads", o.Threads)
	}
	e := &Engine{o: o, models: newModels(o), store: o.Backend}
	if e.store == nil {
		e.store = local.New(o.Dir, local.Options{WriteTimeout: o.Patience})
	}
	return e, nil
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
	return index.Read(ctx, e.store, f)
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
