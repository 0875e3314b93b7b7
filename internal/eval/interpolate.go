package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/rerank"
)

// Candidate is a passage found for a query, with what may order it.
type Candidate struct {
	Fused float64
	// Relevance is the log of the odds, by the reader.
	Relevance float64
	// Right says that it is of the document that answers the query.
	Right bool
}

// Pools searches for each question whose paragraph is in the collection, an
// index as for EndToEnd, and returns the first depth passages, read for their
// relevance.
func Pools(ctx context.Context, s Searcher, set *SQuAD, depth int, o AskOptions, tick func()) ([][]Candidate, error) {
	pools := make([][]Candidate, len(set.Questions))
	err := each(ctx, len(pools), tick, func(ctx context.Context, i int) error {
		q := set.Questions[i]
		if len(q.Answers) == 0 {
			return nil
		}
		res, err := s.Search(ctx, albertsearch.SearchRequest{Query: plain(q.Text), Fusion: o.Fusion, Limit: depth, Rerank: depth})
		if err != nil {
			return fmt.Errorf("searching for question %s: %w", q.ID, err)
		}
		for _, h := range res.Hits {
			if h.Explain.Relevance != nil {
				pools[i] = append(pools[i], Candidate{h.Explain.Fused, *h.Explain.Relevance, record(h.Citation) == strconv.Itoa(q.Paragraph)})
			}
		}
		// The order before reranking, so that a weight of 0 does not gain by it.
		slices.SortStableFunc(pools[i], func(x, y Candidate) int { return cmp.Compare(y.Fused, x.Fused) })
		return nil
	})
	return slices.DeleteFunc(pools, func(p []Candidate) bool { return len(p) == 0 }), err
}

// RerankingScore is the mean reciprocal rank of the first right candidate with
// some weight and slope.
type RerankingScore struct {
	Weight float64 `json:"weight"`
	Slope  float64 `json:"slope"`
	MRR    float64 `json:"mrr"`
}

// RerankingFit is the outcome of FitReranking.
type RerankingFit struct {
	Calibration rerank.Calibration `json:"calibration"`
	// Before is the mean reciprocal rank by the fused score alone, MRR that by
	// the fit.
	Before float64 `json:"before"`
	MRR    float64 `json:"mrr"`
	// CrossFitted is the same by fits to other queries, in five folds.
	CrossFitted float64          `json:"cross_fitted"`
	Scores      []RerankingScore `json:"scores"`
}

// nearBestMRR is how much below the best is as good.
const nearBestMRR = 0.0005

// The slopes and weights that are tried. A smaller slope than that of a logistic
// regression keeps differences between what is surely relevant.
var (
	rerankSlopes  = []float64{1, .75, .5, .35, .25, .15, .1}
	rerankWeights = []float64{0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1}
)

// FitReranking fits how the relevance is weighed against the fused score: the
// probability by logistic regression of "right" on the relevance (Platt 1999),
// then weight and a share of that slope by the mean reciprocal rank of the first
// right candidate, over a grid. Each of the pools is the candidates of one query.
func FitReranking(pools [][]Candidate) (*RerankingFit, error) {
	c, scores, err := fitReranking(pools)
	if err != nil {
		return nil, err
	}
	fit := &RerankingFit{Calibration: c, Scores: scores, Before: mrr(pools, rerank.Calibration{Slope: 1}), MRR: mrr(pools, c)}
	fit.Calibration.Provenance.Questions = len(pools)
	const folds = 5
	for f := range folds {
		var others, own [][]Candidate
		for i, p := range pools {
			if i*folds/len(pools) == f {
				own = append(own, p)
			} else {
				others = append(others, p)
			}
		}
		c, _, err := fitReranking(others)
		if err != nil {
			return nil, err
		}
		fit.CrossFitted += mrr(own, c) * float64(len(own)) / float64(len(pools))
	}
	return fit, nil
}

func fitReranking(pools [][]Candidate) (c rerank.Calibration, scores []RerankingScore, err error) {
	var x [][]float64
	var right []bool
	for _, p := range pools {
		for _, k := range p {
			x, right = append(x, []float64{k.Relevance}), append(right, k.Right)
		}
	}
	if !slices.Contains(right, true) || !slices.Contains(right, false) {
		return c, nil, errors.New("fitting the weight of the relevance needs right and wrong passages")
	}
	w, err := newton(x, right, []bool{false})
	if err != nil {
		return c, nil, err
	}
	if w[0] <= 0 {
		return c, nil, errors.New("fitting the weight of the relevance: the reader holds wrong passages to be more relevant than right ones")
	}
	best := math.Inf(-1)
	for _, weight := range rerankWeights {
		for _, share := range rerankSlopes {
			// The shift keeps the relevance whose probability is one half.
			try := rerank.Calibration{Weight: weight, Slope: share * w[0], Shift: share * w[1]}
			score := mrr(pools, try)
			scores = append(scores, RerankingScore{weight, try.Slope, score})
			if score > best+nearBestMRR {
				best, c = score, try
			}
			if weight == 0 { // where no slope matters
				break
			}
		}
	}
	return c, scores, nil
}

func mrr(pools [][]Candidate, c rerank.Calibration) float64 {
	return mean(len(pools), func(i int) float64 {
		// The rank is one more than the number of candidates that are before the
		// best right one.
		best := math.Inf(-1)
		for _, k := range pools[i] {
			if s := c.Score(k.Fused, k.Relevance); k.Right && s > best {
				best = s
			}
		}
		if math.IsInf(best, -1) {
			return 0
		}
		rank := 1
		for _, k := range pools[i] {
			rank += count(!k.Right && c.Score(k.Fused, k.Relevance) >= best)
		}
		return 1 / float64(rank)
	})
}
