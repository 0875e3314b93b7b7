package eval

import (
	"math"
	"slices"
)

// Judgements say how relevant documents are to one query: grades by document
// id. A grade of 1 or more is relevant; documents without a grade count as not
// relevant.
type Judgements map[string]int

func (j Judgements) relevant() int {
	n := 0
	for _, grade := range j {
		if grade > 0 {
			n++
		}
	}
	return n
}

// ndcg is the normalised discounted cumulative gain of the first k documents
// (Järvelin and Kekäläinen 2002), with the gain and discount of trec_eval's
// ndcg_cut: the gain of a document is its grade, the discount of rank r (from
// 1) is log2(r+1), and the ideal ranking is over all judged documents.
func ndcg(j Judgements, ranking []string, k int) float64 {
	ideal := make([]int, 0, len(j))
	for _, grade := range j {
		ideal = append(ideal, grade)
	}
	slices.SortFunc(ideal, func(x, y int) int { return y - x })
	var best float64
	for i, grade := range ideal[:min(k, len(ideal))] {
		best += gain(grade, i)
	}
	if best == 0 {
		return 0
	}
	var got float64
	for i, id := range ranking[:min(k, len(ranking))] {
		got += gain(j[id], i)
	}
	return got / best
}

func gain(grade, i int) float64 {
	return float64(max(grade, 0)) / math.Log2(float64(i+2))
}

// recallAt is the share of the relevant documents that are among the first k:
// trec_eval's recall.
func recallAt(j Judgements, ranking []string, k int) float64 {
	relevant := j.relevant()
	if relevant == 0 {
		return 0
	}
	found := 0
	for _, id := range ranking[:min(k, len(ranking))] {
		if j[id] > 0 {
			found++
		}
	}
	return float64(found) / float64(relevant)
}

// averagePrecision is the mean, over the relevant documents, of the precision
// at their ranks, 0 for those not ranked: trec_eval's map of one query.
func averagePrecision(j Judgements, ranking []string) float64 {
	relevant := j.relevant()
	if relevant == 0 {
		return 0
	}
	found, sum := 0, 0.0
	for i, id := range ranking {
		if j[id] > 0 {
			found++
			sum += float64(found) / float64(i+1)
		}
	}
	return sum / float64(relevant)
}

// reciprocalRank is 1/r for the rank r of the first relevant document, 0
// without one: trec_eval's recip_rank.
func reciprocalRank(j Judgements, ranking []string) float64 {
	for i, id := range ranking {
		if j[id] > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// success is 1 if a relevant document is among the first k and 0 otherwise:
// trec_eval's success.
func success(j Judgements, ranking []string, k int) float64 {
	if reciprocalRank(j, ranking[:min(k, len(ranking))]) > 0 {
		return 1
	}
	return 0
}
