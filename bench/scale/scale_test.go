package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	// 1, 0, 0, 0 as float32.
	if err := os.WriteFile(path, append([]byte{0, 0, 0x80, 0x3f}, make([]byte, 12)...), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := openSource(config{vectors: path, dim: 4}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for i := range 10 {
		v, err := src.vector()
		if err != nil {
			t.Fatal(err)
		}
		if (v[0] == 1) != (i == 0) || v[0] < 0.8 || math.Abs(norm(v)-1) > 1e-6 {
			t.Errorf("vector %d is %v", i, v)
		}
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
	for _, line := range []string{"| index time, s | 1.0 | 10.0 | 100.0 | n^1.00 |", "| open, ms | 31.6 | 100.0 | 316.2 | n^0.50 |"} {
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
