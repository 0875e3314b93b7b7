package albert

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
	onnxruntime "github.com/yalue/onnxruntime_go"
	"golang.org/x/sync/errgroup"
)

// ErrClosed is the error of a Session used after Close.
var ErrClosed = errors.New("the session is closed")

// SessionOptions say how a session runs. The zero value is a good choice for
// throughput: as many batches at once as there are processors, each on one of
// them.
type SessionOptions struct {
	Precision Precision
	// Threads is how many processors one run uses in ONNX Runtime, 1 by
	// default. A run in the kernels uses one.
	Threads int
	// Parallel is how many runs there may be at once, over all goroutines. By
	// default they use all processors together.
	Parallel int
	// BatchTokens is the most tokens of a batch that has more than one
	// sequence, by default 128 in this package's own kernels and 512 in ONNX
	// Runtime. It bounds the memory of a run, which grows with the tokens and at
	// worst with tokens × longest sequence.
	BatchTokens int
	// Graph runs the model in ONNX Runtime also where this package has kernels
	// of its own for it.
	Graph bool
}

func (o SessionOptions) withDefaults() SessionOptions {
	if o.Threads <= 0 {
		o.Threads = 1
	}
	if o.Parallel <= 0 {
		o.Parallel = max(1, runtime.GOMAXPROCS(0)/o.Threads)
	}
	return o
}

// Session is a model ready to be run. It is safe for use by several goroutines
// at once.
type Session struct {
	config Config
	head   Head
	o      SessionOptions
	slots  chan struct{} // one element for each run in progress

	mu     sync.RWMutex // read-locked by those who use net
	net    network
	closed bool
}

// network is what runs a model.
type network interface {
	// batches divides sequences, given by their indices, into batches for run
	// of at most maxTokens tokens, or of one sequence. 0 stands for a good
	// number.
	batches(seqs []tokenize.Sequence, maxTokens int) [][]int
	// run computes the results of the sequences of the given indices, which are
	// a batch, into their places in out. It gives up when ctx is done. It may be
	// called by several goroutines at once.
	run(ctx context.Context, seqs []tokenize.Sequence, indices []int, out [][]float32) error
	close() error
}

// NeedsRuntime reports whether Open needs ONNX Runtime to run the model, or has
// kernels for it on this processor.
func (m *Model) NeedsRuntime(p Precision) bool { return !kernelsFit(m.config, p) }

// Open prepares the model to be run with the given head on rt, which must stay
// open until the session is closed, and may be nil unless NeedsRuntime says
// otherwise. The error is ErrNoHead if the model lacks the head's weights.
func (m *Model) Open(rt *ort.Runtime, h Head, o SessionOptions) (*Session, error) {
	kernels := !o.Graph && !m.NeedsRuntime(o.Precision)
	if kernels {
		o.Threads = 1
	}
	s, err := m.open(rt, h, o.withDefaults(), kernels)
	if err != nil {
		return nil, fmt.Errorf("open model for %v in %v: %w", h, o.Precision, err)
	}
	return s, nil
}

func (m *Model) open(rt *ort.Runtime, h Head, o SessionOptions, kernels bool) (*Session, error) {
	c, err := openCheckpoint(m.fsys, m.config)
	if err != nil {
		return nil, err
	}
	var net network
	if kernels {
		net, err = newKernelNet(c, h)
	} else {
		net, err = newGraphNet(rt, c, h, o)
	}
	if err := errors.Join(err, c.Close()); err != nil {
		return nil, err
	}
	return &Session{config: m.config, head: h, o: o, slots: make(chan struct{}, o.Parallel), net: net}, nil
}

// newGraphNet writes the checkpoint as a graph and opens it.
func newGraphNet(rt *ort.Runtime, c *checkpoint, h Head, o SessionOptions) (*graphNet, error) {
	if rt == nil {
		return nil, errors.New("no ONNX Runtime is open")
	}
	g, err := writeGraph(c, h, graphOptions{precision: o.Precision, unsigned: needsUnsignedWeights()})
	if err != nil {
		return nil, err
	}
	net, err := newNet(g, o.Threads)
	if err != nil {
		return nil, err
	}
	return &graphNet{c.config, h, g.labels, net}, nil
}

// newNet hands the graph to ONNX Runtime.
func newNet(g graph, threads int) (*onnxruntime.DynamicAdvancedSession, error) {
	o, err := onnxruntime.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	err = errors.Join(
		// The graph is written as it should run; the runtime's rewriting
		// would cost start-up time and bring slower operators in.
		o.SetGraphOptimizationLevel(onnxruntime.GraphOptimizationLevelDisableAll),
		// Errors come back as values; a run ended by its context is none that
		// anybody should read of on standard error.
		o.SetLogSeverityLevel(onnxruntime.LoggingLevelFatal),
		o.SetIntraOpNumThreads(threads),
		o.SetInterOpNumThreads(1),
		// Batches differ in shape. A memory pattern would be kept for each.
		o.SetMemPattern(false),
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	)
	if err != nil {
		return nil, err
	}
	return onnxruntime.NewDynamicAdvancedSessionWithONNXData(g.model, []string{inputIDs, inputTypes}, []string{g.output}, o)
}

// Close waits for the runs in progress and frees what the session holds.
// Calling Close again does nothing.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if err := s.net.close(); err != nil {
		return fmt.Errorf("close model: %w", err)
	}
	return nil
}

