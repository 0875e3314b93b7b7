package albertsearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/albert-search/albert-search/embed"
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
	touch  *index.Info // known anew, with the passages that it has
}

// pipeline reads, embeds and writes the entries, in their order.
func (r *indexRun) pipeline(ctx context.Context, entries []ingest.Entry) error {
	g, ctx := errgroup.WithContext(ctx)
	// A slot a document keeps the order; the channel's capacity bounds how
	// many documents are in memory.
	slots := make(chan chan *loaded, runtime.GOMAXPROCS(0))
	batches := make(chan *batch, 1)
	var loading sync.WaitGroup
	defer loading.Wait() // an interrupted run leaves nobody reading
	g.Go(func() error {
		defer close(slots)
		for _, entry := range entries {
			slot := make(chan *loaded, 1)
			select {
			case slots <- slot:
			case <-ctx.Done():
				return ctx.Err()
			}
			loading.Go(func() { slot <- r.load(ctx, entry) })
		}
		return nil
	})
	g.Go(func() error {
		defer close(batches)
		return r.collect(ctx, slots, batches)
	})
	g.Go(func() error {
		for b := range batches {
			if err := r.apply(ctx, b); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return g.Wait()
}

// load decides what becomes of an entry and reads it if need be.
func (r *indexRun) load(ctx context.Context, e ingest.Entry) *loaded {
	l := &loaded{report: FileReport{ID: e.ID, Path: e.Path}, size: e.Stat.Size}
	previous := r.previous[e.ID]
	if e.Skip != nil {
		l.unread(e, previous, e.Skip)
		return l
	}
	// A kind that was not read may be one that is read by now; telling costs
	// next to nothing.
	known := previous != nil && previous.State != index.Skipped
	if known && !r.request.Force && r.same(ctx, e, previous, l) {
		return l
	}
	doc, err := e.Load(ctx)
	if err != nil {
		l.unread(e, previous, err)
		return l
	}
	info := index.Info{
		ID: e.ID, Path: e.Path, Title: doc.Title, Type: doc.Type, Modified: doc.Modified, Metadata: doc.Metadata,
		Fingerprint: stored(doc.Fingerprint), Reason: doc.Note, Bytes: len(doc.Body),
	}
	l.put = &index.Document{Info: info, Content: r.passages(doc)}
	l.report.Outcome = OutcomeIndexed
	l.report.Reason = info.Reason
	l.report.Type = info.Type
	l.report.Passages = len(l.put.Content)
	l.report.Bytes = info.Bytes
	return l
}

// same tells whether the content is what it was; l is then complete.
func (r *indexRun) same(ctx context.Context, e ingest.Entry, previous *index.Info, l *loaded) bool {
	change, now, err := e.Compare(ctx, remembered(previous.Fingerprint))
	switch {
	case err != nil || change == ingest.Changed:
		return false // Load says what is wrong
	case change == ingest.Touched:
		info := *previous
		info.Fingerprint = stored(now)
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

// unread notes an entry that was not read. What was read of it before stays.
func (l *loaded) unread(e ingest.Entry, previous *index.Info, err error) {
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
		Fingerprint: stored(ingest.Fingerprint{Stat: e.Stat.Settled(time.Now())}),
	}
	if previous == nil || previous.State != state || previous.Reason != info.Reason || previous.Fingerprint != info.Fingerprint {
		l.put = &index.Document{Info: info}
	}
}

func stored(f ingest.Fingerprint) index.Fingerprint {
	return index.Fingerprint{
		Size: f.Size, ModTime: f.ModTime, ChangeTime: f.ChangeTime, Inode: f.Inode, SHA256: f.SHA256,
	}
}

func remembered(f index.Fingerprint) ingest.Fingerprint {
	return ingest.Fingerprint{
		Stat:   ingest.Stat{Size: f.Size, ModTime: f.ModTime, ChangeTime: f.ChangeTime, Inode: f.Inode},
		SHA256: f.SHA256,
	}
}

// passages splits a document. The vectors are still missing.
func (r *indexRun) passages(doc *ingest.Document) []index.Passage {
	var out []index.Passage
	for _, p := range ingest.Split(&doc.Text, ingest.SplitOptions{}, r.embedder) {
		text := doc.Body[p.Start:p.End]
		out = append(out, index.Passage{
			Start: p.Start, End: p.End, Page: p.Page, Line: p.Line, Column: p.Column, Heading: p.Heading,
			Text: text, Match: normalized(text),
		})
	}
	return out
}

// normalized is what of a passage's text is matched and read by models.
func normalized(text string) string { return textnorm.Normalize(text).String() }

// collect makes batches of what was loaded and embeds their passages.
func (r *indexRun) collect(ctx context.Context, slots <-chan chan *loaded, batches chan<- *batch) error {
	b, passages, bytes := new(batch), 0, 0
	flush := func() error {
		if err := r.embed(ctx, b); err != nil {
			return err
		}
		select {
		case batches <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
		b, passages, bytes = new(batch), 0, 0
		return nil
	}
	for slot := range slots {
		l := <-slot
		if err := ctx.Err(); err != nil {
			return err // what failed to load may have failed because of it
		}
		b.done++
		b.doneBytes += l.size
		b.reports = append(b.reports, l.report)
		if l.touch != nil {
			b.change.Touch = append(b.change.Touch, *l.touch)
		}
		if l.put != nil {
			b.change.Put = append(b.change.Put, *l.put)
			passages += len(l.put.Content)
			bytes += l.put.Bytes
		}
		if passages >= batchPassages || bytes >= batchBytes || b.done >= batchPassages {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if b.done == 0 {
		return nil
	}
	return flush()
}

// embed gives the passages of a batch their vectors, a step at a time.
func (r *indexRun) embed(ctx context.Context, b *batch) error {
	var texts []string
	var passages []*index.Passage
	for i := range b.change.Put {
		doc := &b.change.Put[i]
		for j := range doc.Content {
			texts = append(texts, embedText(&doc.Info, &doc.Content[j]))
			passages = append(passages, &doc.Content[j])
		}
	}
	left := len(texts)
	vectors, err := embedAll(ctx, r.embedder, texts, func(n int) {
		bytes := b.doneBytes * int64(n) / int64(left)
		b.doneBytes -= bytes
		left -= n
		r.advance(func(p *Progress) {
			p.Passages += n
			p.DoneBytes += bytes
		})
	})
	if err != nil {
		return fmt.Errorf("embed passages of %s: %w", b.change.Put[0].Path, err)
	}
	for i, v := range vectors {
		passages[i].Vector = v
	}
	return nil
}

// embedAll returns the vectors of texts, in their order, and says after each
// step how many it had.
func embedAll(ctx context.Context, e embed.Embedder, texts []string, done func(n int)) ([][]float32, error) {
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	// The embedder is quickest on texts of one length.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(texts[b]), len(texts[a])) })
	out := make([][]float32, len(texts))
	for step := range slices.Chunk(order, embedStep) {
		part := make([]string, len(step))
		for i, at := range step {
			part[i] = texts[at]
		}
		vectors, err := e.Embed(ctx, part)
		if err != nil {
			return nil, err
		}
		for i, v := range vectors {
			out[step[i]] = v
		}
		done(len(step))
	}
	return out, nil
}

// embedText is the text that stands for a passage in vector space: what it
// says, under the title it says it.
func embedText(doc *index.Info, p *index.Passage) string {
	if doc.Title == "" {
		return p.Match
	}
	return doc.Title + "\n" + p.Match
}
