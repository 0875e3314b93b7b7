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
	"github.com/albert-search/albert-search/ingest/extract"
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
	// allMemory is the full weight of indexRun.memory: more than the number of
	// documents that are read at once.
	allMemory = 1 << 20
	// publishEvery bounds what an interruption costs.
	publishEvery = 5 * time.Second
	// whileLocked is how long a run looks whether there is anything to do while
	// another process writes.
	whileLocked = 2 * time.Second
)

// IndexRequest says what to index.
type IndexRequest struct {
	Sources []ingest.Source
	// Changed are files and folders that may have changed, with all that is in
	// them, and Removed those that are no more. If there are any, nothing else is
	// looked at: of the sources those are asked that are an ingest.Finder. What
	// is there all the same is indexed, and what of Changed is not there is
	// removed.
	Changed, Removed []string
	// Force reads and embeds documents again that did not change.
	Force bool
	// Prune removes the documents that were not found also where something
	// speaks against it, as IndexSummary.Held says.
	Prune bool
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
	// Embedded passages had a text that was embedded; the others have the vector
	// of a passage that was embedded as the same.
	Embedded int `json:"embedded,omitempty"`
	Bytes    int `json:"bytes,omitempty"`

	added int // passages of which the index had no vector
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
	Interrupted bool `json:"interrupted"`
	Indexed     int  `json:"indexed"`
	Unchanged   int  `json:"unchanged"`
	Skipped     int  `json:"skipped"`
	Failed      int  `json:"failed"`
	Removed     int  `json:"removed"`
	// Passages counts what is new in the documents indexed: passages of which the
	// index did not have the text under the same title.
	Passages int `json:"passages"`
	// Embedded and Reused make up all passages of the documents indexed: those that
	// were embedded, and those that have the vector of a passage with the same
	// title and text, which the index had or which is new as well.
	Embedded int          `json:"embedded"`
	Reused   int          `json:"reused"`
	Bytes    int64        `json:"bytes"`   // of the documents' extracted text
	Took     Milliseconds `json:"took_ms"` // 0 for a run that did not come to its end
	// Partial counts those of Indexed and Unchanged that were read only in part.
	Partial int `json:"partial"`
	// Reembedding is for programs that call Reembed first: Index leaves it nil.
	Reembedding *ReembedSummary `json:"reembedding,omitempty"`
	// Unread has the reports of documents that were skipped, failed or read
	// only in part.
	Unread []FileReport `json:"unread"`
	// Held says of documents that were not found and why they were kept.
	Held []ingest.Held `json:"held,omitempty"`
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
	return newIndexRun(ctx, e, r).finish(ctx, func(run *indexRun) error { return e.index(ctx, run) })
}

// Indexer is an index that is open for writing, for programs that change it
// again and again: it costs a call of Index no more than what has changed.
type Indexer struct {
	engine *Engine
	writer index.Writer
	mu     sync.Mutex // held by a run
}

// Indexer opens the index for writing and makes it if there is none. While it is
// open nobody else can write; searches go on, and see what each call of Index has
// done. Close must be called after the last use, and before that of the Engine.
func (e *Engine) Indexer(ctx context.Context) (*Indexer, error) {
	model, err := e.models.identity(ctx)
	if err != nil {
		return nil, err
	}
	w, err := e.store.Create(ctx, e.newSettings(model))
	if err != nil {
		return nil, e.otherEmbedder(ctx, err, model)
	}
	return &Indexer{engine: e, writer: w}, nil
}

// Index is Engine.Index. One call waits for another.
func (x *Indexer) Index(ctx context.Context, r IndexRequest) (IndexSummary, error) {
	return newIndexRun(ctx, x.engine, r).finish(ctx, func(run *indexRun) error { return x.index(ctx, run) })
}

// Close lets others write.
func (x *Indexer) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.writer.Close()
}

// index is Engine.Index: it looks whether there is anything to do before it opens
// the index for writing.
func (e *Engine) index(ctx context.Context, run *indexRun) error {
	if !run.partial() {
		if done, err := e.look(ctx, run); done || err != nil {
			return err
		}
	}
	x, err := e.Indexer(ctx)
	if err != nil {
		return err
	}
	return errors.Join(x.index(ctx, run), x.Close())
}

// look lists at the same time what the sources have, where that can be done
// more than once, and what the index has. done says that there is nothing to do,
// as far as that can be told without reading.
func (e *Engine) look(ctx context.Context, run *indexRun) (done bool, err error) {
	model, err := e.models.identity(ctx)
	if err != nil {
		return false, err
	}
	settings := e.newSettings(model)
	look := ctx
	locked := e.store.Locked(ctx)
	if locked != nil {
		var cancel context.CancelFunc
		look, cancel = context.WithTimeoutCause(ctx, whileLocked, locked)
		defer cancel()
	}
	lacking := false
	g, both := errgroup.WithContext(look)
	g.Go(func() error {
		err := index.Read(both, e.store, func(s index.Snapshot) error {
			stats, err := s.Stats(both)
			if err != nil || !stats.Settings.Same(settings) {
				return err // Create says what is wrong with the settings
			}
			lacking = stats.Outdated
			return run.readKnown(both, s, stats)
		})
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
	if repeatable(run.request.Sources) {
		g.Go(func() error { return run.list(both) })
	}
	if err := g.Wait(); err != nil {
		if locked != nil && context.Cause(look) == locked {
			return false, locked
		}
		return false, err
	}
	if lacking && locked == nil || run.listing == nil || run.known == nil {
		return false, nil // a writer that is at work sees to what is lacking
	}
	return run.nothingNew(look), nil
}

// index is Indexer.Index.
func (x *Indexer) index(ctx context.Context, run *indexRun) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	run.writer = x.writer
	if run.before, err = x.writer.Snapshot(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.before.Release()) }()
	if err = run.do(ctx); err != nil && ctx.Err() != nil {
		// What was applied is whole: keep it.
		err = errors.Join(err, run.publish(context.WithoutCancel(ctx)))
	}
	return err
}

