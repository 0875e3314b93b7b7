package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/blevesearch/mmap-go"
	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/internal/vectorset"
)

// matrix is a raw file of float32, row by row, in the byte order of the machine.
type matrix struct {
	mapped mmap.MMap
	values []float32
	dim    int
}

func (s *server) matrix(file string, dim int) (*matrix, error) {
	if m := s.vectors[file]; m != nil {
		return m, nil
	}
	if dim <= 0 {
		return nil, fmt.Errorf("vectors of length %d", dim)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	mapped, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", file, err)
	}
	m := &matrix{mapped, unsafe.Slice((*float32)(unsafe.Pointer(&mapped[0])), len(mapped)/4), dim}
	s.vectors[file] = m
	return m, nil
}

func (m *matrix) row(i int) []float32 { return m.values[i*m.dim : (i+1)*m.dim : (i+1)*m.dim] }
func (m *matrix) rows() int           { return len(m.values) / m.dim }
func (m *matrix) close() error        { return m.mapped.Unmap() }

// bandwidth says how fast MB megabytes of memory are read.
func (s *server) bandwidth(_ context.Context, a struct{ MB int }) (map[string]float64, error) {
	return map[string]float64{"bytes_per_second": vectorset.Bandwidth(a.MB)}, nil
}

// queryRange are rows of a raw file of queries.
type queryRange struct {
	Queries string
	Dim     int
	From, N int
	K       int
}

// timed has for each query how long it took and what was found, best first:
// numbers of passages as they were put, from 0.
type timed struct {
	Each []float64 `json:"each"`
	IDs  [][]int   `json:"ids"`
}

// search runs the queries of the range one at a time.
func (s *server) searches(a queryRange, f func(q []float32) ([]int, error)) (t timed, err error) {
	queries, err := s.matrix(a.Queries, a.Dim)
	if err != nil {
		return t, err
	}
	if a.From+a.N > queries.rows() {
		return t, fmt.Errorf("%s has %d rows, not %d", a.Queries, queries.rows(), a.From+a.N)
	}
	for i := a.From; i < a.From+a.N; i++ {
		began := time.Now()
		found, err := f(queries.row(i))
		t.Each = append(t.Each, since(began))
		if err != nil {
			return t, err
		}
		t.IDs = append(t.IDs, found)
	}
	return t, nil
}

type scored struct {
	row   int
	score float32
}

// flat compares queries with each of the first Rows vectors of a raw file, on
// all processors: the plain scan that everything else is measured against.
func (s *server) flat(_ context.Context, a struct {
	queryRange
	Vectors string
	Rows    int
}) (timed, error) {
	m, err := s.matrix(a.Vectors, a.Dim)
	if err != nil {
		return timed{}, err
	}
	if a.Rows > m.rows() {
		return timed{}, fmt.Errorf("%s has %d rows, not %d", a.Vectors, m.rows(), a.Rows)
	}
	return s.searches(a.queryRange, func(q []float32) ([]int, error) {
		tops := make([][]scored, runtime.GOMAXPROCS(0))
		vectorset.Parallel(a.Rows, func(worker, from, to int) {
			// Few rows enter: sorting by insertion costs next to nothing.
			top := make([]scored, 0, a.K+1)
			for i := from; i < to; i++ {
				score := vek32.Dot(q, m.row(i))
				if len(top) == a.K && score <= top[a.K-1].score {
					continue
				}
				at, _ := slices.BinarySearchFunc(top, score, func(e scored, v float32) int { return cmp.Compare(v, e.score) })
				top = slices.Insert(top, at, scored{i, score})
				top = top[:min(len(top), a.K)]
			}
			tops[worker] = top
		})
		all := slices.Concat(tops...)
		slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
		found := make([]int, 0, a.K)
		for _, e := range all[:min(len(all), a.K)] {
			found = append(found, e.row)
		}
		return found, nil
	})
}

// perDocument is how many passages a document of buildStore has: whole documents
// pass a filter or do not. Of 100 documents each has another type, so that filters
// that keep P of 100 are easily made, but those that are kept are not neighbours;
// bench/peers does the same.
const perDocument = 10

func typeOf(document int) string { return kind(document * 37 % 100) }

func kind(n int) string { return fmt.Sprintf("t%02d", n) }

// batchPassages is how many passages a batch has at least, as Engine.Index makes
// them.
const batchPassages = 256

