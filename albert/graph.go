package albert

import (
	"fmt"

	"github.com/albert-search/albert-search/albert/internal/onnx"
	"github.com/albert-search/albert-search/albert/safetensors"
)

// opset is the version of ONNX's operators that the graph uses, the first with
// Gelu.
const opset = 20

// The names of the graph's inputs, [B, L] each.
const (
	inputIDs   = "ids"
	inputTypes = "types"
)

// graph is a model ready to be run.
type graph struct {
	// model is a serialised ONNX ModelProto.
	model []byte
	// output is the name of its output.
	output string
	// labels is the width of a classifier's result.
	labels int
	// ranges are the names of the maps whose input's ranges are the result.
	ranges []string
}

// graphWriter writes a model as an ONNX graph.
type graphWriter struct {
	weightReader
	o graphOptions
	// maps are the int8 maps that the graph has, by name.
	maps map[string]int8Map
	// ranges are the values asked for with graphOptions.ranges.
	ranges []rangeOf
}

// rangeOf is a [1, H] value: the largest magnitudes of a map's input.
type rangeOf struct{ dense, value string }

type graphOptions struct {
	precision Precision
	// unsigned stores the int8 weights with an offset of 128: see
	// needsUnsignedWeights.
	unsigned bool
	// ranges replaces the head: the result is [maps, H], the largest
	// magnitudes, in the whole batch, of the inputs of the maps that Quantize
	// scales.
	ranges bool
}

// writeGraph writes the checkpoint with the given head.
func writeGraph(c *checkpoint, h Head, o graphOptions) (graph, error) {
	if c.int8 && o.precision != Int8 {
		return graph{}, fmt.Errorf("%s holds int8 weights, which cannot be run as %v", weightsFile, o.precision)
	}
	enc, err := c.encoder()
	if err != nil {
		return graph{}, err
	}
	labels, err := c.head(h)
	if err != nil {
		return graph{}, err
	}
	w := &graphWriter{weightReader: weightReader{c: c}, o: o, maps: map[string]int8Map{}}
	g := onnx.NewGraph()
	g.Input(inputIDs, onnx.Int32, "B", "L")
	g.Input(inputTypes, onnx.Int32, "B", "L")
	if o.precision == Int8 {
		int8Constants(g)
	}
	x := w.embed(g, enc)
	x = w.passes(g, enc, x)
	out, dims := w.head(g, h, labels, x)
	if o.ranges {
		out, dims = w.allRanges(g), []string{"M", "H"}
	}
	g.Output(out, onnx.Float, dims...)
	if w.err != nil {
		return graph{}, w.err
	}
	result := graph{model: onnx.Marshal(g, opset), output: out}
	if h == Class || h == TokenClass {
		result.labels = labels[len(labels)-1].out
	}
	for _, r := range w.ranges {
		result.ranges = append(result.ranges, r.dense)
	}
	return result, nil
}

// embed adds word, position and type embeddings, normalises them and maps them
// to the hidden size: [B, L] to [B, L, H].
func (w *graphWriter) embed(g *onnx.Graph, enc *encoder) string {
	word := w.embedding(g, enc.word)
	length := g.Op("Shape", []string{inputIDs}, onnx.Int("start", 1), onnx.Int("end", 2))
	zero := g.Const("zero", onnx.Longs(0))
	position := g.Op("Slice", []string{w.tensor(g, enc.positions), zero, length, zero})
	typ := g.Op("Gather", []string{w.tensor(g, enc.types), inputTypes})
	x := g.Op("Add", []string{g.Op("Add", []string{word, position}), typ})
	return w.dense(g, enc.mapIn, w.norm(g, enc.norm, x))
}

// embedding looks up the rows of the tokens. If the model is run as int8,
// so is the table.
func (w *graphWriter) embedding(g *onnx.Graph, e embedding) string {
	if w.o.precision != Int8 {
		return g.Op("Gather", []string{w.tensor(g, e.weight), inputIDs})
	}
	rows, width := e.weight.Shape[0], e.weight.Shape[1]
	var table onnx.Tensor
	var scale []float32
	if e.scale != nil {
		table = onnx.Tensor{Type: onnx.Int8, Dims: e.weight.Shape, Data: w.bytes(e.weight)}
		scale = w.floats(*e.scale)
	} else if all := w.floats(e.weight); w.err == nil {
		var q []int8
		q, scale = quantizeRows(all, rows, width)
		table = onnx.Tensor{Type: onnx.Int8, Dims: e.weight.Shape, Data: int8Bytes(q)}
	}
	whole := g.Op("Gather", []string{g.Const(e.weight.Name, table), inputIDs})
	scales := g.Const(e.weight.Name+scaleSuffix, onnx.Floats(scale, rows, 1))
	return g.Op("Mul", []string{
		g.Op("Cast", []string{whole}, onnx.Int("to", int(onnx.Float))),
		g.Op("Gather", []string{scales, inputIDs}),
	})
}

