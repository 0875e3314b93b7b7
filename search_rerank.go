package albertsearch

import (
	"cmp"
	"context"
	"fmt"
	"math"

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

// rerank returns the passages in the order that what the model thinks of the
// first n of them makes of it.
func (r *Reranker) rerank(ctx context.Context, query string, passages []found, n int) ([]found, error) {
	texts := make([]string, min(n, len(passages)))
	for i := range texts {
		texts[i] = normalized(passages[i].Text)
	}
	relevance, err := r.Encoder.Relevance(ctx, query, texts)
	if err != nil {
		return nil, fmt.Errorf("rerank: %w", err)
	}
	fused := make([]float64, len(passages))
	for i, p := range passages {
		fused[i] = p.score
	}
	calibration := r.Reranking
	if calibration == nil {
		calibration = rerank.BuiltinCalibration()
	}
	out := make([]found, len(passages))
	for i, p := range calibration.Rerank(fused, relevance) {
		out[i] = passages[p.From]
		out[i].score = p.Score
		if p.Read && !math.IsInf(p.Relevance, 0) {
			out[i].explanation.Relevance = &p.Relevance
		}
	}
	return out, nil
}
