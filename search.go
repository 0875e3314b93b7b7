package albertsearch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/textnorm"
	"github.com/albert-search/albert-search/internal/errkind"
	"github.com/albert-search/albert-search/rerank"
)

// Mode says which retrievers a search uses.
type Mode string

// The modes.
const (
	// Hybrid fuses keywords and vectors.
	Hybrid Mode = "hybrid"
	// Keyword is BM25 alone. It needs no model.
	Keyword Mode = "keyword"
	// Vector is the nearest vectors alone.
	Vector Mode = "vector"
)

// Modes returns all modes.
func Modes() []Mode { return []Mode{Hybrid, Keyword, Vector} }

const (
	defaultLimit = 10
	// fusionDepth is the number of candidates each retriever contributes.
	fusionDepth = 100
)

// SearchRequest asks for passages.
type SearchRequest struct {
	// Query is in the syntax of index.ParseQuery.
	Query string
	// Mode is Hybrid when empty.
	Mode Mode
	// Fusion is rerank.Default when empty.
	Fusion rerank.Method
	Filter index.Filter
	// Limit is the most hits returned; 0 means 10.
	Limit int
	// Rerank is how many of the best candidates the reranker, or else the reader,
	// reads together with the query, to reorder them by what it thinks of
	// them; 0 means none. It needs Hybrid and a reranker or a reader that judges
	// relevance: without one the error is qa.ErrNoRelevance. DefaultRerank is a
	// good number.
	Rerank int
}

// DefaultRerank is a good number for SearchRequest.Rerank.
const DefaultRerank = 50

// Search finds the passages that match r.Query best.
func (e *Engine) Search(ctx context.Context, r SearchRequest) (*SearchResult, error) {
	began := time.Now()
	q, err := index.ParseQuery(textnorm.Normalize(r.Query).String())
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	limit, err := positive("limit", r.Limit, defaultLimit)
	if err != nil {
		return nil, err
	}
	if err := r.checkRerank(); err != nil {
		return nil, err
	}
	if err := e.begin(); err != nil {
		return nil, err
	}
	defer e.reading.Done()
	var reranker *Reranker
	if r.Rerank > 0 {
		// At the same time as the embedder, and before anything is searched.
		if reranker, err = loadBoth(ctx, e, r.Mode, e.models.reranker); err != nil {
			return nil, err
		}
	}
	res := &SearchResult{Query: r.Query, Mode: cmp.Or(r.Mode, Hybrid), Rerank: r.Rerank, Hits: []Hit{}}
	res.Fusion = fusionOf(res.Mode, r.Fusion)
	hits, stats, err := e.retrieve(ctx, retrieval{
		query: q, mode: res.Mode, fusion: res.Fusion, filter: r.Filter, limit: max(limit, r.Rerank),
	})
	if err != nil {
		return nil, err
	}
	if r.Rerank > 0 {
		if hits, err = reranker.rerank(ctx, wanted(q), hits, r.Rerank); err != nil {
			return nil, err
		}
	}
	for i, h := range hits[:min(len(hits), limit)] {
		matches := e.matches(q, h.Stored)
		res.Hits = append(res.Hits, Hit{
			Rank:      i + 1,
			Score:     h.score,
			Citation:  citeFirst(h.Stored, matches),
			Text:      h.Text,
			Matches:   matches,
			Furniture: h.Furniture,
			Explain:   h.explanation,
		})
	}
	e.noteChanges(ctx, hits, stats.Updated, res.cited())
	res.Coverage, res.Freshness, res.Took = coverageOf(stats), freshnessOf(stats), since(began)
	return res, nil
}

// fusionOf is the method that fuses what a search in that mode finds, if
// anything is fused.
func fusionOf(m Mode, f rerank.Method) rerank.Method {
	if m != Hybrid {
		return ""
	}
	return cmp.Or(f, rerank.Default)
}

// retrieval is what retrieve needs to know of a search or a question.
type retrieval struct {
	query  index.Query
	mode   Mode
	fusion rerank.Method
	filter index.Filter
	limit  int
	// noFurniture leaves furniture out.
	noFurniture bool
}

// found is a passage that was found, with the score it is ranked by.
type found struct {
	index.Stored
	score       float64
	explanation Explanation
}

// furnitureWeight is what the score of a passage of furniture is multiplied with:
// it is found by its words, and comes behind a passage of text that has them.
const furnitureWeight = 0.25

// retrieve returns at most r.limit passages, best first, and the counts of the
// snapshot that they are of. That is taken once the query is embedded, and given
// back before it returns: models may take long. The caller has begun.
func (e *Engine) retrieve(ctx context.Context, r retrieval) (passages []found, stats index.Stats, err error) {
	q, err := e.embedQuery(ctx, r)
	if err != nil {
		return nil, stats, err
	}
	err = e.readNow(ctx, func(s index.Snapshot) (err error) {
		if stats, err = s.Stats(ctx); err != nil {
			return fmt.Errorf("count documents: %w", err)
		}
		if q.vector != nil { // it may be another generation by now
			if err := e.mismatch(stats, q.model); err != nil {
				return err
			}
		}
		passages, err = best(ctx, s, stats, r, q.vector)
		return err
	})
	return passages, stats, err
}

// best ranks and fetches passages. The vector is that of the query, nil where none is
// to be searched for.
func best(ctx context.Context, s index.Snapshot, stats index.Stats, r retrieval, vector []float32) ([]found, error) {
	for depth := r.limit; ; depth *= 10 {
		ranked, err := rank(ctx, s, stats, r, vector, depth)
		if err != nil {
			return nil, err
		}
		passages, more, err := fetch(ctx, s, ranked, r)
		if err != nil {
			return nil, fmt.Errorf("fetch passages: %w", err)
		}
		// Furniture that was found may stand before passages that were not asked
		// for. To ask once more is enough for all but the oddest index.
		if !more || r.mode == Hybrid || depth > r.limit || len(ranked) < depth {
			return passages, nil
		}
	}
}

// fetch returns the first r.limit of the ranked passages, once the scores of
// furniture are lowered, and reports whether there might be better ones behind the
// last of them.
func fetch(ctx context.Context, s index.Snapshot, ranked []rerank.Fused, r retrieval) (passages []found, more bool, err error) {
	// Those that are not fetched yet have lower scores. above counts the passages
	// that no such can come before.
	above := func(next float64) int {
		return sort.Search(len(passages), func(i int) bool { return passages[i].score < next })
	}
	for len(ranked) > 0 {
		n := r.limit - above(ranked[0].Score)
		if n <= 0 {
			return passages[:r.limit], false, nil
		}
		n = min(n, len(ranked))
		ids := make([]index.PassageID, n)
		for i, h := range ranked[:n] {
			ids[i] = h.ID
		}
		stored, err := s.Passages(ctx, ids)
		if err != nil {
			return nil, false, err
		}
		for i, h := range ranked[:n] {
			if stored[i].Furniture && r.noFurniture {
				continue
			}
			passages = append(passages, newFound(stored[i], h))
		}
		ranked = ranked[n:]
		slices.SortStableFunc(passages, func(a, b found) int { return cmp.Compare(b.score, a.score) })
	}
	short := len(passages) < r.limit || passages[r.limit-1].Furniture
	return passages[:min(len(passages), r.limit)], short, nil
}

func newFound(p index.Stored, h rerank.Fused) found {
	k, v := h.Parts[0], h.Parts[1]
	score := h.Score
	if p.Furniture {
		score = min(score, score*furnitureWeight)
	}
	return found{p, score, Explanation{
		KeywordRank: k.Rank, KeywordScore: k.Score, VectorRank: v.Rank, Cosine: v.Score, NoVector: v.Unknown, Fused: score,
	}}
}

