package albert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/safetensors"
)

// files returns a checkpoint's files, to be changed.
func files(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, file := range []string{"config.json", "model.safetensors", "vocab.txt"} {
		b, err := os.ReadFile(filepath.Join("testdata/parity", name, file))
		must(t, err)
		fsys[file] = &fstest.MapFile{Data: b}
	}
	return fsys
}

// setConfig changes a field of config.json.
func setConfig(t testing.TB, fsys fstest.MapFS, field string, value any) {
	t.Helper()
	var config map[string]any
	must(t, json.Unmarshal(fsys["config.json"].Data, &config))
	config[field] = value
	b, err := json.Marshal(config)
	must(t, err)
	fsys["config.json"] = &fstest.MapFile{Data: b}
}

// setTensors rewrites model.safetensors with each tensor as change returns it;
// those it returns without a name are left out.
func setTensors(t testing.TB, fsys fstest.MapFS, change func(safetensors.Data) safetensors.Data) {
	t.Helper()
	old := fsys["model.safetensors"].Data
	st, err := safetensors.Open(bytes.NewReader(old), int64(len(old)))
	must(t, err)
	var all []safetensors.Data
	for _, info := range st.Tensors() {
		b, err := st.Bytes(info)
		must(t, err)
		if d := change(safetensors.Data{Name: info.Name, Type: info.Type, Shape: info.Shape, Bytes: b}); d.Name != "" {
			all = append(all, d)
		}
	}
	var w bytes.Buffer
	must(t, safetensors.Write(&w, all, nil))
	fsys["model.safetensors"] = &fstest.MapFile{Data: w.Bytes()}
}

func TestLoadRefusesConfig(t *testing.T) {
	for _, c := range []struct {
		field string
		value any
		want  string
	}{
		{"model_type", "roberta", `model_type is "roberta"`},
		{"position_embedding_type", "relative_key", "absolute"},
		{"hidden_act", "swish", `hidden_act "swish"`},
		{"num_attention_heads", 7, "not a multiple"},
		{"num_attention_heads", 0, "num_attention_heads is 0"},
		{"num_hidden_layers", 1 << 40, "num_hidden_layers"},
		{"num_hidden_groups", -1, "num_hidden_groups"},
		{"inner_group_num", 0, "inner_group_num"},
		{"inner_group_num", 1000, "times inner_group_num"},
		{"hidden_size", "wide", "hidden_size"},
		{"layer_norm_eps", -1, "layer_norm_eps"},
		{"pad_token_id", 61, "pad_token_id"},
		{"vocab_size", 60, "vocab_size is 60"},
		{"vocab_size", 62, "word_embeddings"},
		{"embedding_size", 17, "word_embeddings"},
		{"intermediate_size", 71, "ffn.weight"},
		{"max_position_embeddings", 41, "position_embeddings"},
		{"type_vocab_size", 3, "token_type_embeddings"},
		{"num_hidden_groups", 2, "albert_layer_groups.1"},
		{"inner_group_num", 2, "albert_layers.1"},
	} {
		fsys := files(t, "shared")
		setConfig(t, fsys, c.field, c.value)
		_, err := albert.Load(fsys)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "config.json") && !strings.Contains(err.Error(), "model.safetensors") {
			t.Errorf("%s = %v: error %v, want one with %q and the file", c.field, c.value, err, c.want)
		}
		if got, want := errors.Is(err, albert.ErrNotALBERT), c.field == "model_type"; got != want {
			t.Errorf("%s = %v: is ErrNotALBERT: %v, want %v", c.field, c.value, got, want)
		}
	}
}

