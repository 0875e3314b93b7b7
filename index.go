package albertsearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
)

const (
	// A batch holds about this many passages: enough that the embedder finds
	// texts of like length, few enough that little is lost when it is.
	batchPassages = 256
	// embedStep is the number of passages that are embedded at once, and after
	// which progress is told.
	embedStep = 64
	// batchBytes bounds the text of a batch, and with it its memory.
	batchBytes = 8 << 20
	// largeBytes is the length of text from which on only one document at a
	// time is divided, embedded and written: passages, vectors and postings take
	// many times as much as the text. A few more may wait as texts.
	largeBytes = 4 << 20
	// allRoom is that of indexRun: more documents than are read at once.
	allRoom = 1 << 20
	// publishEvery bounds what an interruption costs.
	publishEvery = 5 * time.Second
	// whileLocked is how long a run looks whether there is anything to do while
	// another process writes.
	whileLocked = 2 * time.Second
)

// IndexRequest says what to index.
type IndexRequest struct {
	Sources []ingest.Source
	// Force reads and embeds documents again that did not change.
	Force bool
	// Report is called for each document once what became of it is durable.
	// Progress is called now and then. Neither is called by two goroutines at
	// once; either may be nil.
	Report   func(FileReport)
	Progress func(Progress)
}

// Outcome says what became of a document.
type Outcome string

// The outcomes.
const (
	OutcomeIndexed   Outcome = "indexed"
	OutcomeUnchanged Outcome = "unchanged"
	OutcomeSkipped   Outcome = "skipped"
	OutcomeFailed    Outcome = "failed"
	OutcomeRemoved   Outcome = "removed"
)

// FileReport tells what became of one document.
type FileReport struct {
	ID      string  `json:"id"`
	Path    string  `json:"path"`
	Outcome Outcome `json:"outcome"`
	// Reason says why a document was skipped or failed, or what of an indexed
	// one was left out.
	Reason   string `json:"reason,omitempty"`
	Type     string `json:"type,omitempty"`
	Passages int    `json:"passages,omitempty"`
	Bytes    int    `json:"bytes,omitempty"`
}

// Partial reports whether some of an indexed document could not be read: Reason
// says what.
func (f FileReport) Partial() bool {
	return (f.Outcome == OutcomeIndexed || f.Outcome == OutcomeUnchanged) && f.Reason != ""
}

// Progress is a state of a run of Index.
type Progress struct {
	// Done of Documents are dealt with; DoneBytes of Bytes, file sizes.
	Done, Documents  int
	DoneBytes, Bytes int64
	// Passages counts the passages that have their vectors.
	Passages int
}

// IndexSummary counts what a run of Index did.
type IndexSummary struct {
	Index string `json:"index"` // its address
	// Interrupted says that the context ended before the run did.
	Interrupted bool         `json:"interrupted"`
	Indexed     int          `json:"indexed"`
	Unchanged   int          `json:"unchanged"`
	Skipped     int          `json:"skipped"`
	Failed      int          `json:"failed"`
	Removed     int          `json:"removed"`
	Passages    int          `json:"passages"` // of the documents indexed
	Bytes       int64        `json:"bytes"`    // of their extracted text
	Took        Milliseconds `json:"took_ms"`  // 0 for a run that did not come to its end
	// Partial counts those of Indexed and Unchanged that were read only in part.
	Partial int `json:"partial"`
	// Reembedding is for programs that call Reembed first: Index leaves it nil.
	Reembedding *ReembedSummary `json:"reembedding,omitempty"`
	// Unread has the reports of documents that were skipped, failed or read
	// only in part.
	Unread []FileReport `json:"unread"`
}

// Index brings the index up to date with the sources: it reads documents that
// are new or changed and removes those that are gone. A document that cannot
// be read is counted and reported, and the rest goes on. When Index is
// interrupted or fails, what was reported stays, and the index is as it was
// before for the rest.
//
// When the file system says that nothing has changed, Index writes nothing and
// loads no model. If another process has the index open for writing that has to
// show within two seconds, or Index returns a *index.LockedError.
func (e *Engine) Index(ctx context.Context, r IndexRequest) (IndexSummary, error) {
	began := time.Now()
	run := &indexRun{request: e.logFailures(ctx, r), embedder: e.models.embedder, published: began, room: semaphore.NewWeighted(allRoom)}
	run.summary.Index, run.summary.Unread = e.address(), []FileReport{}
	if err := e.index(ctx, run); err != nil {
		run.summary.Interrupted = ctx.Err() != nil
		return run.summary, err
	}
	run.summary.Took = since(began)
	return run.summary, nil
}