// Hidden returns the last hidden states of each sequence, [len(IDs), H]
// row-major.
func (s *Session) Hidden(ctx context.Context, seqs []tokenize.Sequence) ([][]float32, error) {
	return s.run(ctx, Hidden, seqs)
}

// Pool returns one vector for each sequence, [H]: the mean of its last hidden
// states, or what PooledFirst or PooledMax make of them.
func (s *Session) Pool(ctx context.Context, seqs []tokenize.Sequence) ([][]float32, error) {
	if s.head == PooledFirst || s.head == PooledMax {
		return s.run(ctx, s.head, seqs)
	}
	return s.run(ctx, Pooled, seqs)
}

// Spans returns for each sequence the logits of an answer's start and end at
// each token, [len(IDs)] each.
func (s *Session) Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	if s.HasRelevance() {
		start, end, _, err = s.SpansAndRelevance(ctx, seqs)
		return start, end, err
	}
	pairs, err := s.run(ctx, Span, seqs)
	if err != nil {
		return nil, nil, err
	}
	start, end = split(pairs)
	return start, end, nil
}

// HasRelevance reports whether the session was opened for SpanRelevance, so
// that SpansAndRelevance works.
func (s *Session) HasRelevance() bool { return s.head == SpanRelevance }

// SpansAndRelevance returns for each sequence what Spans does and, from the same
// pass, its relevance: the logit of the label relevant less that of irrelevant, the log
// of the odds that the second text fits the first.
func (s *Session) SpansAndRelevance(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, relevance []float32, err error) {
	rows, err := s.run(ctx, SpanRelevance, seqs)
	if err != nil {
		return nil, nil, nil, err
	}
	relevance = make([]float32, len(rows))
	for i, r := range rows {
		last := len(r) - relevanceLabels
		relevance[i] = r[last+1] - r[last]
		rows[i] = r[:last]
	}
	start, end = split(rows)
	return start, end, relevance, nil
}

// Relevance returns for each sequence the log of the odds that its second text
// fits the first, by a model opened for SpanRelevance, or for Class of one label.
// The error is ErrNoHead for one of more labels.
func (s *Session) Relevance(ctx context.Context, seqs []tokenize.Sequence) ([]float32, error) {
	if s.HasRelevance() {
		_, _, relevance, err := s.SpansAndRelevance(ctx, seqs)
		return relevance, err
	}
	rows, err := s.Classify(ctx, seqs)
	if err != nil {
		return nil, err
	}
	relevance := make([]float32, len(rows))
	for i, logits := range rows {
		if len(logits) != 1 {
			return nil, fmt.Errorf("run model: %d labels are no relevance: %w", len(logits), ErrNoHead)
		}
		relevance[i] = logits[0]
	}
	return relevance, nil
}

// split makes of each row of pairs two rows.
func split(rows [][]float32) (first, second [][]float32) {
	first, second = make([][]float32, len(rows)), make([][]float32, len(rows))
	for i, pairs := range rows {
		n := len(pairs) / 2
		both := make([]float32, 2*n)
		first[i], second[i] = both[:n:n], both[n:]
		for j := range n {
			first[i][j], second[i][j] = pairs[2*j], pairs[2*j+1]
		}
	}
	return first, second
}

// Classify returns the logits of the labels for each sequence.
func (s *Session) Classify(ctx context.Context, seqs []tokenize.Sequence) ([][]float32, error) {
	return s.run(ctx, Class, seqs)
}

// ClassifyTokens returns the logits of the labels for each token of each
// sequence, [len(IDs), labels] row-major.
func (s *Session) ClassifyTokens(ctx context.Context, seqs []tokenize.Sequence) ([][]float32, error) {
	return s.run(ctx, TokenClass, seqs)
}

// run computes the results of all sequences, in their order.
func (s *Session) run(ctx context.Context, h Head, seqs []tokenize.Sequence) ([][]float32, error) {
	if h != s.head {
		return nil, fmt.Errorf("run model: the session was opened for %v, not %v", s.head, h)
	}
	for i, q := range seqs {
		if err := s.config.checkSequence(q); err != nil {
			return nil, fmt.Errorf("run model: sequence %d: %w", i, err)
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, fmt.Errorf("run model: %w", ErrClosed)
	}
	out := make([][]float32, len(seqs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.o.Parallel)
	for _, b := range s.net.batches(seqs, s.o.BatchTokens) {
		group.Go(func() error { return s.runBatch(ctx, seqs, b, out) })
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("run model: %w", err)
	}
	return out, nil
}

// runBatch computes the results of a batch when there is a slot for it.
func (s *Session) runBatch(ctx context.Context, seqs []tokenize.Sequence, indices []int, out [][]float32) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return s.net.run(ctx, seqs, indices, out)
}

// checkSequence makes sure that the model has an embedding for every token.
func (c Config) checkSequence(q tokenize.Sequence) error {
	switch n := len(q.IDs); {
	case n == 0:
		return errors.New("it is empty")
	case n > c.MaxPositions:
		return fmt.Errorf("its %d tokens are more than the %d that the model reads", n, c.MaxPositions)
	case q.Split < 0 || q.Split > n:
		return fmt.Errorf("its second text begins at token %d of %d", q.Split, n)
	case q.Split < n && c.TokenTypes < 2:
		return errors.New("it has two texts, the model knows of one only")
	}
	for i, id := range q.IDs {
		if id < 0 || int(id) >= c.VocabSize {
			return fmt.Errorf("token %d is %s, the vocabulary has %d", i, strconv.Itoa(int(id)), c.VocabSize)
		}
	}
	return nil
}