func TestLoadRefusesFiles(t *testing.T) {
	const query = "encoder.albert_layer_groups.0.albert_layers.0.attention.query.weight"
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS)
		want   []string
	}{
		{"no configuration", func(f fstest.MapFS) { delete(f, "config.json") }, []string{"config.json"}},
		{"broken configuration", func(f fstest.MapFS) { f["config.json"].Data = []byte("{") }, []string{"config.json"}},
		{"no vocabulary", func(f fstest.MapFS) { delete(f, "vocab.txt") }, []string{"tokenizer"}},
		{"no weights", func(f fstest.MapFS) { delete(f, "model.safetensors") }, []string{"model.safetensors"}},
		{"truncated weights", func(f fstest.MapFS) {
			w := f["model.safetensors"]
			w.Data = w.Data[:len(w.Data)-1]
		}, []string{"model.safetensors"}},
		{"missing tensor", func(f fstest.MapFS) {
			setTensors(t, f, func(d safetensors.Data) safetensors.Data {
				if d.Name == query {
					d.Name = ""
				}
				return d
			})
		}, []string{"model.safetensors", query}},
		{"wrong shape", func(f fstest.MapFS) {
			setTensors(t, f, func(d safetensors.Data) safetensors.Data {
				if d.Name == query {
					d.Shape = []int{len(d.Bytes) / 4}
				}
				return d
			})
		}, []string{"model.safetensors", query, "[2304]", "[48 48]"}},
		{"wrong type", func(f fstest.MapFS) {
			setTensors(t, f, func(d safetensors.Data) safetensors.Data {
				if d.Name == query {
					d.Type = safetensors.I32
				}
				return d
			})
		}, []string{"model.safetensors", query, "I32"}},
	} {
		fsys := files(t, "shared")
		c.change(fsys)
		_, err := albert.Load(fsys)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, want)
			}
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	m := load(t, "shared")
	c := m.Config()
	if c.HiddenSize != 48 || c.EmbeddingSize != 16 || c.Layers != 4 || c.Groups != 1 || c.Heads != 12 || c.Activation != "gelu_new" {
		t.Errorf("config is %+v", c)
	}
	// The first versions of transformers did not say the kind of model.
	unnamed := files(t, "shared")
	for name, value := range map[string]any{"model_type": "", "architectures": []string{"AlbertModel"}} {
		setConfig(t, unnamed, name, value)
	}
	_, err := albert.Load(unnamed)
	must(t, err)
	// What a config.json leaves out has transformers' default, here a hidden
	// size of 4096, which the weights then contradict.
	fsys := files(t, "shared")
	fsys["config.json"].Data = []byte(`{"model_type": "albert", "vocab_size": 61, "embedding_size": 16, "max_position_embeddings": 40}`)
	_, err = albert.Load(fsys)
	if err == nil || !strings.Contains(err.Error(), "4096") {
		t.Errorf("error %v, want one with the default hidden size", err)
	}
}

func TestIDIsOfTheContent(t *testing.T) {
	id := func(fsys fs.FS) string {
		t.Helper()
		m, err := albert.Load(fsys)
		must(t, err)
		return m.ID()
	}
	first := id(files(t, "shared"))
	if len(first) != 64 {
		t.Errorf("ID is %q", first)
	}
	if again := id(os.DirFS("testdata/parity/shared")); again != first {
		t.Errorf("the same files from another place have ID %s, not %s", again, first)
	}
	weights := files(t, "shared")
	b := weights["model.safetensors"].Data
	b[len(b)-1] ^= 1
	words := files(t, "shared")
	words["vocab.txt"].Data = bytes.Replace(words["vocab.txt"].Data, []byte("word7\n"), []byte("word_\n"), 1)
	config := files(t, "shared")
	setConfig(t, config, "layer_norm_eps", 1e-6)
	for what, fsys := range map[string]fs.FS{"weights": weights, "vocabulary": words, "configuration": config} {
		if id(fsys) == first {
			t.Errorf("other %s, but the same ID", what)
		}
	}
}

// plain hides all methods of a file but those of fs.File.
type plain struct{ fs.FS }

func (p plain) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return struct{ fs.File }{f}, nil
}

func TestLoadFromStreams(t *testing.T) {
	m, err := albert.Load(plain{os.DirFS("testdata/parity/half")})
	must(t, err)
	if want := load(t, "half").ID(); m.ID() != want {
		t.Errorf("ID is %s, want %s", m.ID(), want)
	}
}
