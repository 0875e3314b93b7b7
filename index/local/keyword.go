package local

import (
	"context"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/postings"
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
	k := v.postings.Search(ctx, query, r.Statistics)
	must, not, err := k.Restrict(r.Query)
	if err != nil {
		return nil, err
	}
	if must != nil && must.IsEmpty() || allowed != nil && allowed.IsEmpty() {
		return nil, nil
	}
	found, err := k.Score(r.Query, r.Limit, func(number postings.Number) (bool, error) {
		if must != nil && !must.Contains(uint32(number)) || not.Contains(uint32(number)) {
			return false, nil
		}
		if allowed == nil {
			return true, nil
		}
		row, err := v.postings.Row(number)
		if err != nil {
			return false, disk.Damaged(s.dir, err.Error())
		}
		return allowed.Contains(uint32(row)), nil
	})
	if err != nil {
		return nil, err
	}
	all := make([]hit, len(found))
	for i, f := range found {
		row, err := v.postings.Row(f.Number)
		if err != nil {
			return nil, disk.Damaged(s.dir, err.Error())
		}
		all[i] = hit{row, f.Score}
	}
	return v.hits(v.best(all, r.Limit)), nil
}

// recoverDamage turns a panic of Bleve over a damaged file into an error.
func (s *snapshot) recoverDamage(err *error) {
	if r := recover(); r != nil {
		*err = disk.Damaged(s.dir, fmt.Sprintf("cannot be searched: %v", r))
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
	k := v.postings.Search(ctx, query, nil)
	must, not, err := k.Restrict(q)
	if err != nil {
		return nil, err
	}
	if must != nil {
		in, err := v.postings.Rows(must)
		if err != nil {
			return nil, err
		}
		if allowed != nil {
			in.And(allowed)
		}
		allowed = in
	}
	if !not.IsEmpty() {
		out, err := v.postings.Rows(not)
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
	query, err := v.query()
	if err != nil {
		return st, err
	}
	return v.postings.Statistics(ctx, query, q)
}
