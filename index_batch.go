package albertsearch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
)

// batch is one atomic change and the reports on the documents in it.
type batch struct {
	change    index.Batch
	reports   []FileReport
	done      int   // entries dealt with
	doneBytes int64 // their size, less what the steps tell progress of

	// keys and vectors are those of the passages to put, in order; those of
	// equal texts are the same. The vectors are there when embedded is closed.
	keys     []textKey
	vectors  []*embedding
	of       []int // the report of each document to put
	bytes    int   // of text to put
	large    bool  // it is a large document, and has all of indexRun.memory
	known    int   // passages that had, or have, their vector from another one
	left     atomic.Int64
	embedded chan struct{}
}

// embedding is the vector of a text, which equal texts share. Until it is there,
// doc and passage say what the text is.
type embedding struct {
	doc     *index.Info
	passage *index.Passage
	vector  []float32
	indexed bool // the index had it before
}

// step is a part of a batch that is embedded at once.
type step struct {
	batch   *batch
	missing []*embedding
	bytes   int64 // of the documents, for progress
}

// add takes what was loaded.
func (b *batch) add(l *loaded) {
	b.done++
	b.doneBytes += l.size
	b.reports = append(b.reports, l.report)
	if l.touch != nil {
		b.change.Touch = append(b.change.Touch, *l.touch)
	}
	if l.put != nil {
		if l.replaces != "" {
			b.change.Delete = append(b.change.Delete, l.replaces)
		}
		b.change.Put = append(b.change.Put, *l.put)
		b.of = append(b.of, len(b.reports)-1)
		b.keys = append(b.keys, l.keys...)
		b.bytes += l.put.Bytes
	}
}

// share gives equal texts one embedding and returns those that have no vector yet.
func (b *batch) share(recent *recentVectors) (missing []*embedding) {
	for i := range b.change.Put {
		d := &b.change.Put[i]
		for j := range d.Content {
			key := b.keys[len(b.vectors)]
			v := recent.get(key)
			if v == nil {
				v = &embedding{vector: d.Content[j].Vector, indexed: d.Content[j].Vector != nil}
				recent.put(key, v)
				if v.vector == nil {
					v.doc, v.passage = &d.Info, &d.Content[j]
					missing = append(missing, v)
				}
			}
			b.vectors = append(b.vectors, v)
		}
	}
	b.keys = nil
	recent.forget()
	return missing
}

// count notes of each document how many of its passages are new, and how many are
// embedded.
func (b *batch) count() {
	at := 0
	for i := range b.change.Put {
		content, report := b.change.Put[i].Content, &b.reports[b.of[i]]
		for j := range content {
			v := b.vectors[at]
			at++
			if !v.indexed {
				report.added++
			}
			if v.passage == &content[j] {
				report.Embedded++
			}
		}
	}
}

// plan divides the texts that need a vector into steps of like lengths, which the
// embedder is quickest on. Nothing may be added afterwards.
func (b *batch) plan(all []*embedding) []*step {
	b.known = len(b.vectors) - len(all)
	length := func(e *embedding) int { return len(e.doc.Title) + len(e.passage.Match) }
	slices.SortStableFunc(all, func(x, y *embedding) int { return cmp.Compare(length(y), length(x)) })
	var steps []*step
	total := b.doneBytes
	for part := range slices.Chunk(all, embedStep) {
		s := &step{b, part, total * int64(len(part)) / int64(len(all))}
		b.doneBytes -= s.bytes
		steps = append(steps, s)
	}
	b.left.Store(int64(len(steps)))
	b.embedded = make(chan struct{})
	if len(steps) == 0 {
		close(b.embedded)
	}
	return steps
}

// assignVectors gives the passages their vectors, once they are there.
func (b *batch) assignVectors() {
	at := 0
	for i := range b.change.Put {
		for j := range b.change.Put[i].Content {
			b.change.Put[i].Content[j].Vector = b.vectors[at].vector
			at++
		}
	}
}

// recentSize is how many texts of several batches are kept at least. They are
// more than those of the batches that are not written yet.
const recentSize = 8 << 10

// recentVectors keeps the vectors of the texts that were put or asked for last.
// Those of before are in the index.
type recentVectors struct{ current, previous map[textKey]*embedding }

