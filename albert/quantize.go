package albert

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// Quantize writes the model's weights in the int8 layout, to be the
// model.safetensors of a folder that is otherwise the same. It has a quarter
// of the size, opens faster than a checkpoint that is rounded on opening, and
// thanks to the samples is more exact: typical inputs of the model, a hundred
// or so, by which the weights are balanced against their inputs.
//
// The layout is that of the checkpoint but for the layers' linear maps. Their
// weights are I8 [in, out], queries, keys and values side by side as
// "query_key_value", with "weight_scale" [out] and "input_scale" [in] beside
// them; the table of tokens is I8 with a "_scale" for each row. All else
// is F32, or F16 where that is the same. The positions and the large maps that
// are not quantised (the one from the embeddings, the pooler) are rounded to
// F16.
//
// Maps of the same weights in several groups are balanced together and so stay
// the same.
func (m *Model) Quantize(ctx context.Context, rt *ort.Runtime, samples []tokenize.Sequence, to io.Writer) error {
	return QuantizeTogether(ctx, rt, Quantization{m, samples, to})
}

// Quantization is a model with samples of its input, to be written.
type Quantization struct {
	Model   *Model
	Samples []tokenize.Sequence
	To      io.Writer
}

// QuantizeTogether is Quantize for several models. Maps of the same weights
// stay the same also where they are in different models, so that a tensor that
// models share can be stored once.
func QuantizeTogether(ctx context.Context, rt *ort.Runtime, all ...Quantization) error {
	together := make(map[mapContent][]float32)
	maps := make([]map[string]mapContent, len(all))
	for i, q := range all {
		ranges, err := q.Model.inputRanges(ctx, rt, q.Samples)
		if err == nil {
			maps[i], err = q.Model.joinRanges(ranges, together)
		}
		if err != nil {
			return fmt.Errorf("quantise model: %w", err)
		}
	}
	for i, q := range all {
		ranges := make(map[string][]float32, len(maps[i]))
		for name, content := range maps[i] {
			ranges[name] = together[content]
		}
		if err := q.Model.quantizeTo(ranges, q.To); err != nil {
			return fmt.Errorf("quantise model: %w", err)
		}
	}
	return nil
}

// mapContent identifies the weights of a map.
type mapContent struct {
	in, out int
	weights [sha256.Size]byte
}

// joinRanges notes the ranges of the model's maps, given by name, under their
// content: of maps of the same content the largest. It returns the content of
// each.
func (m *Model) joinRanges(ranges map[string][]float32, together map[mapContent][]float32) (map[string]mapContent, error) {
	c, err := openCheckpoint(m.fsys, m.config)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if c.int8 {
		return nil, fmt.Errorf("%s: the weights are int8 already", weightsFile)
	}
	enc, err := c.encoder()
	if err != nil {
		return nil, err
	}
	r := &weightReader{c: c}
	maps := make(map[string]mapContent, len(ranges))
	for _, d := range enc.maps() {
		measured := ranges[d.name]
		if measured == nil {
			continue
		}
		content := r.content(d)
		if r.err != nil {
			return nil, r.err
		}
		maps[d.name] = content
		joined := together[content]
		if joined == nil {
			joined = make([]float32, len(measured))
			together[content] = joined
		}
		for i, v := range measured {
			joined[i] = max(joined[i], v)
		}
	}
	return maps, nil
}

func (m *Model) quantizeTo(ranges map[string][]float32, to io.Writer) error {
	c, err := openCheckpoint(m.fsys, m.config)
	if err != nil {
		return err
	}
	defer c.Close()
	enc, err := c.encoder()
	if err != nil {
		return err
	}
	w := &int8Writer{weightReader: weightReader{c: c}, ranges: ranges}
	w.embedding(enc.word)
	w.halve(enc.positions)
	w.keep(enc.types, enc.norm.weight, enc.norm.bias)
	w.halve(enc.mapIn.weights[0])
	w.keep(enc.mapIn.biases[0])
	for _, group := range enc.groups {
		for _, l := range group {
			for _, d := range l.maps() {
				w.dense(d)
			}
			w.keep(l.attentionNorm.weight, l.attentionNorm.bias, l.outputNorm.weight, l.outputNorm.bias)
		}
	}
	for _, h := range headsWithWeights {
		labels, err := c.head(h)
		if err != nil && !errors.Is(err, ErrNoHead) {
			return err
		}
		for _, d := range labels {
			if d.out == d.in { // the pooler
				w.halve(d.weights[0])
			} else {
				w.keep(d.weights[0])
			}
			w.keep(d.biases[0])
		}
	}
	if w.err != nil {
		return w.err
	}
	return safetensors.Write(to, w.tensors, map[string]string{"format": "pt", layoutKey: int8Layout})
}

// int8Writer collects the tensors of the int8 layout.
type int8Writer struct {
	weightReader
	ranges  map[string][]float32
	tensors []safetensors.Data
}

// keep adds tensors as they are.
func (w *int8Writer) keep(infos ...safetensors.Info) {
	for _, t := range infos {
		w.floats(t.Name, t.Shape, w.weightReader.floats(t))
	}
}

// halve adds a tensor rounded to 16 bits, unless a number is too large.
func (w *int8Writer) halve(t safetensors.Info) {
	v := w.weightReader.floats(t)
	for i, x := range v {
		if h := safetensors.FromHalf(safetensors.Half(x)); !math.IsInf(float64(h), 0) {
			v[i] = h
		}
	}
	w.floats(t.Name, t.Shape, v)
}

// floats adds numbers in 16 bits if they can be, else in 32.
func (w *int8Writer) floats(name string, shape []int, v []float32) {
	d := safetensors.Data{Name: name, Type: safetensors.F16, Shape: shape}
	if slices.ContainsFunc(v, func(x float32) bool { return safetensors.FromHalf(safetensors.Half(x)) != x }) {
		d.Type, d.Bytes = safetensors.F32, floatBytes(v)
	} else {
		for _, x := range v {
			d.Bytes = binary.LittleEndian.AppendUint16(d.Bytes, safetensors.Half(x))
		}
	}
	w.tensors = append(w.tensors, d)
}

// floatBytes are the numbers, little-endian.
func floatBytes(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func (w *int8Writer) int8s(name string, v []int8, shape ...int) {
	w.tensors = append(w.tensors, safetensors.Data{Name: name, Type: safetensors.I8, Shape: shape, Bytes: int8Bytes(v)})
}

func (w *int8Writer) embedding(e embedding) {
	rows, width := e.weight.Shape[0], e.weight.Shape[1]
	q, scale := quantizeRows(w.weightReader.floats(e.weight), rows, width)
	w.int8s(e.weight.Name, q, rows, width)
	w.floats(e.weight.Name+scaleSuffix, []int{rows}, scale)
}

func (w *int8Writer) dense(d dense) {
	m := w.matrix(d)
	if w.err != nil {
		return
	}
	var input []float32
	if r := w.ranges[d.name]; r != nil {
		input = balance(r, m)
		w.floats(d.name+inputScale, []int{d.in}, input)
	}
	q := quantize(m, d.in, d.out, input)
	w.int8s(d.name+".weight", q.weight, d.in, d.out)
	w.floats(d.name+".weight"+scaleSuffix, []int{d.out}, q.scale)
	w.floats(d.name+".bias", []int{d.out}, w.bias(d))
}
