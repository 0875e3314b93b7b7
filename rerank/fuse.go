// Package rerank orders candidate passages: it fuses the ranked lists of
// several retrievers into one and says how each contributed; and it reranks
// the first of them by the judgement of a cross-encoder.
package rerank

import (
	"fmt"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/internal/errkind"
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
	return errkind.Errorf(errkind.Usage, "unknown fusion method %q: use one of %s", m, strings.Join(names, ", "))
}

// List is the result of one retriever, best first.
type List struct {
	// Weight is the list's share of the fused score, relative to the other
	// lists' weights.
	Weight float64
	Hits   []document.Hit
	// Complete says that what is not in the list scored 0, not merely less
	// than the last candidate.
	Complete bool
	// Unknown are passages of which the retriever cannot say anything, as one of
	// vectors of those that have none yet. They are not in Hits. Their fused score
	// is made of the other lists alone, as if this one were not there.
	Unknown map[document.PassageID]bool
}

// Fused is a hit of at least one list, with its fused score.
type Fused struct {
	document.Hit
	// Parts has one element for each list, in the order of the lists.
	Parts []Part
}

// Part is what one list says of a hit.
type Part struct {
	// Rank counts from 1; it is 0 when the list does not have the hit.
	Rank int
	// Score is the retriever's own score.
	Score float64
	// Unknown says that the retriever cannot say anything of the hit.
	Unknown bool
}

// Fuse merges the lists into one, in the order of document.Hit.Compare by the
// fused score.
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
	at := make(map[document.PassageID]int)
	var out []Fused
	for i, l := range lists {
		contribution := scorer(m, l)
		for rank, h := range l.Hits {
			j, ok := at[h.ID]
			if !ok {
				j = len(out)
				at[h.ID] = j
				out = append(out, Fused{Hit: h, Parts: make([]Part, len(lists))})
				out[j].Score = 0
			}
			out[j].Parts[i] = Part{Rank: rank + 1, Score: h.Score}
			out[j].Score += l.Weight / total * contribution(rank, h.Score)
		}
	}
	for i := range out {
		out[i].leaveOut(lists, total)
	}
	slices.SortFunc(out, func(a, b Fused) int { return a.Compare(b.Hit) })
	return out, nil
}

// leaveOut makes the fused score one of the lists that know the hit. total is the
// weight of all.
func (f *Fused) leaveOut(lists []List, total float64) {
	known := total
	for i, l := range lists {
		if f.Parts[i].Rank == 0 && l.Unknown[f.ID] {
			f.Parts[i].Unknown = true
			known -= l.Weight
		}
	}
	if known < total && known > 0 {
		f.Score *= total / known
	}
}

// Single returns the hits of the one list that has some, with the scores that they
// have, as Fuse would return them.
func Single(lists ...List) []Fused {
	var out []Fused
	for i, l := range lists {
		for rank, h := range l.Hits {
			f := Fused{Hit: h, Parts: make([]Part, len(lists))}
			f.Parts[i] = Part{Rank: rank + 1, Score: h.Score}
			out = append(out, f)
		}
	}
	return out
}

// scorer returns the function that gives a candidate's share, in 0..1, of its
// list's weight.
func scorer(m Method, l List) func(rank int, score float64) float64 {
	if m == RRF {
		return func(rank int, _ float64) float64 { return (rrfK + 1) / float64(rrfK+1+rank) }
	}
	if len(l.Hits) == 0 {
		return nil
	}
	high := l.Hits[0].Score
	low := l.Hits[len(l.Hits)-1].Score
	if high > 0 && (m == WeightedSum || l.Complete) {
		low = 0
	}
	if high <= low {
		return func(int, float64) float64 { return 1 }
	}
	return func(_ int, score float64) float64 { return max(0, (score-low)/(high-low)) }
}
