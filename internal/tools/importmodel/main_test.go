package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/internal/modelpack"
)

const parity = "../../../albert/testdata/parity/reader"

// folders makes two checkpoints of the same weights, and a file of text.
func folders(t *testing.T) (from, text string) {
	t.Helper()
	from = t.TempDir()
	for _, name := range []string{"embedder", "reader"} {
		if err := os.CopyFS(filepath.Join(from, name), os.DirFS(parity)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, name, "tokenizer_config.json"), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var lines strings.Builder
	for i := range samples {
		for j := range 80 {
			fmt.Fprintf(&lines, "word%d ", (i*7+j*j)%56)
		}
		lines.WriteByte('\n')
	}
	text = filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return from, text
}

// TestWhatIsWrittenIsWhatQuantizeWrites imports models and puts their files
// together again.
func TestWhatIsWrittenIsWhatQuantizeWrites(t *testing.T) {
	rt := orttest.Runtime(t)
	from, text := folders(t)
	to := t.TempDir()
	if err := run(t.Context(), from, text, to); err != nil {
		t.Fatal(err)
	}
	passages, err := readPassages(text)
	if err != nil {
		t.Fatal(err)
	}
	var want [2]bytes.Buffer
	var all []albert.Quantization
	for i, pair := range []bool{false, true} {
		model, err := albert.Load(os.DirFS(parity))
		if err != nil {
			t.Fatal(err)
		}
		m := checkpoint{window: model.Config().MaxPositions, pair: pair}
		var seqs []tokenize.Sequence
		for _, p := range passages {
			seqs = append(seqs, m.sequence(model.Tokenizer(), p))
		}
		all = append(all, albert.Quantization{Model: model, Samples: seqs, To: &want[i]})
	}
	if err := albert.QuantizeTogether(t.Context(), rt, all...); err != nil {
		t.Fatal(err)
	}
	blob, err := os.ReadFile(filepath.Join(to, "shared", "model.blob"))
	if err != nil {
		t.Fatal(err)
	}
	if n := want[0].Len(); len(blob) >= n {
		t.Errorf("two models of the same weights, %d bytes each, are %d bytes", n, len(blob))
	}
	for i, name := range []string{"embedder", "reader"} {
		b, err := os.ReadFile(filepath.Join(to, name, "model.layout"))
		if err != nil {
			t.Fatal(err)
		}
		layout, err := modelpack.ReadLayout(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(layout.Open("model.safetensors", bytes.NewReader(blob)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want[i].Bytes()) {
			t.Errorf("%s: what comes out of the blob is not what Quantize wrote", name)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	orttest.Runtime(t)
	from, text := folders(t)
	if err := run(t.Context(), from, os.DevNull, t.TempDir()); err == nil || !strings.Contains(err.Error(), os.DevNull) {
		t.Errorf("no text: error %v", err)
	}
	words := filepath.Join(from, "reader", "vocab.txt")
	b, err := os.ReadFile(words)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(words, bytes.Replace(b, []byte("word7\n"), []byte("other\n"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), from, text, t.TempDir()); err == nil || !strings.Contains(err.Error(), "vocab.txt") {
		t.Errorf("another vocabulary: error %v", err)
	}
}
