package bitcode

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/quick"
	"time"
)

// gaussian makes vectors of length 1 around a centre that is not zero.
func gaussian(random *rand.Rand, n, dim int) [][]float32 {
	vectors := make([][]float32, n)
	for i := range vectors {
		v := make([]float32, dim)
		for j := range v {
			v[j] = float32(random.NormFloat64() + 0.5*float64(j%3))
		}
		vectors[i] = normalised(v)
	}
	return vectors
}

func normalised(v []float32) []float32 {
	n := float32(math.Sqrt(dot(v, v)))
	for i := range v {
		v[i] /= n
	}
	return v
}

func dot(a, b []float32) (s float64) {
	for i, x := range a {
		s += float64(x) * float64(b[i])
	}
	return s
}

func encode(vectors [][]float32, dim int) *Codes {
	return Encode(dim, len(vectors), func(i int) []float32 { return vectors[i] })
}

// sequence has the numbers from from up to, but not including, to.
func sequence(from, to int) []uint32 {
	numbers := make([]uint32, to-from)
	for i := range numbers {
		numbers[i] = uint32(from + i)
	}
	return numbers
}

func TestRotation(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, dim := range []int{1, 2, 3, 64, 100, 384} {
		r := NewRotation(dim)
		v := gaussian(random, 2, dim)
		before := dot(v[0], v[1])
		for i := range v {
			r.apply(v[i])
			if n := dot(v[i], v[i]); math.Abs(n-1) > 1e-5 {
				t.Errorf("dim %d: length² %g", dim, n)
			}
		}
		if after := dot(v[0], v[1]); math.Abs(after-before) > 1e-5 {
			t.Errorf("dim %d: the product %g became %g", dim, before, after)
		}
	}
	// A vector along an axis is spread over all dimensions.
	axis := make([]float32, 384)
	axis[7] = 1
	NewRotation(384).apply(axis)
	for j, x := range axis {
		if math.Abs(float64(x)) > 5/math.Sqrt(384) {
			t.Errorf("element %d of a rotated axis is %g", j, x)
		}
	}
}

// TestEstimates checks that estimates are right on average, and as close as the
// paper says: an error of the order of the square root of 1/dim.
func TestEstimates(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, dim := range []int{64, 100, 384, 768} {
		vectors := gaussian(random, 300, dim)
		c := encode(vectors, dim)
		var sum, squares float64
		n := 0
		for _, v := range gaussian(random, 50, dim) {
			q := c.Query(NewRotation(len(v)).Apply(v))
			scores, found := make([]float32, Blocks(c.Rows)*Block), make([]uint16, Blocks(c.Rows))
			c.Scan(q, sequence(0, Blocks(c.Rows)), float32(math.Inf(-1)), scores, found)
			for i, w := range vectors {
				e := float64(scores[i]) - dot(v, w)
				sum, squares, n = sum+e, squares+e*e, n+1
			}
		}
		mean, rms := sum/float64(n), math.Sqrt(squares/float64(n))
		if math.Abs(mean) > 0.1/math.Sqrt(float64(dim)) || rms > 1/math.Sqrt(float64(dim)) {
			t.Errorf("dim %d: errors of %g on average, root mean square %g", dim, mean, rms)
		}
	}
}

func TestDegenerate(t *testing.T) {
	for _, vectors := range [][][]float32{
		nil,
		{{1, 2, 3}},
		{{0, 0, 0}, {0, 0, 0}},
		{{1, 0, 0}, {1, 0, 0}, {1, 0, 0}},
	} {
		c := encode(vectors, 3)
		for _, query := range [][]float32{{0, 0, 0}, {1, 0, 0}, {1, 2, 3}} {
			q := c.Query(NewRotation(len(query)).Apply(query))
			scores, found := make([]float32, Blocks(c.Rows)*Block), make([]uint16, Blocks(c.Rows))
			c.Scan(q, sequence(0, Blocks(c.Rows)), float32(math.Inf(-1)), scores, found)
			for i, v := range vectors { // all are their centre, so nothing is left to estimate
				if want := dot(query, v); math.Abs(float64(scores[i])-want) > 0.01*max(1, want) {
					t.Errorf("%v · %v estimated as %g", query, v, scores[i])
				}
			}
			if len(found) > 0 && found[0] != 1<<len(vectors)-1 {
				t.Errorf("%d vectors: found %b", len(vectors), found[0])
			}
		}
	}
}

// queryPlain is Query element by element.
func queryPlain(c *Codes, turned []float32) *Query {
	q := &Query{planes: make([]uint64, words(c.Dim)*planes), dim: int32(c.Dim), base: float32(dot(turned, c.Centre))}
	for j, x := range turned {
		q.step = max(q.step, float32(math.Abs(float64(x-c.Centre[j]))))
	}
	if q.step /= levels; !(q.step >= 1e-30) {
		q.step = 0
		return q
	}
	perLevel := 1 / (2 * q.step)
	for j, x := range turned {
		n := uint64(min(float32((x-c.Centre[j])*perLevel)+levels/2, levels-1))
		for p := range planes {
			q.planes[j/64*planes+p] |= n >> p & 1 << (j % 64)
		}
	}
	return q
}

