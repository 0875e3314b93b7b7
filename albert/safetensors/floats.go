package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Floats reads a tensor of F32, F16 or BF16 as 32-bit floats.
func (f *File) Floats(t Info) ([]float32, error) {
	b, err := f.Bytes(t)
	if err != nil {
		return nil, err
	}
	return Decode(t, b)
}

// Decode makes 32-bit floats of the bytes of a tensor of F32, F16 or BF16.
func Decode(t Info, b []byte) ([]float32, error) {
	var decode func([]byte) float32
	width, _ := t.Type.size()
	switch t.Type {
	case F32:
		decode = func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	case F16:
		decode = func(b []byte) float32 { return FromHalf(binary.LittleEndian.Uint16(b)) }
	case BF16:
		decode = func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }
	default:
		return nil, fmt.Errorf("tensor %q has elements of type %s, not F32, F16 or BF16", t.Name, t.Type)
	}
	if len(b) != t.Len()*width {
		return nil, fmt.Errorf("tensor %q of shape %v has %d bytes", t.Name, t.Shape, len(b))
	}
	out := make([]float32, t.Len())
	for i := range out {
		out[i] = decode(b[i*width:])
	}
	return out, nil
}

// Half converts to IEEE 754 binary16, rounding to nearest, ties to even; what
// is too large becomes infinite.
func Half(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	bits &^= 1 << 31
	switch {
	case bits > 0xff<<23: // not a number
		return sign | 0x7e00
	case bits >= (127+16)<<23: // 65536 and more
		return sign | 0x7c00
	case bits < (127-14)<<23: // zero or subnormal: multiples of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(bits))*(1<<24)))
	}
	// Half of what is cut off, less one where that is a tie down. A carry goes
	// into the exponent, as it should.
	bits += 0xfff + bits>>13&1
	return sign | uint16(bits>>13-(127-15)<<10)
}

// FromHalf converts from IEEE 754 binary16.
func FromHalf(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch {
	case exponent == 0x1f: // infinity or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	case exponent == 0: // zero or subnormal: fraction × 2⁻²⁴
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
