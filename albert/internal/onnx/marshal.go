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
	head := putVarint(nil, 1, irVersion)
	head = putBytes(head, 2, []byte("albert-search"))
	head = putBytes(head, 8, operatorSet("", opset))
	head = putBytes(head, 8, operatorSet(Contrib, 1))
	// The graph is put in its place at once: it is as large as the weights.
	nodes, size := g.plan()
	head = protowire.AppendTag(head, 7, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(size))
	return g.put(append(make([]byte, 0, len(head)+size), head...), nodes)
}

func operatorSet(domain string, version int) []byte {
	return putVarint(putBytes(nil, 1, []byte(domain)), 2, uint64(version))
}

// plan returns all of the GraphProto but the constants, and the size of it
// together with them.
func (g *Graph) plan() (nodes []byte, size int) {
	for _, n := range g.nodes {
		nodes = putBytes(nodes, 1, n.marshal())
	}
	nodes = putBytes(nodes, 2, []byte("albert"))
	for _, v := range g.inputs {
		nodes = putBytes(nodes, 11, v.marshal())
	}
	for _, v := range g.outputs {
		nodes = putBytes(nodes, 12, v.marshal())
	}
	size = len(nodes)
	for _, c := range g.consts {
		size += protowire.SizeTag(5) + protowire.SizeBytes(len(c.head())+c.dataSize())
	}
	return nodes, size
}

// put appends the GraphProto: what plan returned, then the constants.
func (g *Graph) put(b, nodes []byte) []byte {
	b = append(b, nodes...)
	for _, c := range g.consts {
		head := c.head()
		b = protowire.AppendTag(b, 5, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(len(head)+c.dataSize()))
		b = append(b, head...)
		b = putBytes(b, 9, c.tensor.Data)
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

// head returns all of the TensorProto but the data.
func (c constant) head() []byte {
	var b []byte
	for _, d := range c.tensor.Dims {
		b = putVarint(b, 1, uint64(d))
	}
	b = putVarint(b, 2, uint64(c.tensor.Type))
	return putBytes(b, 8, []byte(c.name))
}

// dataSize is the size of the TensorProto's field of data.
func (c constant) dataSize() int {
	return protowire.SizeTag(9) + protowire.SizeBytes(len(c.tensor.Data))
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
