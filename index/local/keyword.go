package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

// The parameters of BM25, at the values that most engines use.
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// Keyword returns the passages that match the query best.
//
// A passage is found when it matches at least one Should or Must clause, all
// Must clauses and no MustNot clause. A Should clause without a field matches
// by the words of the path, too, each as a term of its own. Its score is the sum of BM25F over the
// words of the Should and Must clauses (Robertson and Zaragoza, The
// Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3.6): the
// frequencies in the fields, each weighted and measured against the mean length
// of its field, are added up before they are saturated. Words of a phrase count
// only where the phrase stands. Words that the analyzer drops, such as "the",
// neither match nor exclude anything.
//
// The scores are computed here because Bleve's BM25 (2.6) takes the square root
// of the frequency, takes the number of different words over the number of
// documents for the mean length, and multiplies a sum by the share of its parts
// that matched.
func (s *snapshot) Keyword(ctx context.Context, r index.Request) (hits []index.Hit, err error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	if err := checkLimit(r); err != nil {
		return nil, err
	}
	defer s.recoverDamage(&err)
	defer catchFault(&err)()
	set, err := v.filterSet(ctx, r.Filter)
	if err != nil {
		return nil, err
	}
	allowed := set.rows // nil: all
	query, err := v.query()
	if err != nil {
		return nil, err
	}
	k := &keywordSearch{ctx: ctx, view: v, query: query, global: r.Statistics}
	must, not, err := k.restrict(r.Query)
	if err != nil {
		return nil, err
	}
	if must != nil && must.IsEmpty() || allowed != nil && allowed.IsEmpty() {
		return nil, nil
	}
	found, err := k.score(r.Query, r.Limit, func(number uint32) (bool, error) {
		if must != nil && !must.Contains(number) || not.Contains(number) {
			return false, nil
		}
		if allowed == nil {
			return true, nil
		}
		row, err := v.row(uint64(number))
		if err != nil {
			return false, damaged(s.dir, err.Error())
		}
		return allowed.Contains(uint32(row)), nil
	})
	if err != nil {
		return nil, err
	}
	top := topK{limit: r.Limit, compareRows: v.compareRows}
	for _, f := range found {
		row, err := v.row(uint64(f.number))
		if err != nil {
			return nil, damaged(s.dir, err.Error())
		}
		top.add(hit{row, f.score})
	}
	return v.hits(top.sorted()), nil
}

// recoverDamage turns a panic of Bleve over a damaged file into an error.
func (s *snapshot) recoverDamage(err *error) {
	if r := recover(); r != nil {
		*err = damaged(s.dir, fmt.Sprintf("cannot be searched: %v", r))
	}
}

// restrictRows returns the rows that the Must and MustNot clauses leave of
// allowed, where nil means all live rows.
func (s *snapshot) restrictRows(ctx context.Context, v *view, q index.Query, allowed *roaring.Bitmap) (rows *roaring.Bitmap, err error) {
	defer s.recoverDamage(&err)
	query, err := v.query()
	if err != nil {
		return nil, err
	}
	k := &keywordSearch{ctx: ctx, view: v, query: query}
	must, not, err := k.restrict(q)
	if err != nil {
		return nil, err
	}
	if must != nil {
		in, err := v.rows(must)
		if err != nil {
			return nil, err
		}
		if allowed != nil {
			in.And(allowed)
		}
		allowed = in
	}
	if !not.IsEmpty() {
		out, err := v.rows(not)
		if err != nil {
			return nil, err
		}
		if allowed == nil {
			allowed = v.live
		}
		allowed = roaring.AndNot(allowed, out)
	}
	return allowed, nil
}

// rows translates Bleve's document numbers.
func (v *view) rows(numbers *roaring.Bitmap) (*roaring.Bitmap, error) {
	rows := roaring.New()
	for it := numbers.Iterator(); it.HasNext(); {
		row, err := v.row(uint64(it.Next()))
		if err != nil {
			return nil, err
		}
		rows.Add(uint32(row))
	}
	return rows, nil
}

// keywordSearch is one search of the postings. Passages go by Bleve's document
// numbers here.
type keywordSearch struct {
	ctx   context.Context
	view  *view
	query analysis.Query
	// global are the statistics to score by instead of the view's, if not nil.
	global *index.Statistics
	// counting says that all terms are wanted, to count them.
	counting bool
}

// Statistics are what Keyword needs to know of the whole version.
func (s *snapshot) Statistics(ctx context.Context, q index.Query) (st index.Statistics, err error) {
	v, err := s.acquire()
	if err != nil {
		return st, err
	}
	defer v.release()
	if err := ctx.Err(); err != nil {
		return st, err
	}
	defer s.recoverDamage(&err)
	defer catchFault(&err)()
	st.Passages = v.stats.Passages
	st.Fields = make(map[string]index.FieldStatistics)
	for f, l := range v.lengths {
		st.Fields[field(f).String()] = index.FieldStatistics(l)
	}
	st.Terms = make(map[string]map[string]int)
	query, err := v.query()
	if err != nil {
		return st, err
	}
	k := &keywordSearch{ctx: ctx, view: v, query: query, counting: true}
	terms, _, err := k.terms(q)
	if err != nil || len(terms) == 0 {
		return st, err
	}
	segs := v.postings.Segments()
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
	v.scorers.Put(w)
	return st, nil
}

// each calls f for every passage that has a term in a field.
func (k *keywordSearch) each(fd field, term string, f func(number uint32)) (err error) {
	t, err := k.view.postings.TermFieldReader(k.ctx, []byte(term), fd.String(), false, false, false)
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
		f(uint32(next.ID.Value()))
	}
}
