package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/albert-search/albert-search/index"
)

// shadow has vectors of another embedder, immutable. Documents are taken in the
// order of their numbers.
type shadow struct {
	embedder index.Embedder
	next     uint64 // documents of this number and above have none yet
	vectors  map[index.PassageID][]float32
}

// unfinished says how far a shadow has come.
func (s *shadow) unfinished(v *version) index.Unfinished {
	if s == nil {
		return index.Unfinished{}
	}
	u := index.Unfinished{Embedder: s.embedder}
	for _, d := range v.docs {
		for _, p := range d.passages {
			if s.vectors[p.id] != nil {
				u.Passages++
			}
		}
	}
	return u
}

// Reembed begins to give the passages vectors of another embedder, or goes on with
// that.
func (w *writer) Reembed(ctx context.Context, e index.Embedder) (index.Reembedding, error) {
	if e.ID == "" || e.Dim < 1 {
		return nil, fmt.Errorf("re-embedding with the embedder %q of dimension %d", e.ID, e.Dim)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(ctx); err != nil {
		return nil, err
	}
	if w.version.settings.Model().Is(e) {
		return nil, fmt.Errorf("the index has vectors of the embedder %v already", e)
	}
	if s := w.version.shadow; s == nil || !s.embedder.Is(e) {
		w.replace(&shadow{embedder: e})
		w.dirty = w.dirty || s != nil
	}
	return &reembedding{w, e}, nil
}

// replace makes a version with another shadow. The caller holds w.mu.
func (w *writer) replace(s *shadow) {
	next := *w.version
	next.shadow = s
	w.version = &next
}

// reembedding is a handle on the shadow of a writer.
type reembedding struct {
	w        *writer
	embedder index.Embedder
}

// shadow returns the shadow while it is this one's. The caller holds w.mu.
func (r *reembedding) shadow(ctx context.Context) (*shadow, error) {
	if err := r.w.usable(ctx); err != nil {
		return nil, err
	}
	s := r.w.version.shadow
	if s == nil || !s.embedder.Is(r.embedder) {
		return nil, errors.New("this re-embedding has ended")
	}
	return s, nil
}

// byNumber returns the documents in the order of putting.
func (v *version) byNumber() []*doc {
	return slices.SortedFunc(slices.Values(v.docs), func(a, b *doc) int { return cmp.Compare(a.number, b.number) })
}

// Passages iterates over all passages there are.
func (r *reembedding) Passages(ctx context.Context) iter.Seq2[index.Stored, error] {
	return func(yield func(index.Stored, error) bool) {
		r.w.mu.Lock()
		s, err := r.shadow(ctx)
		v := r.w.version
		r.w.mu.Unlock()
		if err != nil {
			yield(index.Stored{}, err)
			return
		}
		for _, d := range v.byNumber() {
			for _, p := range d.passages {
				if err := ctx.Err(); err != nil {
					yield(index.Stored{}, err)
					return
				}
				stored := d.stored(p)
				stored.Vector = slices.Clone(s.vectors[p.id])
				if !yield(stored, nil) {
					return
				}
			}
		}
	}
}

// Vector returns the vector in the shadow, nil if there is none.
func (r *reembedding) Vector(ctx context.Context, id index.PassageID) ([]float32, error) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	s, err := r.shadow(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(s.vectors[id]), nil
}

// Add puts the vectors of the next documents into the shadow.
func (r *reembedding) Add(ctx context.Context, vectors []index.Embedded) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	s, err := r.shadow(ctx)
	if err != nil {
		return err
	}
	next := &shadow{s.embedder, s.next, maps.Clone(s.vectors)}
	if next.vectors == nil {
		next.vectors = make(map[index.PassageID][]float32)
	}
	for _, d := range r.w.version.byNumber() {
		switch n := len(d.passages); {
		case d.number < s.next || n == 0:
			continue
		case len(vectors) == 0:
		case n > len(vectors):
			return fmt.Errorf("%d vectors for the %d passages of %s", len(vectors), n, d.info.ID)
		default:
			for i, p := range d.passages {
				if vectors[i].ID != p.id {
					return fmt.Errorf("a vector of passage %s, where that of passage %s is the next", vectors[i].ID, p.id)
				}
				if err := index.ValidateVector(vectors[i].Vector, s.embedder.Dim); err != nil {
					return fmt.Errorf("passage %s: %w", p.id, err)
				}
				next.vectors[p.id] = slices.Clone(vectors[i].Vector)
			}
			next.next, vectors = d.number+1, vectors[n:]
		}
	}
	if len(vectors) > 0 {
		return fmt.Errorf("passage %s: %w that has no vector yet", vectors[0].ID, index.ErrNoPassage)
	}
	r.w.replace(next)
	r.w.dirty = true
	return nil
}

// Switch makes the shadow the vectors of the index and publishes.
func (r *reembedding) Switch(ctx context.Context) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	s, err := r.shadow(ctx)
	if err != nil {
		return err
	}
	next := *r.w.version
	next.docs = nil
	for _, d := range r.w.version.docs {
		switched := *d
		switched.passages = nil
		for _, p := range d.passages {
			q := *p
			if q.vector = s.vectors[p.id]; q.vector == nil {
				return fmt.Errorf("passage %s has no vector of the embedder %v yet", p.id, s.embedder)
			}
			switched.passages = append(switched.passages, &q)
		}
		next.docs = append(next.docs, &switched)
	}
	next.settings, next.shadow = next.settings.With(s.embedder), nil
	r.w.version, r.w.dirty = &next, true
	r.w.publish()
	return nil
}

// Discard throws the shadow away.
func (r *reembedding) Discard(ctx context.Context) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if _, err := r.shadow(ctx); err != nil {
		return err
	}
	r.w.replace(nil)
	r.w.dirty = true
	return nil
}
