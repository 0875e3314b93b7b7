package memory

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/albert-search/albert-search/index"
)

// snapshot shows one version.
type snapshot struct {
	version  *version
	released atomic.Bool
}

// Release ends the use of the snapshot.
func (s *snapshot) Release() error {
	s.released.Store(true)
	return nil
}

// see returns the version, if ctx and the snapshot are still alive.
func (s *snapshot) see(ctx context.Context) (*version, error) {
	if s.released.Load() {
		return nil, errClosed
	}
	return s.version, ctx.Err()
}

// Stats counts what is stored. Reembedding is as it was last published.
func (s *snapshot) Stats(ctx context.Context) (index.Stats, error) {
	v, err := s.see(ctx)
	if err != nil {
		return index.Stats{}, err
	}
	st := index.Stats{Generation: v.generation, Settings: v.settings, Reembedding: v.reembedded, Updated: v.updated}
	for _, d := range v.docs {
		switch d.info.State {
		case index.Failed:
			st.Failed++
		case index.Skipped:
			st.Skipped++
		default:
			st.Documents++
		}
		if d.info.Partial() {
			st.Partial++
		}
		st.TextBytes += int64(d.info.Bytes)
		st.Passages += len(d.passages)
		for _, p := range d.passages {
			if p.vector != nil {
				st.Vectors++
			}
		}
	}
	return st, nil
}

// Documents iterates over the documents whose ID begins with prefix.
func (s *snapshot) Documents(ctx context.Context, prefix string) iter.Seq2[*index.Info, error] {
	return func(yield func(*index.Info, error) bool) {
		v, err := s.see(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		first, _ := v.find(prefix)
		for _, d := range v.docs[first:] {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !strings.HasPrefix(d.info.ID, prefix) || !yield(&d.info, nil) {
				return
			}
		}
	}
}

// Document returns the document of the ID; nil where there is none.
func (s *snapshot) Document(ctx context.Context, id string) (*index.Info, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	i, ok := v.find(id)
	if !ok {
		return nil, nil
	}
	return &v.docs[i].info, nil
}

// stored is a passage as it is returned.
func (d *doc) stored(p *passage) index.Stored {
	return index.Stored{ID: p.id, Doc: &d.info, Passage: clonePassage(&p.stored)}
}

// DocumentPassages returns all passages of a document in the order of the text.
func (s *snapshot) DocumentPassages(ctx context.Context, id string) ([]index.Stored, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	i, ok := v.find(id)
	if !ok {
		return nil, nil
	}
	var all []index.Stored
	for _, p := range v.docs[i].passages {
		all = append(all, v.docs[i].stored(p))
	}
	slices.SortStableFunc(all, func(a, b index.Stored) int { return a.Start - b.Start })
	return all, nil
}

// Passages returns the passages of the ids, in the order of ids.
func (s *snapshot) Passages(ctx context.Context, ids []index.PassageID) ([]index.Stored, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]index.Stored, 0, len(ids))
	for _, id := range ids {
		d, p := v.passage(id)
		if p == nil {
			return nil, fmt.Errorf("passage %s: %w", id, index.ErrNoPassage)
		}
		all = append(all, d.stored(p))
	}
	return all, nil
}

// Vectors returns the vectors of the ids, in the order of ids.
func (s *snapshot) Vectors(ctx context.Context, ids []index.PassageID) ([][]float32, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	all := make([][]float32, 0, len(ids))
	for _, id := range ids {
		_, p := v.passage(id)
		if p == nil {
			return nil, fmt.Errorf("passage %s: %w", id, index.ErrNoPassage)
		}
		all = append(all, slices.Clone(p.vector))
	}
	return all, nil
}

// VectorsOf returns the vectors of passages that have the titles and the texts.
func (s *snapshot) VectorsOf(ctx context.Context, texts []index.Titled) ([][]float32, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[index.Titled][]float32)
	for _, d := range v.docs {
		for _, p := range d.passages {
			if p.vector != nil {
				known[index.Titled{Title: d.info.Title, Text: p.stored.Text}] = p.vector
			}
		}
	}
	all := make([][]float32, len(texts))
	for i, t := range texts {
		all[i] = slices.Clone(known[t])
	}
	return all, nil
}

// Missing iterates over the passages that have no vector yet.
func (s *snapshot) Missing(ctx context.Context) iter.Seq2[index.Stored, error] {
	return func(yield func(index.Stored, error) bool) {
		v, err := s.see(ctx)
		if err != nil {
			yield(index.Stored{}, err)
			return
		}
		if v.settings.Dim == 0 {
			return
		}
		for _, d := range v.docs {
			for _, p := range d.passages {
				if err := ctx.Err(); err != nil {
					yield(index.Stored{}, err)
					return
				}
				if p.vector == nil && !yield(d.stored(p), nil) {
					return
				}
			}
		}
	}
}

// Counts counts the documents that pass the filter by the values of a field.
func (s *snapshot) Counts(ctx context.Context, field string, f index.Filter) (map[string]int, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	value, err := index.FieldValue(field)
	if err != nil {
		return nil, err
	}
	passes, err := f.Matcher()
	if err != nil {
		return nil, err
	}
	passesPassage := f.PassageMatcher()
	counts := make(map[string]int)
	for _, d := range v.docs {
		if passesPassage != nil && !slices.ContainsFunc(d.passages, func(p *passage) bool { return passesPassage(&p.stored) }) {
			continue
		}
		if name, ok := value(&d.info); ok && passes(&d.info) {
			counts[name]++
		}
	}
	return counts, nil
}
