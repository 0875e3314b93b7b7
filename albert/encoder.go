package albert

import (
	"fmt"
	"strings"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// The types in this file say where in a checkpoint the weights of a model are,
// and what shapes they have. None is read here: see weightReader.

const (
	wordEmbeddings = "embeddings.word_embeddings.weight"
	// The suffixes of what the int8 layout has beside a weight.
	scaleSuffix = "_scale"
	inputScale  = ".input_scale"
)

// encoder is all of a model but its head.
type encoder struct {
	word embedding
	// positions and types are [MaxPositions, EmbeddingSize] and [TokenTypes,
	// EmbeddingSize].
	positions, types safetensors.Info
	norm             norm
	mapIn            dense
	groups           [][]layer
}

// embedding is the table of tokens, [VocabSize, EmbeddingSize], with a
// scale for each row if it is int8.
type embedding struct {
	weight safetensors.Info
	scale  *safetensors.Info
}

type norm struct{ weight, bias safetensors.Info }

// dense is a linear map from in to out numbers, or several with the same input
// side by side.
type dense struct {
	name    string
	in, out int
	// weights are [out, in] each, as PyTorch has them; in the int8 layout
	// there is one, [in, out], as ONNX wants it.
	weights, biases []safetensors.Info
	// scale [out] belongs to int8 weights. inputScale [in], if there is one,
	// is what the input is multiplied with before it is quantised.
	scale, inputScale *safetensors.Info
}

// layer is one transformer layer.
type layer struct {
	qkv, attended, ffn, ffnOut dense
	attentionNorm, outputNorm  norm
}

// maps are the linear maps of the layer.
func (l layer) maps() []dense { return []dense{l.qkv, l.attended, l.ffn, l.ffnOut} }

// maps are the linear maps of all layers.
func (e *encoder) maps() []dense {
	var all []dense
	for _, group := range e.groups {
		for _, l := range group {
			all = append(all, l.maps()...)
		}
	}
	return all
}

func (c *checkpoint) encoder() (*encoder, error) {
	f := finder{c: c}
	h, e := c.config.HiddenSize, c.config.EmbeddingSize
	enc := &encoder{
		word:      f.embedding(c.prefix+wordEmbeddings, c.config.VocabSize, e),
		positions: f.tensor(c.prefix+"embeddings.position_embeddings.weight", c.config.MaxPositions, e),
		types:     f.tensor(c.prefix+"embeddings.token_type_embeddings.weight", c.config.TokenTypes, e),
		norm:      f.norm(c.prefix+"embeddings.LayerNorm", e),
		mapIn:     f.dense(c.prefix+"encoder.embedding_hidden_mapping_in", e, h),
	}
	for g := range c.config.Groups {
		var group []layer
		for i := range c.config.InnerGroup {
			if f.err != nil {
				return nil, f.err
			}
			group = append(group, f.layer(fmt.Sprintf("%sencoder.albert_layer_groups.%d.albert_layers.%d.", c.prefix, g, i)))
		}
		enc.groups = append(enc.groups, group)
	}
	return enc, f.err
}

// finder finds tensors and keeps the first error.
type finder struct {
	c   *checkpoint
	err error
}

func (f *finder) tensor(name string, shape ...int) safetensors.Info {
	return f.typed(name, "", shape...)
}

func (f *finder) typed(name string, t safetensors.Type, shape ...int) safetensors.Info {
	info, err := f.c.tensor(name, t, shape...)
	if err != nil && f.err == nil {
		f.err = err
	}
	return info
}

func (f *finder) embedding(name string, rows, width int) embedding {
	if !f.c.int8 {
		return embedding{weight: f.tensor(name, rows, width)}
	}
	scale := f.tensor(name+scaleSuffix, rows)
	return embedding{f.typed(name, safetensors.I8, rows, width), &scale}
}

func (f *finder) norm(name string, width int) norm {
	return norm{f.tensor(name+".weight", width), f.tensor(name+".bias", width)}
}

// dense finds a map that is not quantised in any layout.
func (f *finder) dense(name string, in, out int) dense {
	return dense{
		name: name, in: in, out: out,
		weights: []safetensors.Info{f.tensor(name+".weight", out, in)},
		biases:  []safetensors.Info{f.tensor(name+".bias", out)},
	}
}

// quantizable finds a map that is quantised in the int8 layout. Elsewhere it
// may be in parts.
func (f *finder) quantizable(name string, in, out int, parts ...string) dense {
	d := dense{name: name, in: in, out: out}
	if f.c.int8 {
		d.weights = []safetensors.Info{f.typed(name+".weight", safetensors.I8, in, out)}
		d.biases = []safetensors.Info{f.tensor(name+".bias", out)}
		scale := f.tensor(name+".weight"+scaleSuffix, out)
		d.scale = &scale
		var err error
		if d.inputScale, err = f.c.optional(name+inputScale, in); err != nil && f.err == nil {
			f.err = err
		}
		return d
	}
	for _, p := range parts {
		d.weights = append(d.weights, f.tensor(p+".weight", out/len(parts), in))
		d.biases = append(d.biases, f.tensor(p+".bias", out/len(parts)))
	}
	return d
}

func (f *finder) layer(p string) layer {
	h, i := f.c.config.HiddenSize, f.c.config.IntermediateSize
	return layer{
		qkv: f.quantizable(p+"attention.query_key_value", h, 3*h,
			p+"attention.query", p+"attention.key", p+"attention.value"),
		attended:      f.quantizable(p+"attention.dense", h, h, p+"attention.dense"),
		attentionNorm: f.norm(p+"attention.LayerNorm", h),
		ffn:           f.quantizable(p+"ffn", h, i, p+"ffn"),
		ffnOut:        f.quantizable(p+"ffn_output", i, h, p+"ffn_output"),
		outputNorm:    f.norm(p+"full_layer_layer_norm", h),
	}
}

// head finds the weights of a head: of Span those of [start, end], of Class
// those of the pooler and the classifier, of SpanRelevance all three, of
// TokenClass those of the classifier.
func (c *checkpoint) head(h Head) ([]dense, error) {
	f := finder{c: c}
	hidden := c.config.HiddenSize
	var all []dense
	if h == Span || h == SpanRelevance {
		if _, ok := c.st.Tensor("qa_outputs.weight"); !ok {
			return nil, fmt.Errorf("%s has no tensor %q: %w", c.name, "qa_outputs.weight", ErrNoHead)
		}
		all = append(all, f.dense("qa_outputs", hidden, 2))
	}
	if h == Class || h == SpanRelevance || h == TokenClass {
		classifier, ok := c.st.Tensor("classifier.weight")
		if !ok || len(classifier.Shape) != 2 {
			return nil, fmt.Errorf("%s has no matrix %q: %w", c.name, "classifier.weight", ErrNoHead)
		}
		labels := classifier.Shape[0]
		if ofTokens := c.classifiesTokens(); ofTokens != (h == TokenClass) {
			return nil, fmt.Errorf("%s: whether its classifier is one of tokens: %v: %w", c.name, ofTokens, ErrNoHead)
		}
		if h == TokenClass {
			return []dense{f.dense("classifier", hidden, labels)}, f.err
		}
		if h == SpanRelevance && labels != relevanceLabels {
			return nil, fmt.Errorf("%s: the classifier has %d labels, not irrelevant and relevant: %w", c.name, labels, ErrNoHead)
		}
		all = append(all, f.dense(c.prefix+"pooler", hidden, hidden), f.dense("classifier", hidden, labels))
	}
	return all, f.err
}

// classifiesTokens reports whether the classifier is one of tokens: its class
// says so, or there is no pooler before it. Some versions of transformers saved
// a pooler that such a model does not use.
func (c *checkpoint) classifiesTokens() bool {
	if a := c.config.Architectures; len(a) > 0 && strings.HasSuffix(a[0], "ForTokenClassification") {
		return true
	}
	_, pooler := c.st.Tensor(c.prefix + "pooler.weight")
	return !pooler
}

// headsWithWeights are those that have weights of their own, so that saving
// them saves all: SpanRelevance is Span and Class.
var headsWithWeights = [...]Head{Span, Class, TokenClass}

// relevanceLabels are irrelevant and relevant, in this order.
const relevanceLabels = 2
