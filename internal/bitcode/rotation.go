package bitcode

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// rounds is how often a rotation flips signs and mixes; after one a vector
// with few large elements would still be far from random.
const rounds = 4

// Rotation is a random orthogonal matrix that takes dim*log(dim) steps to
// apply: each round flips signs and takes the Walsh-Hadamard transform of the
// first, or the last, elements, as many as a power of two allows.
type Rotation struct {
	flips [rounds][]float32 // 1 or -1
	size  int
	scale float32 // for the transform to keep lengths
}

// NewRotation returns the rotation for vectors of a length; it is always the
// same.
func NewRotation(dim int) *Rotation {
	r := &Rotation{}
	if dim == 0 {
		return r
	}
	r.size = 1 << (bits.Len(uint(dim)) - 1)
	r.scale = float32(1 / math.Sqrt(float64(r.size)))
	random := rand.NewPCG(0x616c62657274, 0x736561726368)
	for i := range r.flips {
		r.flips[i] = make([]float32, dim)
		for j := range r.flips[i] {
			r.flips[i][j] = float32(1 - 2*int(random.Uint64()>>63))
		}
	}
	return r
}

// Apply returns v rotated.
func (r *Rotation) Apply(v []float32) []float32 {
	turned := slices.Clone(v)
	r.apply(turned)
	return turned
}

// apply rotates v in place.
func (r *Rotation) apply(v []float32) {
	for i, flips := range r.flips {
		for j, f := range flips {
			v[j] *= f
		}
		part := v[:r.size]
		if i%2 == 1 {
			part = v[len(v)-r.size:]
		}
		hadamard(part)
		for j := range part {
			part[j] *= r.scale
		}
	}
}

// hadamard is the Walsh-Hadamard transform in place; the length of v is a
// power of two.
func hadamard(v []float32) {
	h := 1
	if len(v) >= 4 { // two steps at once, where the loops below would be short
		for i := 0; i < len(v); i += 4 {
			p := (*[4]float32)(v[i:])
			a, b, c, d := p[0]+p[1], p[0]-p[1], p[2]+p[3], p[2]-p[3]
			p[0], p[1], p[2], p[3] = a+c, b+d, a-c, b-d
		}
		h = 4
	}
	for ; h < len(v); h *= 2 {
		for i := 0; i < len(v); i += 2 * h {
			a, b := v[i:i+h], v[i+h:][:h]
			for j, x := range a {
				a[j], b[j] = x+b[j], x-b[j]
			}
		}
	}
}
