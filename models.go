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
	"github.com/albert-search/albert-search/internal/errkind"
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

// Reranker is a cross-encoder that reranks, with what belongs to it.
type Reranker struct {
	// Encoder may be a qa.Judge.
	Encoder rerank.CrossEncoder
	// Reranking says how the relevance counts. When nil it is that of the built-in
	// reader.
	Reranking *rerank.Calibration
}

// modelRole is what the engine knows of a role of models: a row of the table
// that modelRoles returns.
type modelRole struct {
	role albert.Role
	// window is the most tokens that models read that do not say theirs.
	window int
	// builtin is the model in the program; nil if it has none for the role.
	builtin *ModelFiles
	// head is what a model is opened for.
	head func(*ModelFiles, *albert.Model) (albert.Head, error)
}

// modelRoles returns the roles that the engine uses models in. What it makes of
// the model of each is in newModels.
func modelRoles() []modelRole {
	return []modelRole{
		{
			role: albert.RoleEmbedder, window: embedderWindow, head: pooledHead,
			builtin: &ModelFiles{Name: "built-in embedder", Files: builtin.Embedder(), Window: builtin.EmbedderWindow, Languages: []string{"en"}},
		},
		{
			role: albert.RoleReader, window: readerWindow, head: headOf(albert.RoleReader),
			builtin: &ModelFiles{Name: "built-in reader", Files: builtin.Reader(), Window: builtin.ReaderWindow, Languages: []string{"en"}},
		},
		{role: albert.RoleReranker, window: readerWindow, head: rerankHead},
	}
}

// roleOf returns the row of a role; ok is false if the engine uses no model in
// it.
func roleOf(r albert.Role) (row modelRole, ok bool) {
	for _, row := range modelRoles() {
		if row.role == r {
			return row, true
		}
	}
	return modelRole{}, false
}

// headOf returns the function that chooses the head that the role prefers among
// those of a model. For a model without any it is the last one: opening it for
// that says which weights are missing.
func headOf(r albert.Role) func(*ModelFiles, *albert.Model) (albert.Head, error) {
	return func(_ *ModelFiles, m *albert.Model) (albert.Head, error) {
		info, _ := r.Info()
		if h, ok := info.Head(m); ok {
			return h, nil
		}
		return info.Heads[len(info.Heads)-1], nil
	}
}

// rerankHead is what a model is opened for as a reranker.
func rerankHead(_ *ModelFiles, m *albert.Model) (albert.Head, error) {
	info, _ := albert.RoleReranker.Info()
	h, ok := info.Head(m)
	if !ok {
		return 0, fmt.Errorf("it has no %s: %w", info.Lacks, albert.ErrNoHead)
	}
	return h, nil
}

// filled is a role with the model that has it, of which the engine makes a T
// when it first needs one.
type filled[T any] struct {
	modelRole
	// files are those of the model; nil if there is none.
	files *ModelFiles
	make  func(*opened) (T, error)

	checkpoint lazy[checkpoint]
	made       lazy[T]
}

// fill has a role filled by a model among o.Models, or the built-in one. Given is
// used instead of any model, unless it is the zero value.
func fill[T comparable](o Options, r albert.Role, given T, create func(*opened) (T, error)) *filled[T] {
	row, _ := roleOf(r)
	f := &filled[T]{modelRole: row, files: cmp.Or(o.Models[r], row.builtin), make: create}
	var none T
	f.made.v, f.made.made = given, given != none
	return f
}

// read reads the model's files, which is less than loading it.
func (f *filled[T]) read(ctx context.Context) (checkpoint, error) {
	return f.checkpoint.get(ctx, func() (checkpoint, error) { return f.files.load(f.modelRole) })
}

// get returns what is made of the model, loading it if need be.
func (f *filled[T]) get(ctx context.Context, m *models) (T, error) {
	return f.made.get(ctx, func() (made T, err error) {
		if f.files == nil {
			return made, errkind.Errorf(errkind.NoModel, "no model is given for the role of a %s, and the program has none", f.role)
		}
		o, err := m.open(ctx, f.files, f.read)
		if err != nil {
			return made, err
		}
		return f.make(o)
	})
}

// models loads models when they are first needed and keeps them.
type models struct {
	o         Options
	log       *slog.Logger
	runtime   lazy[*ort.Runtime]
	embedding *filled[embed.Embedder]
	reading   *filled[*Reader]
	reranking *filled[*Reranker]
	answer    lazy[*qa.Answerer]

	mu      sync.Mutex
	closers []io.Closer // in the order of opening
	closed  bool
}

func newModels(o Options, log *slog.Logger) *models {
	m := &models{o: o, log: log}
	m.embedding = fill(o, albert.RoleEmbedder, o.Embedder, makeEmbedder)
	m.reading = fill(o, albert.RoleReader, o.Reader, m.makeReader)
	m.reranking = fill(o, albert.RoleReranker, o.Reranker, m.makeReranker)
	return m
}

// makeEmbedder makes an embedder of a model.
func makeEmbedder(o *opened) (embed.Embedder, error) {
	return embed.NewAlbert(o.session, o.model.Tokenizer(), embed.AlbertOptions{
		ID: o.embedderID(), Dim: o.model.Config().HiddenSize, Window: o.window, Languages: o.files.Languages,
	})
}

