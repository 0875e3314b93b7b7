package onnx_test

import (
	"slices"
	"testing"

	"github.com/albert-search/albert-search/albert/internal/onnx"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	onnxruntime "github.com/yalue/onnxruntime_go"
)

// run runs a graph with one float input "x" of the given numbers.
func run(t *testing.T, g *onnx.Graph, output string, x []float32, want []float32) {
	t.Helper()
	orttest.Runtime(t)
	s, err := onnxruntime.NewDynamicAdvancedSessionWithONNXData(onnx.Marshal(g, 20), []string{"x"}, []string{output}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Destroy()
	in, err := onnxruntime.NewTensor(onnxruntime.NewShape(int64(len(x))), x)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Destroy()
	out, err := onnxruntime.NewEmptyTensor[float32](onnxruntime.NewShape(int64(len(want))))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Destroy()
	if err := s.Run([]onnxruntime.Value{in}, []onnxruntime.Value{out}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out.GetData(), want) {
		t.Errorf("result is %v, want %v", out.GetData(), want)
	}
}

func TestOperators(t *testing.T) {
	g := onnx.NewGraph()
	x := g.Input("x", onnx.Float, "N")
	third := g.Const("third", onnx.Floats([]float32{10, 20, 30, 40}, 4))
	if again := g.Const("third", onnx.Scalar(0)); again != third || !g.Has("third") || g.Has("fourth") {
		t.Errorf("a constant added twice is called %q", again)
	}
	sum := g.Op("Add", []string{x, third})
	halves := g.OpN("Split", 2, []string{sum}, onnx.Int("axis", 0), onnx.Int("num_outputs", 2))
	joined := g.Op("Concat", []string{halves[1], halves[0]}, onnx.Int("axis", -1))
	leaky := g.Op("LeakyRelu", []string{joined}, onnx.Real("alpha", 0.5))
	matrix := g.Op("Reshape", []string{leaky, g.Const("shape", onnx.Longs(2, 2))})
	turned := g.Op("Transpose", []string{matrix})
	flat := g.Op("Reshape", []string{turned, g.Const("flat", onnx.Longs(-1))})
	out := g.Op("com.microsoft.QuickGelu", []string{flat}, onnx.Real("alpha", 1e9))
	g.Output(out, onnx.Float, "4")
	// x + constant is 11 22 -97 44; the halves swapped are -97 44 11 22; the
	// first is -48.5 then; turned: -48.5 11 44 22; QuickGelu at that slope is
	// a step.
	run(t, g, out, []float32{1, 2, -127, 4}, []float32{0, 11, 44, 22})
}

// TestText uses an attribute of text: the two forms of Gelu differ.
func TestText(t *testing.T) {
	result := func(approximate string) []byte {
		g := onnx.NewGraph()
		x := g.Input("x", onnx.Float, "1")
		out := g.Op("Gelu", []string{x}, onnx.Text("approximate", approximate))
		g.Output(out, onnx.Float, "1")
		run(t, g, out, []float32{0}, []float32{0})
		return onnx.Marshal(g, 20)
	}
	if slices.Equal(result("none"), result("tanh")) {
		t.Error("the attribute is not in the model")
	}
}

func TestConstantsOfOneContentAreOne(t *testing.T) {
	size := func(second onnx.Tensor) int {
		g := onnx.NewGraph()
		x := g.Input("x", onnx.Float, "4")
		first := g.Const("first", onnx.Floats(make([]float32, 1000), 1000))
		g.Const("second", second)
		for _, name := range []string{first, "second"} {
			if !g.Has(name) {
				t.Errorf("the graph does not have %s", name)
			}
			x = g.Op("Add", []string{x, g.Op("ReduceMax", []string{g.Op("Cast", []string{name}, onnx.Int("to", int(onnx.Float)))}, onnx.Int("keepdims", 0))})
		}
		g.Output(x, onnx.Float, "4")
		run(t, g, x, []float32{1, 2, 3, 4}, []float32{1, 2, 3, 4})
		return len(onnx.Marshal(g, 20))
	}
	if n := size(onnx.Floats(make([]float32, 1000), 1000)); n > 5000 {
		t.Errorf("two of the same are %d bytes", n)
	}
	ints := onnx.Tensor{Type: onnx.Int32, Dims: []int{1000}, Data: make([]byte, 4000)}
	for what, second := range map[string]onnx.Tensor{
		"of another shape": onnx.Floats(make([]float32, 1000), 10, 100),
		"of another type":  ints,
	} {
		if n := size(second); n < 8000 {
			t.Errorf("with one %s they are %d bytes", what, n)
		}
	}
}
