package albert

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// Precision is what the model's weights are stored in: Int8 in the layout that
// Quantize writes, else Float32, which stands for all floating point types.
func (m *Model) Precision() (Precision, error) {
	c, err := openCheckpoint(m.fsys, m.config)
	if err != nil {
		return Float32, fmt.Errorf("open model: %w", err)
	}
	p := Float32
	if c.int8 {
		p = Int8
	}
	return p, c.Close()
}

// Parameters counts the weights of the encoder and the heads that can be used.
func (m *Model) Parameters() (n int64, err error) {
	err = m.eachUsed(func(_ *checkpoint, t safetensors.Info) error {
		if !strings.HasSuffix(t.Name, scaleSuffix) && !strings.HasSuffix(t.Name, inputScale) {
			n += int64(t.Len())
		}
		return nil
	})
	return n, err
}

// Check reads all weights that the model uses, one tensor after the other, and
// makes sure that they are finite numbers. The error names the tensor.
func (m *Model) Check(ctx context.Context) error {
	err := m.eachUsed(func(c *checkpoint, t safetensors.Info) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if t.Type == safetensors.I8 {
			_, err := c.st.Bytes(t)
			return err
		}
		_, err := c.finite(t)
		return err
	})
	if err != nil {
		return fmt.Errorf("check model: %w", err)
	}
	return nil
}

// finite reads a tensor of floating point numbers, none of which may be
// infinite or not a number.
func (c *checkpoint) finite(t safetensors.Info) ([]float32, error) {
	v, err := c.st.Floats(t)
	if err != nil {
		return nil, err
	}
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, fmt.Errorf("%s: element %d of tensor %q is %v: the weights are damaged, or training failed", c.name, i, t.Name, x)
		}
	}
	return v, nil
}

// eachUsed calls f with each tensor that the encoder or a head uses, once.
func (m *Model) eachUsed(f func(*checkpoint, safetensors.Info) error) error {
	return m.withUsed(func(c *checkpoint, used []safetensors.Info) error {
		for _, t := range used {
			if err := f(c, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// withUsed calls f with the open checkpoint and the tensors that the encoder
// and the heads use.
func (m *Model) withUsed(f func(c *checkpoint, used []safetensors.Info) error) error {
	c, err := openCheckpoint(m.fsys, m.config)
	if err != nil {
		return err
	}
	defer c.Close()
	used, err := c.used()
	if err != nil {
		return err
	}
	return f(c, used)
}

// used are the tensors of the encoder and of all heads that there are.
func (c *checkpoint) used() ([]safetensors.Info, error) {
	enc, err := c.encoder()
	if err != nil {
		return nil, err
	}
	var all []safetensors.Info
	seen := map[string]bool{}
	add := func(infos ...safetensors.Info) {
		for _, t := range infos {
			if !seen[t.Name] {
				seen[t.Name] = true
				all = append(all, t)
			}
		}
	}
	optional := func(infos ...*safetensors.Info) {
		for _, t := range infos {
			if t != nil {
				add(*t)
			}
		}
	}
	mapping := func(d dense) {
		add(d.weights...)
		add(d.biases...)
		optional(d.scale, d.inputScale)
	}
	add(enc.word.weight)
	optional(enc.word.scale)
	add(enc.positions, enc.types, enc.norm.weight, enc.norm.bias)
	mapping(enc.mapIn)
	for _, group := range enc.groups {
		for _, l := range group {
			for _, d := range []dense{l.qkv, l.attended, l.ffn, l.ffnOut} {
				mapping(d)
			}
			add(l.attentionNorm.weight, l.attentionNorm.bias, l.outputNorm.weight, l.outputNorm.bias)
		}
	}
	for _, h := range headsWithWeights {
		labels, err := c.head(h)
		if err != nil {
			continue // it cannot be used
		}
		for _, d := range labels {
			mapping(d)
		}
	}
	return all, nil
}

// Save writes the weights that the model uses in 32 bits, to be the
// model.safetensors of a folder whose config.json is that of SaveConfig. They
// are read, checked as Check does, and written one tensor after the other. A
// model that is int8 already is written as it is.
func (m *Model) Save(ctx context.Context, to io.Writer) error {
	err := m.withUsed(func(c *checkpoint, used []safetensors.Info) error { return c.save(ctx, used, to) })
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func (c *checkpoint) save(ctx context.Context, used []safetensors.Info, to io.Writer) error {
	metadata := map[string]string{"format": "pt"}
	if c.int8 {
		metadata[layoutKey] = int8Layout
	}
	all := make([]safetensors.Data, len(used))
	for i, t := range used {
		all[i] = safetensors.Data{Name: t.Name, Type: safetensors.F32, Shape: t.Shape, Read: func() ([]byte, error) {
			if err := ctx.Err(); err != nil {
				return nil, context.Cause(ctx)
			}
			if c.int8 {
				return c.st.Bytes(t)
			}
			v, err := c.finite(t)
			if err != nil {
				return nil, err
			}
			return floatBytes(v), nil
		}}
		if c.int8 {
			all[i].Type = t.Type
		}
	}
	return safetensors.Write(to, all, metadata)
}

// SaveConfig returns a config.json for what Save and Quantize write: the
// model's own, or that of the ALBERT that a BERT has been read as. The type that
// it gives the weights is float32, since none is written in half precision.
func (m *Model) SaveConfig() ([]byte, error) {
	text, err := readSmall(m.fsys, configFile)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	changed := setFloat32(values)
	if m.config.convertedFrom != "" {
		m.config.setALBERT(values)
	} else if !changed {
		return text, nil
	}
	return json.MarshalIndent(values, "", "  ")
}

// setFloat32 makes float32 of the type of the weights, as transformers calls it
// and used to call it, where it is another. It reports whether one was.
func setFloat32(values map[string]any) (changed bool) {
	for _, name := range []string{"dtype", "torch_dtype"} {
		if v, ok := values[name]; ok && v != nil && v != "float32" {
			values[name], changed = "float32", true
		}
	}
	return changed
}

// setALBERT sets what another kind of model says otherwise.
func (c Config) setALBERT(values map[string]any) {
	for name, v := range map[string]any{
		"model_type": c.ModelType, "vocab_size": c.VocabSize, "max_position_embeddings": c.MaxPositions,
		"type_vocab_size": c.TokenTypes, "embedding_size": c.EmbeddingSize, "hidden_size": c.HiddenSize,
		"num_hidden_layers": c.Layers, "num_hidden_groups": c.Groups, "inner_group_num": c.InnerGroup,
		"num_attention_heads": c.Heads, "intermediate_size": c.IntermediateSize, "hidden_act": c.Activation,
		"layer_norm_eps": c.LayerNormEps, "pad_token_id": c.PadID, "position_embedding_type": c.Positions,
	} {
		values[name] = v
	}
	architectures := make([]string, len(c.Architectures))
	for i, a := range c.Architectures {
		architectures[i] = strings.Replace(a, "Bert", "Albert", 1)
	}
	values["architectures"] = architectures
}
