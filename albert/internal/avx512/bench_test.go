package avx512_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/albert-search/albert-search/albert/internal/avx512"
)

// benchRows is how many rows the benchmarks work on, as many as in a batch.
const benchRows = 128

// BenchmarkLinear reports the multiplications of the maps of a layer of the
// built-in models, billions a second.
func BenchmarkLinear(b *testing.B) {
	supported(b)
	random := rand.New(rand.NewPCG(1, 2))
	for _, m := range []struct {
		in, out int
		act     avx512.Activation
	}{{384, 1152, avx512.None}, {384, 384, avx512.None}, {384, 1536, avx512.None}, {384, 1536, avx512.GELU}, {1536, 384, avx512.None}} {
		b.Run(fmt.Sprintf("%d-%d,activation=%d", m.in, m.out, m.act), func(b *testing.B) {
			weights := make([]int8, m.in*m.out)
			for i := range weights {
				weights[i] = int8(random.IntN(255) - 127)
			}
			l := avx512.Linear{Weights: avx512.Pack(weights, m.in, m.out), Scale: normal(random, m.out), Bias: normal(random, m.out)}
			x, y := normal(random, benchRows*m.in), make([]float32, benchRows*m.out)
			var work avx512.Work
			for b.Loop() {
				l.Apply(x, y, m.act, &work)
			}
			b.ReportMetric(float64(benchRows*m.in*m.out)*float64(b.N)/b.Elapsed().Seconds()/1e9, "G/s")
		})
	}
}

// BenchmarkAttention is that of one sequence in a layer of the built-in models.
func BenchmarkAttention(b *testing.B) {
	supported(b)
	const heads, size = 12, 32
	qkv := normal(rand.New(rand.NewPCG(1, 2)), benchRows*3*heads*size)
	out := make([]float32, benchRows*heads*size)
	var work avx512.Work
	for b.Loop() {
		avx512.Attention(qkv, out, heads, size, &work)
	}
	b.ReportMetric(float64(2*benchRows*benchRows*heads*size)*float64(b.N)/b.Elapsed().Seconds()/1e9, "G/s")
}
