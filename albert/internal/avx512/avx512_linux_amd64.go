package avx512

// #cgo CFLAGS: -O3
// #include "kernels.h"
import "C"

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Supported reports whether this processor has the instructions, and this
// system a program that can use them.
func Supported() bool {
	x := cpu.X86
	return x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VNNI && x.HasFMA
}

// Apply writes the activation of the map of x, [rows, In], to out, [rows, Out].
func (l *Linear) Apply(x, out []float32, act Activation, work *Work) {
	rows := l.rows(x, out)
	if rows == 0 {
		return
	}
	q, steps := Grow(&work.bytes, len(x)), Grow(&work.steps, rows)
	start := l.offsets
	if l.Floor != nil {
		start = l.zeros
	}
	C.avx512_quantize(floats(x), floats(l.InputScale), (*C.float)(unsafe.Pointer(l.Floor)), bytes(q), floats(steps), C.int64_t(rows), C.int64_t(l.In))
	C.avx512_linear(bytes(q), floats(steps), (*C.int8_t)(unsafe.Pointer(unsafe.SliceData(l.packed))), (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(start))),
		floats(l.Scale), floats(l.Bias), floats(out), C.int64_t(rows), C.int64_t(l.In), C.int64_t(l.Out), C.int(act))
}

// Product writes a·b + bias to out, [rows, n]: a is [rows, k], b [k, n], bias
// [n] or nil.
func Product(a, b, bias, out []float32, k, n int) {
	rows := productRows(a, b, bias, out, k, n)
	if rows == 0 {
		return
	}
	C.avx512_product(floats(a), floats(b), floats(bias), floats(out), C.int64_t(rows), C.int64_t(k), C.int64_t(n))
}

// Normalize replaces each row of x by the layer normalisation of its sum with
// the row of y, which may be nil. The width is that of weight and bias.
func Normalize(x, y, weight, bias []float32, epsilon float32) {
	rows := normalizeRows(x, y, weight, bias)
	if rows == 0 {
		return
	}
	C.avx512_normalize(floats(x), floats(y), floats(weight), floats(bias), C.float(epsilon), C.int64_t(rows), C.int64_t(len(weight)))
}

// Attention writes the attention of one sequence over itself to out, [rows,
// heads·size]: qkv is [rows, 3·heads·size], queries, keys and values side by
// side.
func Attention(qkv, out []float32, heads, size int, work *Work) {
	rows := attentionRows(qkv, out, heads, size)
	if rows == 0 {
		return
	}
	w := Grow(&work.scores, int(C.avx512_attention_work(C.int64_t(rows), C.int64_t(size))))
	C.avx512_attention(floats(qkv), floats(out), floats(w), C.int64_t(rows), C.int64_t(heads), C.int64_t(size))
}

func floats(v []float32) *C.float { return (*C.float)(unsafe.Pointer(unsafe.SliceData(v))) }
func bytes(v []uint8) *C.uint8_t  { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(v))) }
