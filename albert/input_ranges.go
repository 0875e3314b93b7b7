package albert

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/albert-search/albert-search/albert/internal/onnx"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
	onnxruntime "github.com/yalue/onnxruntime_go"
)

// noteRange notes the range of x, the input of d. Of several passes through
// one map the ranges are joined.
func (w *graphWriter) noteRange(g *onnx.Graph, d dense, x string) {
	if !w.o.ranges {
		return
	}
	rows := g.Op("Reshape", []string{x, g.Const("allRows", onnx.Longs(-1, int64(d.in)))})
	r := g.Op("ReduceMax", []string{g.Op("Abs", []string{rows}), g.Const("zero", onnx.Longs(0))}, onnx.Int("keepdims", 1))
	for i := range w.ranges {
		if w.ranges[i].dense == d.name {
			w.ranges[i].value = g.Op("Max", []string{w.ranges[i].value, r})
			return
		}
	}
	w.ranges = append(w.ranges, rangeOf{d.name, r})
}

func (w *graphWriter) allRanges(g *onnx.Graph) string {
	values := make([]string, len(w.ranges))
	for i, r := range w.ranges {
		values[i] = r.value
	}
	return g.Op("Concat", values, onnx.Int("axis", 0))
}

// inputRanges runs the model over samples and returns by map the largest
// magnitude of each number of its input.
func (m *Model) inputRanges(ctx context.Context, rt *ort.Runtime, samples []tokenize.Sequence) (map[string][]float32, error) {
	if len(samples) == 0 {
		return nil, nil
	}
	if rt == nil {
		return nil, errors.New("no ONNX Runtime is open")
	}
	c, err := openCheckpoint(m.fsys, m.config)
	if err != nil {
		return nil, err
	}
	g, err := writeGraph(c, Hidden, graphOptions{precision: Float32, ranges: true})
	if err := errors.Join(err, c.Close()); err != nil {
		return nil, err
	}
	net, err := newNet(g, 1)
	if err != nil {
		return nil, err
	}
	defer net.Destroy()
	h := m.config.HiddenSize
	largest, now := make([]float32, len(g.ranges)*h), make([]float32, len(g.ranges)*h)
	for i, q := range samples {
		if err := m.config.checkSequence(q); err != nil {
			return nil, fmt.Errorf("sample %d: %w", i, err)
		}
		err := runNet(ctx, net, newBatch(samples, []int{i}), now, onnxruntime.NewShape(int64(len(g.ranges)), int64(h)))
		if err != nil {
			return nil, fmt.Errorf("sample %d: %w", i, err)
		}
		for j, v := range now {
			largest[j] = max(largest[j], v)
		}
	}
	ranges := make(map[string][]float32, len(g.ranges))
	for i, name := range g.ranges {
		ranges[name] = largest[i*h : (i+1)*h]
	}
	return ranges, nil
}

// balance returns what to multiply the input of a map with so that input and
// weights, w being [in, out], are equally hard to round: some few numbers of a
// transformer's hidden states are far larger than the others and would leave
// those with hardly any bits. This is the migration of SmoothQuant (Xiao et
// al. 2023, equation 4, α = 0.5), given as 1/s.
func balance(ranges, w []float32) []float32 {
	out := len(w) / len(ranges)
	scale := make([]float32, len(ranges))
	for i, r := range ranges {
		var largest float32
		for _, v := range w[i*out : (i+1)*out] {
			largest = max(largest, abs(v))
		}
		scale[i] = 1
		if r > 0 && largest > 0 {
			scale[i] = halfFrom(float32(math.Sqrt(float64(largest) / float64(r))))
		}
	}
	return scale
}
