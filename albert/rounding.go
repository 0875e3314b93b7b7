package albert

import (
	"math"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// quantized is a matrix of 8-bit integers, symmetric, with a scale for each
// column.
type quantized struct {
	in, out int
	// weight is [in, out].
	weight []int8
	// scale is [out]: column j stands for weight[·][j] × scale[j].
	scale []float32
	// inputScale is [in] or nil. What the matrix is multiplied with is first
	// multiplied with this, elementwise.
	inputScale []float32
}

// maxInt8 is the largest magnitude of a quantised weight.
const maxInt8 = 127

// quantize rounds the columns of w, which is [in, out]. With inputScale,
// row i is first divided by inputScale[i].
func quantize(w []float32, in, out int, inputScale []float32) quantized {
	q := quantized{in, out, make([]int8, in*out), make([]float32, out), inputScale}
	row := func(i int) ([]float32, float32) {
		if inputScale == nil {
			return w[i*out : (i+1)*out], 1
		}
		return w[i*out : (i+1)*out], 1 / inputScale[i]
	}
	for i := range in {
		r, by := row(i)
		for j, v := range r {
			q.scale[j] = max(q.scale[j], abs(v*by))
		}
	}
	for j := range q.scale {
		q.scale[j] = stepFor(q.scale[j])
	}
	for i := range in {
		r, by := row(i)
		for j, v := range r {
			q.weight[i*out+j] = roundToInt8(v * by / q.scale[j])
		}
	}
	return q
}

// quantizeRows rounds each row of a [rows, width] matrix with a scale of its
// own.
func quantizeRows(w []float32, rows, width int) (q []int8, scale []float32) {
	q, scale = make([]int8, rows*width), make([]float32, rows)
	for i := range rows {
		row := w[i*width : (i+1)*width]
		for _, v := range row {
			scale[i] = max(scale[i], abs(v))
		}
		scale[i] = stepFor(scale[i])
		for j, v := range row {
			q[i*width+j] = roundToInt8(v / scale[i])
		}
	}
	return q, scale
}

// stepFor is a scale at which the largest magnitude becomes maxInt8, or hardly
// less: where there is one it is a number of 16 bits, which nothing is lost by
// since the weights are rounded by it. All zeros have any scale.
func stepFor(largest float32) float32 {
	if step := largest / maxInt8; step >= math.SmallestNonzeroFloat32*(1<<23) {
		return halfFrom(step)
	}
	return 1
}

// halfFrom is the least number of 16 bits that is not less than v, which is
// positive; v itself where that would be infinite.
func halfFrom(v float32) float32 {
	h := safetensors.Half(v)
	if safetensors.FromHalf(h) < v {
		h++
	}
	if up := safetensors.FromHalf(h); !math.IsInf(float64(up), 0) {
		return up
	}
	return v
}

func roundToInt8(v float32) int8 {
	return int8(min(max(math.RoundToEven(float64(v)), -maxInt8), maxInt8))
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }
