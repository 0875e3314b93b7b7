package local

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/memory"
)

// TestAsInMemory compares searches with those of the plain store in memory: hits,
// their scores, and their order, where scores are equal, too.
func TestAsInMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 32))
	settings := index.Settings{Embedder: "oracle", Dim: 4, Languages: "en"}
	stores := []index.Backend{New(filepath.Join(t.TempDir(), "index"), Options{}), memory.New()}
	var writers []index.Writer
	for _, b := range stores {
		w, err := b.Create(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		writers = append(writers, w)
	}
	word := func() string { return []string{"gear", "box", "ratio", "the", "wheels", "x"}[random.IntN(6)] }
	words := func(n int) string {
		var w []string
		for range n {
			w = append(w, word())
		}
		return strings.Join(w, " ")
	}
	for step := range 12 {
		var b index.Batch
		for range 5 {
			n := random.IntN(25)
			d := index.Document{Info: index.Info{ID: fmt.Sprint(n), Title: words(random.IntN(3)),
				Path: fmt.Sprintf("/%s/%s.txt", word(), word())}}
			for i := range random.IntN(4) {
				p := index.Passage{Start: 10 * i, End: 10*i + 5, Text: words(random.IntN(9)), Vector: make([]float32, 4)}
				p.Vector[random.IntN(4)] = 1
				if random.IntN(3) == 0 {
					p.Heading = []string{words(1), words(1)}
				}
				d.Content = append(d.Content, p)
			}
			b.Put = append(b.Put, d)
		}
		b.Delete = []string{fmt.Sprint(random.IntN(25))}
		for _, w := range writers {
			if err := w.Apply(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		for range 30 {
			r := index.Request{Limit: 1 + random.IntN(20), Vector: []float32{0, 1, 0, 0}}
			for range 1 + random.IntN(3) {
				c := index.Clause{Text: words(1 + random.IntN(2)), Occur: index.Occur(random.IntN(8) / 6 * random.IntN(3)), Phrase: random.IntN(4) == 0}
				if random.IntN(4) == 0 {
					c.Field = []string{"title", "heading", "text", "path"}[random.IntN(4)]
				}
				r.Query.Clauses = append(r.Query.Clauses, c)
			}
			if random.IntN(4) == 0 {
				r.Filter.Paths = []string{"/gear/**", "box.txt"}
			}
			for _, kind := range []string{"keyword", "nearest"} {
				var found [2][]index.Hit
				for i, w := range writers {
					s, err := w.Snapshot(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					search := s.Keyword
					if kind == "nearest" {
						search = s.Nearest
					}
					if found[i], err = search(t.Context(), r); err != nil {
						t.Fatal(err)
					}
					s.Release()
				}
				if len(found[0]) != len(found[1]) {
					t.Fatalf("step %d: %s of %+v finds\n%+v, the plain way\n%+v", step, kind, r, found[0], found[1])
				}
				for i, h := range found[0] {
					if want := found[1][i]; math.Abs(h.Score-want.Score) > 1e-9 || h.Doc != want.Doc || h.Start != want.Start {
						t.Fatalf("step %d: %s of %+v finds\n%+v, the plain way\n%+v", step, kind, r, found[0], found[1])
					}
				}
			}
		}
	}
}
