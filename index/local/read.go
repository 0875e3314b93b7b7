package local

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

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
		docs := slices.SortedFunc(v.docs(), func(a, b *docRecord) int { return cmp.Compare(a.info.ID, b.info.ID) })
		for _, d := range docs {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&d.info, nil) {
				return
			}
		}
	}
}

// Passages returns the passages of the ids, in the order of ids. An id that is
// not in the index is an error of index.ErrNoPassage: it may come from a search
// before the last Apply or Refresh.
func (s *Store) Passages(ctx context.Context, ids []index.PassageID) (_ []index.Stored, err error) {
	defer catchFault(&err)()
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	stored := make([]index.Stored, 0, len(ids))
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
		stored = append(stored, index.Stored{ID: id, Doc: &v.current(seg.doc(uint32(id))).info, Passage: p})
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
