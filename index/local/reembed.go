package local

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Reembed begins to give the passages vectors of another embedder, or goes on
// with that where it was left.
func (w *writer) Reembed(ctx context.Context, e index.Embedder) (index.Reembedding, error) {
	if e.ID == "" || e.Dim < 1 {
		return nil, fmt.Errorf("re-embedding with the embedder %q of dimension %d", e.ID, e.Dim)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(ctx); err != nil {
		return nil, err
	}
	if w.next.Settings.Model().Is(e) {
		return nil, fmt.Errorf("%s has vectors of the embedder %v already", w.dir, e)
	}
	if sh := w.shadow; sh != nil && !sh.embedder.Is(e) {
		if err := w.dropShadow(); err != nil {
			return nil, w.fail(err)
		}
	}
	if w.shadow == nil {
		w.shadow = newShadow(e)
	}
	return &reembedding{w, w.shadow}, nil
}

// usable tells whether writing can go on. The caller holds the writer's lock.
func (w *writer) usable(ctx context.Context) error {
	if w.failed != nil {
		return w.failed
	}
	return ctx.Err()
}

// reembedding is a handle on the shadow of a writer, for as long as that is
// the writer's.
type reembedding struct {
	writer *writer
	shadow *shadow
}

// lock takes the writer's lock and checks that writing can go on. When the
// error is not nil the lock is not held.
func (r *reembedding) lock(ctx context.Context) (*writer, error) {
	w := r.writer
	w.mu.Lock()
	err := w.usable(ctx)
	if err == nil && w.shadow != r.shadow {
		err = errors.New("this re-embedding has ended")
	}
	if err != nil {
		w.mu.Unlock()
		return nil, err
	}
	return w, nil
}

// Passages iterates over all passages.
func (r *reembedding) Passages(ctx context.Context) iter.Seq2[index.Stored, error] {
	return func(yield func(index.Stored, error) bool) {
		v, err := r.writer.acquire()
		if err != nil {
			yield(index.Stored{}, err)
			return
		}
		defer v.release()
		for ref := range v.docsFrom(0) {
			d, err := v.readDoc(ref)
			if err != nil {
				yield(index.Stored{}, err)
				return
			}
			for i := range d.Info.Passages {
				p, err := r.passage(ctx, ref, d, i)
				if err != nil {
					yield(index.Stored{}, err)
					return
				}
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// passage reads the i-th passage of a document, with the vector that the shadow
// has of it.
func (r *reembedding) passage(ctx context.Context, ref docRef, d *segment.Doc, i int) (_ index.Stored, err error) {
	if err := ctx.Err(); err != nil {
		return index.Stored{}, err
	}
	defer catchFault(&err)()
	p, err := ref.seg.passage(ref.position() + segment.Position(i))
	if err != nil {
		return index.Stored{}, err
	}
	at := d.First + segment.Row(i)
	p.Vector, _ = r.vector(context.Background(), at) // none once it has ended
	return index.Stored{ID: passageID(at), Doc: &d.Info, Passage: p}, nil
}

// Vector returns a copy of a vector in the shadow, nil if there is none.
func (r *reembedding) Vector(ctx context.Context, id index.PassageID) (_ []float32, err error) {
	defer catchFault(&err)()
	at, ok := parseID(id)
	if !ok {
		return nil, nil
	}
	return r.vector(ctx, at)
}

func (r *reembedding) vector(ctx context.Context, at segment.Row) ([]float32, error) {
	w, err := r.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer w.mu.Unlock()
	return w.shadow.vector(at), nil
}

// Add puts vectors into the shadow. It waits for the disk, not for ctx, once
// it has begun to write. After an error of writing the writer takes nothing
// more; everything that was published stays.
func (r *reembedding) Add(ctx context.Context, vectors []index.Embedded) error {
	return r.writer.watched(func() error { return r.add(ctx, vectors) })
}

func (r *reembedding) add(ctx context.Context, vectors []index.Embedded) error {
	w, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	for _, e := range vectors {
		if err := index.ValidateVector(e.Vector, w.shadow.embedder.Dim); err != nil {
			return fmt.Errorf("passage %s: %w", e.ID, err)
		}
	}
	v, err := r.writer.acquire()
	if err != nil {
		return err
	}
	defer v.release()
	docs, err := w.shadow.missing(v, vectors)
	if err != nil || len(docs) == 0 {
		return err
	}
	if err := w.addShadow(docs); err != nil {
		return r.writer.fail(err)
	}
	w.dirty = true
	return nil
}

// Switch makes the shadow the vectors of the index and publishes. The one
// generation has the old vectors and settings, the next the new ones.
func (r *reembedding) Switch(ctx context.Context) error {
	return r.writer.watched(func() error { return r.switchOver(ctx) })
}

func (r *reembedding) switchOver(ctx context.Context) error {
	w, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	sh := w.shadow
	v, err := w.acquire()
	if err != nil {
		return err
	}
	defer v.release()
	rest, err := sh.missing(v, nil)
	if err != nil {
		return err
	}
	if n := v.stats.Passages - sh.contents.stats.Passages; n > 0 {
		return fmt.Errorf("%d of %d passages have no vector of the embedder %v yet", n, v.stats.Passages, sh.embedder)
	}
	settings := w.next.Settings.With(sh.embedder)
	made, err := newSchema(settings)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		if err := w.addShadow(rest); err != nil {
			return w.fail(err)
		}
	}
	if sh.contents.stats != v.stats {
		return w.fail(fmt.Errorf("%w: the re-embedding holds %+v, the index %+v", index.ErrDamaged, sh.contents.stats, v.stats))
	}
	w.next.Settings, w.schema, w.shadow, w.dirty = settings, made, nil, true
	if err := w.makeView(sh.contents, sh.segs); err != nil {
		return w.fail(err)
	}
	for _, seg := range v.segs {
		seg.remove()
	}
	now, err := w.acquire()
	if err != nil {
		return err
	}
	if err := w.learn(now); err != nil {
		return errors.Join(w.fail(err), now.release())
	}
	// What is done here cannot be taken back: it is published, whatever ctx
	// has come to.
	return errors.Join(w.publishDirty(context.WithoutCancel(ctx)), now.release())
}

// Discard throws the shadow away.
func (r *reembedding) Discard(ctx context.Context) error {
	w, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer w.mu.Unlock()
	if err := w.dropShadow(); err != nil {
		return r.writer.fail(err)
	}
	return nil
}
