package albert

import (
	"runtime"

	"golang.org/x/sys/cpu"

	"github.com/albert-search/albert-search/albert/internal/onnx"
)

// The constants of the int8 products, by name.
const (
	constLastAxis = "lastAxis"
	// Activations of either sign become 128 ± 127, steps of 1/127 of the
	// row's largest magnitude.
	constSignedStep, constSignedZero = "signedStep", "signedZero"
	// Activations with a floor become 0 to 255, steps of 1/255 of the row's
	// range from the floor.
	constFloorStep, constFloorZero = "floorStep", "floorZero"
	// constLeast stands in for the range of a row of zeros.
	constLeast = "least"
	// constWeightZero is what 0 is stored as in unsigned weights.
	constWeightZero = "weightZero"
)

func int8Constants(g *onnx.Graph) {
	g.Const(constLastAxis, onnx.Longs(-1))
	g.Const(constSignedStep, onnx.Scalar(1.0/127))
	g.Const(constSignedZero, onnx.Byte(128))
	g.Const(constFloorStep, onnx.Scalar(1.0/255))
	g.Const(constFloorZero, onnx.Byte(0))
	g.Const(constLeast, onnx.Scalar(1e-30))
	g.Const(constWeightZero, onnx.Byte(128))
}

// linear is a linear map at the session's precision. Floor is what no number
// of x is less than, or nil when that is not known.
func (w *graphWriter) linear(g *onnx.Graph, d dense, x string, floor *float32) string {
	if w.o.precision != Int8 {
		return w.dense(g, d, x)
	}
	return w.productInt8(g, d, x, floor)
}

// dense is a linear map in floating point.
func (w *graphWriter) dense(g *onnx.Graph, d dense, x string) string {
	weight, bias := d.name+".weight", d.name+".bias"
	if !g.Has(weight) {
		g.Const(weight, onnx.Floats(w.matrix(d), d.in, d.out))
		g.Const(bias, onnx.Floats(w.bias(d), d.out))
	}
	return g.Op("Add", []string{g.Op("MatMul", []string{x, weight}), bias})
}

// productInt8 is a linear map whose weights are 8-bit integers with a scale
// for each output, and whose input is rounded to 8 bits with a scale for each
// row (token of a sequence). A row's result thus depends on that row alone,
// whatever else is in the batch.
//
// The runtime's product takes one input scale only. Each row is therefore
// divided by its range before rounding, and its result multiplied by it.
func (w *graphWriter) productInt8(g *onnx.Graph, d dense, x string, floor *float32) string {
	m := w.int8Map(g, d, floor)
	if m.inputScale != "" {
		x = g.Op("Mul", []string{x, m.inputScale})
	}
	step, zero := constSignedStep, constSignedZero
	var span string
	if floor == nil {
		span = g.Op("ReduceMax", []string{g.Op("Abs", []string{x}), constLastAxis}, onnx.Int("keepdims", 1))
	} else {
		// Counted from the floor, numbers need no sign and so have twice the
		// resolution.
		step, zero = constFloorStep, constFloorZero
		if *floor != 0 {
			x = g.Op("Add", []string{x, g.Const("aboveFloor", onnx.Scalar(-*floor))})
		}
		span = g.Op("ReduceMax", []string{x, constLastAxis}, onnx.Int("keepdims", 1))
	}
	span = g.Op("Max", []string{span, constLeast})
	rounded := g.Op("QuantizeLinear", []string{g.Op("Div", []string{x, span}), step, zero})
	in := []string{rounded, m.weight, step, m.scale, zero}
	if w.o.unsigned {
		in = append(in, constWeightZero)
	}
	y := g.Op("com.microsoft.MatMulIntegerToFloat", in)
	return g.Op("Add", []string{g.Op("Mul", []string{y, span}), m.bias})
}

// int8Map names the constants of an int8 product. InputScale may be "".
type int8Map struct{ weight, scale, bias, inputScale string }

// int8Map puts the constants of d into the graph, unless a pass before did.
func (w *graphWriter) int8Map(g *onnx.Graph, d dense, floor *float32) int8Map {
	if m, ok := w.maps[d.name]; ok {
		return m
	}
	q, bias := w.quantized(d), w.bias(d)
	if w.err != nil {
		return int8Map{}
	}
	if floor != nil {
		// W(x - floor) + floor·W1 = Wx: the second term is part of the bias.
		bias = foldFloor(bias, q, *floor)
	}
	weight := onnx.Tensor{Type: onnx.Int8, Dims: []int{d.in, d.out}, Data: int8Bytes(q.weight)}
	if w.o.unsigned {
		weight.Type = onnx.Uint8
		for i := range weight.Data {
			weight.Data[i] ^= 0x80 // plus 128
		}
	}
	m := int8Map{
		weight: g.Const(d.name+".weight", weight),
		scale:  g.Const(d.name+".weight"+scaleSuffix, onnx.Floats(q.scale, d.out)),
		bias:   g.Const(d.name+".bias", onnx.Floats(bias, d.out)),
	}
	if q.inputScale != nil {
		m.inputScale = g.Const(d.name+inputScale, onnx.Floats(q.inputScale, d.in))
	}
	w.maps[d.name] = m
	return m
}

// needsUnsignedWeights reports whether int8 weights must be stored as unsigned
// numbers with an offset. x86 processors without VNNI multiply unsigned by
// signed bytes in pairs whose sums saturate at 16 bits; ONNX Runtime's product
// of unsigned by unsigned bytes avoids that, somewhat slower. (Its option
// session.x64quantprecision does the same by rewriting the graph.)
func needsUnsignedWeights() bool {
	return runtime.GOARCH == "amd64" && !cpu.X86.HasAVX512VNNI && !cpu.X86.HasAVXVNNI
}
