package albertsearch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/textnorm"
	"github.com/albert-search/albert-search/internal/errkind"
	"github.com/albert-search/albert-search/qa"
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
	// Rerank is how many of the best candidates the reader reads together with
	// the query, to order them anew by what it thinks of them; 0 means none.
	// It needs Hybrid and a reader that judges relevance: without one the
	// error is qa.ErrNoRelevance. DefaultRerank is a good number.
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
	if r.Rerank > 0 {
		// At the same time as the embedder, and before anything is searched.
		answerer, err := e.loadBoth(ctx, r.Mode)
		if err != nil {
			return nil, err
		}
		if !answerer.HasRelevance() {
			return nil, fmt.Errorf("rerank: %w", qa.ErrNoRelevance)
		}
	}
	res := &SearchResult{Query: r.Query, Mode: cmp.Or(r.Mode, Hybrid), Rerank: r.Rerank, Hits: []Hit{}}
	res.Fusion = fusionOf(res.Mode, r.Fusion)
	err = e.read(ctx, func(store index.Snapshot) error {
		found, err := e.retrieve(ctx, store, retrieval{
			query: q, mode: r.Mode, fusion: r.Fusion, filter: r.Filter, limit: max(limit, r.Rerank),
		})
		if err != nil {
			return err
		}
		passages, err := store.Passages(ctx, ids(found))
		if err != nil {
			return fmt.Errorf("fetch passages: %w", err)
		}
		if r.Rerank > 0 {
			if found, passages, err = e.rerank(ctx, wanted(q), found, passages, r.Rerank); err != nil {
				return err
			}
		}
		found, passages = found[:min(len(found), limit)], passages[:min(len(passages), limit)]
		for i, p := range passages {
			res.Hits = append(res.Hits, Hit{
				Rank:     i + 1,
				Citation: cite(p),
				Text:     p.Text,
				Matches:  e.matches(q, p),
				Score:    found[i].Score,
				Explain:  found[i].explanation,
			})
		}
		res.Coverage, err = coverage(ctx, store)
		return err
	})
	if err != nil {
		return nil, err
	}
	res.Took = since(began)
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
}

// candidate is a passage that was found, with the score it is ranked by. What
// orders equal scores is the number that it is fused by.
type candidate struct {
	rerank.Candidate
	passage     index.PassageID
	explanation Explanation
}

func ids(found []candidate) []index.PassageID {
	out := make([]index.PassageID, len(found))
	for i, c := range found {
		out[i] = c.passage
	}
	return out
}

// retrieve returns at most r.limit candidates, best first.
func (e *Engine) retrieve(ctx context.Context, store index.Snapshot, r retrieval) ([]candidate, error) {
	req := index.Request{Query: r.query, Filter: r.filter, Limit: r.limit}
	switch mode := cmp.Or(r.mode, Hybrid); mode {
	case Keyword:
		hits, err := store.Keyword(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("keyword search: %w", err)
		}
		return single(hits, func(rank int, score float64) Explanation {
			return Explanation{KeywordRank: rank, KeywordScore: score, Fused: score}
		}), nil
	case Vector:
		hits, err := e.nearest(ctx, store, req)
		if err != nil {
			return nil, err
		}
		return single(hits, func(rank int, score float64) Explanation {
			return Explanation{VectorRank: rank, Cosine: score, Fused: score}
		}), nil
	case Hybrid:
		return e.hybrid(ctx, store, req, r.fusion)
	default:
		return nil, errkind.Errorf(errkind.Usage, "unknown search mode %q: use one of %v", mode, Modes())
	}
}

// hybrid fuses the results of both retrievers.
func (e *Engine) hybrid(ctx context.Context, store index.Snapshot, req index.Request, fusion rerank.Method) ([]candidate, error) {
	limit := req.Limit
	req.Limit = max(limit, fusionDepth)
	keyword, err := store.Keyword(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("keyword search: %w", err)
	}
	vector, err := e.nearest(ctx, store, req)
	if err != nil {
		return nil, err
	}
	passages := numbered(keyword, vector)
	fused, err := rerank.Fuse(cmp.Or(fusion, rerank.Default),
		rerank.List{Weight: 1, Candidates: candidates(keyword, passages), Complete: len(keyword) < req.Limit},
		rerank.List{Weight: 1, Candidates: candidates(vector, passages)})
	if err != nil {
		return nil, err
	}
	fused = fused[:min(len(fused), limit)]
	out := make([]candidate, len(fused))
	for i, f := range fused {
		k, v := f.Parts[0], f.Parts[1]
		out[i] = candidate{rerank.Candidate{ID: f.ID, Score: f.Score}, passages.ids[f.ID], Explanation{
			KeywordRank: k.Rank, KeywordScore: k.Score, VectorRank: v.Rank, Cosine: v.Score, Fused: f.Score,
		}}
	}
	return out, nil
}

func single(hits []index.Hit, explain func(rank int, score float64) Explanation) []candidate {
	out := make([]candidate, len(hits))
	for i, h := range hits {
		out[i] = candidate{rerank.Candidate{ID: uint32(i), Score: h.Score}, h.ID, explain(i+1, h.Score)}
	}
	return out
}

// numbers gives passages the numbers that they are fused by.
type numbers struct {
	ids []index.PassageID // by number
	of  map[index.PassageID]uint32
}

// numbered numbers the passages of lists, in the order of documents and texts, in
// which fusion leaves those of equal scores.
func numbered(lists ...[]index.Hit) numbers {
	n := numbers{of: make(map[index.PassageID]uint32)}
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b index.Hit) int {
		return cmp.Or(cmp.Compare(a.Doc, b.Doc), cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	for _, h := range all {
		if _, known := n.of[h.ID]; !known {
			n.of[h.ID] = uint32(len(n.ids))
			n.ids = append(n.ids, h.ID)
		}
	}
	return n
}

func candidates(hits []index.Hit, n numbers) []rerank.Candidate {
	out := make([]rerank.Candidate, len(hits))
	for i, h := range hits {
		out[i] = rerank.Candidate{ID: n.of[h.ID], Score: h.Score}
	}
	return out
}

// nearest embeds the wanted text of the query and finds the nearest passages.
func (e *Engine) nearest(ctx context.Context, store index.Snapshot, req index.Request) ([]index.Hit, error) {
	text := wanted(req.Query)
	if text == "" {
		return nil, nil
	}
	embedder, err := e.models.embedder(ctx)
	if err != nil {
		return nil, err
	}
	stats, err := store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	model, err := e.models.identity(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.mismatch(stats, model); err != nil {
		return nil, err
	}
	vectors, err := embedder.Embed(ctx, []string{text})
	if err != nil {
		return nil, err
	}
	req.Vector = vectors[0]
	hits, err := store.Nearest(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("vector search: %w", err)
	}
	return hits, nil
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

func coverage(ctx context.Context, store index.Snapshot) (Coverage, error) {
	s, err := store.Stats(ctx)
	if err != nil {
		return Coverage{}, fmt.Errorf("count documents: %w", err)
	}
	unread := s.Failed + s.Skipped
	return Coverage{Documents: s.Documents + unread, Unread: unread, Partial: s.Partial}, nil
}

// positive returns n, or fallback when n is 0.
func positive(name string, n, fallback int) (int, error) {
	if n < 0 {
		return 0, errkind.Errorf(errkind.Usage, "%s is %d: it must be positive", name, n)
	}
	return cmp.Or(n, fallback), nil
}
