package postings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	bleveanalysis "github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

// Restrict returns the passages that have all Must clauses, nil when there is
// no such clause, and those that have one of the MustNot clauses.
func (k *Search) Restrict(q index.Query) (must, not *roaring.Bitmap, err error) {
	not = roaring.New()
	for _, c := range q.Clauses {
		if c.Occur == index.Should {
			continue
		}
		fields, err := analysis.Searched(c.Field)
		if err != nil {
			return nil, nil, err
		}
		words := []string{c.Text}
		if !c.Phrase {
			words = strings.Fields(c.Text)
		}
		for _, w := range words {
			found, err := k.Phrase(fields, w)
			switch {
			case err != nil:
				return nil, nil, err
			case found == nil: // nothing that is indexed
			case c.Occur == index.MustNot:
				not.Or(found)
			case must == nil:
				must = found
			default:
				must.And(found)
			}
		}
	}
	return must, not, nil
}

// Phrase returns the passages in which the words stand one after the other in
// one of the fields. A single word is a phrase of one. It returns nil when the
// analyzer leaves nothing of the words.
func (k *Search) Phrase(fields []analysis.Field, text string) (*roaring.Bitmap, error) {
	var found *roaring.Bitmap
	for _, f := range fields {
		for _, tokens := range k.query.Phrases(f, text) {
			if found == nil {
				found = roaring.New()
			}
			var err error
			if len(tokens) == 1 {
				err = k.Each(f, string(tokens[0].Term), func(n Number) { found.Add(uint32(n)) })
			} else {
				err = k.phraseIn(f, tokens, found)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// phraseIn adds the passages that have the phrase in a field.
func (k *Search) phraseIn(f analysis.Field, tokens bleveanalysis.TokenStream, found *roaring.Bitmap) (err error) {
	options := search.SearcherOptions{Score: "none", IncludeTermVectors: true}
	s, err := searcher.NewMultiPhraseSearcher(k.ctx, k.reader.snapshot, analysis.Positions(tokens), 0, false, f.String(), 1, options)
	if err != nil {
		return fmt.Errorf("searching a phrase: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	sc := &search.SearchContext{DocumentMatchPool: search.NewDocumentMatchPool(s.DocumentMatchPoolSize()+1, 0), IndexReader: k.reader.snapshot}
	for n := 0; ; n++ {
		if n%256 == 0 && k.ctx.Err() != nil {
			return k.ctx.Err()
		}
		m, err := s.Next(sc)
		if err != nil {
			return fmt.Errorf("searching a phrase: %w", err)
		}
		if m == nil {
			return nil
		}
		found.Add(uint32(m.IndexInternalID.Value()))
		sc.DocumentMatchPool.Put(m)
	}
}
