package albert_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/albert/tokenize"
)

const benchWords = 1000

// randomModel is a model of random weights with all heads, given as its config.json says it.
// Groups with the same number in ties, if there are any, have the same matrices.
func randomModel(b testing.TB, config map[string]any, ties ...int) *albert.Model {
	b.Helper()
	config["model_type"], config["vocab_size"] = "albert", benchWords
	h, e, i, groups := config["hidden_size"].(int), config["embedding_size"].(int), config["intermediate_size"].(int), config["num_hidden_groups"].(int)
	random := rand.New(rand.NewPCG(1, 2))
	var tensors []safetensors.Data
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		data := make([]byte, 0, 4*n)
		for range n {
			v := random.NormFloat64() / math.Sqrt(float64(shape[len(shape)-1]))
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
		}
		tensors = append(tensors, safetensors.Data{Name: name, Type: safetensors.F32, Shape: shape, Bytes: data})
	}
	linear := func(name string, in, out int) {
		add(name+".weight", out, in)
		add(name+".bias", out)
	}
	norm := func(name string, n int) {
		add(name+".weight", n)
		add(name+".bias", n)
	}
	add("embeddings.word_embeddings.weight", benchWords, e)
	add("embeddings.position_embeddings.weight", 512, e)
	add("embeddings.token_type_embeddings.weight", 2, e)
	norm("embeddings.LayerNorm", e)
	linear("encoder.embedding_hidden_mapping_in", e, h)
	matrices := make(map[string][]byte) // of the ties, by name
	for g := range groups {
		first := len(tensors)
		p := fmt.Sprintf("encoder.albert_layer_groups.%d.albert_layers.0.", g)
		for _, name := range []string{"query", "key", "value", "dense"} {
			linear(p+"attention."+name, h, h)
		}
		norm(p+"attention.LayerNorm", h)
		linear(p+"ffn", h, i)
		linear(p+"ffn_output", i, h)
		norm(p+"full_layer_layer_norm", h)
		for i, t := range tensors[first:] {
			if len(ties) == 0 || len(t.Shape) != 2 {
				continue
			}
			name := fmt.Sprint(ties[g], strings.TrimPrefix(t.Name, p))
			if tied, ok := matrices[name]; ok {
				tensors[first+i].Bytes = tied
			}
			matrices[name] = tensors[first+i].Bytes
		}
	}
	linear("qa_outputs", h, 2)
	linear("pooler", h, h)
	linear("classifier", h, 2)
	var weights bytes.Buffer
	if err := safetensors.Write(&weights, tensors, nil); err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		b.Fatal(err)
	}
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for len(words) < benchWords {
		words = append(words, fmt.Sprintf("word%d", len(words)))
	}
	m, err := albert.Load(fstest.MapFS{
		"config.json":       {Data: text},
		"model.safetensors": {Data: weights.Bytes()},
		"vocab.txt":         {Data: []byte(strings.Join(words, "\n"))},
	})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkPool embeds 64 passages of 100 to 256 tokens with models of the
// shapes of the built-in ones and of albert-base.
func BenchmarkPool(b *testing.B) {
	rt := orttest.Runtime(b)
	random := rand.New(rand.NewPCG(3, 4))
	var seqs []tokenize.Sequence
	tokens := 0
	for range 64 {
		ids := make([]int32, 100+random.IntN(157))
		for i := range ids {
			ids[i] = int32(5 + random.IntN(benchWords-5))
		}
		seqs = append(seqs, tokenize.Sequence{IDs: ids, Split: len(ids)})
		tokens += len(ids)
	}
	for _, shape := range []struct {
		name   string
		config map[string]any
	}{
		{"compact", map[string]any{
			"hidden_size": 384, "embedding_size": 128, "num_hidden_layers": 6, "num_hidden_groups": 6,
			"num_attention_heads": 12, "intermediate_size": 1536, "hidden_act": "gelu",
		}},
		{"base", map[string]any{
			"hidden_size": 768, "embedding_size": 128, "num_hidden_layers": 12, "num_hidden_groups": 1,
			"num_attention_heads": 12, "intermediate_size": 3072, "hidden_act": "gelu_new",
		}},
	} {
		model := randomModel(b, shape.config)
		for _, p := range []albert.Precision{albert.Float32, albert.Int8} {
			b.Run(fmt.Sprintf("%s/%v", shape.name, p), func(b *testing.B) {
				s, err := model.Open(rt, albert.Pooled, albert.SessionOptions{Precision: p})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				for b.Loop() {
					if _, err := s.Pool(b.Context(), seqs); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(tokens*b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}

// BenchmarkMemory reports by how much the process grows for each session on a
// model of the shape of the built-in ones that has run once. Run one at a time:
// what one leaves behind, the next one uses.
func BenchmarkMemory(b *testing.B) {
	rt := orttest.Runtime(b)
	ids := make([]int32, 256)
	seqs := []tokenize.Sequence{{IDs: ids, Split: len(ids)}}
	for _, shape := range []struct {
		name   string
		groups int
		ties   []int
	}{{"three", 3, nil}, {"tied", 6, []int{1, 1, 2, 2, 3, 3}}, {"six", 6, nil}} {
		model := randomModel(b, map[string]any{
			"hidden_size": 384, "embedding_size": 128, "num_hidden_layers": 6, "num_hidden_groups": shape.groups,
			"num_attention_heads": 12, "intermediate_size": 1536, "hidden_act": "gelu",
		}, shape.ties...)
		for _, p := range []albert.Precision{albert.Float32, albert.Int8} {
			b.Run(fmt.Sprintf("%s/%v", shape.name, p), func(b *testing.B) {
				const sessions = 8
				for b.Loop() {
					debug.FreeOSMemory()
					before := resident(b)
					for range sessions {
						s, err := model.Open(rt, albert.Pooled, albert.SessionOptions{Precision: p, Parallel: 1})
						if err != nil {
							b.Fatal(err)
						}
						defer s.Close()
						if _, err := s.Pool(b.Context(), seqs); err != nil {
							b.Fatal(err)
						}
					}
					debug.FreeOSMemory()
					b.ReportMetric(float64(resident(b)-before)/sessions/1e6, "MB/session")
				}
			})
		}
	}
}