// rank returns hits, best first: all that were fused, or at most depth of one
// retriever. Each has two parts: what the keywords say of it and what the vectors
// say.
func rank(ctx context.Context, s index.Snapshot, stats index.Stats, r retrieval, vector []float32, depth int) ([]rerank.Fused, error) {
	req := index.Request{Query: r.query, Filter: r.filter, Limit: depth}
	if r.mode == Hybrid {
		req.Limit = max(depth, fusionDepth)
	}
	var keyword, nearest []index.Hit
	var err error
	if r.mode != Vector {
		if keyword, err = s.Keyword(ctx, req); err != nil {
			return nil, fmt.Errorf("keyword search: %w", err)
		}
	}
	if vector != nil {
		req.Vector = vector
		if nearest, err = s.Nearest(ctx, req); err != nil {
			return nil, fmt.Errorf("vector search: %w", err)
		}
	}
	lists := []rerank.List{{Weight: 1, Hits: keyword, Complete: len(keyword) < req.Limit}, {Weight: 1, Hits: nearest}}
	if r.mode != Hybrid {
		return rerank.Single(lists...), nil
	}
	if stats.Vectors < stats.Passages {
		if lists[1].Unknown, err = withoutVector(ctx, s, keyword); err != nil {
			return nil, err
		}
	}
	return rerank.Fuse(r.fusion, lists...)
}

// withoutVector returns the hits that have no vector yet.
func withoutVector(ctx context.Context, s index.Snapshot, hits []index.Hit) (map[index.PassageID]bool, error) {
	ids := make([]index.PassageID, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	vectors, err := s.Vectors(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look for vectors: %w", err)
	}
	none := map[index.PassageID]bool{}
	for i, v := range vectors {
		if v == nil {
			none[ids[i]] = true
		}
	}
	return none, nil
}

// embedded is a query as the embedder gives it.
type embedded struct {
	vector []float32 // nil where none is wanted
	model  index.Embedder
}

// embedQuery embeds the wanted text of a query, if vectors are to be searched. An
// index that does not fit the embedder is an error before any model is loaded.
func (e *Engine) embedQuery(ctx context.Context, r retrieval) (q embedded, err error) {
	switch r.mode {
	case Hybrid, Keyword, Vector:
	default:
		return q, errkind.Errorf(errkind.Usage, "unknown search mode %q: use one of %v", r.mode, Modes())
	}
	text := wanted(r.query)
	if r.mode == Keyword || text == "" {
		return q, nil
	}
	if err := e.readNow(ctx, func(s index.Snapshot) error {
		stats, err := s.Stats(ctx)
		if err != nil {
			return fmt.Errorf("count documents: %w", err)
		}
		if q.model, err = e.models.identity(ctx); err != nil {
			return err
		}
		return e.mismatch(stats, q.model)
	}); err != nil {
		return q, err
	}
	embedder, err := e.models.embedder(ctx)
	if err != nil {
		return q, err
	}
	vectors, err := embedder.Embed(ctx, []string{text})
	if err != nil {
		return q, err
	}
	q.vector = vectors[0]
	return q, nil
}

// wanted is the text of a query that passages should be about.
func wanted(q index.Query) string {
	var parts []string
	for _, c := range q.Clauses {
		if c.Occur != index.MustNot && c.Field != "path" {
			parts = append(parts, c.Text)
		}
	}
	return strings.Join(parts, " ")
}

// matches returns the ranges of the original text whose normalised form the
// query matches.
func (e *Engine) matches(q index.Query, p index.Stored) []index.Range {
	norm := textnorm.Normalize(p.Text)
	ranges := []index.Range{}
	for _, r := range e.languages.Highlight(q, norm.String(), cmp.Or(p.Language, p.Doc.Language)) {
		start, end := norm.Original(r.Start, r.End)
		ranges = append(ranges, index.Range{Start: start, End: end})
	}
	return ranges
}

func coverageOf(s index.Stats) Coverage {
	unread := s.Failed + s.Skipped
	return Coverage{Documents: s.Documents + unread, Unread: unread, Partial: s.Partial}
}

func freshnessOf(s index.Stats) Freshness { return Freshness{s.Generation, s.Updated} }

// positive returns n, or fallback when n is 0.
func positive(name string, n, fallback int) (int, error) {
	if n < 0 {
		return 0, errkind.Errorf(errkind.Usage, "%s is %d: it must be positive", name, n)
	}
	return cmp.Or(n, fallback), nil
}
