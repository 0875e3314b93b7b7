package onnx

import "google.golang.org/protobuf/encoding/protowire"

// Attr is an attribute of a node.
type Attr struct {
	name string
	// put writes the fields of AttributeProto that hold the value.
	put func([]byte) []byte
}

// AttributeProto.AttributeType.
const (
	attrFloat  = 1
	attrInt    = 2
	attrString = 3
)

// Int is an integer attribute.
func Int(name string, v int) Attr {
	return Attr{name, func(b []byte) []byte {
		return putVarint(putVarint(b, 3, uint64(v)), 20, attrInt)
	}}
}

// Real is a floating point attribute.
func Real(name string, v float32) Attr {
	return Attr{name, func(b []byte) []byte {
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, float32bits(v))
		return putVarint(b, 20, attrFloat)
	}}
}

// Text is a string attribute.
func Text(name, v string) Attr {
	return Attr{name, func(b []byte) []byte {
		return putVarint(putBytes(b, 4, []byte(v)), 20, attrString)
	}}
}
