package albertsearch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"sync"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/qa"
)

// Reader is a model that scores spans, with what belongs to it.
type Reader struct {
	Spans     qa.SpanReader
	Tokenizer tokenize.Tokenizer
	Options   qa.Options
}

// models loads models when they are first needed and keeps them.
type models struct {
	o       Options
	runtime lazy[*ort.Runtime]
	embed   lazy[embed.Embedder]
	answer  lazy[*qa.Answerer]

	mu      sync.Mutex
	closers []io.Closer // in the order of opening
	closed  bool
}

// lazy is a value that is made when it is first needed. A failure is not kept:
// the next who needs the value tries again.
type lazy[T any] struct {
	mu   sync.Mutex
	v    T
	made bool
}

func (l *lazy[T]) get(create func() (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made {
		return l.v, nil
	}
	v, err := create()
	if err == nil {
		l.v, l.made = v, true
	}
	return v, err
}

func newModels(o Options) *models { return &models{o: o} }

// embedder returns the embedder, loading it if need be.
func (m *models) embedder(ctx context.Context) (embed.Embedder, error) {
	return m.embed.get(func() (embed.Embedder, error) {
		if m.o.Embedder != nil {
			return m.o.Embedder, nil
		}
		model, session, err := m.open(ctx, "embedder", builtin.Embedder(), albert.Pooled)
		if err != nil {
			return nil, err
		}
		return embed.NewAlbert(session, model.Tokenizer(), embed.AlbertOptions{
			ID: model.ID(), Dim: model.Config().HiddenSize, Window: builtin.EmbedderWindow,
		})
	})
}

// answerer returns what answers questions, loading the reader if need be.
func (m *models) answerer(ctx context.Context) (*qa.Answerer, error) {
	return m.answer.get(func() (*qa.Answerer, error) {
		if r := m.o.Reader; r != nil {
			return qa.New(r.Spans, r.Tokenizer, r.Options), nil
		}
		model, session, err := m.open(ctx, "reader", builtin.Reader(), albert.Span)
		if err != nil {
			return nil, err
		}
		return qa.New(session, model.Tokenizer(), qa.Options{Calibration: m.o.Calibration, Threshold: m.o.Threshold}), nil
	})
}

// ort returns ONNX Runtime, loading it if need be.
func (m *models) ort() (*ort.Runtime, error) {
	return m.runtime.get(func() (*ort.Runtime, error) {
		rt, err := ort.Load(ort.FindOptions{Path: m.o.ONNXRuntime})
		if err != nil {
			return nil, err
		}
		return rt, m.keep(rt)
	})
}

// open loads a model and opens a session on it. Errors name the model, except
// those about ONNX Runtime, which has nothing to do with it.
func (m *models) open(ctx context.Context, name string, files fs.FS, head albert.Head) (*albert.Model, *albert.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	rt, err := m.ort()
	if err != nil {
		return nil, nil, err
	}
	model, err := albert.Load(files)
	if err != nil {
		return nil, nil, fmt.Errorf("load the %s: %w", name, err)
	}
	threads := m.o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	// Runs of one thread side by side: batches are many and small.
	session, err := model.Open(rt, head, albert.SessionOptions{Precision: albert.Int8, Parallel: threads})
	if err != nil {
		return nil, nil, fmt.Errorf("load the %s: %w", name, err)
	}
	return model, session, m.keep(session)
}

// keep notes what close is to close.
func (m *models) keep(c io.Closer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.Join(errClosed, c.Close())
	}
	m.closers = append(m.closers, c)
	return nil
}

// close frees what was loaded, the runtime last.
func (m *models) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	var errs []error
	for _, c := range slices.Backward(m.closers) {
		errs = append(errs, c.Close())
	}
	m.closers = nil
	return errors.Join(errs...)
}
