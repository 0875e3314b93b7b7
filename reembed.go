package albertsearch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
)

// EmbedderError says that the vectors of an index are not those of the engine's
// embedder. errors.Is(err, index.ErrModelMismatch) holds.
type EmbedderError struct {
	Dir string
	// Index made the vectors of the index, Engine is what the engine has.
	Index, Engine index.Embedder
	// Done of Passages have vectors of the engine's embedder already, of an
	// unfinished re-embedding.
	Done, Passages int
}

func (e *EmbedderError) Error() string {
	text := fmt.Sprintf("%s: the embedding model of the index is %v, that of this program is %v", e.Dir, e.Index, e.Engine)
	if e.Done > 0 {
		text += fmt.Sprintf("; %d of %d passages are embedded with it already", e.Done, e.Passages)
	}
	return text
}

func (e *EmbedderError) Unwrap() error { return index.ErrModelMismatch }

// mismatch returns an *EmbedderError if the settings differ in the embedder.
func (e *Engine) mismatch(stats index.Stats, want index.Embedder) error {
	have := stats.Settings.Model()
	if have.Is(want) {
		return nil
	}
	err := &EmbedderError{Dir: e.address(), Index: have, Engine: want}
	if r := stats.Reembedding; r.Embedder.Is(want) {
		err.Done, err.Passages = r.Passages, stats.Passages
	}
	return err
}

// ReembedRequest says how an index is re-embedded.
type ReembedRequest struct {
	// ToIndex says that Index is called next: Reembed then begins only if Index
	// would accept the rest of the settings.
	ToIndex bool
	// Progress is called now and then, not by two goroutines at once; it may
	// be nil.
	Progress func(ReembedProgress)
}

// ReembedProgress is a state of a run of Reembed.
type ReembedProgress struct {
	// Done of Passages have a vector of the engine's embedder.
	Done, Passages int
}

// ReembedSummary counts what a run of Reembed did.
type ReembedSummary struct {
	// From made the vectors that the index had before, To is the engine's
	// embedder. When From.Is(To) there was nothing to do.
	From index.Embedder `json:"from"`
	To   index.Embedder `json:"to"`
	// Complete says that the index has the vectors of To now.
	Complete bool `json:"complete"`
	// Passages are all that the index has. In this run Embedded of them were
	// embedded, and Copied have the vector of another one with the same text;
	// Resumed had theirs already from an earlier run.
	Passages int `json:"passages"`
	Embedded int `json:"embedded"`
	Copied   int `json:"copied"`
	Resumed  int `json:"resumed"`
	// Discarded counts vectors of a third embedder, of a re-embedding that was
	// never finished.
	Discarded int          `json:"discarded"`
	Took      Milliseconds `json:"took_ms"`
}

// Reembed gives the passages of the index vectors of the engine's embedder. The
// files that the passages come from need not exist any more, and passages stay
// what they are. Searches, in this process or another, use the old vectors
// until all new ones are there; then one generation switches to them. When
// Reembed is interrupted or fails, what was embedded is kept, as far as it was
// published, and the next run embeds only the rest.
//
// When the index has vectors of that embedder already, Reembed only discards
// what there is of an unfinished re-embedding for another one.
func (e *Engine) Reembed(ctx context.Context, r ReembedRequest) (sum ReembedSummary, err error) {
	began := time.Now()
	stats, err := e.stats(ctx)
	if err != nil {
		return sum, err
	}
	model, err := e.models.identity(ctx)
	if err != nil {
		return sum, err
	}
	want := e.newSettings(model)
	sum = ReembedSummary{From: stats.Settings.Model(), To: want.Model(), Passages: stats.Passages}
	if r.ToIndex && !stats.Settings.With(want.Model()).Same(want) {
		return sum, &index.SettingsError{Dir: e.address(), Have: stats.Settings, Want: want}
	}
	if sum.From.Is(sum.To) && stats.Reembedding == (index.Unfinished{}) {
		sum.Complete, sum.Took = true, since(began)
		return sum, nil
	}
	if err := e.store.Locked(ctx); err != nil {
		return sum, err // before a model is loaded
	}
	embedder, err := e.models.embedder(ctx)
	if err != nil {
		return sum, err
	}
	store, err := e.store.Create(ctx, stats.Settings)
	if err != nil {
		return sum, err
	}
	run := &reembedRun{store: store, embedder: embedder, request: r, summary: sum, seen: make(map[textKey]index.PassageID)}
	err = run.do(ctx)
	if err != nil && ctx.Err() != nil {
		// What was added is whole: keep it.
		err = errors.Join(err, run.publish(context.WithoutCancel(ctx)))
	}
	if err := errors.Join(err, store.Close()); err != nil {
		return run.summary, err
	}
	run.summary.Complete = true
	run.summary.Took = since(began)
	return run.summary, nil
}

// stats returns the counts of the newest generation.
func (e *Engine) stats(ctx context.Context) (stats index.Stats, err error) {
	err = e.read(ctx, func(store index.Snapshot) error {
		stats, err = store.Stats(ctx)
		return err
	})
	return stats, err
}

// reembedRun is one run of Reembed.
type reembedRun struct {
	store    index.Writer
	shadow   index.Reembedding
	embedder embed.Embedder
	request  ReembedRequest
	summary  ReembedSummary
	progress ReembedProgress

	// seen has a passage with a vector for each text.
	seen map[textKey]index.PassageID

	unpublished struct{ embedded, copied int }
	published   time.Time
}