// TestQueryEqual compares Query with its plain form.
func TestQueryEqual(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	for dim := 1; dim <= 130; dim++ {
		c := &Codes{Dim: dim, Centre: gaussian(random, 1, dim)[0]}
		for range 20 {
			turned := gaussian(random, 1, dim)[0]
			switch random.IntN(4) {
			case 0: // as far from the centre as can be, on either side
				for j, o := range c.Centre {
					turned[j] = o + float32(1-2*random.IntN(2))
				}
			case 1:
				copy(turned, c.Centre)
			}
			got, want := c.Query(turned), queryPlain(c, turned)
			if !slices.Equal(got.planes, want.planes) || got.step != want.step || got.dim != want.dim {
				t.Fatalf("dim %d: planes %x, step %g; element by element %x, %g", dim, got.planes, got.step, want.planes, want.step)
			}
			if math.Abs(float64(got.base-want.base)) > 1e-6 {
				t.Fatalf("dim %d: base %g, in one sum %g", dim, got.base, want.base)
			}
		}
	}
	// What no vector should have, as damaged ones may: no panic, whatever comes out.
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat32} {
		c := &Codes{Dim: 20, Centre: make([]float32, 20)}
		c.Centre[3] = -float32(x)
		turned := make([]float32, 20)
		turned[3], turned[17] = float32(x), 1
		c.Query(turned)
	}
}

