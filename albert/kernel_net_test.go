package albert_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/internal/avx512"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// TestKernelsComputeWhatTheGraphDoes runs models by the kernels and in ONNX
// Runtime, with every head and activation. Both round in the same places, but
// sums in another order put some numbers on the other side of a rounding;
// therefore both are also compared with fp32, of which they are equally far.
func TestKernelsComputeWhatTheGraphDoes(t *testing.T) {
	if !avx512.Supported() {
		t.Skip("this processor has no AVX-512 VNNI")
	}
	rt := orttest.Runtime(t)
	seqs := many(40)
	for i, c := range []struct {
		act                                            string
		hidden, embedding, heads, wide, passes, groups int
		ties                                           []int
	}{
		{"gelu", 64, 16, 2, 128, 2, 1, nil},
		{"gelu_new", 64, 64, 4, 192, 3, 3, []int{1, 1, 2}},
		{"relu", 128, 32, 2, 64, 4, 2, nil},
	} {
		config := map[string]any{
			"hidden_size": c.hidden, "embedding_size": c.embedding, "num_hidden_layers": c.passes, "num_hidden_groups": c.groups,
			"num_attention_heads": c.heads, "intermediate_size": c.wide, "hidden_act": c.act,
		}
		other := randomModel(t, config, c.ties...)
		config["architectures"] = []string{"AlbertForTokenClassification"}
		ofTokens := randomModel(t, config, c.ties...)
		for head, run := range map[albert.Head]func(s *albert.Session) [][]float32{
			albert.Hidden:      func(s *albert.Session) [][]float32 { v, err := s.Hidden(t.Context(), seqs); must(t, err); return v },
			albert.Pooled:      func(s *albert.Session) [][]float32 { return pool(t, s, seqs) },
			albert.PooledFirst: func(s *albert.Session) [][]float32 { return pool(t, s, seqs) },
			albert.PooledMax:   func(s *albert.Session) [][]float32 { return pool(t, s, seqs) },
			albert.Class:       func(s *albert.Session) [][]float32 { v, err := s.Classify(t.Context(), seqs); must(t, err); return v },
			albert.TokenClass: func(s *albert.Session) [][]float32 {
				v, err := s.ClassifyTokens(t.Context(), seqs)
				must(t, err)
				return v
			},
			albert.Span: func(s *albert.Session) [][]float32 {
				start, end, err := s.Spans(t.Context(), seqs)
				must(t, err)
				return slices.Concat(start, end)
			},
			albert.SpanRelevance: func(s *albert.Session) [][]float32 {
				start, end, relevance, err := s.SpansAndRelevance(t.Context(), seqs)
				must(t, err)
				return slices.Concat(start, end, [][]float32{relevance})
			},
		} {
			t.Run(fmt.Sprintf("%d/%v", i, head), func(t *testing.T) {
				model := other
				if head == albert.TokenClass {
					model = ofTokens
				}
				results := func(o albert.SessionOptions) [][]float32 { return run(open(t, rt, model, head, o)) }
				exact := results(albert.SessionOptions{})
				graph := results(albert.SessionOptions{Precision: albert.Int8, Graph: true})
				kernels := results(albert.SessionOptions{Precision: albert.Int8})
				apart, off, graphOff := distance(t, kernels, graph), distance(t, kernels, exact), distance(t, graph, exact)
				t.Logf("apart by %.2g; from fp32 %.3g and %.3g", apart, off, graphOff)
				if !(apart <= 0.005) || !(off <= min(int8Bound, 1.25*graphOff)) {
					t.Errorf("kernels and graph are apart by %.2g, from fp32 %.2g and %.2g", apart, off, graphOff)
				}
				if slices.EqualFunc(kernels, graph, slices.Equal) {
					t.Error("not a number differs: the kernels have not run")
				}
				for _, tokens := range []int{1, 50, 1 << 20} {
					if got := results(albert.SessionOptions{Precision: albert.Int8, BatchTokens: tokens}); !slices.EqualFunc(got, kernels, slices.Equal) {
						t.Errorf("other results in batches of %d tokens", tokens)
					}
				}
			})
		}
	}
}

func pool(t *testing.T, s *albert.Session, seqs []tokenize.Sequence) [][]float32 {
	t.Helper()
	v, err := s.Pool(t.Context(), seqs)
	must(t, err)
	return v
}

// TestKernelsNeedNoRuntime opens models without ONNX Runtime.
func TestKernelsNeedNoRuntime(t *testing.T) {
	if !avx512.Supported() {
		t.Skip("this processor has no AVX-512 VNNI")
	}
	fits := randomModel(t, map[string]any{
		"hidden_size": 64, "embedding_size": 16, "num_hidden_layers": 1, "num_hidden_groups": 1,
		"num_attention_heads": 2, "intermediate_size": 64, "hidden_act": "gelu",
	})
	tooNarrow := load(t, "groups")
	for _, c := range []struct {
		model *albert.Model
		o     albert.SessionOptions
		needs bool
	}{
		{fits, albert.SessionOptions{Precision: albert.Int8}, false},
		{fits, albert.SessionOptions{Precision: albert.Float32}, true},
		{fits, albert.SessionOptions{Precision: albert.Int8, Graph: true}, true},
		{tooNarrow, albert.SessionOptions{Precision: albert.Int8}, true},
	} {
		s, err := c.model.Open(nil, albert.Hidden, c.o)
		if (err != nil) != c.needs {
			t.Errorf("hidden size %d, %+v: error %v", c.model.Config().HiddenSize, c.o, err)
		}
		if err == nil {
			must(t, s.Close())
		}
		if !c.o.Graph && c.model.NeedsRuntime(c.o.Precision) != c.needs {
			t.Errorf("hidden size %d, %+v: NeedsRuntime says %v", c.model.Config().HiddenSize, c.o, !c.needs)
		}
	}
}
