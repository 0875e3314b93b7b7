package albert_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// brought are the folders of testdata/checkpoints, written by
// testdata/gen/checkpoints.py, one of each shape that people bring.
var brought = []struct {
	name, from string
	// head is what the model has beside the encoder.
	head albert.Head
}{
	{"base", "", albert.Hidden},
	{"pretraining", "", albert.Hidden},
	{"masked", "", albert.Hidden},
	{"answers", "", albert.Span},
	{"sequences", "", albert.Class},
	{"tokens", "", albert.TokenClass},
	{"bert", "bert", albert.Hidden},
	{"bertanswers", "bert", albert.Span},
	{"bertclasses", "bert", albert.Class},
}

// texts are the texts of testdata/checkpoints, one or a pair.
func texts(t testing.TB) [][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/checkpoints/texts.json")
	must(t, err)
	var all [][]string
	must(t, json.Unmarshal(b, &all))
	return all
}

// sequence is what a model reads of one text or two.
func sequence(tok tokenize.Tokenizer, texts []string) tokenize.Sequence {
	special := tok.Special()
	q := tokenize.Sequence{IDs: []int32{special.CLS}}
	for i, text := range texts {
		for _, token := range tok.Append(nil, text) {
			q.IDs = append(q.IDs, token.ID)
		}
		q.IDs = append(q.IDs, special.SEP)
		if i == 0 {
			q.Split = len(q.IDs)
		}
	}
	return q
}

func TestBroughtCheckpoints(t *testing.T) {
	rt := orttest.Runtime(t)
	for _, c := range brought {
		t.Run(c.name, func(t *testing.T) {
			model, err := albert.Load(os.DirFS("testdata/checkpoints/" + c.name))
			must(t, err)
			if got := model.Config().ConvertedFrom(); got != c.from {
				t.Errorf("converted from %q, want %q", got, c.from)
			}
			for _, h := range []albert.Head{albert.Span, albert.Class, albert.TokenClass} {
				if got := model.HasHead(h); got != (h == c.head) {
					t.Errorf("has the head %v: %v", h, got)
				}
			}
			e := readExpected(t, "../checkpoints/"+c.name)
			for i, text := range texts(t) {
				q := sequence(model.Tokenizer(), text)
				if !slices.Equal(q.IDs, e.seqs[i].IDs) || q.Split != e.seqs[i].Split {
					t.Errorf("%q is read as %v, transformers reads %v", text, q, e.seqs[i])
				}
			}
			compare := func(what string, got [][]float32) {
				t.Helper()
				d := largestDifference(t, got, e.want(t, what))
				t.Logf("%s differs by %.2g", what, d)
				if !(d <= fp32Bound) {
					t.Errorf("%s differs by %.3g, more than %g", what, d, fp32Bound)
				}
			}
			o := albert.SessionOptions{Precision: albert.Float32}
			hidden, err := open(t, rt, model, albert.Hidden, o).Hidden(t.Context(), e.seqs)
			must(t, err)
			compare("hidden", hidden)
			switch c.head {
			case albert.Span:
				start, end, err := open(t, rt, model, albert.Span, o).Spans(t.Context(), e.seqs)
				must(t, err)
				compare("start", start)
				compare("end", end)
			case albert.Class:
				logits, err := open(t, rt, model, albert.Class, o).Classify(t.Context(), e.seqs)
				must(t, err)
				compare("logits", logits)
			case albert.TokenClass:
				logits, err := open(t, rt, model, albert.TokenClass, o).ClassifyTokens(t.Context(), e.seqs)
				must(t, err)
				want := classified(t, "testdata/checkpoints/"+c.name+"/model.safetensors", e.want(t, "hidden"))
				if d := largestDifference(t, logits, want); !(d <= fp32Bound) {
					t.Errorf("the tokens' logits differ by %.3g, more than %g", d, fp32Bound)
				}
			}
		})
	}
}

