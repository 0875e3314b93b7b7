package avx512_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/albert/internal/avx512"
)

// Each kernel is compared with the same calculation written out in 64 bits,
// for numbers of rows around those that are worked on at once.
var rows = []int{1, 2, 3, 4, 5, 6, 7, 16, 17, 24, 25, 50}

func supported(t testing.TB) {
	t.Helper()
	if !avx512.Supported() {
		t.Skip("this processor has no AVX-512 VNNI")
	}
}

func normal(random *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
	return v
}

// near checks that no number of got is further from want than bound times the
// largest magnitude in want.
func near(t *testing.T, what string, got []float32, want []float64, bound float64) {
	t.Helper()
	var largest, worst float64
	for i, w := range want {
		largest, worst = max(largest, math.Abs(w)), max(worst, math.Abs(float64(got[i])-w))
	}
	if !(worst <= bound*largest) {
		t.Errorf("%s: off by %g, numbers are up to %g", what, worst, largest)
	}
}

var activations = map[avx512.Activation]func(x float64) float64{
	avx512.None: func(x float64) float64 { return x },
	avx512.ReLU: func(x float64) float64 { return max(x, 0) },
	avx512.GELU: func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) },
	avx512.GELUTanh: func(x float64) float64 {
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	},
}

// TestLinear checks the product of rounded inputs, which is exact but for the
// last scaling.
func TestLinear(t *testing.T) {
	supported(t)
	random := rand.New(rand.NewPCG(1, 2))
	const in, out = 48, 128
	weights := make([]int8, in*out)
	for i := range weights {
		weights[i] = int8(random.IntN(255) - 127)
	}
	packed := avx512.Pack(weights, in, out)
	scale, bias, inputScale := make([]float32, out), normal(random, out), make([]float32, in)
	for i := range scale {
		scale[i] = 0.001 + 0.001*random.Float32()
	}
	for i := range inputScale {
		inputScale[i] = 0.5 + random.Float32()
	}
	floor := float32(-0.171)
	for _, l := range []avx512.Linear{
		{Weights: packed, Scale: scale, Bias: bias},
		{Weights: packed, Scale: scale, Bias: bias, InputScale: inputScale},
		{Weights: packed, Scale: scale, Bias: bias, Floor: &floor},
	} {
		for act, f := range activations {
			for _, n := range rows {
				x := normal(random, n*in)
				if l.Floor != nil {
					for i := range x {
						x[i] = max(x[i], floor)
					}
				}
				clear(x[:in]) // zeros have no range
				got := make([]float32, n*out)
				l.Apply(x, got, act, new(avx512.Work))
				var want []float64
				for row := range slices.Chunk(x, in) {
					q, step := round(row, l.InputScale, l.Floor)
					for j := range out {
						sum := 0
						for i, v := range q {
							sum += v * int(weights[i*out+j])
						}
						want = append(want, f(float64(sum)*step*float64(scale[j])+float64(bias[j])))
					}
				}
				near(t, fmt.Sprintf("%d rows, activation %d, floor %v", n, act, l.Floor), got, want, 2e-6)
			}
		}
	}
}

// round rounds a row to 8 bits.
func round(row, inputScale []float32, floor *float32) (q []int, step float64) {
	x := slices.Clone(row)
	span, most, from := float32(1e-30), float32(127), float32(0)
	if floor != nil {
		most, from = 255, *floor
	}
	for i := range x {
		if inputScale != nil {
			x[i] *= inputScale[i]
		}
		span = max(span, float32(math.Abs(float64(x[i]-from))))
	}
	for _, v := range x {
		q = append(q, int(math.RoundToEven(float64((v-from)*(most/span)))))
	}
	return q, float64(span / most)
}

func TestProduct(t *testing.T) {
	supported(t)
	random := rand.New(rand.NewPCG(1, 2))
	const k = 37
	for _, n := range []int{16, 32, 48, 64, 80, 112, 128} {
		for _, m := range rows {
			a, b, bias := normal(random, m*k), normal(random, k*n), normal(random, n)
			for _, bias := range [][]float32{nil, bias} {
				got := make([]float32, m*n)
				avx512.Product(a, b, bias, got, k, n)
				var want []float64
				for i := range m {
					for j := range n {
						sum := 0.0
						if bias != nil {
							sum = float64(bias[j])
						}
						for l := range k {
							sum += float64(a[i*k+l]) * float64(b[l*n+j])
						}
						want = append(want, sum)
					}
				}
				near(t, fmt.Sprintf("%d rows of %d", m, n), got, want, 1e-6)
			}
		}
	}
}

