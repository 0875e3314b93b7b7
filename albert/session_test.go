package albert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// many returns n sequences of 1 to 33 tokens in a shuffled order of lengths.
func many(n int) []tokenize.Sequence {
	seqs := make([]tokenize.Sequence, n)
	for i := range seqs {
		ids := make([]int32, 1+i*17%33)
		for j := range ids {
			ids[j] = int32((i*7 + j*j) % 61)
		}
		seqs[i] = tokenize.Sequence{IDs: ids, Split: len(ids) - i%2*len(ids)/2}
	}
	return seqs
}

// TestResultsDoNotDependOnBatches compares every sequence run alone with the
// same run among others, in several sizes of batch and numbers of threads.
func TestResultsDoNotDependOnBatches(t *testing.T) {
	rt := orttest.Runtime(t)
	seqs := many(70)
	for _, name := range []string{"groups", "half"} {
		model := load(t, name)
		for _, p := range []albert.Precision{albert.Float32, albert.Int8} {
			alone := open(t, rt, model, albert.Hidden, albert.SessionOptions{Precision: p})
			var want [][]float32
			for i := range seqs {
				v, err := alone.Hidden(t.Context(), seqs[i:i+1])
				must(t, err)
				want = append(want, v[0])
			}
			for _, o := range []albert.SessionOptions{{}, {BatchTokens: 1}, {BatchTokens: 1 << 20}, {Threads: 2, Parallel: 3}} {
				o.Precision = p
				got, err := open(t, rt, model, albert.Hidden, o).Hidden(t.Context(), seqs)
				must(t, err)
				if d := largestDifference(t, got, want); !(d <= 1e-5) {
					t.Errorf("%s, %v, %+v: alone and in a batch differ by %g", name, p, o, d)
				} else {
					t.Logf("%s, %v, %+v: alone and in a batch differ by %g", name, p, o, d)
				}
			}
		}
	}
}

func TestPooled(t *testing.T) {
	rt := orttest.Runtime(t)
	model := load(t, "shared")
	seqs := many(20)
	hidden, err := open(t, rt, model, albert.Hidden, albert.SessionOptions{}).Hidden(t.Context(), seqs)
	must(t, err)
	width := model.Config().HiddenSize
	for head, add := range map[albert.Head]func(sum, v float32, token, tokens int) float32{
		albert.Pooled: func(sum, v float32, _, tokens int) float32 { return sum + v/float32(tokens) },
		albert.PooledFirst: func(sum, v float32, token, _ int) float32 {
			if token == 0 {
				return v
			}
			return sum
		},
		albert.PooledMax: func(sum, v float32, token, _ int) float32 {
			if token == 0 {
				return v
			}
			return max(sum, v)
		},
	} {
		pooled, err := open(t, rt, model, head, albert.SessionOptions{}).Pool(t.Context(), seqs)
		must(t, err)
		want := make([][]float32, len(seqs))
		for i, h := range hidden {
			want[i] = make([]float32, width)
			for j, v := range h {
				want[i][j%width] = add(want[i][j%width], v, j/width, len(seqs[i].IDs))
			}
		}
		if d := largestDifference(t, pooled, want); !(d <= 1e-5) {
			t.Errorf("%v differs by %g", head, d)
		}
	}
}

func TestRunErrors(t *testing.T) {
	rt := orttest.Runtime(t)
	two := open(t, rt, load(t, "shared"), albert.Pooled, albert.SessionOptions{})
	one := open(t, rt, load(t, "bfloat"), albert.Pooled, albert.SessionOptions{})
	for _, c := range []struct {
		session *albert.Session
		seq     tokenize.Sequence
		want    string
	}{
		{two, tokenize.Sequence{}, "empty"},
		{two, tokenize.Sequence{IDs: make([]int32, 41), Split: 41}, "41 tokens are more than the 40"},
		{two, tokenize.Sequence{IDs: []int32{2, 61, 3}, Split: 3}, "token 1 is 61"},
		{two, tokenize.Sequence{IDs: []int32{-1}, Split: 1}, "token 0 is -1"},
		{two, tokenize.Sequence{IDs: []int32{2}, Split: 2}, "begins at token 2 of 1"},
		{two, tokenize.Sequence{IDs: []int32{2}, Split: -1}, "begins at token -1"},
		{one, tokenize.Sequence{IDs: []int32{2, 3}, Split: 1}, "two texts"},
	} {
		good := tokenize.Sequence{IDs: []int32{2, 3}, Split: 2}
		_, err := c.session.Pool(t.Context(), []tokenize.Sequence{good, c.seq})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "sequence 1") {
			t.Errorf("%v: error %v, want one with %q", c.seq, err, c.want)
		}
	}
	if _, err := two.Hidden(t.Context(), many(1)); err == nil || !strings.Contains(err.Error(), "opened for pooled") {
		t.Errorf("another head: error %v", err)
	}
	if got, err := two.Pool(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no sequences: %v, %v", got, err)
	}
}