// passes runs the layers. The weights of a group are in the graph once; of
// what ONNX Runtime packs for its matrix products there is one copy too.
func (w *graphWriter) passes(g *onnx.Graph, enc *encoder, x string) string {
	for pass := range w.c.config.Layers {
		for _, l := range enc.groups[w.c.config.group(pass)] {
			x = w.layer(g, l, x)
		}
	}
	return x
}

// layer is one transformer layer: attention and feed-forward network, each
// added to its input and normalised.
func (w *graphWriter) layer(g *onnx.Graph, l layer, x string) string {
	// One product for queries, keys and values. Without a mask the runtime's
	// attention does not store the [L, L] scores.
	w.noteRange(g, l.qkv, x)
	qkv := g.OpN("Split", 3, []string{w.linear(g, l.qkv, x, nil)}, onnx.Int("axis", -1), onnx.Int("num_outputs", 3))
	attended := g.Op("com.microsoft.MultiHeadAttention", qkv, onnx.Int("num_heads", w.c.config.Heads))
	attended = w.linear(g, l.attended, attended, nil)
	x = w.norm(g, l.attentionNorm, g.Op("Add", []string{attended, x}))

	act, err := activationNamed(w.c.config.Activation)
	w.fail(err)
	w.noteRange(g, l.ffn, x)
	ffn := w.linear(g, l.ffn, x, nil)
	if act.approximate != "" {
		ffn = g.Op(act.op, []string{ffn}, onnx.Text("approximate", act.approximate))
	} else {
		ffn = g.Op(act.op, []string{ffn})
	}
	ffn = w.linear(g, l.ffnOut, ffn, &act.floor)
	return w.norm(g, l.outputNorm, g.Op("Add", []string{ffn, x}))
}

// norm is layer normalisation. Adding and normalising in two operators is
// several times faster than ONNX Runtime's SkipLayerNormalization.
func (w *graphWriter) norm(g *onnx.Graph, n norm, x string) string {
	return g.Op("LayerNormalization", []string{x, w.tensor(g, n.weight), w.tensor(g, n.bias)},
		onnx.Int("axis", -1), onnx.Real("epsilon", w.c.config.LayerNormEps))
}

// head adds what the head computes from the last hidden states. It returns the
// result and its dimensions.
func (w *graphWriter) head(g *onnx.Graph, h Head, labels []dense, x string) (string, []string) {
	tokens := func() string { return g.Const("axisL", onnx.Longs(1)) }
	switch h {
	case Pooled:
		return g.Op("ReduceMean", []string{x, tokens()}, onnx.Int("keepdims", 0)), []string{"B", "H"}
	case PooledMax:
		return g.Op("ReduceMax", []string{x, tokens()}, onnx.Int("keepdims", 0)), []string{"B", "H"}
	case PooledFirst:
		return first(g, x), []string{"B", "H"}
	case Span:
		return w.dense(g, labels[0], x), []string{"B", "L", "2"}
	case Class:
		return w.class(g, labels, x), []string{"B", "C"}
	case TokenClass:
		return w.dense(g, labels[0], x), []string{"B", "L", "C"}
	case SpanRelevance:
		// The labels' logits are one more row behind those of the tokens.
		relevance := g.Op("Unsqueeze", []string{w.class(g, labels[1:], x), tokens()})
		return g.Op("Concat", []string{w.dense(g, labels[0], x), relevance}, onnx.Int("axis", 1)), []string{"B", "L1", "2"}
	}
	return x, []string{"B", "L", "H"}
}

// class is a classifier of the first token: pooler and classifier.
func (w *graphWriter) class(g *onnx.Graph, labels []dense, x string) string {
	pooled := g.Op("Tanh", []string{w.dense(g, labels[0], first(g, x))})
	return w.dense(g, labels[1], pooled)
}

// first is the hidden state of the first token, [B, H].
func first(g *onnx.Graph, x string) string {
	return g.Op("Gather", []string{x, g.Const("first", onnx.Long(0))}, onnx.Int("axis", 1))
}

func (w *graphWriter) tensor(g *onnx.Graph, t safetensors.Info) string {
	if g.Has(t.Name) {
		return t.Name
	}
	return g.Const(t.Name, onnx.Floats(w.floats(t), t.Shape...))
}
