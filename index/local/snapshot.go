package local

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// snapshot is a view that a caller has, with the generation that it belongs to.
type snapshot struct {
	dir      string
	view     *view
	manifest *manifest
	released atomic.Bool
}

// Release gives the view back.
func (s *snapshot) Release() error {
	if s.released.Swap(true) {
		return nil
	}
	return s.view.release()
}

// acquire returns the view for one call, which must release it: a Release at the
// same time must not unmap what is being read.
func (s *snapshot) acquire() (*view, error) {
	for n := s.view.refs.Load(); n > 0 && !s.released.Load(); n = s.view.refs.Load() {
		if s.view.refs.CompareAndSwap(n, n+1) {
			return s.view, nil
		}
	}
	return nil, errClosed
}

// Documents iterates over the documents whose ID begins with prefix, in ascending
// order of ID.
func (s *snapshot) Documents(ctx context.Context, prefix string) iter.Seq2[*index.Info, error] {
	return func(yield func(*index.Info, error) bool) {
		v, err := s.acquire()
		if err != nil {
			yield(nil, err)
			return
		}
		defer v.release()
		for d, err := range v.documentsFrom(prefix) {
			if err = cmp.Or(err, ctx.Err()); err != nil {
				yield(nil, err)
				return
			}
			if !strings.HasPrefix(d.Info.ID, prefix) || !yield(&d.Info, nil) {
				return
			}
		}
	}
}

// Document returns the document of the ID; nil where there is none.
func (s *snapshot) Document(ctx context.Context, id string) (*index.Info, error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	ref, ok, err := v.document(id)
	if err = cmp.Or(err, ctx.Err()); err != nil || !ok {
		return nil, err
	}
	d, err := v.readDoc(ref)
	if err != nil {
		return nil, err
	}
	return &d.Info, nil
}

// DocumentPassages returns all passages of a document in the order of the text.
func (s *snapshot) DocumentPassages(ctx context.Context, id string) (stored []index.Stored, err error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	defer catchFault(&err)()
	ref, ok, err := v.document(id)
	if err = cmp.Or(err, ctx.Err()); err != nil || !ok {
		return nil, err
	}
	d, err := v.doc(ref)
	if err != nil {
		return nil, err
	}
	stored = make([]index.Stored, d.Info.Passages)
	for i := range stored {
		p, err := ref.seg.passage(ref.position() + segment.Position(i))
		if err != nil {
			return nil, err
		}
		stored[i] = index.Stored{ID: passageID(d.First + segment.Row(i)), Doc: &d.Info, Passage: p}
	}
	slices.SortStableFunc(stored, func(a, b index.Stored) int { return cmp.Compare(a.Start, b.Start) })
	return stored, nil
}

func (v *view) readDoc(r docRef) (d *segment.Doc, err error) {
	defer catchFault(&err)()
	return v.doc(r)
}

// Passages returns the passages of the ids, in the order of ids. An id that is
// not in this version is an error of index.ErrNoPassage.
func (s *snapshot) Passages(ctx context.Context, ids []index.PassageID) (stored []index.Stored, err error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	defer catchFault(&err)()
	stored = make([]index.Stored, 0, len(ids))
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, seg, pos, err := s.find(v, id)
		if err != nil {
			return nil, err
		}
		p, err := seg.passage(pos)
		if err != nil {
			return nil, err
		}
		d, err := v.doc(docRef{seg, seg.DocOf(row)})
		if err != nil {
			return nil, err
		}
		stored = append(stored, index.Stored{ID: id, Doc: &d.Info, Passage: p})
	}
	return stored, nil
}

// find returns where the passage of an id is.
func (s *snapshot) find(v *view, id index.PassageID) (row segment.Row, seg *segReader, pos segment.Position, err error) {
	row, ok := parseID(id)
	if ok {
		seg, pos, ok = v.find(row)
	}
	if !ok {
		return 0, nil, 0, fmt.Errorf("%s: passage %s: %w", s.dir, id, index.ErrNoPassage)
	}
	return row, seg, pos, nil
}

// Vectors returns the vectors of the ids, in the order of ids.
func (s *snapshot) Vectors(ctx context.Context, ids []index.PassageID) (vectors [][]float32, err error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	defer catchFault(&err)()
	vectors = make([][]float32, 0, len(ids))
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		_, seg, pos, err := s.find(v, id)
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, slices.Clone(seg.vector(pos)))
	}
	return vectors, nil
}

