package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Comparison is the outcome of a paired test of two systems on the same queries.
type Comparison struct {
	Queries int `json:"queries"`
	// Before and Now are the means, Difference is Now less Before.
	Before     float64 `json:"before"`
	Now        float64 `json:"now"`
	Difference float64 `json:"difference"`
	// Low and High bound the difference in 95 of 100 bootstrap samples of the
	// queries (Efron 1979): the percentile interval.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// P is the two-sided p-value of the randomisation test: how often a
	// difference as large comes about when chance says which system is which.
	P float64 `json:"p"`
	// Exact says that all assignments were tried and not a sample of them.
	Exact bool `json:"exact"`
	// Better and Worse count the queries.
	Better int `json:"better"`
	Worse  int `json:"worse"`
}

// Pair is a measure of both systems for one query.
type Pair struct {
	Before, Now float64
	// Group is the collection of the query. What is compared is the mean of the
	// groups' means.
	Group string
}

// permutations is how many random assignments, and how many bootstrap samples,
// are drawn.
const permutations = 10_000

// Compare tests whether the mean difference of pairs may be chance: by the
// paired randomisation test that flips the signs of the differences (Fisher
// 1935; Smucker, Allan and Carterette 2007, "A Comparison of Statistical
// Significance Tests for Information Retrieval Evaluation"). With at most 13
// differences that are not 0 all assignments are tried, else 10,000 drawn by the
// seed, and the one that was observed counts as one of them (Phipson and Smyth
// 2010).
func Compare(pairs []Pair, seed uint64) Comparison {
	c := Comparison{Queries: len(pairs), P: 1}
	if len(pairs) == 0 {
		return c
	}
	size := make(map[string]int)
	for _, p := range pairs {
		size[p.Group]++
	}
	// A query's share of the mean difference.
	shares := make([]float64, len(pairs))
	var changed []float64
	for i, p := range pairs {
		weight := 1 / float64(size[p.Group]*len(size))
		shares[i] = weight * (p.Now - p.Before)
		c.Before += weight * p.Before
		c.Now += weight * p.Now
		c.Better += count(p.Now > p.Before)
		c.Worse += count(p.Now < p.Before)
		if shares[i] != 0 {
			changed = append(changed, shares[i])
		}
	}
	c.Difference = sum(shares)
	rnd := rand.New(rand.NewPCG(seed, 3))
	c.P, c.Exact = signFlip(changed, rnd)
	c.Low, c.High = bootstrap(pairs, shares, rnd)
	return c
}

// signFlip returns how often the sum of the differences with random signs is at
// least as far from 0 as it is.
func signFlip(differences []float64, rnd *rand.Rand) (p float64, exact bool) {
	// What differs by rounding only is equal.
	observed := math.Abs(sum(differences)) * (1 - 1e-12)
	total := 1 << min(len(differences), 30)
	if total <= permutations {
		extreme := 0
		for signs := range total {
			var s float64
			for i, d := range differences {
				if signs>>i&1 == 1 {
					d = -d
				}
				s += d
			}
			extreme += count(math.Abs(s) >= observed)
		}
		return float64(extreme) / float64(total), true
	}
	extreme := 1
	for range permutations {
		var s float64
		var bits uint64
		for i, d := range differences {
			if i%64 == 0 {
				bits = rnd.Uint64()
			}
			if bits>>(i%64)&1 == 1 {
				d = -d
			}
			s += d
		}
		extreme += count(math.Abs(s) >= observed)
	}
	return float64(extreme) / (permutations + 1), false
}

// bootstrap draws queries, as many of each group as it has, and returns the 2.5th
// and the 97.5th percentile of the mean difference.
func bootstrap(pairs []Pair, shares []float64, rnd *rand.Rand) (low, high float64) {
	at := make(map[string]int)
	var groups [][]float64
	for i, p := range pairs {
		g, ok := at[p.Group]
		if !ok {
			g = len(groups)
			at[p.Group] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], shares[i])
	}
	means := make([]float64, permutations)
	for i := range means {
		for _, g := range groups {
			for range g {
				means[i] += g[rnd.IntN(len(g))]
			}
		}
	}
	slices.Sort(means)
	const tail = permutations / 40
	return means[tail], means[len(means)-1-tail]
}

func sum(values []float64) float64 {
	var s float64
	for _, v := range values {
		s += v
	}
	return s
}
