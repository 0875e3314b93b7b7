package albertsearch

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/errkind"
	"github.com/albert-search/albert-search/rerank"
)

// checkRerank checks whether what r asks for can be reranked.
func (r SearchRequest) checkRerank() error {
	if _, err := positive("number of passages to rerank", r.Rerank, 0); err != nil {
		return err
	}
	if mode := cmp.Or(r.Mode, Hybrid); r.Rerank > 0 && mode != Hybrid {
		return errkind.Errorf(errkind.Usage, "reranking needs the search mode %s, not %s: it weighs the relevance against the fused score", Hybrid, mode)
	}
	return nil
}

// rerank orders candidates and their passages anew by what the reader thinks of
// the first n of them.
func (e *Engine) rerank(ctx context.Context, query string, found []candidate, passages []index.Stored, n int) ([]candidate, []index.Stored, error) {
	answerer, err := e.models.answerer(ctx)
	if err != nil {
		return nil, nil, err
	}
	calibration, err := e.models.reranking(ctx)
	if err != nil {
		return nil, nil, err
	}
	var encoder rerank.CrossEncoder = answerer
	texts := make([]string, min(n, len(passages)))
	for i := range texts {
		texts[i] = normalized(passages[i].Text)
	}
	relevance, err := encoder.Relevance(ctx, query, texts)
	if err != nil {
		return nil, nil, fmt.Errorf("rerank: %w", err)
	}
	fused := make([]rerank.Candidate, len(found))
	for i, c := range found {
		fused[i] = c.Candidate
	}
	orderedFound, orderedPassages := make([]candidate, len(found)), make([]index.Stored, len(found))
	for i, r := range calibration.Rerank(fused, relevance) {
		c := found[r.From]
		c.Score = r.Score
		if r.Read && !math.IsInf(r.Relevance, 0) {
			c.explanation.Relevance = &r.Relevance
		}
		orderedFound[i], orderedPassages[i] = c, passages[r.From]
	}
	return orderedFound, orderedPassages, nil
}