// get returns nil for a text that is not known, or not any more.
func (r *recentVectors) get(k textKey) *embedding {
	if v := r.current[k]; v != nil {
		return v
	}
	v := r.previous[k]
	if v != nil {
		r.put(k, v)
	}
	return v
}

func (r *recentVectors) put(k textKey, v *embedding) {
	if r.current == nil {
		r.current = make(map[textKey]*embedding)
	}
	r.current[k] = v
}

// forget drops the oldest, if there are many. What was put since the call before
// stays: the index has it only when its batch is written.
func (r *recentVectors) forget() {
	if len(r.current) >= recentSize {
		r.current, r.previous = nil, r.current
	}
}

// isFull reports whether nothing more is to be added.
func (b *batch) isFull() bool {
	return b.large || len(b.keys) >= batchPassages || b.bytes >= batchBytes || b.done >= batchPassages
}

// collect makes batches of what was loaded and has their passages embedded.
func (r *indexRun) collect(ctx context.Context, slots <-chan chan *loaded, steps chan<- *step, batches chan<- *batch) error {
	c := &collector{run: r, steps: steps, batches: batches, batch: new(batch)}
	for slot := range slots {
		l, err := receive(ctx, slot)
		if err != nil {
			return err
		}
		if err := c.add(ctx, l); err != nil {
			return err
		}
	}
	return c.flush(ctx)
}

// collector fills one batch after the other.
type collector struct {
	run     *indexRun
	steps   chan<- *step
	batches chan<- *batch
	recent  recentVectors
	batch   *batch // being filled
}

// add takes what was loaded, and hands the batch on when it is full. A large
// document, a batch by itself, waits until the one before it is written and nothing
// is being read. All that was loaded before it has been handed on by then, and
// reading waits for none of the stages, so that nothing waits for it in turn.
func (c *collector) add(ctx context.Context, l *loaded) error {
	if err := ctx.Err(); err != nil {
		return err // what failed to load may have failed because of it
	}
	if l.err != nil {
		return l.err
	}
	if l.large != nil {
		if err := c.flush(ctx); err != nil {
			return err
		}
		if err := c.run.memory.Acquire(ctx, allMemory); err != nil {
			return err
		}
		c.batch.large = true
		if err := c.run.split(ctx, l, l.large); err != nil {
			return err
		}
	}
	l.replaces = c.run.known.stored[l.report.ID]
	c.batch.add(l)
	if c.batch.isFull() {
		return c.flush(ctx)
	}
	return nil
}

// flush hands the batch on, unless it is empty.
func (c *collector) flush(ctx context.Context) error {
	if c.batch.done == 0 {
		return nil
	}
	missing, err := c.run.findVectors(ctx, c.batch.share(&c.recent))
	if err != nil {
		return err
	}
	c.batch.count()
	for _, s := range c.batch.plan(missing) {
		if err := send(ctx, c.steps, s); err != nil {
			return err
		}
	}
	if err := send(ctx, c.batches, c.batch); err != nil {
		return err
	}
	c.batch = new(batch)
	return nil
}

// send sends v, or ends with ctx's error when ctx does.
func send[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// receive receives a value, or ends with ctx's error when ctx does.
func receive[T any](ctx context.Context, from <-chan T) (v T, err error) {
	select {
	case v = <-from:
		return v, nil
	case <-ctx.Done():
		return v, ctx.Err()
	}
}

// embed gives the passages of a step their vectors.
func (r *indexRun) embed(ctx context.Context, s *step) error {
	embedder, err := r.embedder(ctx)
	if err != nil {
		return err
	}
	texts := make([]string, len(s.missing))
	for i, e := range s.missing {
		texts[i] = embedText(e.doc, e.passage)
	}
	vectors, err := embedder.Embed(ctx, texts)
	if err != nil {
		return fmt.Errorf("embed passages of %s: %w", s.missing[0].doc.Path, err)
	}
	for i, v := range vectors {
		e := s.missing[i]
		e.doc, e.passage, e.vector = nil, nil, v
	}
	if s.batch.left.Add(-1) == 0 {
		close(s.batch.embedded)
	}
	r.advance(func(p *Progress) {
		p.Passages += len(vectors)
		p.DoneBytes += s.bytes
	})
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
