package albertsearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// Reader is a model that scores spans, with what belongs to it.
type Reader struct {
	// Spans may be a qa.RelevanceReader.
	Spans     qa.SpanReader
	Tokenizer tokenize.Tokenizer
	Options   qa.Options
	// Reranking says how the relevance counts in a reranked search. When nil it
	// is that of the built-in reader.
	Reranking *rerank.Calibration
}

// models loads models when they are first needed and keeps them.
type models struct {
	o       Options
	log     *slog.Logger
	runtime lazy[*ort.Runtime]
	files   lazy[checkpoint] // the embedder's
	embed   lazy[embed.Embedder]
	reading lazy[*Reader]
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

func newModels(o Options, log *slog.Logger) *models { return &models{o: o, log: log} }

// embedder returns the embedder, loading it if need be.
func (m *models) embedder(ctx context.Context) (embed.Embedder, error) {
	return m.embed.get(func() (embed.Embedder, error) {
		if m.o.Embedder != nil {
			return m.o.Embedder, nil
		}
		files := cmp.Or(m.o.EmbedderModel, builtinEmbedder())
		head, err := files.head()
		if err != nil {
			return nil, files.fail(err)
		}
		o, err := m.open(ctx, files, m.embedderFiles, func(*albert.Model) albert.Head { return head })
		if err != nil {
			return nil, err
		}
		return embed.NewAlbert(o.session, o.model.Tokenizer(), embed.AlbertOptions{
			ID: o.embedderID(head), Dim: o.model.Config().HiddenSize, Window: o.window,
		})
	})
}

// embedderFiles reads the embedder's files, which is less than loading it.
func (m *models) embedderFiles() (checkpoint, error) {
	return m.files.get(func() (checkpoint, error) {
		return cmp.Or(m.o.EmbedderModel, builtinEmbedder()).load(embedderWindow)
	})
}

// identity is what an index knows the embedder by. To find out costs nothing
// for the built-in one, reading its files for another.
func (m *models) identity(ctx context.Context) (index.Embedder, error) {
	switch {
	case m.o.Embedder != nil:
		return index.Embedder{ID: m.o.Embedder.ID(), Dim: m.o.Embedder.Dim()}, nil
	case m.o.EmbedderModel == nil:
		return index.Embedder{ID: builtin.EmbedderID, Name: builtinEmbedder().Name, Dim: builtin.EmbedderDim}, nil
	}
	if err := ctx.Err(); err != nil {
		return index.Embedder{}, err
	}
	files := m.o.EmbedderModel
	head, err := files.head()
	if err != nil {
		return index.Embedder{}, files.fail(err)
	}
	r, err := m.embedderFiles()
	if err != nil {
		return index.Embedder{}, err
	}
	return index.Embedder{ID: r.embedderID(head), Name: files.Name, Dim: r.model.Config().HiddenSize}, nil
}

// answerer returns what answers questions, loading the reader if need be.
func (m *models) answerer(ctx context.Context) (*qa.Answerer, error) {
	return m.answer.get(func() (*qa.Answerer, error) {
		r, err := m.reader(ctx)
		if err != nil {
			return nil, err
		}
		return qa.New(r.Spans, r.Tokenizer, r.Options), nil
	})
}

// reader returns the reader, loading it if need be.
func (m *models) reader(ctx context.Context) (*Reader, error) {
	return m.reading.get(func() (*Reader, error) {
		if m.o.Reader != nil {
			return m.o.Reader, nil
		}
		files := cmp.Or(m.o.ReaderModel, builtinReader())
		o, err := m.open(ctx, files, func() (checkpoint, error) { return files.load(readerWindow) }, readerHead)
		if err != nil {
			return nil, err
		}
		c := cmp.Or(m.o.Calibration, files.Calibration)
		if c != nil && c.NeedsRelevance() && !o.session.HasRelevance() {
			return nil, files.fail(fmt.Errorf("its calibration is one for a reader that judges relevance: %w", qa.ErrNoRelevance))
		}
		return &Reader{Spans: o.session, Tokenizer: o.model.Tokenizer(), Options: qa.Options{
			Window: o.window, Calibration: c, Threshold: m.o.Threshold,
		}, Reranking: cmp.Or(m.o.Reranking, files.Reranking)}, nil
	})
}

// reranking is the calibration that belongs to the reader, loading that if need
// be.
func (m *models) reranking(ctx context.Context) (*rerank.Calibration, error) {
	r, err := m.reader(ctx)
	if err != nil {
		return nil, err
	}
	if r.Reranking != nil {
		return r.Reranking, nil
	}
	return rerank.BuiltinCalibration(), nil
}

// ort returns ONNX Runtime, loading it if need be.
func (m *models) ort() (*ort.Runtime, error) {
	return m.runtime.get(func() (*ort.Runtime, error) {
		rt, err := ort.Load(m.library())
		if err != nil {
			return nil, err
		}
		return rt, m.keep(rt)
	})
}

func (m *models) library() ort.FindOptions { return ort.FindOptions{Path: m.o.ONNXRuntime} }

// opened is a model that is ready to be run.
type opened struct {
	checkpoint
	session *albert.Session
}

// open reads a model's files and opens a session on it for the head that it is
// to have. Errors name the model, except those about ONNX Runtime, which has
// nothing to do with it.
func (m *models) open(ctx context.Context, files *ModelFiles, load func() (checkpoint, error), head func(*albert.Model) albert.Head) (o opened, err error) {
	if err := ctx.Err(); err != nil {
		return o, err
	}
	began := time.Now()
	if o.checkpoint, err = load(); err != nil {
		return o, err
	}
	threads := m.o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	precision := albert.Int8
	if files.Float32 {
		precision = albert.Float32
	}
	// To load it would be a good part of what a single search takes. A library
	// that is named is loaded all the same, so that a wrong name is heard of.
	var rt *ort.Runtime
	if o.model.NeedsRuntime(precision) || m.library().Named() {
		if rt, err = m.ort(); err != nil {
			return o, err
		}
	}
	// Runs of one thread side by side: batches are many and small.
	o.session, err = o.model.Open(rt, head(o.model), albert.SessionOptions{Precision: precision, Parallel: threads})
	if err != nil {
		return o, files.fail(err)
	}
	m.log.InfoContext(ctx, "model loaded", "model", files.Name, "id", o.model.ID(), "onnxruntime", rt != nil, "took", time.Since(began))
	return o, m.keep(o.session)
}

// keep notes what close is to close.
func (m *models) keep(c io.Closer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.Join(ErrClosed, c.Close())
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