func TestOpenErrors(t *testing.T) {
	rt := orttest.Runtime(t)
	for _, h := range []albert.Head{albert.Span, albert.Class, albert.SpanRelevance} {
		_, err := load(t, "shared").Open(rt, h, albert.SessionOptions{})
		if !errors.Is(err, albert.ErrNoHead) || !strings.Contains(err.Error(), "model.safetensors") {
			t.Errorf("%v: error %v, want ErrNoHead with the file", h, err)
		}
	}
	if _, err := load(t, "shared").Open(nil, albert.Hidden, albert.SessionOptions{}); err == nil {
		t.Error("no error without a runtime")
	}
}

func TestCancel(t *testing.T) {
	rt := orttest.Runtime(t)
	s := open(t, rt, load(t, "shared"), albert.Pooled, albert.SessionOptions{Parallel: 1, BatchTokens: 1 << 30})
	before, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Pool(before, many(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: error %v", err)
	}
	// Work for many times as long as the deadline, in one batch a length.
	during, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Pool(during, many(100_000)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled while it runs: error %v", err)
	}
	if _, err := s.Pool(t.Context(), many(3)); err != nil {
		t.Errorf("after a cancelled run: %v", err)
	}
}

func TestSharedByGoroutines(t *testing.T) {
	rt := orttest.Runtime(t)
	s := open(t, rt, load(t, "shared"), albert.Pooled, albert.SessionOptions{Precision: albert.Int8, Parallel: 2, BatchTokens: 40})
	seqs := many(30)
	want, err := s.Pool(t.Context(), seqs)
	must(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				got, err := s.Pool(t.Context(), seqs)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range got {
					if !slices.Equal(got[i], want[i]) {
						t.Errorf("sequence %d differs", i)
					}
				}
			}
		})
	}
	all.Wait()
}