func TestNormalize(t *testing.T) {
	supported(t)
	random := rand.New(rand.NewPCG(1, 2))
	const n, epsilon = 80, 1e-3
	weight, bias := normal(random, n), normal(random, n)
	for _, m := range rows {
		x, y := normal(random, m*n), normal(random, m*n)
		for _, y := range [][]float32{nil, y} {
			var want []float64
			for i := range m {
				var sum, squares float64
				row := make([]float64, n)
				for j := range row {
					row[j] = float64(x[i*n+j])
					if y != nil {
						row[j] += float64(y[i*n+j])
					}
					sum += row[j]
				}
				for _, v := range row {
					squares += (v - sum/n) * (v - sum/n)
				}
				for j, v := range row {
					want = append(want, (v-sum/n)/math.Sqrt(squares/n+epsilon)*float64(weight[j])+float64(bias[j]))
				}
			}
			got := slices.Clone(x)
			avx512.Normalize(got, y, weight, bias, epsilon)
			near(t, fmt.Sprintf("%d rows", m), got, want, 2e-6)
		}
	}
}

func TestAttention(t *testing.T) {
	supported(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, shape := range []struct{ heads, size int }{{1, 16}, {3, 32}, {2, 64}} {
		hidden := shape.heads * shape.size
		for _, m := range rows {
			qkv := normal(random, m*3*hidden)
			got := make([]float32, m*hidden)
			avx512.Attention(qkv, got, shape.heads, shape.size, new(avx512.Work))
			near(t, fmt.Sprintf("%d rows, %v", m, shape), got, attention(qkv, m, shape.heads, shape.size), 2e-6)
		}
	}
}

func attention(qkv []float32, m, heads, size int) []float64 {
	hidden := heads * size
	out := make([]float64, m*hidden)
	at := func(row, part, head, i int) float64 { return float64(qkv[row*3*hidden+part*hidden+head*size+i]) }
	for h := range heads {
		for row := range m {
			weights, sum := make([]float64, m), 0.0
			for key := range m {
				dot := 0.0
				for i := range size {
					dot += at(row, 0, h, i) * at(key, 1, h, i)
				}
				weights[key] = math.Exp(dot / math.Sqrt(float64(size)))
				sum += weights[key]
			}
			for i := range size {
				for key := range m {
					out[row*hidden+h*size+i] += weights[key] / sum * at(key, 2, h, i)
				}
			}
		}
	}
	return out
}

// TestRowsAreIndependent checks that a row's result is the same, bit for bit,
// alone and among others.
func TestRowsAreIndependent(t *testing.T) {
	supported(t)
	random := rand.New(rand.NewPCG(1, 2))
	const in, out, n = 64, 128, 23
	weights := make([]int8, in*out)
	for i := range weights {
		weights[i] = int8(random.IntN(255) - 127)
	}
	l := avx512.Linear{Weights: avx512.Pack(weights, in, out), Scale: normal(random, out), Bias: normal(random, out)}
	b := normal(random, in*out)
	x := normal(random, n*in)
	for name, f := range map[string]func(x, out []float32){
		"linear":  func(x, y []float32) { l.Apply(x, y, avx512.GELU, new(avx512.Work)) },
		"product": func(x, y []float32) { avx512.Product(x, b, l.Bias, y, in, out) },
	} {
		all, alone := make([]float32, n*out), make([]float32, out)
		f(x, all)
		for i := range n {
			f(x[i*in:(i+1)*in], alone)
			if !slices.Equal(alone, all[i*out:(i+1)*out]) {
				t.Errorf("%s: row %d is another one alone", name, i)
			}
		}
	}
}

// TestWrongLengthsPanic gives each function what its kernel would read or write
// outside of.
func TestWrongLengthsPanic(t *testing.T) {
	supported(t)
	const in, out, rows = 32, 64, 2
	f := func(n int) []float32 { return make([]float32, n) }
	packed := avx512.Pack(make([]int8, in*out), in, out)
	apply := func(x, y int, change func(l *avx512.Linear)) func() {
		return func() {
			l := avx512.Linear{Weights: packed, Scale: f(out), Bias: f(out), InputScale: f(in)}
			change(&l)
			l.Apply(f(x), f(y), avx512.None, new(avx512.Work))
		}
	}
	changed := func(change func(w *avx512.Weights)) func(l *avx512.Linear) {
		return func(l *avx512.Linear) {
			w := *packed
			change(&w)
			l.Weights = &w
		}
	}
	same := func(*avx512.Linear) {}
	product := func(a, b, bias, y, k, n int) func() {
		return func() { avx512.Product(f(a), f(b), f(bias), f(y), k, n) }
	}
	normalize := func(x, y, weight, bias int) func() {
		return func() { avx512.Normalize(f(x), f(y), f(weight), f(bias), 1e-12) }
	}
	attention := func(qkv, y, heads, size int) func() {
		return func() { avx512.Attention(f(qkv), f(y), heads, size, new(avx512.Work)) }
	}
	for _, test := range []struct {
		name string
		run  func()
		want string // "" if the lengths fit
	}{
		{"Pack", func() { avx512.Pack(make([]int8, in*out), in, out) }, ""},
		{"Pack: too few inputs", func() { avx512.Pack(make([]int8, 8*out), 8, out) }, "Pack: in is 8, want a positive multiple of 16"},
		{"Pack: too few outputs", func() { avx512.Pack(make([]int8, in*32), in, 32) }, "Pack: out is 32, want a positive multiple of 64"},
		{"Pack: too few weights", func() { avx512.Pack(make([]int8, in*out-1), in, out) }, "Pack: weights: 2047 numbers, want 2048"},

		{"Apply", apply(rows*in, rows*out, same), ""},
		{"Apply: no rows", apply(0, 0, same), ""},
		{"Apply: part of a row", apply(rows*in+1, rows*out, same), "Apply: x: 65 numbers, want 64"},
		{"Apply: too little room", apply(rows*in, rows*out-1, same), "Apply: out: 127 numbers, want 128"},
		{"Apply: Scale", apply(rows*in, rows*out, func(l *avx512.Linear) { l.Scale = f(out - 1) }), "Apply: Scale: 63 numbers, want 64"},
		{"Apply: Bias", apply(rows*in, rows*out, func(l *avx512.Linear) { l.Bias = nil }), "Apply: Bias: 0 numbers, want 64"},
		{"Apply: no InputScale", apply(rows*in, rows*out, func(l *avx512.Linear) { l.InputScale = nil }), ""},
		{"Apply: InputScale", apply(rows*in, rows*out, func(l *avx512.Linear) { l.InputScale = f(in - 1) }), "Apply: InputScale: 31 numbers, want 32"},
		{"Apply: In", apply(rows*24, rows*out, changed(func(w *avx512.Weights) { w.In = 24 })), "Apply: In is 24, want a positive multiple of 16"},
		{"Apply: Out", apply(rows*in, rows*96, changed(func(w *avx512.Weights) { w.Out = 96 })), "Apply: Out is 96, want a positive multiple of 64"},
		{"Apply: weights not packed", apply(rows*in, rows*out, changed(func(w *avx512.Weights) { *w = avx512.Weights{In: in, Out: out} })), "Apply: packed weights: 0 numbers, want 2048"},
		{"Apply: other weights", apply(rows*in, rows*2*out, changed(func(w *avx512.Weights) { w.In, w.Out = in/2, 2*out })), "Apply: offsets: 64 numbers, want 128"},

		{"Product", product(rows*3, 3*32, 32, rows*32, 3, 32), ""},
		{"Product: n", product(rows*3, 3*24, 24, rows*24, 3, 24), "Product: n is 24, want a positive multiple of 16"},
		{"Product: k", product(0, 0, 32, 0, 0, 32), "Product: k is 0, want a positive multiple of 1"},
		{"Product: a", product(rows*3+1, 3*32, 32, rows*32, 3, 32), "Product: a: 7 numbers, want 6"},
		{"Product: b", product(rows*3, 3*32-1, 32, rows*32, 3, 32), "Product: b: 95 numbers, want 96"},
		{"Product: bias", product(rows*3, 3*32, 16, rows*32, 3, 32), "Product: bias: 16 numbers, want 32"},
		{"Product: out", product(rows*3, 3*32, 32, rows*32-1, 3, 32), "Product: out: 63 numbers, want 64"},

		{"Normalize", normalize(rows*32, rows*32, 32, 32), ""},
		{"Normalize: weight", normalize(rows*24, rows*24, 24, 24), "Normalize: the length of weight is 24, want a positive multiple of 16"},
		{"Normalize: bias", normalize(rows*32, rows*32, 32, 31), "Normalize: bias: 31 numbers, want 32"},
		{"Normalize: y", normalize(rows*32, 32, 32, 32), "Normalize: y: 32 numbers, want 64"},
		{"Normalize: x", normalize(40, 40, 32, 32), "Normalize: x: 40 numbers, want 32"},

		{"Attention", attention(rows*3*32, rows*32, 2, 16), ""},
		{"Attention: size", attention(rows*3*16, rows*16, 2, 8), "Attention: size is 8, want a positive multiple of 16"},
		{"Attention: heads", attention(rows*3*16, rows*16, -1, 16), "Attention: heads is -1, want a positive multiple of 1"},
		{"Attention: qkv", attention(rows*3*32+5, rows*32, 2, 16), "Attention: qkv: 197 numbers, want 192"},
		{"Attention: out", attention(rows*3*32, rows*32-1, 2, 16), "Attention: out: 63 numbers, want 64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				got := ""
				if r := recover(); r != nil {
					got = fmt.Sprint(r)
				}
				if want := test.want; want != "" && got != "avx512: "+want || want == "" && got != "" {
					t.Errorf("panics with %q, want %q", got, want)
				}
			}()
			test.run()
		})
	}
}
