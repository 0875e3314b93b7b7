package local

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/RoaringBitmap/roaring/v2"
	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index"
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
func (s *Store) Keyword(ctx context.Context, r index.Request) (hits []index.Hit, err error) {
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
	allowed, err := v.filterRows(ctx, r.Filter)
	if err != nil {
		return nil, err
	}
	k := &keywordSearch{ctx: ctx, view: v, analyzers: v.schema.analyzers}
	must, not, err := k.restrict(r.Query)
	if err != nil {
		return nil, err
	}
	if must != nil && must.IsEmpty() || allowed != nil && allowed.IsEmpty() {
		return nil, nil
	}
	if err := k.score(r.Query); err != nil {
		return nil, err
	}
	top := topK{limit: r.Limit}
	for n, score := range k.scores {
		if score == 0 || !top.admits(score) || must != nil && !must.Contains(uint32(n)) || not.Contains(uint32(n)) {
			continue
		}
		row, err := v.row(uint64(n))
		if err != nil {
			return nil, damaged(s.dir, err.Error())
		}
		if allowed == nil || allowed.Contains(row) {
			top.add(index.Hit{ID: index.PassageID(row), Score: score})
		}
	}
	return top.sorted(), nil
}

// recoverDamage turns a panic of Bleve over a damaged file into an error.
func (s *Store) recoverDamage(err *error) {
	if r := recover(); r != nil {
		*err = damaged(s.dir, fmt.Sprintf("cannot be searched: %v", r))
	}
}

// restrictRows returns the rows that the Must and MustNot clauses leave of
// allowed, where nil means all live rows.
func (s *Store) restrictRows(ctx context.Context, v *view, q index.Query, allowed *roaring.Bitmap) (rows *roaring.Bitmap, err error) {
	defer s.recoverDamage(&err)
	k := &keywordSearch{ctx: ctx, view: v, analyzers: v.schema.analyzers}
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
		rows.Add(row)
	}
	return rows, nil
}

// keywordSearch is one search of the postings. Passages go by Bleve's document
// numbers here.
type keywordSearch struct {
	ctx       context.Context
	view      *view
	analyzers *analyzers
	scores    []float64 // by document number

	// What scoreTerm keeps of one term: weighted frequencies by document
	// number, and the numbers whose frequency is not zero.
	freqs []float64
	found []uint32
}

// each calls f for every posting of a term in a field.
func (k *keywordSearch) each(fd field, term string, freqs bool, f func(number uint32, p *bleve.TermFieldDoc)) (err error) {
	t, err := k.view.postings.TermFieldReader(k.ctx, []byte(term), fd.String(), freqs, freqs, false)
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
		f(uint32(next.ID.Value()), next)
	}
}

// score adds up the scores of all passages.
func (k *keywordSearch) score(q index.Query) error {
	k.scores = make([]float64, k.view.postingDocs())
	k.freqs = make([]float64, len(k.scores))
	for _, c := range q.Clauses {
		if c.Occur == index.MustNot {
			continue
		}
		fields, err := searched(c.Field)
		if err != nil {
			return err
		}
		var where *roaring.Bitmap
		if c.Phrase {
			if where, err = k.phrase(fields, c.Text); err != nil {
				return err
			}
		}
		// All fields of a clause have the same analyzer.
		for _, t := range k.analyzers.analyze(fields[0], c.Text) {
			if err := k.scoreTerm(fields, string(t.Term), where); err != nil {
				return err
			}
		}
		if c.Occur == index.Should && c.Field == "" {
			if err := k.scorePath(c.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// scorePath adds the scores of the words in paths, so that a file is found by
// its name. A word in all paths says where the collection is, and a word that
// the text's analyzer drops says nothing.
func (k *keywordSearch) scorePath(text string) error {
	for _, t := range k.analyzers.analyze(fieldPath, text) {
		term := string(t.Term)
		if len(k.analyzers.analyze(fieldText, term)) == 0 {
			continue
		}
		n := uint64(0)
		if err := k.each(fieldPath, term, false, func(uint32, *bleve.TermFieldDoc) { n++ }); err != nil {
			return err
		}
		if n == k.view.lengths[fieldPath].Passages {
			continue
		}
		if err := k.scoreTerm([]field{fieldPath}, term, nil); err != nil {
			return err
		}
	}
	return nil
}

// scoreTerm adds the scores of a term to the passages in where, or to all when
// where is nil.
func (k *keywordSearch) scoreTerm(fields []field, term string, where *roaring.Bitmap) error {
	for _, f := range fields {
		length := k.view.lengths[f]
		if length.Passages == 0 {
			continue
		}
		mean := max(float64(length.Tokens)/float64(length.Passages), 1)
		err := k.each(f, term, true, func(number uint32, p *bleve.TermFieldDoc) {
			if k.freqs[number] == 0 {
				k.found = append(k.found, number)
			}
			fieldLength := math.Round(1 / (p.Norm * p.Norm)) // Bleve's norm is 1/sqrt(length)
			k.freqs[number] += f.weight() * float64(p.Freq) / (1 - bm25B + bm25B*fieldLength/mean)
		})
		if err != nil {
			return err
		}
	}
	n, df := float64(k.view.stats.Passages), float64(len(k.found))
	idf := math.Log(1 + (n-df+0.5)/(df+0.5))
	for _, number := range k.found {
		if where == nil || where.Contains(number) {
			freq := k.freqs[number]
			k.scores[number] += idf * freq * (bm25K1 + 1) / (freq + bm25K1)
		}
		k.freqs[number] = 0
	}
	k.found = k.found[:0]
	return nil
}
