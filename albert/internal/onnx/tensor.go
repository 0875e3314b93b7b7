package onnx

import (
	"encoding/binary"
	"math"
)

// Floats returns a tensor of 32-bit floats. Without dims it is a scalar.
func Floats(data []float32, dims ...int) Tensor {
	b := make([]byte, 0, 4*len(data))
	for _, v := range data {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return Tensor{Float, dims, b}
}

// Scalar returns a scalar of 32-bit float.
func Scalar(v float32) Tensor { return Floats([]float32{v}) }

// Longs returns a one-dimensional tensor of 64-bit integers.
func Longs(data ...int64) Tensor {
	b := make([]byte, 0, 8*len(data))
	for _, v := range data {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return Tensor{Int64, []int{len(data)}, b}
}

// Long returns a scalar of 64-bit integer.
func Long(v int64) Tensor {
	return Tensor{Int64, nil, binary.LittleEndian.AppendUint64(nil, uint64(v))}
}

// Byte returns a scalar of 8 bits without sign.
func Byte(v uint8) Tensor { return Tensor{Uint8, nil, []byte{v}} }
