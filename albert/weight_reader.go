package albert

import (
	"crypto/sha256"
	"slices"
	"unsafe"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// weightReader reads the weights of a checkpoint. After the first failure,
// which it keeps, it goes on without effect.
type weightReader struct {
	c   *checkpoint
	err error
}

func (r *weightReader) fail(err error) {
	if r.err == nil && err != nil {
		r.err = err
	}
}

// content reads the weights of d, a part at a time: they may be large.
func (r *weightReader) content(d dense) mapContent {
	h := sha256.New()
	for _, t := range d.weights {
		for part := range slices.Chunk(r.floats(t), 1<<16) {
			h.Write(floatBytes(part))
		}
	}
	return mapContent{d.in, d.out, [sha256.Size]byte(h.Sum(nil))}
}

// foldFloor returns bias + floor·W1, W1 being the sums of the columns.
func foldFloor(bias []float32, q quantized, floor float32) []float32 {
	sums := make([]int, q.out)
	for i := range q.in {
		for j, v := range q.weight[i*q.out : (i+1)*q.out] {
			sums[j] += int(v)
		}
	}
	folded := make([]float32, q.out)
	for j := range folded {
		folded[j] = bias[j] + float32(float64(floor)*float64(sums[j])*float64(q.scale[j]))
	}
	return folded
}

// quantized reads the weights of d as int8, or reads and rounds them.
func (r *weightReader) quantized(d dense) quantized {
	if d.scale == nil {
		m := r.matrix(d)
		if r.err != nil {
			return quantized{}
		}
		return quantize(m, d.in, d.out, nil)
	}
	q := quantized{in: d.in, out: d.out, weight: asInt8(r.bytes(d.weights[0])), scale: r.floats(*d.scale)}
	if d.inputScale != nil {
		q.inputScale = r.floats(*d.inputScale)
	}
	return q
}

// matrix reads the weights of d as [in, out], the parts side by side.
func (r *weightReader) matrix(d dense) []float32 {
	m := make([]float32, d.in*d.out)
	width := d.out / len(d.weights)
	for p, t := range d.weights {
		part := r.floats(t)
		if r.err != nil {
			return nil
		}
		transpose(m[p*width:], part, width, d.in, d.out)
	}
	return m
}

// transpose writes src, [rows, cols], into the columns of dst whose rows are
// stride numbers apart. It goes by blocks that stay in the processor's cache.
func transpose(dst, src []float32, rows, cols, stride int) {
	const block = 32
	for r0 := 0; r0 < rows; r0 += block {
		for c0 := 0; c0 < cols; c0 += block {
			for c := c0; c < min(c0+block, cols); c++ {
				for row := r0; row < min(r0+block, rows); row++ {
					dst[c*stride+row] = src[row*cols+c]
				}
			}
		}
	}
}

func (r *weightReader) bias(d dense) []float32 {
	var all []float32
	for _, t := range d.biases {
		all = append(all, r.floats(t)...)
	}
	return all
}

func (r *weightReader) floats(t safetensors.Info) []float32 {
	if r.err != nil {
		return make([]float32, t.Len())
	}
	v, err := r.c.st.Floats(t)
	r.fail(err)
	return v
}

func (r *weightReader) bytes(t safetensors.Info) []byte {
	b, err := r.c.st.Bytes(t)
	r.fail(err)
	return b
}

// int8Bytes and asInt8 give the same memory another type.
func int8Bytes(v []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}
func asInt8(b []byte) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