// textKey stands for what is embedded of a passage: equal keys have equal
// vectors. A map of them is smaller than one of texts.
type textKey [sha256.Size]byte

func keyOf(doc *index.Info, p *index.Passage) textKey {
	// The length keeps the end of a title from being taken for a text's beginning.
	return sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(doc.Title), doc.Title, p.Text))
}

func (r *reembedRun) do(ctx context.Context) error {
	var stats index.Stats
	err := applied(ctx, r.store, func(s index.Snapshot) (err error) {
		stats, err = s.Stats(ctx) // again, now that nobody else writes
		return err
	})
	if err != nil {
		return err
	}
	r.published = time.Now()
	r.summary.Passages, r.progress.Passages = stats.Passages, stats.Passages
	u := stats.Reembedding
	if !u.Embedder.Is(r.summary.To) {
		r.summary.Discarded = u.Passages
	}
	if !r.summary.From.Is(r.summary.To) {
		return r.reembed(ctx)
	}
	if u == (index.Unfinished{}) {
		return nil
	}
	shadow, err := r.begin(ctx, u.Embedder)
	if err != nil {
		return err
	}
	return shadow.Discard(ctx) // which Close publishes
}

// begin begins a re-embedding or goes on with one.
func (r *reembedRun) begin(ctx context.Context, e index.Embedder) (index.Reembedding, error) {
	w, ok := r.store.(index.Reembedder)
	if !ok {
		return nil, fmt.Errorf("re-embed the index: %w", errors.ErrUnsupported)
	}
	return w.Reembed(ctx, e)
}

// reembed fills the shadow and switches to it.
func (r *reembedRun) reembed(ctx context.Context) (err error) {
	if r.shadow, err = r.begin(ctx, r.summary.To); err != nil {
		return err
	}
	r.tell(0)
	var batch []index.Stored
	bytes := 0
	for p, err := range r.shadow.Passages(ctx) {
		if err != nil {
			return fmt.Errorf("read the passages of the index: %w", err)
		}
		if p.Vector != nil {
			r.seen[keyOf(p.Doc, &p.Passage)] = p.ID
			r.summary.Resumed++
			r.progress.Done++
			continue
		}
		// A batch has whole documents.
		if (len(batch) >= batchPassages || bytes >= batchBytes) && p.Doc != batch[len(batch)-1].Doc {
			if err := r.add(ctx, batch); err != nil {
				return err
			}
			batch, bytes = batch[:0], 0
		}
		batch = append(batch, p)
		bytes += len(p.Text)
	}
	if err := r.add(ctx, batch); err != nil {
		return err
	}
	if err := r.shadow.Switch(ctx); err != nil {
		return fmt.Errorf("switch to the new vectors: %w", err)
	}
	r.count()
	return nil
}

// add embeds passages, equal texts once, and puts their vectors into the
// shadow.
func (r *reembedRun) add(ctx context.Context, batch []index.Stored) error {
	if len(batch) == 0 {
		return nil
	}
	vectors := make([]index.Embedded, len(batch))
	keys := make([]textKey, len(batch))
	at := make(map[textKey]int) // text to its index in texts
	var texts []string
	for i := range batch {
		p := &batch[i]
		vectors[i].ID, keys[i] = p.ID, keyOf(p.Doc, &p.Passage)
		if first, ok := r.seen[keys[i]]; ok {
			v, err := r.shadow.Vector(ctx, first)
			if err != nil {
				return err
			}
			vectors[i].Vector = v
		}
		if _, ok := at[keys[i]]; vectors[i].Vector == nil && !ok {
			at[keys[i]] = len(texts)
			p.Match = normalized(p.Text)
			texts = append(texts, embedText(p.Doc, &p.Passage))
		}
	}
	r.tell(len(batch) - len(texts))
	embedded, err := embedAll(ctx, r.embedder, texts, r.tell)
	if err != nil {
		return fmt.Errorf("embed passages of %s: %w", batch[0].Doc.Path, err)
	}
	for i := range vectors {
		if vectors[i].Vector == nil {
			vectors[i].Vector = embedded[at[keys[i]]]
		}
	}
	if err := r.shadow.Add(ctx, vectors); err != nil {
		return fmt.Errorf("write the vectors of %d passages: %w", len(vectors), err)
	}
	for i := range vectors {
		r.seen[keys[i]] = vectors[i].ID
	}
	r.unpublished.embedded += len(texts)
	r.unpublished.copied += len(batch) - len(texts)
	if time.Since(r.published) < publishEvery {
		return nil
	}
	return r.publish(ctx)
}

// tell advances the progress by n passages.
func (r *reembedRun) tell(n int) {
	r.progress.Done += n
	if r.request.Progress != nil {
		r.request.Progress(r.progress)
	}
}

// publish makes durable what was added, then counts it.
func (r *reembedRun) publish(ctx context.Context) error {
	if err := r.store.Publish(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	r.published = time.Now()
	r.count()
	return nil
}

func (r *reembedRun) count() {
	r.summary.Embedded += r.unpublished.embedded
	r.summary.Copied += r.unpublished.copied
	r.unpublished.embedded, r.unpublished.copied = 0, 0
}