// classified applies the classifier in a file of weights to each of the hidden
// states, [L, H] each, that transformers has computed.
func classified(t *testing.T, file string, hidden [][]float32) [][]float32 {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	st, err := safetensors.Open(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	read := func(name string) (safetensors.Info, []float32) {
		info, ok := st.Tensor(name)
		if !ok {
			t.Fatalf("there is no tensor %q", name)
		}
		v, err := st.Floats(info)
		must(t, err)
		return info, v
	}
	info, weight := read("classifier.weight")
	_, bias := read("classifier.bias")
	h := info.Shape[1]
	out := make([][]float32, len(hidden))
	for i, states := range hidden {
		for x := range slices.Chunk(states, h) {
			for label := range info.Shape[0] {
				sum := float64(bias[label])
				for j, v := range x {
					sum += float64(v) * float64(weight[label*h+j])
				}
				out[i] = append(out[i], float32(sum))
			}
		}
	}
	return out
}

func TestLabels(t *testing.T) {
	for name, want := range map[string][]string{
		"base": {}, "answers": {}, "sequences": {"LABEL_0", "LABEL_1"}, "tokens": {"LABEL_0", "LABEL_1", "LABEL_2"},
	} {
		model, err := albert.Load(os.DirFS("testdata/checkpoints/" + name))
		must(t, err)
		if got := model.Labels(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for id2label, want := range map[string][]string{
		`{"0": "O", "2": "B-PER", "7": "of no logit"}`: {"O", "LABEL_1", "B-PER"},
		`["O"]`: {"LABEL_0", "LABEL_1", "LABEL_2"},
		`null`:  {"LABEL_0", "LABEL_1", "LABEL_2"},
	} {
		fsys := os.DirFS("testdata/checkpoints/tokens")
		var config map[string]any
		b, err := fs.ReadFile(fsys, "config.json")
		must(t, err)
		must(t, json.Unmarshal(b, &config))
		config["id2label"] = json.RawMessage(id2label)
		b, err = json.Marshal(config)
		must(t, err)
		model, err := albert.Load(withFile{fsys, "config.json", b})
		must(t, err)
		if got := model.Labels(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id2label, got, want)
		}
	}
}

// withFile is a folder in which a file has other content.
type withFile struct {
	fs.FS
	name string
	data []byte
}

func (f withFile) Open(name string) (fs.File, error) {
	if name == f.name {
		return fstest.MapFS{name: {Data: f.data}}.Open(name)
	}
	return f.FS.Open(name)
}

// TestSave saves each checkpoint in 32 bits and as int8, and reads it again.
func TestSave(t *testing.T) {
	rt := orttest.Runtime(t)
	for _, c := range brought {
		t.Run(c.name, func(t *testing.T) {
			model, err := albert.Load(os.DirFS("testdata/checkpoints/" + c.name))
			must(t, err)
			config, err := model.SaveConfig()
			must(t, err)
			if !bytes.Contains(config, []byte(`"dtype": "float32"`)) || bytes.Contains(config, []byte("float16")) {
				t.Errorf("the configuration gives the weights another type than they have now: %s", config)
			}
			e := readExpected(t, "../checkpoints/"+c.name)
			for _, p := range []struct {
				precision albert.Precision
				write     func(*bytes.Buffer) error
				bound     float64
			}{
				{albert.Float32, func(w *bytes.Buffer) error { return model.Save(t.Context(), w) }, fp32Bound},
				{albert.Int8, func(w *bytes.Buffer) error { return model.Quantize(t.Context(), rt, e.seqs, w) }, 0.1},
			} {
				var weights bytes.Buffer
				must(t, p.write(&weights))
				fsys := fstest.MapFS{"config.json": {Data: config}, "model.safetensors": {Data: weights.Bytes()}}
				for _, file := range []string{"spiece.model", "tokenizer.json", "vocab.txt"} {
					if b, err := os.ReadFile("testdata/checkpoints/" + c.name + "/" + file); err == nil {
						fsys[file] = &fstest.MapFile{Data: b}
					}
				}
				again, err := albert.Load(fsys)
				must(t, err)
				if got := again.Config().ConvertedFrom(); got != "" {
					t.Errorf("what was saved is converted from %q", got)
				}
				if !slices.Equal(again.Heads(), model.Heads()) {
					t.Errorf("heads %v, were %v", again.Heads(), model.Heads())
				}
				if got, err := again.Precision(); got != p.precision || err != nil {
					t.Errorf("precision %v, %v, want %v", got, err, p.precision)
				}
				must(t, again.Check(t.Context()))
				n1, err := model.Parameters()
				must(t, err)
				n2, err := again.Parameters()
				must(t, err)
				if n1 != n2 || n1 < 9000 {
					t.Errorf("%d parameters, were %d", n2, n1)
				}
				hidden, err := open(t, rt, again, albert.Hidden, albert.SessionOptions{Precision: p.precision}).Hidden(t.Context(), e.seqs)
				must(t, err)
				if d := largestDifference(t, hidden, e.want(t, "hidden")); !(d <= p.bound) {
					t.Errorf("%v: hidden differs by %.3g, more than %g", p.precision, d, p.bound)
				}
				// Saved again it is the same.
				var twice bytes.Buffer
				must(t, again.Save(t.Context(), &twice))
				if p.precision == albert.Float32 && !bytes.Equal(twice.Bytes(), weights.Bytes()) {
					t.Error("saved again it has other bytes")
				}
			}
		})
	}
}

func TestCheckNamesTheTensor(t *testing.T) {
	const name = "encoder.albert_layer_groups.0.albert_layers.0.ffn.bias"
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		fsys := files(t, "shared")
		setTensors(t, fsys, func(d safetensors.Data) safetensors.Data {
			if d.Name == name {
				binary.LittleEndian.PutUint32(d.Bytes[8:], math.Float32bits(float32(bad)))
			}
			return d
		})
		model, err := albert.Load(fsys)
		must(t, err)
		for _, err := range []error{model.Check(t.Context()), model.Save(t.Context(), io.Discard)} {
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "element 2") {
				t.Errorf("%v: error %v does not name the tensor", bad, err)
			}
		}
	}
}

func TestOldNames(t *testing.T) {
	fsys := files(t, "groups")
	setTensors(t, fsys, func(d safetensors.Data) safetensors.Data {
		d.Name = "module." + strings.Replace(d.Name, "LayerNorm.weight", "LayerNorm.gamma", 1)
		return d
	})
	model, err := albert.Load(fsys)
	must(t, err)
	must(t, model.Check(t.Context()))
	if !model.HasHead(albert.Span) {
		t.Error("the head is not found under its old name")
	}
	// A tensor under both names could be either.
	twice := files(t, "groups")
	setTensors(t, twice, func(d safetensors.Data) safetensors.Data {
		if strings.HasSuffix(d.Name, "LayerNorm.bias") && strings.Contains(d.Name, "embeddings") {
			d.Name = strings.Replace(d.Name, ".bias", ".gamma", 1)
		}
		return d
	})
	if _, err := albert.Load(twice); err == nil || !strings.Contains(err.Error(), "embeddings.LayerNorm.weight") {
		t.Errorf("two names for one tensor: %v", err)
	}
}
