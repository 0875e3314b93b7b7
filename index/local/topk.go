package local

import (
	"cmp"
	"container/heap"
	"math"
	"slices"

	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Two keep the best of what a search comes by. topK has hits, few of which come
// in: a heap. candidates has estimates by the ten thousand, of which it needs no
// order: halving them costs least.

// hit is a passage that was found.
type hit struct {
	row   segment.Row
	score float64
}

// topK keeps the best hits that are added, the worst of them on top of a heap.
type topK struct {
	limit int
	// compareRows orders hits of equal scores.
	compareRows func(a, b segment.Row) int
	hits        []hit
}

// compare orders hits as searches return them.
func (t *topK) compare(a, b hit) int {
	if c := cmp.Compare(b.score, a.score); c != 0 {
		return c
	}
	return t.compareRows(a.row, b.row)
}

func (t *topK) add(h hit) {
	switch {
	case len(t.hits) < t.limit:
		heap.Push(t, h)
	case h.score < t.hits[0].score: // as nearly all are
	case t.compare(h, t.hits[0]) < 0:
		t.hits[0] = h
		heap.Fix(t, 0)
	}
}

// sorted returns the hits, the best first.
func (t *topK) sorted() []hit {
	slices.SortFunc(t.hits, t.compare)
	return t.hits
}

func (t *topK) Len() int           { return len(t.hits) }
func (t *topK) Less(i, j int) bool { return t.compare(t.hits[i], t.hits[j]) > 0 }
func (t *topK) Swap(i, j int)      { t.hits[i], t.hits[j] = t.hits[j], t.hits[i] }
func (t *topK) Push(x any)         { t.hits = append(t.hits, x.(hit)) }
func (t *topK) Pop() any {
	x := t.hits[len(t.hits)-1]
	t.hits = t.hits[:len(t.hits)-1]
	return x
}

// scanPlace is a vector in a scan: the vectors of all files are counted one after the
// other.
type scanPlace uint32

// candidate is a passage with an estimate of its score, in an order of
// integers: above is the higher estimate, of equal ones the lower place.
type candidate uint64

func newCandidate(score float32, at scanPlace) candidate {
	b := math.Float32bits(score + 0) // -0 is 0
	if b>>31 == 1 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return candidate(b)<<32 | candidate(^at)
}

func (c candidate) place() scanPlace { return ^scanPlace(c) }

func (c candidate) score() float32 {
	b := uint32(c >> 32)
	if b>>31 == 1 {
		return math.Float32frombits(b &^ (1 << 31))
	}
	return math.Float32frombits(^b)
}

// candidates keeps the best that are added. Of twice as many as it keeps it
// throws the lower half away, which costs a constant time for each.
type candidates struct {
	limit int
	keys  []candidate
	least candidate // what comes in must be above it
}

// floor is a score below which nothing comes in.
func (c *candidates) floor() float32 {
	if c.least == 0 {
		return float32(math.Inf(-1))
	}
	return c.least.score()
}

func (c *candidates) add(k candidate) {
	if k <= c.least {
		return
	}
	c.keys = append(c.keys, k)
	if len(c.keys) >= 2*c.limit {
		c.best()
	}
}

// best returns the best, in no order.
func (c *candidates) best() []candidate {
	if len(c.keys) > c.limit {
		partition(c.keys, c.limit)
		c.keys = c.keys[:c.limit]
		c.least = c.keys[0]
		for _, k := range c.keys {
			c.least = min(c.least, k)
		}
	}
	return c.keys
}

// partition puts the n highest keys, which all differ, in front (Hoare's
// quickselect).
func partition(keys []candidate, n int) {
	for from, to := 0, len(keys); to-from > 1; {
		pivot := keys[from+(to-from)/2]
		i, j := from, to-1
		for i <= j {
			for keys[i] > pivot {
				i++
			}
			for keys[j] < pivot {
				j--
			}
			if i <= j {
				keys[i], keys[j] = keys[j], keys[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			to = j + 1
		case n > i:
			from = i
		default:
			return
		}
	}
}