func TestCloseWaitsForRuns(t *testing.T) {
	rt := orttest.Runtime(t)
	s, err := load(t, "shared").Open(rt, albert.Pooled, albert.SessionOptions{})
	must(t, err)
	seqs := many(100)
	var all sync.WaitGroup
	started := make(chan struct{}, 4)
	for range 4 {
		all.Go(func() {
			for first := true; ; first = false {
				_, err := s.Pool(t.Context(), seqs)
				if first {
					started <- struct{}{}
				}
				if errors.Is(err, albert.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 4 {
		<-started
	}
	must(t, s.Close())
	all.Wait()
	must(t, s.Close())
}

// TestNothingLeaks opens, runs and closes sessions and looks at the memory of
// the process, where what C++ holds shows too.
func TestNothingLeaks(t *testing.T) {
	rt := orttest.Runtime(t)
	model := load(t, "groups")
	seqs := many(20)
	cycle := func(n int) {
		for i := range n {
			s, err := model.Open(rt, albert.Span, albert.SessionOptions{Precision: albert.Precision(i % 2)})
			must(t, err)
			_, _, err = s.Spans(t.Context(), seqs)
			must(t, err)
			soon, cancel := context.WithTimeout(t.Context(), 200*time.Microsecond)
			if _, _, err = s.Spans(soon, seqs); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			cancel()
			must(t, s.Close())
		}
	}
	cycle(20)
	memory, goroutines := resident(t), runtime.NumGoroutine()
	const cycles, perCycle = 80, 64 << 10 // a session's weights are 150 kB
	cycle(cycles)
	if grown := resident(t) - memory; grown > cycles*perCycle {
		t.Errorf("%d sessions later the process is %d kB larger", cycles, grown>>10)
	}
	if n := runtime.NumGoroutine(); n > goroutines+2 {
		t.Errorf("%d goroutines, before it were %d", n, goroutines)
	}
}

// resident is the memory of the process in bytes, or 0 where the system does
// not tell.
func resident(t testing.TB) int {
	t.Helper()
	runtime.GC()
	b, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	must(t, err)
	var size, pages int
	_, err = fmt.Sscan(string(b), &size, &pages)
	must(t, err)
	return pages * os.Getpagesize()
}

func TestQuantize(t *testing.T) {
	rt := orttest.Runtime(t)
	for _, c := range checkpoints {
		model := load(t, c.name)
		e := readExpected(t, c.name)
		run := func(m *albert.Model) [][]float32 {
			t.Helper()
			got, err := open(t, rt, m, albert.Hidden, albert.SessionOptions{Precision: albert.Int8}).Hidden(t.Context(), e.seqs)
			must(t, err)
			return got
		}
		quantize := func(samples []tokenize.Sequence) *albert.Model {
			t.Helper()
			var w bytes.Buffer
			must(t, model.Quantize(t.Context(), rt, samples, &w))
			fsys := files(t, c.name)
			fsys["model.safetensors"].Data = w.Bytes()
			m, err := albert.Load(fsys)
			must(t, err)
			return m
		}
		plain := quantize(nil)
		rounded := run(model)
		// What is stored in 16 bits moves a few numbers over the border
		// between two roundings.
		if d := distance(t, run(plain), rounded); !(d <= int8Bound/2) {
			t.Errorf("%s: differs by %.2g from weights rounded on opening", c.name, d)
		} else {
			t.Logf("%s: differs by %.2g from weights rounded on opening", c.name, d)
		}
		balanced := run(quantize(e.seqs))
		if d := distance(t, balanced, e.want(t, "hidden")); !(d <= int8Bound) {
			t.Errorf("%s: balanced differs by %.3g, more than %g", c.name, d, int8Bound)
		} else {
			t.Logf("%s: balanced differs by %.2g, not balanced %.2g", c.name, d, distance(t, rounded, e.want(t, "hidden")))
		}
		if slices.EqualFunc(balanced, rounded, slices.Equal) {
			t.Errorf("%s: balancing changes nothing", c.name)
		}
		if c.head != albert.Hidden {
			open(t, rt, plain, c.head, albert.SessionOptions{Precision: albert.Int8})
		}
		if _, err := plain.Open(rt, albert.Hidden, albert.SessionOptions{}); err == nil || !strings.Contains(err.Error(), "int8") {
			t.Errorf("%s: int8 weights opened in fp32: error %v", c.name, err)
		}
		if err := plain.Quantize(t.Context(), rt, nil, &bytes.Buffer{}); err == nil {
			t.Errorf("%s: int8 weights quantised again", c.name)
		}
	}
}

// quantized are the tensors that Quantize writes.
func quantized(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	st, err := safetensors.Open(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	tensors := make(map[string][]byte)
	for _, info := range st.Tensors() {
		tensors[info.Name], err = st.Bytes(info)
		must(t, err)
	}
	return tensors
}

// TestTiedMatricesStayTied quantises two models whose groups share matrices,
// within each and between them, with biases and samples of their own.
func TestTiedMatricesStayTied(t *testing.T) {
	rt := orttest.Runtime(t)
	seqs := many(12)
	fsys := files(t, "reader")
	setTensors(t, fsys, func(d safetensors.Data) safetensors.Data {
		if strings.HasSuffix(d.Name, ".bias") {
			d.Bytes = bytes.Repeat([]byte{0, 0, 0, 0x3f}, len(d.Bytes)/4)
		}
		return d
	})
	other, err := albert.Load(fsys)
	must(t, err)
	var files [2]bytes.Buffer
	must(t, albert.QuantizeTogether(t.Context(), rt,
		albert.Quantization{Model: load(t, "reader"), Samples: seqs[:6], To: &files[0]},
		albert.Quantization{Model: other, Samples: seqs[6:], To: &files[1]}))
	models := [2]map[string][]byte{quantized(t, files[0].Bytes()), quantized(t, files[1].Bytes())}
	name := func(group int, rest string) string {
		return fmt.Sprintf("albert.encoder.albert_layer_groups.%d.albert_layers.0.%s", group, rest)
	}
	for group, source := range []int{0, 0, 2, 2, 2} {
		for _, d := range []string{"attention.query_key_value", "attention.dense", "ffn", "ffn_output"} {
			for _, suffix := range []string{".weight", ".weight_scale", ".input_scale"} {
				want := models[0][name(source, d+suffix)]
				if (want == nil) != (suffix == ".input_scale" && d != "attention.query_key_value" && d != "ffn") {
					t.Errorf("%s has %d bytes", name(source, d+suffix), len(want))
				}
				for i, m := range models {
					if !bytes.Equal(m[name(group, d+suffix)], want) {
						t.Errorf("model %d: %s of group %d is not that of group %d", i, d+suffix, group, source)
					}
				}
			}
			if group != source && bytes.Equal(models[0][name(group, d+".bias")], models[0][name(source, d+".bias")]) {
				t.Errorf("groups %d and %d have one bias of %s", group, source, d)
			}
		}
	}
	if bytes.Equal(models[0][name(0, "ffn.weight")], models[0][name(2, "ffn.weight")]) {
		t.Error("groups 0 and 2 have the same weights")
	}
}
