package albertsearch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/internal/errkind"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// Options configure an Engine. The zero value of each field but Dir is a
// sensible default.
type Options struct {
	// Dir is the folder of the index. Index makes it.
	Dir string
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

	mu     sync.RWMutex // held for reading while the view is used
	view   *local.Store // the newest published generation; nil until needed
	closed bool
}

// Open returns an Engine on the index in o.Dir, which need not exist yet. It
// only checks the options; Close must be called after the last use.
func Open(o Options) (*Engine, error) {
	if o.Dir == "" {
		return nil, errkind.New(errkind.Usage, "open engine: no index folder given")
	}
	if o.Threads < 0 {
		return nil, errkind.Errorf(errkind.Usage, "open engine: %d threads", o.Threads)
	}
	return &Engine{o: o, models: newModels(o)}, nil
}

// Close waits for running searches and frees index and models.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return errors.Join(e.dropView(), e.models.close())
}

// dropView closes the view, so that the next search opens the newest
// generation. The caller holds e.mu for writing.
func (e *Engine) dropView() error {
	if e.view == nil {
		return nil
	}
	err := e.view.Close()
	e.view = nil
	return err
}

// read calls f with the newest published generation. All that f sees is of
// that one generation, whatever is published meanwhile.
func (e *Engine) read(ctx context.Context, f func(index.Store) error) error {
	if err := e.refresh(ctx); err != nil {
		return err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.view == nil {
		return ErrClosed
	}
	return f(e.view)
}

// refresh sees to it that e.view is the newest generation. Only when it is not
// does it wait for the searches under way.
func (e *Engine) refresh(ctx context.Context) error {
	e.mu.RLock()
	current, err := e.isCurrent()
	e.mu.RUnlock()
	if current || err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	if e.view != nil {
		return e.view.Refresh(ctx)
	}
	e.view, err = local.Open(ctx, e.o.Dir)
	return err
}

func (e *Engine) isCurrent() (bool, error) {
	if e.view == nil {
		return false, nil
	}
	newer, err := e.view.Newer()
	return !newer, err
}
