package memory

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

var errClosed = fmt.Errorf("index: %w", fs.ErrClosed)

// writer changes an index: each batch makes a new version of it.
type writer struct {
	backend *Backend

	mu      sync.Mutex
	version *version
	dirty   bool
	closed  bool
}

// usable reports why nothing can be written, if so. The caller holds w.mu.
func (w *writer) usable(ctx context.Context) error {
	if w.closed {
		return errClosed
	}
	return ctx.Err()
}

// Apply carries out a batch.
func (w *writer) Apply(ctx context.Context, b index.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(ctx); err != nil {
		return err
	}
	if err := b.Validate(w.version.settings.Dim); err != nil {
		return err
	}
	next := *w.version
	next.docs = slices.Clone(next.docs)
	for _, id := range b.Delete {
		if i, ok := next.find(id); ok {
			next.docs = slices.Delete(next.docs, i, i+1)
		}
	}
	for i := range b.Put {
		d := next.newDoc(&b.Put[i])
		if at, ok := next.find(d.info.ID); ok {
			next.docs[at] = d
		} else {
			next.docs = slices.Insert(next.docs, at, d)
		}
	}
	for i := range b.Touch {
		if err := next.touch(&b.Touch[i]); err != nil {
			return err
		}
	}
	for _, e := range b.Vectors {
		next.change(e.ID, func(p *passage) { p.vector = slices.Clone(e.Vector) })
	}
	for _, a := range b.Annotations {
		next.change(a.ID, func(p *passage) { p.annotate(a) })
	}
	if slices.Equal(next.docs, w.version.docs) {
		return nil // the documents are immutable: these are the same
	}
	next.updated = time.Now().UTC()
	w.version, w.dirty = &next, true
	return nil
}

// touch gives a document that is there another Info.
func (v *version) touch(info *index.Info) error {
	at, ok := v.find(info.ID)
	if !ok {
		return nil
	}
	old := v.docs[at]
	if info.Title != old.info.Title || info.Path != old.info.Path || info.State != old.info.State {
		return fmt.Errorf("document %s: touching it cannot change its title, path or state; put it again", info.ID)
	}
	d := *old
	d.info = cloneInfo(info)
	d.info.Passages = old.info.Passages
	v.docs[at] = &d
	return nil
}

// change puts a changed copy in the place of a passage that is there.
func (v *version) change(id index.PassageID, f func(*passage)) {
	old, was := v.passage(id)
	if old == nil {
		return
	}
	p := *was
	f(&p)
	d := *old
	d.passages = slices.Clone(d.passages)
	d.passages[slices.Index(d.passages, was)] = &p
	at, _ := v.find(d.info.ID)
	v.docs[at] = &d
}

// annotate replaces the annotations of some kinds.
func (p *passage) annotate(a index.Annotated) {
	kept := slices.DeleteFunc(slices.Clone(p.stored.Annotations), func(x document.Annotation) bool { return slices.Contains(a.Kinds, x.Kind) })
	kept = append(kept, a.Annotations...)
	p.stored.Annotations = kept
	p.stored.Annotated = append(slices.Clone(p.stored.Annotated), a.Kinds...)
	completeAnnotations(&p.stored)
}

// completeAnnotations puts the annotations in order and counts their kinds among
// those that were looked for.
func completeAnnotations(p *index.Passage) {
	if len(p.Annotations) == 0 {
		p.Annotations = nil
	}
	for _, a := range p.Annotations {
		p.Annotated = append(p.Annotated, a.Kind)
	}
	slices.Sort(p.Annotated)
	p.Annotated = slices.Compact(p.Annotated)
	slices.SortStableFunc(p.Annotations, func(x, y document.Annotation) int { return x.Start - y.Start })
}

// Publish makes what was applied visible to others.
func (w *writer) Publish(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(ctx); err != nil {
		return err
	}
	w.publish()
	return nil
}

func (w *writer) publish() {
	if !w.dirty {
		return
	}
	next := *w.version
	next.generation++
	next.reembedded = next.shadow.unfinished(&next)
	w.version, w.dirty = &next, false
	w.backend.publish(w.version)
}

// Snapshot returns what was applied so far.
func (w *writer) Snapshot(ctx context.Context) (index.Snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(ctx); err != nil {
		return nil, err
	}
	return &snapshot{version: w.version}, nil
}

// Close publishes what was applied and lets others write.
func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.publish()
	w.closed = true
	w.backend.unlock()
	return nil
}