// Missing iterates over the passages that have no vector yet, document by
// document.
func (s *snapshot) Missing(ctx context.Context) iter.Seq2[index.Stored, error] {
	return func(yield func(index.Stored, error) bool) {
		v, err := s.acquire()
		if err != nil {
			yield(index.Stored{}, err)
			return
		}
		defer v.release()
		if v.schema.settings.Dim == 0 {
			return
		}
		for r := range v.docsToEmbed() {
			missing, err := v.missing(ctx, r)
			if err != nil {
				yield(index.Stored{}, err)
				return
			}
			for _, p := range missing {
				if !yield(p, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(index.Stored{}, err)
		}
	}
}

// docsToEmbed iterates over the documents among which are those with passages that
// have no vector, deleted ones included.
func (v *view) docsToEmbed() iter.Seq[docRef] {
	return func(yield func(docRef) bool) {
		for _, seg := range v.segs {
			if seg.bare == nil {
				continue
			}
			for i := range seg.Docs() {
				if !yield(docRef{seg, i}) {
					return
				}
			}
		}
	}
}

// missing returns the passages of a document that have no vector.
func (v *view) missing(ctx context.Context, r docRef) (missing []index.Stored, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer catchFault(&err)()
	first, n := r.seg.First(r.i), r.seg.Passages(r.i)
	if n == 0 || v.deleted.Contains(uint32(r.seg.Number(r.i))) {
		return nil, nil
	}
	rows := roaring.New()
	rows.AddRange(uint64(first), uint64(first)+uint64(n))
	rows.And(r.seg.bare)
	if rows.IsEmpty() {
		return nil, nil
	}
	d, err := v.doc(r)
	if err != nil {
		return nil, err
	}
	for it := rows.Iterator(); it.HasNext(); {
		row := segment.Row(it.Next())
		p, err := r.seg.passage(r.position() + segment.Position(row-first))
		if err != nil {
			return nil, err
		}
		missing = append(missing, index.Stored{ID: passageID(row), Doc: &d.Info, Passage: p})
	}
	return missing, nil
}

// Counts counts the documents that pass the filter by the values of a field.
func (s *snapshot) Counts(ctx context.Context, field string, f index.Filter) (counts map[string]int, err error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	defer catchFault(&err)()
	value, err := index.FieldValue(field)
	if err != nil {
		return nil, err
	}
	passes, err := f.Matcher()
	if err != nil {
		return nil, err
	}
	passesPassage := f.PassageMatcher()
	counts = make(map[string]int)
	n := 0
	var scratch segment.Doc
	for r := range v.docsFrom(0) {
		if n++; n%1024 == 1 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		d, err := v.peek(r, &scratch)
		if err != nil {
			return nil, err
		}
		if !passes(&d.Info) {
			continue
		}
		if passesPassage != nil {
			if ok, err := anyPasses(r, d.Info.Passages, passesPassage); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
		}
		if name, ok := value(&d.Info); ok {
			if _, known := counts[name]; !known {
				name = strings.Clone(name) // it is part of the segment
			}
			counts[name]++
		}
	}
	return counts, nil
}

// Stats counts what is stored.
func (s *snapshot) Stats(ctx context.Context) (index.Stats, error) {
	v, err := s.acquire()
	if err != nil {
		return index.Stats{}, err
	}
	defer v.release()
	if err := ctx.Err(); err != nil {
		return index.Stats{}, err
	}
	st, m := v.stats, s.manifest
	st.Updated, st.Settings = v.updated, v.schema.settings
	st.Generation, st.DiskBytes = m.Generation, m.bytes()
	st.Vectors = v.vectorCount()
	st.Outdated = m.Format < formatVersion || st.Settings.Dim > 0 && st.Vectors < st.Passages || slices.ContainsFunc(v.segs, func(s *segReader) bool { return s.lacksCodes(codedRows) })
	if r := m.Reembedding; r != nil {
		st.Reembedding = index.Unfinished{Embedder: index.Embedder{ID: r.Embedder, Name: r.Name, Dim: r.Dim}, Passages: r.Passages}
	}
	return st, nil
}
