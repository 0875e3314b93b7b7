// Package zipf makes texts of words that mean nothing, with the frequencies of
// natural language, for benchmarks that have no texts.
package zipf

import (
	"math/rand/v2"
	"strings"
)

// Words makes words by Zipf's law out of 50,000.
type Words struct{ zipf *rand.Zipf }

// New returns words that the generator chooses.
func New(r *rand.Rand) Words { return Words{rand.NewZipf(r, 1.1, 4, 50_000)} }

// Text returns n words.
func (w Words) Text(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for n := w.zipf.Uint64() + 20; n > 0; n /= 20 {
			b.WriteByte("bcdfghjklmnpqrstvwxz"[n%20])
			b.WriteByte("aeiou"[n%5])
		}
	}
	return b.String()
}
