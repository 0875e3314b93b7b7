package zipf

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestText counts words: there are as many as are asked for, and the first is
// several times as frequent as the tenth.
func TestText(t *testing.T) {
	const n = 20_000
	counts := make(map[string]int)
	for _, w := range strings.Fields(New(rand.New(rand.NewPCG(1, 2))).Text(n)) {
		counts[w]++
	}
	total, above, highest := 0, 0, 0
	for _, c := range counts {
		total, highest = total+c, max(highest, c)
	}
	for _, c := range counts {
		if 3*c > highest {
			above++
		}
	}
	if total != n || len(counts) < 1000 || above < 2 || above > 12 {
		t.Errorf("%d words, %d different ones, %d a third as frequent as the most frequent or more", total, len(counts), above)
	}
}
