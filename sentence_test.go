package albertsearch_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/safetensors"
)

// TestSentenceTransformers compares embeddings with those that
// sentence-transformers gives, over its own tokenizer, pooling and window:
// albert/testdata/gen/checkpoints.py has written them.
func TestSentenceTransformers(t *testing.T) {
	const checkpoints = "albert/testdata/checkpoints"
	for _, name := range []string{"sentencecls", "sentencemean"} {
		folder := filepath.Join(checkpoints, name)
		files, pooling, window, err := modelstore.Folder(os.DirFS(folder))
		if err != nil {
			t.Fatal(err)
		}
		e, err := albertsearch.Open(albertsearch.Options{
			Dir: t.TempDir(), ONNXRuntime: orttest.Library(t).Path,
			Models: albertsearch.Models{albert.RoleEmbedder: {Name: name, Files: files, Pooling: albertsearch.Pooling(pooling), Window: window, Float32: true}},
		})
		if err != nil {
			t.Fatal(err)
		}
		embedder, err := e.Embedder(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		texts, want := sentences(t, checkpoints), vectors(t, filepath.Join(folder, "expected.safetensors"))
		got, err := embedder.Embed(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) != len(texts) {
			t.Fatalf("%d texts, %d vectors", len(texts), len(want))
		}
		for i := range got {
			for j := range got[i] {
				if d := math.Abs(float64(got[i][j] - want[i][j])); !(d <= 1e-4) {
					t.Errorf("%s, %q: number %d differs by %g", name, texts[i], j, d)
					break
				}
			}
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// sentences are the first texts of the checkpoints' texts.
func sentences(t *testing.T, checkpoints string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(checkpoints, "texts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var pairs [][]string
	if err := json.Unmarshal(b, &pairs); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, p := range pairs {
		texts = append(texts, p[0])
	}
	return texts
}

func vectors(t *testing.T, file string) [][]float32 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st, err := safetensors.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var all [][]float32
	for i := 0; ; i++ {
		tensor, ok := st.Tensor(fmt.Sprintf("%d.vector", i))
		if !ok {
			return all
		}
		v, err := st.Floats(tensor)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
}
