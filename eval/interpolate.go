package eval

import (
	"cmp"
	"slices"
)

// Candidate is a passage found for a query, with what may order it.
type Candidate struct {
	Fused     float64
	Relevance float64
	// Right says that it is of a document that answers the query.
	Right bool
}

// InterpolationScore is the mean reciprocal rank of the first right candidate
// with a weight of the relevance.
type InterpolationScore struct {
	Weight float64 `json:"weight"`
	MRR    float64 `json:"mrr"`
}

// nearBestMRR is how much below the best is as good.
const nearBestMRR = 0.001

// FitInterpolation tries weights of the relevance, from 0 to 1 in steps of 0.05,
// in an order of candidates by
//
//	(1-weight)·fused + weight·relevance
//
// and returns the smallest one that is as good as the best, and all scores. Both
// parts should be in 0..1. Each of the pools is the candidates of one query.
func FitInterpolation(pools [][]Candidate) (weight float64, scores []InterpolationScore) {
	const steps = 20
	for step := range steps + 1 {
		w := float64(step) / steps
		scores = append(scores, InterpolationScore{w, mean(len(pools), func(i int) float64 { return reciprocalRank(pools[i], w) })})
	}
	best := slices.MaxFunc(scores, func(x, y InterpolationScore) int { return cmp.Compare(x.MRR, y.MRR) })
	i := slices.IndexFunc(scores, func(s InterpolationScore) bool { return s.MRR >= best.MRR-nearBestMRR })
	return scores[i].Weight, scores
}

func reciprocalRank(pool []Candidate, weight float64) float64 {
	score := func(c Candidate) float64 { return (1-weight)*c.Fused + weight*c.Relevance }
	order := slices.SortedStableFunc(slices.Values(pool), func(x, y Candidate) int { return cmp.Compare(score(y), score(x)) })
	if i := slices.IndexFunc(order, func(c Candidate) bool { return c.Right }); i >= 0 {
		return 1 / float64(i+1)
	}
	return 0
}
