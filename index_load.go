package albertsearch

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/textnorm"
)

// loaded is an entry after it was looked at, and read if need be.
type loaded struct {
	report FileReport
	size   int64
	put    *index.Document
	// previous is what the index has of the document; nil if it is new.
	previous *index.Info
	replaces string      // the ID of previous in the index, if it is not that of put
	keys     []textKey   // of put's passages
	touch    *index.Info // its new Info; the passages stay
	// large is a document of largeBytes or more that has yet to be divided into
	// put's passages.
	large *ingest.Document
	err   error // what ends the run
}

// pipeline reads, embeds and writes the entries, in their order.
func (r *indexRun) pipeline(ctx context.Context, entries []ingest.Entry) error {
	g, ctx := errgroup.WithContext(ctx)
	cores := runtime.GOMAXPROCS(0)
	// A slot a document keeps the order; the channel's capacity bounds how
	// many documents are in memory.
	slots := make(chan chan *loaded, cores)
	// Steps of one batch may wait while the next batch is made, and a batch
	// until it can be written: the embedder always has something to do.
	steps := make(chan *step, batchPassages/embedStep)
	batches := make(chan *batch, 1)
	g.Go(func() error {
		defer close(slots)
		return r.loadAll(ctx, entries, slots)
	})
	g.Go(func() error {
		defer close(batches)
		defer close(steps)
		return r.collect(ctx, slots, steps, batches)
	})
	// One more than there are cores: while a step begins or ends it does not
	// need them all.
	for range cores + 1 {
		g.Go(func() error { return r.embedAll(ctx, steps) })
	}
	g.Go(func() error { return r.applyAll(ctx, batches) })
	return g.Wait()
}

// loadAll reads the entries and hands on a slot for each, in their order.
func (r *indexRun) loadAll(ctx context.Context, entries []ingest.Entry, slots chan<- chan *loaded) error {
	var loading sync.WaitGroup
	defer loading.Wait() // an interrupted run leaves nobody reading
	for _, entry := range entries {
		slot := make(chan *loaded, 1)
		if err := send(ctx, slots, slot); err != nil {
			return err
		}
		if l := r.classifyByStat(ctx, entry); l != nil {
			slot <- l
			continue
		}
		units := int64(1)
		if entry.Stat.Size >= largeBytes {
			units = allMemory/2 + 1 // one at a time
		}
		if err := r.memory.Acquire(ctx, units); err != nil {
			return err
		}
		loading.Go(func() {
			defer r.memory.Release(units)
			slot <- r.load(ctx, entry)
		})
	}
	return nil
}

