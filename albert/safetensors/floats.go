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
		decode = func(b []byte) float32 { return fromHalf(binary.LittleEndian.Uint16(b)) }
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

// fromHalf converts from IEEE 754 binary16.
func fromHalf(h uint16) float32 {
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
