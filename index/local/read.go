package local

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/index"
)

// Documents iterates over all documents in ascending order of ID.
func (s *Store) Documents(ctx context.Context) iter.Seq2[*index.Info, error] {
	return func(yield func(*index.Info, error) bool) {
		v, err := s.acquire()
		if err != nil {
			yield(nil, err)
			return
		}
		defer v.release()
		docs, err := v.byID()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, ref := range docs {
			d, err := v.readDoc(ref)
			if err = cmp.Or(err, ctx.Err()); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&d.info, nil) {
				return
			}
		}
	}
}

// byID returns the documents in ascending order of ID.
func (v *view) byID() (docs []docRef, err error) {
	defer catchFault(&err)()
	docs = slices.AppendSeq(make([]docRef, 0, v.documents()), v.docsFrom(0))
	slices.SortFunc(docs, func(a, b docRef) int { return strings.Compare(a.seg.docID(a.i), b.seg.docID(b.i)) })
	return docs, nil
}

func (v *view) readDoc(r docRef) (d *docRecord, err error) {
	defer catchFault(&err)()
	return v.doc(r)
}

// Passages returns the passages of the ids, in the order of ids. An id that is
// not in the index is an error of index.ErrNoPassage: it may come from a search
// before the last Apply or Refresh.
func (s *Store) Passages(ctx context.Context, ids []index.PassageID) (stored []index.Stored, err error) {
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
		seg, pos, ok := v.find(uint32(id))
		if !ok {
			return nil, fmt.Errorf("%s: passage %d: %w", s.dir, id, index.ErrNoPassage)
		}
		p, err := seg.passage(pos)
		if err != nil {
			return nil, err
		}
		d, err := v.doc(docRef{seg, seg.docOf(uint32(id))})
		if err != nil {
			return nil, err
		}
		stored = append(stored, index.Stored{ID: id, Doc: &d.info, Passage: p})
	}
	return stored, nil
}

// Stats counts what is stored. Of a writer DiskBytes, Generation and
// Reembedding are those of the last publication.
func (s *Store) Stats(context.Context) (index.Stats, error) {
	v, err := s.acquire()
	if err != nil {
		return index.Stats{}, err
	}
	defer v.release()
	st := v.stats
	st.Updated = v.updated
	s.mu.Lock()
	m := s.manifest
	s.mu.Unlock()
	st.Settings, st.Generation, st.DiskBytes = v.schema.settings, m.Generation, m.bytes()
	if r := m.Reembedding; r != nil {
		st.Reembedding = index.Unfinished{Embedder: index.Embedder{ID: r.Embedder, Name: r.Name, Dim: r.Dim}, Passages: r.Passages}
	}
	return st, nil
}
