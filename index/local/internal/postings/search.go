package postings

import (
	"context"
	"errors"
	"fmt"

	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

// The parameters of BM25, at the values that most engines use.
const (
	K1 = 1.2
	B  = 0.75
)

// Search is one search of a Reader.
type Search struct {
	ctx    context.Context
	reader *Reader
	query  analysis.Query
	// global are the statistics to score by instead of the Reader's, if not nil.
	global *index.Statistics
	// counting says that all terms are wanted, to count them.
	counting bool
}

// Search begins a search for queries that are analysed by query. It is scored by
// the global statistics, or by those of the Reader if they are nil.
func (r *Reader) Search(ctx context.Context, query analysis.Query, global *index.Statistics) *Search {
	return &Search{ctx: ctx, reader: r, query: query, global: global}
}

// Statistics are what scoring a query needs to know of all passages.
func (r *Reader) Statistics(ctx context.Context, query analysis.Query, q index.Query) (index.Statistics, error) {
	st := index.Statistics{Passages: r.passages, Fields: make(map[string]index.FieldStatistics), Terms: make(map[string]map[string]int)}
	for f, l := range r.lengths {
		st.Fields[analysis.Field(f).String()] = index.FieldStatistics(l)
	}
	k := &Search{ctx: ctx, reader: r, query: query, counting: true}
	terms, _, err := k.terms(q)
	if err != nil || len(terms) == 0 {
		return st, err
	}
	segs := r.snapshot.Segments()
	lists := make([][]termList, len(segs))
	for i := range lists {
		lists[i] = make([]termList, len(terms))
	}
	w := k.newScorer(1)
	if err := k.read([]*scorer{w}, segs, terms, lists); err != nil {
		return st, err
	}
	for i, t := range terms {
		name := t.fieldName()
		if st.Terms[name] == nil {
			st.Terms[name] = make(map[string]int)
		}
		st.Terms[name][t.term] = found(lists, i)
	}
	r.scorers.Put(w)
	return st, nil
}

// Each calls f for every passage that has a term in a field.
func (k *Search) Each(fd analysis.Field, term string, f func(number Number)) (err error) {
	t, err := k.reader.snapshot.TermFieldReader(k.ctx, []byte(term), fd.String(), false, false, false)
	if err != nil {
		return fmt.Errorf("reading postings: %w", err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	var p bleve.TermFieldDoc
	for n := 0; ; n++ {
		if n%4096 == 0 && k.ctx.Err() != nil {
			return k.ctx.Err()
		}
		next, err := t.Next(p.Reset())
		if err != nil {
			return fmt.Errorf("reading postings: %w", err)
		}
		if next == nil {
			return nil
		}
		f(Number(next.ID.Value()))
	}
}