// embedAll embeds steps until there are no more.
func (r *indexRun) embedAll(ctx context.Context, steps <-chan *step) error {
	for s := range steps {
		if err := r.embed(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// applyAll writes batches, each when it has its vectors.
func (r *indexRun) applyAll(ctx context.Context, batches <-chan *batch) error {
	for b := range batches {
		if _, err := receive(ctx, b.embedded); err != nil {
			return err
		}
		if err := r.apply(ctx, b); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// classifyByStat decides what becomes of an entry by what is known of it without
// reading it, nil if that is not enough.
func (r *indexRun) classifyByStat(ctx context.Context, e ingest.Entry) *loaded {
	l := &loaded{report: FileReport{ID: e.ID, Path: e.Path}, size: e.Stat.Size}
	previous := r.known.byID[e.ID]
	switch {
	case e.Skip != nil:
		r.markFailed(l, e, previous, e.Skip)
	case r.request.Force || previous == nil || r.versions.differ(previous, e):
		return nil
	case previous.State != index.Skipped:
		if !ingest.Unchanged(previous.Fingerprint.Stat, e.Stat) {
			return nil
		}
		l.unchanged(previous)
	default:
		// A kind that was not read may be one that is read by now; telling
		// costs next to nothing.
		_, err := e.Load(ctx)
		if err == nil {
			return nil
		}
		r.markFailed(l, e, previous, err)
	}
	return l
}

// load decides what becomes of an entry that its stat was not enough for.
func (r *indexRun) load(ctx context.Context, e ingest.Entry) *loaded {
	l := &loaded{report: FileReport{ID: e.ID, Path: e.Path}, size: e.Stat.Size}
	previous := r.known.byID[e.ID]
	_, upgraded := r.known.stored[e.ID]
	known := previous != nil && previous.State != index.Skipped && !upgraded
	if known && !r.request.Force && !r.versions.differ(previous, e) && r.contentUnchanged(ctx, e, previous, l) {
		return l
	}
	doc, err := e.Load(ctx)
	if err != nil {
		r.markFailed(l, e, previous, err)
		if known && previous.State == index.Indexed && r.versions.differ(previous, e) && !errors.Is(err, extract.ErrTransient) {
			// The next run does not try again: it would fail as well.
			info := *previous
			info.Versions = document.Versions{Reader: max(info.Versions.Reader, r.versions.readers[info.Type]), Splitter: r.versions.splitter, Container: e.Container, Encoding: e.Encoding}
			l.touch = &info
		}
		return l
	}
	doc.DetectLanguage(r.languages)
	info := index.Info{
		ID: e.ID, Path: e.Path, Title: doc.Title, Type: doc.Type, Modified: doc.Modified, Metadata: doc.Metadata, Language: doc.Language,
		Fingerprint: doc.Fingerprint, Reason: doc.Note, LeftOut: doc.LeftOut, Bytes: len(doc.Body), Versions: r.versions.of(doc),
	}
	l.previous = previous
	l.put = &index.Document{Info: info}
	l.report.Outcome = OutcomeIndexed
	l.report.Reason = info.Reason
	l.report.Type = info.Type
	l.report.Bytes = info.Bytes
	if len(doc.Body) >= largeBytes {
		l.large = doc
	} else {
		l.err = r.split(ctx, l, doc)
	}
	return l
}

// split makes the passages of a document that is to be put.
func (r *indexRun) split(ctx context.Context, l *loaded, doc *ingest.Document) error {
	embedder, err := r.embedder(ctx)
	if err != nil {
		return err
	}
	l.put.Content = passages(doc, r.languages, embedder)
	if !r.request.Force {
		if err := r.reuseVectors(ctx, l.previous, l.put); err != nil {
			return err
		}
	}
	for i := range l.put.Content {
		l.keys = append(l.keys, keyOf(&l.put.Info, &l.put.Content[i]))
	}
	l.report.Passages = len(l.put.Content)
	return nil
}

// reuseVectors gives the passages of a document the vectors that the index has of
// passages of it that were embedded as the same text.
func (r *indexRun) reuseVectors(ctx context.Context, previous *index.Info, d *index.Document) error {
	if previous == nil || previous.Passages == 0 {
		return nil
	}
	stored, err := r.before.DocumentPassages(ctx, r.known.storedID(previous.ID))
	if err != nil || len(stored) == 0 {
		return ctx.Err() // what cannot be read is embedded again
	}
	ids := make([]index.PassageID, len(stored))
	for i := range stored {
		ids[i] = stored[i].ID
	}
	vectors, err := r.before.Vectors(ctx, ids)
	if err != nil {
		return ctx.Err()
	}
	known := make(map[string][]float32, len(stored))
	for i := range stored {
		if vectors[i] != nil {
			p := &stored[i].Passage
			p.Match = normalized(p.Text)
			known[embedText(previous, p)] = vectors[i]
		}
	}
	for i := range d.Content {
		p := &d.Content[i]
		p.Vector = known[embedText(&d.Info, p)]
	}
	return nil
}

// findVectors gives texts the vectors that passages of the index have of them, as it
// was when the run began or as it is now, and returns the texts that are left.
func (r *indexRun) findVectors(ctx context.Context, missing []*embedding) (left []*embedding, err error) {
	if len(missing) == 0 || r.request.Force {
		return missing, nil
	}
	// What is replaced or removed meanwhile was there before: a file may have
	// another name now.
	missing, err = findVectors(ctx, r.before, missing, true)
	if err != nil || len(missing) == 0 {
		return missing, err
	}
	err = applied(ctx, r.writer, func(s index.Snapshot) error {
		missing, err = findVectors(ctx, s, missing, false)
		return err
	})
	return missing, err
}

// findVectors gives texts the vectors that passages of a snapshot have of them and
// returns the others. indexed is what is noted of the vectors.
func findVectors(ctx context.Context, s index.Snapshot, missing []*embedding, indexed bool) (left []*embedding, err error) {
	texts := make([]index.Titled, len(missing))
	for i, e := range missing {
		texts[i] = index.Titled{Title: e.doc.Title, Text: e.passage.Text}
	}
	vectors, err := s.VectorsOf(ctx, texts)
	if err != nil {
		return missing, ctx.Err() // what cannot be read is embedded again
	}
	for i, e := range missing {
		if vectors[i] == nil {
			left = append(left, e)
			continue
		}
		e.doc, e.passage, e.vector, e.indexed = nil, nil, vectors[i], indexed
	}
	return left, nil
}

// contentUnchanged reports whether the content is what it was; l is then complete.
func (r *indexRun) contentUnchanged(ctx context.Context, e ingest.Entry, previous *index.Info, l *loaded) bool {
	change, now, err := e.Compare(ctx, previous.Fingerprint)
	switch {
	case err != nil || change == ingest.Changed:
		return false // Load says what is wrong
	case change == ingest.Touched:
		info := *previous
		info.Fingerprint = now
		l.touch = &info
	}
	l.unchanged(previous)
	return true
}

// unchanged reports a document that is as it was: what was not read is not
// tried again.
func (l *loaded) unchanged(info *index.Info) {
	l.report.Type, l.report.Reason = info.Type, info.Reason
	l.report.Outcome = outcome(info.State)
}

// outcome is what is reported of a document that this run did not index.
func outcome(s index.State) Outcome {
	switch s {
	case index.Failed:
		return OutcomeFailed
	case index.Skipped:
		return OutcomeSkipped
	default:
		return OutcomeUnchanged
	}
}

// markFailed notes an entry that was not read. What was read of it before stays.
func (r *indexRun) markFailed(l *loaded, e ingest.Entry, previous *index.Info, err error) {
	var unsupported *extract.UnsupportedError
	var skip *ingest.SkipError
	state := index.Failed
	if errors.As(err, &unsupported) || errors.As(err, &skip) {
		state = index.Skipped
	}
	l.report.Outcome, l.report.Reason = outcome(state), err.Error()
	if previous != nil && previous.State == index.Indexed {
		l.report.Reason += " (what was indexed before is kept)"
		return
	}
	info := index.Info{
		ID: e.ID, Path: e.Path, State: state, Reason: err.Error(),
		Fingerprint: ingest.Fingerprint{Stat: e.Stat.Settled(time.Now())},
	}
	info.Type, info.Versions = r.versions.failed(err, e)
	l.report.Type = info.Type
	if errors.Is(err, extract.ErrTransient) {
		info.Fingerprint = index.Fingerprint{} // so that the next run tries
	}
	if previous == nil || previous.State != state || previous.Type != info.Type || previous.Reason != info.Reason || previous.Fingerprint != info.Fingerprint || previous.Versions != info.Versions {
		l.put = &index.Document{Info: info}
	}
}

// passages splits a document. The vectors are still missing.
func passages(doc *ingest.Document, languages extract.LanguageDetector, c ingest.TokenCounter) []index.Passage {
	out := ingest.Split(&doc.Text, ingest.SplitOptions{Languages: languages}, c)
	for i := range out {
		p := &out[i]
		p.Text = doc.Body[p.Start:p.End]
		p.Match = normalized(p.Text)
	}
	return out
}

// normalized is what of a passage's text is matched and read by models.
func normalized(text string) string { return textnorm.Normalize(text).String() }
