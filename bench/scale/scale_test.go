package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort/orttest"
)

// TestMeasure fills a small store from files that are too short for it, and
// searches it.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	c := config{text: filepath.Join(dir, "text"), dim: 8, out: dir, n: 50, queries: 3}
	if err := os.WriteFile(c.text, []byte(strings.Repeat("some words that are in all of the passages, and no more\n", 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := indexStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if f.TextRounds != 2 || f.VectorRounds != 0 || f.Postings <= 0 || f.Vectors != 32 || f.Text <= 0 || f.Segments != 1 {
		t.Errorf("figures %+v", f)
	}
	s, err := searchStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if s.Open <= 0 || s.Keyword.P50 <= 0 || s.Hybrid.P50 < s.Vector.P50 {
		t.Errorf("figures %+v", s)
	}
}

func TestVectorsRepeatPerturbed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vectors")
	// 1, 0, 0, 0 and 0, 1, 0, 0 as float32.
	one, zeros := []byte{0, 0, 0x80, 0x3f}, make([]byte, 16)
	if err := os.WriteFile(path, slices.Concat(one, zeros, one, zeros[:8]), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := openSource(config{vectors: path, dim: 4}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	perturbed := 0
	for i := range 20 {
		v, err := src.vector()
		if err != nil {
			t.Fatal(err)
		}
		if v[i%2] != 1 {
			perturbed++
		}
		if i < 2 && perturbed > 0 || v[i%2] < 0.8 || math.Abs(float64(vek32.Norm(v))-1) > 1e-6 {
			t.Errorf("vector %d is %v", i, v)
		}
	}
	if perturbed == 0 || src.vectorRounds != 9 {
		t.Errorf("%d vectors of %d rounds are perturbed", perturbed, src.vectorRounds)
	}
}

// TestAsk searches and asks with the built-in models.
func TestAsk(t *testing.T) {
	orttest.Library(t)
	c := config{dim: builtin.EmbedderDim, out: t.TempDir(), n: 20, queries: 2}
	made, err := indexStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := askStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if f.Open <= 0 || f.Search.P50 <= 0 || f.Ask.P50 <= 0 || f.Search.P99 < f.Search.P50 || f.AskRssAnon < f.SearchRssAnon/2 {
		t.Errorf("figures %+v", f)
	}

	// The store is used again, unless its settings are others.
	data, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.done(), data, 0o600); err != nil {
		t.Fatal(err)
	}
	var again indexFigures
	if ok, err := c.made(t.Context(), &again); !ok || err != nil || again != made {
		t.Errorf("made %t, error %v, figures %+v, not %+v", ok, err, again, made)
	}
	c.dim = 8
	if ok, err := c.made(t.Context(), &again); ok || err != nil {
		t.Errorf("of another embedder: made %t, error %v", ok, err)
	}
}

// TestReport fits growth laws and draws them.
func TestReport(t *testing.T) {
	var results []result
	for _, n := range []int{1000, 10_000, 100_000} {
		r := result{Passages: n}
		r.Index.Seconds = 1e-3 * float64(n)
		r.Search.Open = math.Sqrt(float64(n))
		results = append(results, r)
	}
	var b strings.Builder
	if err := writeTable(&b, results); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"| index time, s | 1.0 | 10.0 | 100.0 | n^1.00 |", "| store: open, ms | 31.6 | 100.0 | 316.2 | n^0.50 |"} {
		if !strings.Contains(b.String(), line+"\n") {
			t.Errorf("the table lacks %q:\n%s", line, b.String())
		}
	}
	b.Reset()
	plotGrowth(&b, results)
	d := xml.NewDecoder(strings.NewReader(b.String()))
	curves := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			curves++
		}
	}
	if curves != 6 {
		t.Errorf("%d points are drawn, not 6", curves)
	}
}
