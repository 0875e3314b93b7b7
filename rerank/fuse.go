// Package rerank orders candidate passages: it fuses the ranked lists of
// several retrievers into one and says how each contributed; and it reranks
// the first of them by the judgement of a cross-encoder.
package rerank

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Method is a way to fuse ranked lists. All methods give scores in 0..1.
type Method string

// The fusion methods.
const (
	// RRF is reciprocal-rank fusion: the sum of weight/(60+rank), divided by
	// what a candidate at the top of every list gets (Cormack, Clarke and
	// Büttcher, SIGIR 2009). It ignores the scores themselves.
	RRF Method = "rrf"
	// RelativeScore maps each list's scores linearly onto 0..1, the list's
	// lowest to 0 and its highest to 1, and takes the weighted mean.
	RelativeScore Method = "relative"
	// WeightedSum divides each list's scores by the list's highest and takes
	// the weighted mean; unlike RelativeScore it keeps how far the lowest is
	// from nothing.
	WeightedSum Method = "weighted"
)

// Default is the method with the best mean nDCG@10 on the development sets;
// docs/evaluation.md has the figures.
const Default = RelativeScore

// rrfK damps the lead of the first ranks; 60 is the constant of the paper.
const rrfK = 60

// Methods returns all methods.
func Methods() []Method { return []Method{RRF, RelativeScore, WeightedSum} }

// check makes sure that there is such a method.
func (m Method) check() error {
	if slices.Contains(Methods(), m) {
		return nil
	}
	names := make([]string, 0, len(Methods()))
	for _, known := range Methods() {
		names = append(names, string(known))
	}
	return fmt.Errorf("unknown fusion method %q: use one of %s", m, strings.Join(names, ", "))
}

// Candidate is a passage that a retriever found.
type Candidate struct {
	ID    uint32
	Score float64
}

// List is the result of one retriever, best first.
type List struct {
	// Weight is the list's share of the fused score, relative to the other
	// lists' weights.
	Weight     float64
	Candidates []Candidate
	// Complete tells that what is not in the list scored 0, not merely less
	// than the last candidate.
	Complete bool
}

// Fused is a candidate of at least one list.
type Fused struct {
	ID    uint32
	Score float64
	// Parts has one element for each list, in the order of the lists.
	Parts []Part
}

// Part is what one list says of a candidate.
type Part struct {
	// Rank counts from 1; it is 0 when the list does not hold the candidate.
	Rank int
	// Score is the retriever's own score.
	Score float64
}

// Fuse merges the lists into one, in descending order of fused score and, for
// equal scores, ascending ID.
func Fuse(m Method, lists ...List) ([]Fused, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	var total float64
	for _, l := range lists {
		total += l.Weight
	}
	if total <= 0 {
		return nil, fmt.Errorf("fuse: the weights add up to %g, which is not positive", total)
	}
	at := make(map[uint32]int)
	var out []Fused
	for i, l := range lists {
		contribution := scorer(m, l)
		for rank, c := range l.Candidates {
			j, ok := at[c.ID]
			if !ok {
				j = len(out)
				at[c.ID] = j
				out = append(out, Fused{ID: c.ID, Parts: make([]Part, len(lists))})
			}
			out[j].Parts[i] = Part{Rank: rank + 1, Score: c.Score}
			out[j].Score += l.Weight / total * contribution(rank, c.Score)
		}
	}
	slices.SortFunc(out, func(a, b Fused) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// scorer returns the function that gives a candidate's share, in 0..1, of its
// list's weight.
func scorer(m Method, l List) func(rank int, score float64) float64 {
	if m == RRF {
		return func(rank int, _ float64) float64 { return (rrfK + 1) / float64(rrfK+1+rank) }
	}
	if len(l.Candidates) == 0 {
		return nil
	}
	high := l.Candidates[0].Score
	low := l.Candidates[len(l.Candidates)-1].Score
	if high > 0 && (m == WeightedSum || l.Complete) {
		low = 0
	}
	if high <= low {
		return func(int, float64) float64 { return 1 }
	}
	return func(_ int, score float64) float64 { return max(0, (score-low)/(high-low)) }
}