// otherEmbedder returns err, or an *EmbedderError if it says that the index has
// settings that a re-embedding can change.
func (e *Engine) otherEmbedder(ctx context.Context, err error, model index.Embedder) error {
	var other *index.SettingsError
	if !errors.As(err, &other) {
		return err
	}
	if !other.Have.With(other.Want.Model()).Same(other.Want) {
		return err
	}
	stats, serr := e.stats(ctx)
	if serr != nil {
		return errors.Join(err, serr)
	}
	return cmp.Or(e.mismatch(stats, model), err)
}

// newSettings are those of an index that the engine makes with the embedder.
func (e *Engine) newSettings(model index.Embedder) index.Settings {
	return index.Settings{
		Languages: index.LanguagesOf(e.languages.Allowed()...), SplitTokens: ingest.DefaultSplitTokens,
	}.With(model)
}

// indexRun is one run of Index. Four stages hand on what they made: load reads
// documents, collect makes batches, embed gives their passages vectors, apply
// writes and reports. Each keeps the order of the sources, so that what is
// written does not depend on which of them is quicker.
type indexRun struct {
	request  IndexRequest
	embedder func(context.Context) (embed.Embedder, error)
	versions versions
	// languages may be nil.
	languages extract.LanguageDetector
	writer    index.Writer
	before    index.Snapshot // what there was when the run began

	// listing and known are what the sources and the index have, of a partial
	// run what they have at the paths.
	listing *ingest.Listing
	known   *knownDocuments
	summary IndexSummary

	mu       sync.Mutex // of progress, which several goroutines advance
	progress Progress

	// memory is a budget. Each document that is being read has one unit of it, a
	// large one all from its passages on until it is written.
	memory *semaphore.Weighted

	unreported []FileReport // applied but not published
	published  time.Time
}

func newIndexRun(ctx context.Context, e *Engine, r IndexRequest) *indexRun {
	return &indexRun{
		request: e.logFailures(ctx, r), embedder: e.models.embedder, versions: e.versions.with(r.Sources), languages: e.o.LanguageDetector, memory: semaphore.NewWeighted(allMemory), published: time.Now(),
		summary: IndexSummary{Index: e.address(), Unread: []FileReport{}},
	}
}

// finish carries out the run and returns its summary.
func (r *indexRun) finish(ctx context.Context, do func(*indexRun) error) (IndexSummary, error) {
	began := time.Now()
	if err := do(r); err != nil {
		r.summary.Interrupted = ctx.Err() != nil
		return r.summary, err
	}
	r.summary.Took = since(began)
	return r.summary, nil
}

// partial reports whether the run is about some paths alone.
func (r *indexRun) partial() bool { return len(r.request.Changed)+len(r.request.Removed) > 0 }

// applied calls f with what a writer has applied.
func applied(ctx context.Context, w index.Writer, f func(index.Snapshot) error) (err error) {
	s, err := w.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Release()) }()
	return f(s)
}

// do brings the index up to date.
func (r *indexRun) do(ctx context.Context) error {
	stats, err := r.before.Stats(ctx)
	if err != nil {
		return err
	}
	// Somebody may have written before the index was locked.
	if r.known == nil || r.known.generation == 0 || r.known.generation != stats.Generation {
		if err := r.readKnown(ctx, r.before, stats); err != nil {
			return err
		}
	}
	if r.listing == nil {
		if err := r.list(ctx); err != nil {
			return err
		}
	}
	plan, err := r.plan()
	if err != nil {
		return err
	}
	r.summary.Held = plan.Held
	r.expect(plan.Entries)
	if err := r.pipeline(ctx, plan.Entries); err != nil {
		return err
	}
	if err := r.remove(ctx, plan.Gone); err != nil {
		return err
	}
	if stats.Vectors < stats.Passages {
		if err := r.embedMissing(ctx); err != nil {
			return err
		}
	}
	return r.publish(ctx)
}

// apply writes a batch and notes the reports of its documents; they are given
// out when the batch is published.
func (r *indexRun) apply(ctx context.Context, b *batch) error {
	b.assignVectors()
	if err := r.writer.Apply(ctx, b.change); err != nil {
		return fmt.Errorf("write %d documents: %w", len(b.change.Put), err)
	}
	if b.large {
		r.memory.Release(allMemory)
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
		r.summary.Passages += f.added
		r.summary.Embedded += f.Embedded
		r.summary.Reused += f.Passages - f.Embedded
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
	if err := r.writer.Publish(ctx); err != nil {
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
