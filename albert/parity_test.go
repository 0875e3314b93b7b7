package albert_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// checkpoints are the folders of testdata/parity, written by
// testdata/gen/parity.py, with the head each has beside Hidden and Pooled.
var checkpoints = []struct {
	name string
	head albert.Head
}{
	{"shared", albert.Hidden},
	{"groups", albert.Span},
	{"classes", albert.Class},
	{"half", albert.Span},
	{"bfloat", albert.Hidden},
	{"reader", albert.SpanRelevance},
}

// fp32Bound is the largest difference from transformers, relative to the
// largest number of a result. int8Bound is the distance of all results from
// those of transformers, relative to their length; these models are tiny and
// their weights random, so that rounding shows more than in a trained one.
const (
	fp32Bound = 1e-4
	int8Bound = 0.05
)

func TestParityWithTransformers(t *testing.T) {
	rt := orttest.Runtime(t)
	for _, c := range checkpoints {
		model := load(t, c.name)
		e := readExpected(t, c.name)
		for _, p := range []struct {
			precision albert.Precision
			error     func(t testing.TB, got, want [][]float32) float64
			bound     float64
		}{{albert.Float32, largestDifference, fp32Bound}, {albert.Int8, distance, int8Bound}} {
			t.Run(fmt.Sprintf("%s/%v", c.name, p.precision), func(t *testing.T) {
				compare := func(what string, got [][]float32) {
					t.Helper()
					if d := p.error(t, got, e.want(t, what)); !(d <= p.bound) {
						t.Errorf("%s differs by %.3g, more than %g", what, d, p.bound)
					} else {
						t.Logf("%s differs by %.2g", what, d)
					}
				}
				o := albert.SessionOptions{Precision: p.precision}
				hidden, err := open(t, rt, model, albert.Hidden, o).Hidden(t.Context(), e.seqs)
				must(t, err)
				compare("hidden", hidden)
				switch c.head {
				case albert.Span:
					start, end, err := open(t, rt, model, albert.Span, o).Spans(t.Context(), e.seqs)
					must(t, err)
					compare("start", start)
					compare("end", end)
				case albert.SpanRelevance:
					s := open(t, rt, model, albert.SpanRelevance, o)
					start, end, relevance, err := s.SpansAndRelevance(t.Context(), e.seqs)
					must(t, err)
					compare("start", start)
					compare("end", end)
					// One vector of all, since one alone may be next to 0.
					want := slices.Concat(e.want(t, "relevance")...)
					if d := p.error(t, [][]float32{relevance}, [][]float32{want}); !(d <= p.bound) {
						t.Errorf("relevance differs by %.3g, more than %g", d, p.bound)
					} else {
						t.Logf("relevance differs by %.2g", d)
					}
					alone, _, err := s.Spans(t.Context(), e.seqs)
					must(t, err)
					if !slices.EqualFunc(alone, start, slices.Equal) {
						t.Error("Spans gives other starts than SpansAndRelevance")
					}
				case albert.Class:
					logits, err := open(t, rt, model, albert.Class, o).Classify(t.Context(), e.seqs)
					must(t, err)
					compare("logits", logits)
				}
			})
		}
	}
}

func load(t testing.TB, name string) *albert.Model {
	t.Helper()
	m, err := albert.Load(os.DirFS("testdata/parity/" + name))
	must(t, err)
	return m
}

func open(t testing.TB, rt *ort.Runtime, m *albert.Model, h albert.Head, o albert.SessionOptions) *albert.Session {
	t.Helper()
	s, err := m.Open(rt, h, o)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// expected is what transformers computes with a checkpoint.
type expected struct {
	st   *safetensors.File
	seqs []tokenize.Sequence
}

func readExpected(t testing.TB, name string) expected {
	t.Helper()
	f, err := os.Open("testdata/parity/" + name + "/expected.safetensors")
	must(t, err)
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	must(t, err)
	st, err := safetensors.Open(f, info.Size())
	must(t, err)
	e := expected{st: st}
	for i := 0; ; i++ {
		ids, ok := st.Tensor(fmt.Sprintf("%d.ids", i))
		if !ok {
			break
		}
		types, _ := st.Tensor(fmt.Sprintf("%d.types", i))
		q := tokenize.Sequence{IDs: ints(t, st, ids)}
		for _, typ := range ints(t, st, types) {
			q.Split += int(1 - typ)
		}
		e.seqs = append(e.seqs, q)
	}
	if len(e.seqs) == 0 {
		t.Fatalf("no sequences in %s", f.Name())
	}
	return e
}

func ints(t testing.TB, st *safetensors.File, info safetensors.Info) []int32 {
	t.Helper()
	b, err := st.Bytes(info)
	must(t, err)
	out := make([]int32, info.Len())
	_, err = binary.Decode(b, binary.LittleEndian, out)
	must(t, err)
	return out
}

// want returns the expected results of that name.
func (e expected) want(t testing.TB, what string) [][]float32 {
	t.Helper()
	var all [][]float32
	for i := range e.seqs {
		info, ok := e.st.Tensor(fmt.Sprintf("%d.%s", i, what))
		if !ok {
			t.Fatalf("sequence %d has no expected %s", i, what)
		}
		v, err := e.st.Floats(info)
		must(t, err)
		all = append(all, v)
	}
	return all
}

// largestDifference is the largest difference of two numbers, relative to the
// largest magnitude in the vector of the second.
func largestDifference(t testing.TB, got, want [][]float32) float64 {
	t.Helper()
	worst := 0.0
	each(t, got, want, func(g, w []float32) {
		var diff, largest float64
		for i := range w {
			diff = max(diff, math.Abs(float64(g[i])-float64(w[i])))
			largest = max(largest, math.Abs(float64(w[i])))
		}
		worst = max(worst, diff/largest)
	})
	return worst
}

// distance is the Euclidean norm of all differences relative to that of want.
func distance(t testing.TB, got, want [][]float32) float64 {
	t.Helper()
	var diff, norm float64
	each(t, got, want, func(g, w []float32) {
		for i := range w {
			diff += math.Pow(float64(g[i])-float64(w[i]), 2)
			norm += math.Pow(float64(w[i]), 2)
		}
	})
	return math.Sqrt(diff / norm)
}

// each calls f with each pair of vectors, after checking that their lengths
// agree.
func each(t testing.TB, got, want [][]float32, f func(got, want []float32)) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d results, want %d", len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("result %d has %d numbers, want %d", i, len(got[i]), len(want[i]))
		}
		f(got[i], want[i])
	}
}