// TestScanEqual checks that the scans that this processor can run give what the
// plain one does, bit for bit, for whatever is in the codes.
func TestScanEqual(t *testing.T) {
	same := func(words, blocks uint8, floor float32, seed uint64) error {
		random := rand.New(rand.NewPCG(5, seed))
		q := &Query{planes: make([]uint64, int(words%20)*planes), dim: int32(words%20) * 64,
			step: random.Float32(), base: random.Float32() - 0.5}
		for i := range q.planes {
			q.planes[i] = random.Uint64()
		}
		n := int(blocks % 9)
		data := make([]uint64, n*(len(q.planes)/planes*Block+Block/2))
		numbers := sequence(0, n)
		if seed%2 == 1 { // some of them, in any order, and twice
			for i := range numbers {
				numbers[i] = uint32(random.IntN(n))
			}
		}
		for i := range data {
			switch random.IntN(8) {
			case 0:
			case 1:
				data[i] = math.MaxUint64
			default:
				data[i] = random.Uint64()
			}
		}
		wantScores, wantFound := make([]float32, n*Block), make([]uint16, n)
		scanPlain(q, data, numbers, floor, wantScores, wantFound)
		for _, form := range scans() {
			scores, found := make([]float32, n*Block), make([]uint16, n)
			form.scan(q, data, numbers, floor, scores, found)
			for i, s := range scores {
				if p := wantScores[i]; math.Float32bits(s) != math.Float32bits(p) && (s == s || p == p) {
					return fmt.Errorf("%s, %d words, %d blocks: vector %d has %g, plain %g", form.name, words%20, n, i, s, p)
				}
			}
			if !slices.Equal(found, wantFound) {
				return fmt.Errorf("%s found %x, plain %x", form.name, found, wantFound)
			}
		}
		return nil
	}
	if err := quick.Check(func(words, blocks uint8, floor float32, seed uint64) bool {
		err := same(words, blocks, floor, seed)
		if err != nil {
			t.Log(err)
		}
		return err == nil
	}, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
	for _, floor := range []float32{0, 1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
		if err := same(6, 5, floor, 1); err != nil {
			t.Error(err)
		}
	}
}

// TestMisuse checks that what is wrong with the arguments is a panic in the
// goroutine of the caller, not something that is read beyond its end.
func TestMisuse(t *testing.T) {
	vectors := gaussian(rand.New(rand.NewPCG(13, 14)), 100, 128)
	c := encode(vectors, 128)
	other := encode(gaussian(rand.New(rand.NewPCG(15, 16)), 3, 64), 64)
	for name, f := range map[string]func(){
		"a query of other codes": func() {
			c.Scan(other.Query(NewRotation(64).Apply(vectors[0][:64])), []uint32{0}, 0, make([]float32, Block), make([]uint16, 1))
		},
		"a query that is too long":  func() { c.Query(make([]float32, 129, 256)) },
		"a query that is too short": func() { c.Query(make([]float32, 127, 256)) },
		"a block that is not there": func() {
			c.Scan(c.Query(NewRotation(128).Apply(vectors[0])), []uint32{uint32(Blocks(100))}, 0, make([]float32, Block), make([]uint16, 1))
		},
		"no room for the scores": func() {
			c.Scan(c.Query(NewRotation(128).Apply(vectors[0])), []uint32{0, 1}, 0, make([]float32, Block), make([]uint16, 2))
		},
		"more vectors than there are": func() {
			var calls atomic.Int64
			Encode(128, 100, func(i int) []float32 { return vectors[min(i, 99)+int(calls.Add(1))/101*100] })
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestVersion checks that codes are what they were: indexes have them, and
// other codes need another Version.
func TestVersion(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	vectors := make([][]float32, 100)
	for i := range vectors {
		vectors[i] = make([]float32, 100)
		for j := range vectors[i] {
			vectors[i][j] = float32(random.IntN(2001)-1000) / 1024
		}
	}
	c := encode(vectors, 100)
	h := fnv.New64a()
	if err := binary.Write(h, binary.LittleEndian, c.Blocks); err != nil {
		t.Fatal(err)
	}
	if err := binary.Write(h, binary.LittleEndian, c.Centre); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("version %d: %x", Version, h.Sum64()); got != "version 1: dab283eb49a29f0c" {
		t.Error(got)
	}
}

// TestFloor checks that Scan finds exactly the vectors not below the floor.
func TestFloor(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	vectors := gaussian(random, 1000, 384)
	c := encode(vectors, 384)
	q := c.Query(NewRotation(len(vectors[5])).Apply(vectors[5]))
	scores, found := make([]float32, Blocks(c.Rows)*Block), make([]uint16, Blocks(c.Rows))
	c.Scan(q, sequence(0, Blocks(c.Rows)), float32(math.Inf(-1)), scores, found)
	sorted := slices.SortedFunc(slices.Values(scores[:len(vectors)]), func(a, b float32) int { return cmp.Compare(b, a) })
	floor := sorted[99]
	c.Scan(q, sequence(3, 60), floor, scores[3*Block:], found[3:])
	for i := 3 * Block; i < 60*Block && i < len(vectors); i++ {
		if got := found[i/Block]>>(i%Block)&1 == 1; got != (scores[i] >= floor) {
			t.Errorf("vector %d with %g, floor %g: found %t", i, scores[i], floor, got)
		}
	}
}

// BenchmarkQuery rotates a query, and prepares it in turn with the plain form:
// x-plain is the median of that over the other's.
func BenchmarkQuery(b *testing.B) {
	vectors := gaussian(rand.New(rand.NewPCG(9, 10)), 100, 384)
	c, turned := encode(vectors, 384), NewRotation(384).Apply(vectors[0])
	b.Run("rotate", func(b *testing.B) {
		r := NewRotation(384)
		for b.Loop() {
			r.Apply(vectors[0])
		}
	})
	b.Run("prepare", func(b *testing.B) {
		var fast, plain []time.Duration
		for b.Loop() {
			began := time.Now()
			for range 100 {
				c.Query(turned)
			}
			between := time.Now()
			for range 100 {
				queryPlain(c, turned)
			}
			fast, plain = append(fast, between.Sub(began)), append(plain, time.Since(between))
		}
		b.ReportMetric(median(fast)/100, "ns/op")
		b.ReportMetric(median(plain)/median(fast), "x-plain")
	})
}

// BenchmarkScan scans 100,000 codes with each form that the processor can run, in
// turn with the plain one: x-plain is the median of that over the form's.
func BenchmarkScan(b *testing.B) {
	const rows, dim = 100_000, 384
	random := rand.New(rand.NewPCG(9, 10))
	c := &Codes{Dim: dim, Rows: rows, Centre: make([]float32, dim), Blocks: make([]uint64, Blocks(rows)*BlockWords(dim))}
	for i := range c.Blocks {
		c.Blocks[i] = random.Uint64()
	}
	query := gaussian(random, 1, dim)[0]
	q := c.Query(NewRotation(dim).Apply(query))
	all := sequence(0, Blocks(rows))
	scores, found := make([]float32, len(all)*Block), make([]uint16, len(all))
	for _, form := range scans() {
		if form.name == "plain" {
			continue
		}
		b.Run(form.name, func(b *testing.B) {
			var fast, plain []time.Duration
			timed := func(scan func(*Query, []uint64, []uint32, float32, []float32, []uint16), took *[]time.Duration) {
				began := time.Now()
				scan(q, c.Blocks, all, 1e9, scores, found)
				*took = append(*took, time.Since(began))
			}
			for b.Loop() {
				timed(form.scan, &fast)
				timed(scanPlain, &plain)
			}
			nanos := median(fast)
			b.ReportMetric(nanos, "ns/op")
			b.ReportMetric(nanos/rows, "ns/vector")
			b.ReportMetric(float64(8*len(c.Blocks))/nanos, "GB/s")
			b.ReportMetric(median(plain)/nanos, "x-plain")
		})
	}
}

// median is in nanoseconds.
func median(d []time.Duration) float64 { return float64(slices.Sorted(slices.Values(d))[len(d)/2]) }

func BenchmarkEncode(b *testing.B) {
	vectors := gaussian(rand.New(rand.NewPCG(9, 10)), 10_000, 384)
	for b.Loop() {
		encode(vectors, 384)
	}
	b.ReportMetric(float64(b.N*len(vectors))/b.Elapsed().Seconds(), "vectors/s")
}
