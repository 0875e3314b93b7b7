package onnx

import (
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// irVersion is the version of the file format: the one of opset 20's time.
const irVersion = 9

// Marshal returns the graph as a serialised ModelProto that uses the given
// version of ONNX's operators and version 1 of ONNX Runtime's own.
func Marshal(g *Graph, opset int) []byte {
	graph := g.marshal("albert")
	b := make([]byte, 0, len(graph)+128)
	b = putVarint(b, 1, irVersion)
	b = putBytes(b, 2, []byte("albert-search"))
	b = putBytes(b, 8, operatorSet("", opset))
	b = putBytes(b, 8, operatorSet(Contrib, 1))
	return putBytes(b, 7, graph)
}

func operatorSet(domain string, version int) []byte {
	return putVarint(putBytes(nil, 1, []byte(domain)), 2, uint64(version))
}

// marshal returns the graph as a GraphProto.
func (g *Graph) marshal(name string) []byte {
	size := 0
	for _, c := range g.consts {
		size += len(c.tensor.Data) + len(c.name) + 64
	}
	b := make([]byte, 0, size+len(g.nodes)*256)
	for _, n := range g.nodes {
		b = putBytes(b, 1, n.marshal())
	}
	b = putBytes(b, 2, []byte(name))
	for _, c := range g.consts {
		b = c.put(b)
	}
	for _, v := range g.inputs {
		b = putBytes(b, 11, v.marshal())
	}
	for _, v := range g.outputs {
		b = putBytes(b, 12, v.marshal())
	}
	return b
}

func (n node) marshal() []byte {
	var b []byte
	for _, v := range n.in {
		b = putBytes(b, 1, []byte(v))
	}
	for _, v := range n.out {
		b = putBytes(b, 2, []byte(v))
	}
	b = putBytes(b, 4, []byte(n.op))
	for _, a := range n.attrs {
		b = putBytes(b, 5, a.put(putBytes(nil, 1, []byte(a.name))))
	}
	return putBytes(b, 7, []byte(n.domain))
}

// put appends the constant as a field of GraphProto. The tensor's data, which
// may be large, is copied once only.
func (c constant) put(b []byte) []byte {
	var head []byte
	for _, d := range c.tensor.Dims {
		head = putVarint(head, 1, uint64(d))
	}
	head = putVarint(head, 2, uint64(c.tensor.Type))
	head = putBytes(head, 8, []byte(c.name))
	size := len(head) + protowire.SizeTag(9) + protowire.SizeBytes(len(c.tensor.Data))
	b = protowire.AppendTag(b, 5, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = append(b, head...)
	return putBytes(b, 9, c.tensor.Data)
}

// marshal returns the declaration as a ValueInfoProto.
func (v value) marshal() []byte {
	shape := []byte{}
	for _, d := range v.dims {
		var dim []byte
		if n, err := strconv.Atoi(d); err == nil {
			dim = putVarint(nil, 1, uint64(n))
		} else {
			dim = putBytes(nil, 2, []byte(d))
		}
		shape = putBytes(shape, 1, dim)
	}
	tensor := putBytes(putVarint(nil, 1, uint64(v.typ)), 2, shape)
	return putBytes(putBytes(nil, 1, []byte(v.name)), 2, putBytes(nil, 1, tensor))
}

func putVarint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func putBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func float32bits(v float32) uint32 { return math.Float32bits(v) }