// makeReader makes a reader of a model, with the calibrations that the options
// or the model's files say.
func (m *models) makeReader(o *opened) (*Reader, error) {
	c := cmp.Or(m.o.Calibration, o.files.Calibration)
	if c != nil && c.NeedsRelevance() && !o.session.HasRelevance() {
		return nil, o.files.fail(fmt.Errorf("its calibration is one for a reader that judges relevance: %w", qa.ErrNoRelevance))
	}
	return &Reader{Spans: o.session, Tokenizer: o.model.Tokenizer(), Options: qa.Options{
		Window: o.window, Calibration: c, Threshold: m.o.Threshold,
	}, Reranking: cmp.Or(m.o.Reranking, o.files.Reranking)}, nil
}

// makeReranker makes a reranker of a model.
func (m *models) makeReranker(o *opened) (*Reranker, error) {
	return &Reranker{
		Encoder:   qa.NewJudge(o.session, o.model.Tokenizer(), qa.Options{Window: o.window}),
		Reranking: cmp.Or(m.o.Reranking, o.files.Reranking),
	}, nil
}

// lazy is a value that is made when it is first needed. A failure is not kept:
// the next who needs the value tries again.
type lazy[T any] struct {
	mu     sync.Mutex
	v      T
	made   bool
	making chan struct{} // closed when whoever makes it is done; nil while nobody does
}

// get returns the value. Those who wait for one who makes it give up when their
// own context ends.
func (l *lazy[T]) get(ctx context.Context, create func() (T, error)) (v T, err error) {
	for {
		l.mu.Lock()
		if l.made {
			defer l.mu.Unlock()
			return l.v, nil
		}
		making := l.making
		if making == nil {
			l.making = make(chan struct{})
			l.mu.Unlock()
			return l.create(create)
		}
		l.mu.Unlock()
		select {
		case <-making:
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}

// create makes the value, and lets those who wait look again.
func (l *lazy[T]) create(create func() (T, error)) (v T, err error) {
	made := false // a panic leaves nothing made
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if made {
			l.v, l.made = v, true
		}
		close(l.making)
		l.making = nil
	}()
	v, err = create()
	made = err == nil
	return v, err
}

// embedder returns the embedder, loading it if need be.
func (m *models) embedder(ctx context.Context) (embed.Embedder, error) {
	return m.embedding.get(ctx, m)
}

// reader returns the reader, loading it if need be.
func (m *models) reader(ctx context.Context) (*Reader, error) { return m.reading.get(ctx, m) }

// reranker returns what reranks: the reranker if there is one, else the reader's
// relevance.
func (m *models) reranker(ctx context.Context) (*Reranker, error) {
	if m.o.Reranker != nil || m.reranking.files != nil {
		return m.reranking.get(ctx, m)
	}
	answerer, err := m.answerer(ctx)
	if err != nil {
		return nil, err
	}
	if !answerer.HasRelevance() {
		return nil, fmt.Errorf("rerank: %w", qa.ErrNoRelevance)
	}
	r, err := m.reader(ctx)
	if err != nil {
		return nil, err
	}
	return &Reranker{Encoder: answerer, Reranking: r.Reranking}, nil
}

// identity is what an index knows the embedder by. To find out costs nothing
// for the built-in one, reading its files for another.
func (m *models) identity(ctx context.Context) (index.Embedder, error) {
	switch {
	case m.o.Embedder != nil:
		return index.Embedder{ID: m.o.Embedder.ID(), Dim: m.o.Embedder.Dim()}, nil
	case m.embedding.files == m.embedding.builtin:
		return index.Embedder{ID: builtin.EmbedderID, Name: m.embedding.files.Name, Dim: builtin.EmbedderDim}, nil
	}
	if err := ctx.Err(); err != nil {
		return index.Embedder{}, err
	}
	c, err := m.embedding.read(ctx)
	if err != nil {
		return index.Embedder{}, err
	}
	return index.Embedder{ID: c.embedderID(), Name: m.embedding.files.Name, Dim: c.model.Config().HiddenSize}, nil
}

// answerer returns what answers questions, loading the reader if need be.
func (m *models) answerer(ctx context.Context) (*qa.Answerer, error) {
	return m.answer.get(ctx, func() (*qa.Answerer, error) {
		r, err := m.reader(ctx)
		if err != nil {
			return nil, err
		}
		return qa.New(r.Spans, r.Tokenizer, r.Options), nil
	})
}

// ort returns ONNX Runtime, loading it if need be.
func (m *models) ort(ctx context.Context) (*ort.Runtime, error) {
	return m.runtime.get(ctx, func() (*ort.Runtime, error) {
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
	files   *ModelFiles
	session *albert.Session
}

// open reads a model's files and opens a session on it. Errors name the model,
// except those about ONNX Runtime, which has nothing to do with it.
func (m *models) open(ctx context.Context, files *ModelFiles, read func(context.Context) (checkpoint, error)) (*opened, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := read(ctx)
	if err != nil {
		return nil, err
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
	if c.model.NeedsRuntime(precision) || m.library().Named() {
		if rt, err = m.ort(ctx); err != nil {
			return nil, err
		}
	}
	// Runs of one thread side by side: batches are many and small.
	session, err := c.model.Open(rt, c.head, albert.SessionOptions{Precision: precision, Parallel: threads})
	if err != nil {
		return nil, files.fail(err)
	}
	m.log.InfoContext(ctx, "model loaded", "model", files.Name, "id", c.model.ID(), "onnxruntime", rt != nil, "took", time.Since(began))
	return &opened{c, files, session}, m.keep(session)
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