func (e *Engine) index(ctx context.Context, run *indexRun) (err error) {
	model, err := e.models.identity(ctx)
	if err != nil {
		return err
	}
	settings := newSettings(model)
	look := ctx
	locked := e.store.Locked(ctx)
	if locked != nil {
		var cancel context.CancelFunc
		look, cancel = context.WithTimeoutCause(ctx, whileLocked, locked)
		defer cancel()
	}
	var o *offer
	g, both := errgroup.WithContext(look)
	g.Go(func() error {
		err := run.read(both, e.store, settings)
		if !errors.Is(err, index.ErrNotFound) {
			return err
		}
		if locked != nil {
			return locked // by who makes it
		}
		// All will have to be embedded: before anything is made.
		_, err = run.embedder(both)
		return err
	})
	if canWait(run.request.Sources) {
		g.Go(func() (err error) {
			o, err = scan(both, run.request.Sources)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		if locked != nil && context.Cause(look) == locked {
			return locked
		}
		return err
	}
	if locked != nil {
		run.lacking = false // who writes sees to that
	}
	if o != nil && run.previous != nil && run.nothingNew(look, o) {
		return nil
	}
	run.store, err = e.store.Create(ctx, settings)
	if err != nil {
		return e.otherEmbedder(ctx, err, model)
	}
	if o == nil {
		o, err = scan(ctx, run.request.Sources)
	}
	if err == nil {
		err = run.do(ctx, o)
	}
	if err != nil && ctx.Err() != nil {
		// What was applied is whole: keep it.
		err = errors.Join(err, run.publish(context.WithoutCancel(ctx)))
	}
	return errors.Join(err, run.store.Close())
}

// otherEmbedder returns err, or an *EmbedderError if it says that the index has
// settings that a re-embedding can change.
func (e *Engine) otherEmbedder(ctx context.Context, err error, model index.Embedder) error {
	var other *index.SettingsError
	if !errors.As(err, &other) {
		return err
	}
	if other.Have.With(other.Want.Model()) != other.Want {
		return err
	}
	stats, serr := e.stats(ctx)
	if serr != nil {
		return errors.Join(err, serr)
	}
	return cmp.Or(e.mismatch(stats, model), err)
}

// newSettings are those of an index that the engine makes with the embedder.
func newSettings(model index.Embedder) index.Settings {
	return index.Settings{
		Analyzer: "en", SplitTokens: ingest.DefaultSplitTokens, SplitVersion: ingest.SplitVersion,
	}.With(model)
}

// indexRun is one run of Index. Four stages hand on what they made: load reads
// documents, collect makes batches, embed gives their passages vectors, apply
// writes and reports. Each keeps the order of the sources, so that what is
// written does not depend on which of them is quicker.
type indexRun struct {
	store    index.Writer
	request  IndexRequest
	embedder func(context.Context) (embed.Embedder, error)

	previous map[string]*index.Info
	lacking  bool // the newest generation has less than a writer makes of it
	summary  IndexSummary

	mu       sync.Mutex // of progress, which several goroutines advance
	progress Progress

	// room is had in part by each document that is being read, and whole by a
	// large one from its passages on until it is written: both take much memory.
	room *semaphore.Weighted

	unreported []FileReport // applied but not published
	published  time.Time
}

// read learns what the newest generation has, if it was made with the settings.
func (r *indexRun) read(ctx context.Context, store index.Backend, want index.Settings) error {
	return index.Read(ctx, store, func(s index.Snapshot) error {
		stats, err := s.Stats(ctx)
		if err != nil || !stats.Settings.Same(want) {
			return err // of other settings Create tells
		}
		r.lacking = stats.Outdated
		return r.list(ctx, s)
	})
}

// list notes the documents that are in the store.
func (r *indexRun) list(ctx context.Context, store index.Snapshot) error {
	stats, err := store.Stats(ctx)
	if err != nil {
		return err
	}
	r.previous = make(map[string]*index.Info, stats.Documents+stats.Failed+stats.Skipped)
	for info, err := range store.Documents(ctx, "") {
		if err != nil {
			return fmt.Errorf("list what is indexed: %w", err)
		}
		r.previous[info.ID] = info
	}
	return nil
}

// applied calls f with what a writer has applied.
func applied(ctx context.Context, w index.Writer, f func(index.Snapshot) error) (err error) {
	s, err := w.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Release()) }()
	return f(s)
}

// do brings the store up to date.
func (r *indexRun) do(ctx context.Context, o *offer) error {
	// Again, now that nobody else writes.
	if err := applied(ctx, r.store, func(s index.Snapshot) error { return r.list(ctx, s) }); err != nil {
		return err
	}
	r.expect(o)
	if err := r.pipeline(ctx, o.entries); err != nil {
		return err
	}
	if err := r.removeGone(ctx, o.census); err != nil {
		return err
	}
	return r.publish(ctx)
}

// apply writes a batch and notes the reports of its documents; they are given
// out when the batch is published.
func (r *indexRun) apply(ctx context.Context, b *batch) error {
	b.fill()
	if err := r.store.Apply(ctx, b.change); err != nil {
		return fmt.Errorf("write %d documents: %w", len(b.change.Put), err)
	}
	if b.large {
		r.room.Release(allRoom)
	}
	r.unreported = append(r.unreported, b.reports...)
	r.advance(func(p *Progress) {
		p.Done += b.done
		p.DoneBytes += b.doneBytes
		p.Passages += b.known
	})
	if time.Since(r.published) < publishEvery {
		return nil
	}
	return r.publish(ctx)
}

// advance changes the progress and tells of it.
func (r *indexRun) advance(change func(*Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress)
	if r.request.Progress != nil {
		r.request.Progress(r.progress)
	}
}

func (r *indexRun) count(f FileReport) {
	if f.Partial() {
		r.summary.Partial++
	}
	if f.Partial() || f.Outcome == OutcomeFailed || f.Outcome == OutcomeSkipped {
		r.summary.Unread = append(r.summary.Unread, f)
	}
	switch f.Outcome {
	case OutcomeIndexed:
		r.summary.Indexed++
		r.summary.Passages += f.Passages
		r.summary.Bytes += int64(f.Bytes)
	case OutcomeUnchanged:
		r.summary.Unchanged++
	case OutcomeSkipped:
		r.summary.Skipped++
	case OutcomeFailed:
		r.summary.Failed++
	case OutcomeRemoved:
		r.summary.Removed++
	}
}

// publish makes durable what was applied, then counts and reports it.
func (r *indexRun) publish(ctx context.Context) error {
	if err := r.store.Publish(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	r.published = time.Now()
	for _, f := range r.unreported {
		r.report(f)
	}
	r.unreported = r.unreported[:0]
	return nil
}

// report counts and reports what is durable.
func (r *indexRun) report(f FileReport) {
	r.count(f)
	if r.request.Report != nil {
		r.request.Report(f)
	}
}
