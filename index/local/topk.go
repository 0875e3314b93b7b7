package local

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/albert-search/albert-search/index"
)

// topK keeps the best hits that are added.
type topK struct {
	limit int
	hits  hitHeap
}

// compareHits orders hits as searches return them.
func compareHits(a, b index.Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
}

func (t *topK) add(h index.Hit) {
	switch {
	case len(t.hits) < t.limit:
		heap.Push(&t.hits, h)
	case compareHits(h, t.hits[0]) < 0:
		t.hits[0] = h
		heap.Fix(&t.hits, 0)
	}
}

// sorted returns the hits, the best first.
func (t *topK) sorted() []index.Hit {
	slices.SortFunc(t.hits, compareHits)
	return t.hits
}

// hitHeap has the worst hit on top.
type hitHeap []index.Hit

func (h hitHeap) Len() int           { return len(h) }
func (h hitHeap) Less(i, j int) bool { return compareHits(h[i], h[j]) > 0 }
func (h hitHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *hitHeap) Push(x any)        { *h = append(*h, x.(index.Hit)) }
func (h *hitHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