// buildStore makes an index of the first Rows vectors of a raw file or lines of a
// text file, or both. It is timed.
func (s *server) buildStore(ctx context.Context, a struct {
	Dir, Vectors, Texts string
	Dim, Rows           int
}) (r done, err error) {
	var m *matrix
	if a.Vectors != "" {
		if m, err = s.matrix(a.Vectors, a.Dim); err != nil {
			return r, err
		}
	}
	var texts []string
	if a.Texts != "" {
		if texts, err = s.lines(a.Texts, 0, a.Rows); err != nil {
			return r, err
		}
	}
	began := time.Now()
	store, err := local.New(a.Dir, local.Options{}).Create(ctx, index.Settings{Dim: a.Dim})
	if err != nil {
		return r, err
	}
	defer func() {
		err = errors.Join(err, store.Close())
		r.Seconds = since(began)
	}()
	var batch index.Batch
	passages := 0
	for row := 0; row < a.Rows; {
		n := row / perDocument
		d := index.Document{Info: index.Info{ID: fmt.Sprintf("%07d", n), Path: fmt.Sprintf("/%07d.txt", n), Type: typeOf(n)}}
		for end := min(row+perDocument, a.Rows); row < end; row++ {
			p := index.Passage{Start: row, End: row + 1, Text: "x"}
			if texts != nil {
				p.Text = texts[row]
			}
			if m != nil {
				p.Vector = m.row(row)
			}
			d.Content = append(d.Content, p)
		}
		batch.Put = append(batch.Put, d)
		if passages += len(d.Content); passages >= batchPassages || row == a.Rows {
			if err := store.Apply(ctx, batch); err != nil {
				return r, err
			}
			batch.Put, passages = nil, 0
		}
	}
	return r, nil
}

// openStore opens an index for nearest and keyword, in place of the one before.
func (s *server) openStore(ctx context.Context, a struct{ Dir string }) (map[string]any, error) {
	if err := s.closeStore(); err != nil {
		return nil, err
	}
	began := time.Now()
	s.store = local.New(a.Dir, local.Options{})
	var err error
	if s.snapshot, err = s.store.Snapshot(ctx); err != nil {
		return nil, err
	}
	took := since(began)
	stats, err := s.snapshot.Stats(ctx)
	return map[string]any{"seconds": took, "passages": stats.Passages, "disk_bytes": stats.DiskBytes}, err
}

// closeStore closes what openStore opened.
func (s *server) closeStore() error {
	var errs []error
	if s.snapshot != nil {
		errs = append(errs, s.snapshot.Release())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	s.snapshot, s.store = nil, nil
	return errors.Join(errs...)
}

// nearest searches vectors; Percent, when it is not 0, is what the filter keeps.
func (s *server) nearest(ctx context.Context, a struct {
	queryRange
	Percent int
}) (timed, error) {
	var filter index.Filter
	for p := range a.Percent {
		filter.Types = append(filter.Types, kind(p))
	}
	return s.searches(a.queryRange, func(q []float32) ([]int, error) {
		hits, err := s.snapshot.Nearest(ctx, index.Request{Vector: q, Filter: filter, Limit: a.K})
		return passageNumbers(hits), err
	})
}

// passageNumbers are the hits' passages as buildStore put them: the Start of each
// is its row.
func passageNumbers(hits []index.Hit) []int {
	rows := make([]int, len(hits))
	for i, h := range hits {
		rows[i] = h.Start
	}
	return rows
}

// keyword searches words, Repeat times, and writes a CPU profile of it when one
// is named.
func (s *server) keyword(ctx context.Context, a struct {
	Queries []string
	K       int
	Profile string
	Repeat  int
}) (t timed, err error) {
	search := func() error {
		for range max(1, a.Repeat) {
			for _, text := range a.Queries {
				began := time.Now()
				hits, err := s.snapshot.Keyword(ctx, index.Request{
					Query: index.Query{Clauses: []index.Clause{{Text: text}}}, Limit: a.K,
				})
				t.Each = append(t.Each, since(began))
				if err != nil {
					return err
				}
				t.IDs = append(t.IDs, passageNumbers(hits))
			}
		}
		return nil
	}
	if a.Profile != "" {
		return t, profiled(a.Profile, search)
	}
	return t, search()
}
