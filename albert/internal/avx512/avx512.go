// Package avx512 multiplies matrices, and does what else a transformer layer
// needs, on processors with AVX-512 VNNI. The products are of 8-bit integers;
// between them everything stays in the processor's cache, and nothing is
// written that the next step does not read.
//
// All matrices are row-major. Rows do not influence each other, so that a
// row's result is the same, bit for bit, whatever other rows there are.
//
// Functions panic when lengths do not fit: the kernels do not look at them
// again.
package avx512

// Lanes is how many numbers are worked on at once. Widths must be multiples.
const Lanes = 16

// Outputs is of what the number of a Linear's outputs must be a multiple.
const Outputs = 4 * Lanes

// Activation is what a Linear does to its result.
type Activation int32

// The activations, numbered as in kernels.h.
const (
	None Activation = iota
	ReLU
	GELU
	// GELUTanh is the approximation of GELU with a hyperbolic tangent
	// (Hendrycks and Gimpel 2016, section 2).
	GELUTanh
)

// Weights are those of a linear map, packed for the kernel: 8-bit integers.
type Weights struct {
	In, Out int
	// packed is in blocks of 64 outputs, each [In/4, 64, 4].
	packed []int8
	// offsets, [Out], take the offset of an input without a floor away; zeros,
	// [Out], are those of one with a floor.
	offsets, zeros []int32
}

// signedZero is what 0 is rounded to in an input without a floor.
const signedZero = 128

// Pack packs weights, [in, out]. In must be a multiple of Lanes, out of
// Outputs.
func Pack(weights []int8, in, out int) *Weights {
	multiple("Pack", "in", in, Lanes)
	multiple("Pack", "out", out, Outputs)
	length("Pack", "weights", len(weights), in*out)
	w := &Weights{in, out, make([]int8, in*out), make([]int32, out), make([]int32, out)}
	for i := 0; i < in; i += 4 {
		for from := 0; from < out; from += Outputs {
			row := func(j int) []int8 { return weights[(i+j)*out+from:][:Outputs] }
			a, b, c, d := row(0), row(1), row(2), row(3)
			to, offsets := w.packed[from*in+i*Outputs:][:4*Outputs], w.offsets[from:][:Outputs]
			for j := range offsets {
				to := to[4*j:][:4]
				to[0], to[1], to[2], to[3] = a[j], b[j], c[j], d[j]
				offsets[j] -= signedZero * (int32(a[j]) + int32(b[j]) + int32(c[j]) + int32(d[j]))
			}
		}
	}
	return w
}

// Linear is a linear map of 8-bit weights with a scale for each output. Its
// input is rounded to 8 bits with a scale for each row.
type Linear struct {
	*Weights
	// Floor is what no number of the input is less than, or nil when that is
	// not known. Counted from there numbers need no sign, and so have twice
	// the resolution. Bias then holds Floor times the sum of each column.
	Floor *float32
	// Scale and Bias are [Out]. The input is multiplied by InputScale, [In],
	// unless that is nil.
	Scale, Bias, InputScale []float32
}
