package albert_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// oneLabel is the checkpoint classes with the first of its labels alone.
func oneLabel(t *testing.T) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/parity/classes/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, name := range []string{"config.json", "vocab.txt"} {
		out[name] = &fstest.MapFile{Data: read(name)}
	}
	weights := read("model.safetensors")
	f, err := safetensors.Open(bytes.NewReader(weights), int64(len(weights)))
	if err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Data
	for _, info := range f.Tensors() {
		b, err := f.Bytes(info)
		if err != nil {
			t.Fatal(err)
		}
		if info.Name == "classifier.weight" || info.Name == "classifier.bias" {
			b = b[:len(b)/info.Shape[0]]
			info.Shape = append([]int{1}, info.Shape[1:]...)
		}
		tensors = append(tensors, safetensors.Data{Name: info.Name, Type: info.Type, Shape: info.Shape, Bytes: b})
	}
	var w bytes.Buffer
	if err := safetensors.Write(&w, tensors, nil); err != nil {
		t.Fatal(err)
	}
	out["model.safetensors"] = &fstest.MapFile{Data: w.Bytes()}
	return out
}

// TestRelevance has the logit of the one label, and of a reader what comes beside
// its spans.
func TestRelevance(t *testing.T) {
	rt := orttest.Runtime(t)
	seqs := []tokenize.Sequence{{IDs: []int32{2, 10, 11, 3, 12, 13, 3}, Split: 4}, {IDs: []int32{2, 9, 3, 30, 3}, Split: 3}}
	open := func(files fs.FS, h albert.Head) *albert.Session {
		t.Helper()
		m, err := albert.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Open(rt, h, albert.SessionOptions{Precision: albert.Float32})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	classes := open(os.DirFS("testdata/parity/classes"), albert.Class)
	logits, err := classes.Classify(t.Context(), seqs)
	if err != nil {
		t.Fatal(err)
	}
	reader := open(os.DirFS("testdata/parity/reader"), albert.SpanRelevance)
	_, _, beside, err := reader.SpansAndRelevance(t.Context(), seqs)
	if err != nil {
		t.Fatal(err)
	}
	one, err := open(oneLabel(t), albert.Class).Relevance(t.Context(), seqs)
	if err != nil {
		t.Fatal(err)
	}
	read, err := reader.Relevance(t.Context(), seqs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range seqs {
		if d := one[i] - logits[i][0]; d > 1e-5 || d < -1e-5 {
			t.Errorf("sequence %d: one label %v, want %v", i, one[i], logits[i][0])
		}
		if read[i] != beside[i] {
			t.Errorf("sequence %d: reader %v, want %v", i, read[i], beside[i])
		}
	}
	if _, err := classes.Relevance(t.Context(), seqs); !errors.Is(err, albert.ErrNoHead) {
		t.Errorf("three labels: error %v", err)
	}
	if _, err := open(os.DirFS("testdata/parity/groups"), albert.Span).Relevance(t.Context(), seqs); err == nil {
		t.Error("a reader without relevance: no error")
	}
}

// TestHeadOfRole says which models can have a role, and by which head.
func TestHeadOfRole(t *testing.T) {
	for _, c := range []struct {
		name  string
		files fs.FS
		role  albert.Role
		head  albert.Head
		ok    bool
	}{
		{"shared", nil, albert.RoleEmbedder, albert.Pooled, true},
		{"shared", nil, albert.RoleReader, 0, false},
		{"groups", nil, albert.RoleReader, albert.Span, true},
		{"groups", nil, albert.RoleReranker, 0, false},
		{"reader", nil, albert.RoleReader, albert.SpanRelevance, true},
		{"reader", nil, albert.RoleReranker, albert.SpanRelevance, true},
		{"reader", nil, albert.RoleClassifier, 0, false},
		{"classes", nil, albert.RoleClassifier, albert.Class, true},
		{"classes", nil, albert.RoleReranker, 0, false},
		{"one label", oneLabel(t), albert.RoleReranker, albert.Class, true},
	} {
		if c.files == nil {
			c.files = os.DirFS("testdata/parity/" + c.name)
		}
		m, err := albert.Load(c.files)
		if err != nil {
			t.Fatal(err)
		}
		info, known := c.role.Info()
		if h, ok := info.Head(m); h != c.head || ok != c.ok || !known {
			t.Errorf("%s as %s: %v, %v", c.name, c.role, h, ok)
		}
	}
	if _, ok := albert.Role("singer").Info(); ok {
		t.Error("a role that there is not")
	}
}
