// Package onnx writes ONNX models: just the part of the format (onnx.proto,
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) that the graphs of
// package albert need.
//
// A Graph is built front to back. Values are named by strings; Op invents a
// name for each result and returns it, so that code reads as a calculation.
// Constants of the same content are in the graph once, whatever their names:
// a runtime then keeps and packs them once.
package onnx

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// Contrib is the domain of ONNX Runtime's own operators.
const Contrib = "com.microsoft"

// Type is a tensor's element type, numbered as in TensorProto.DataType.
type Type int32

// The element types that the graphs use.
const (
	Float Type = 1
	Uint8 Type = 2
	Int8  Type = 3
	Int32 Type = 6
	Int64 Type = 7
)

// Tensor is a constant of a graph.
type Tensor struct {
	Type Type
	Dims []int
	// Data holds the elements row-major and little-endian. It is not copied
	// before Marshal.
	Data []byte
}

// Graph is a calculation.
type Graph struct {
	values  int // how many have been named
	nodes   []node
	consts  []constant
	names   map[string]string // of all constants: to that of the first with the content
	content map[uint64][]int  // indices in consts by the hash of their elements
	seed    maphash.Seed
	inputs  []value
	outputs []value
}

type node struct {
	domain, op string
	in, out    []string
	attrs      []Attr
}

type constant struct {
	name   string
	tensor Tensor
}

type value struct {
	name string
	typ  Type
	dims []string
}

// NewGraph returns an empty graph.
func NewGraph() *Graph {
	return &Graph{names: map[string]string{}, content: map[uint64][]int{}, seed: maphash.MakeSeed()}
}

// Input declares an input. A dim that is not a number is a name for a length
// known only when the model is run; a scalar has none.
func (g *Graph) Input(name string, t Type, dims ...string) string {
	g.inputs = append(g.inputs, value{name, t, dims})
	return name
}

// Output declares value to be an output, under its own name.
func (g *Graph) Output(name string, t Type, dims ...string) {
	g.outputs = append(g.outputs, value{name, t, dims})
}

// Const adds a constant, unless the graph has one of that name or that
// content, and returns its name.
func (g *Graph) Const(name string, t Tensor) string {
	if g.Has(name) {
		return name
	}
	hash := maphash.Bytes(g.seed, t.Data)
	for _, i := range g.content[hash] {
		if c := g.consts[i]; c.tensor.equal(t) {
			g.names[name] = c.name
			return name
		}
	}
	g.names[name] = name
	g.content[hash] = append(g.content[hash], len(g.consts))
	g.consts = append(g.consts, constant{name, t})
	return name
}

// Has reports whether the graph has a constant of that name.
func (g *Graph) Has(name string) bool { return g.names[name] != "" }

func (t Tensor) equal(o Tensor) bool {
	return t.Type == o.Type && slices.Equal(t.Dims, o.Dims) && bytes.Equal(t.Data, o.Data)
}

// Op adds a node with one result and returns the result's name. The operator
// is named with its domain before it where that is not ONNX's own, as in
// "com.microsoft.FastGelu"; an input "" is one left out.
func (g *Graph) Op(op string, in []string, attrs ...Attr) string {
	return g.OpN(op, 1, in, attrs...)[0]
}

// OpN is Op for a node with n results.
func (g *Graph) OpN(op string, n int, in []string, attrs ...Attr) []string {
	out := make([]string, n)
	for i := range out {
		g.values++
		out[i] = fmt.Sprintf("v%d", g.values)
	}
	in = slices.Clone(in)
	for i, name := range in {
		if first, ok := g.names[name]; ok {
			in[i] = first
		}
	}
	domain := ""
	if dot := strings.LastIndexByte(op, '.'); dot >= 0 {
		domain, op = op[:dot], op[dot+1:]
	}
	g.nodes = append(g.nodes, node{domain, op, in, out, attrs})
	return out
}
