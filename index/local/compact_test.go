package local

import (
	"slices"
	"testing"
)

// TestMergeRange adds segments as batches do and merges them as compact does:
// there are few at any time, and a row is rewritten about once a tier.
func TestMergeRange(t *testing.T) {
	const total = 500_000
	for name, c := range map[string]struct {
		batch func(n int) int
		// most is how often a row may be rewritten. Within the smallest tier
		// it may be more than once.
		most float64
	}{
		"all alike": {func(int) int { return 256 }, 5},
		"small":     {func(int) int { return 60 }, 6},
		"large":     {func(int) int { return 5000 }, 3},
		"growing":   {func(n int) int { return 1 + n }, 4},
		"mixed":     {func(n int) int { return []int{1, 4000, 30, 300}[n%4] }, 4},
		"one big":   {func(n int) int { return max(256, 100_000*(1-n)) }, 5},
	} {
		t.Run(name, func(t *testing.T) {
			var sizes []int
			rows, rewritten := 0, 0
			for n := 0; rows < total; n++ {
				size := c.batch(n)
				rows += size
				sizes = append(sizes, size)
				from, to := mergeRange(sizes)
				if from < to {
					merged := 0
					for _, n := range sizes[from:to] {
						merged += n
					}
					rewritten += merged
					sizes = slices.Replace(sizes, from, to, merged)
				}
				if len(sizes) > 5*mergeWidth {
					t.Fatalf("%d segments after %d batches", len(sizes), n+1)
				}
			}
			if times := float64(rewritten) / float64(rows); times > c.most {
				t.Errorf("each row was rewritten %.1f times", times)
			}
		})
	}
}
