package local

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// slowBM25F scores passages as the formula stands in the literature. Lengths
// are measured against the mean of the passages that have the field. Words of
// the test are neither stemmed nor dropped.
func slowBM25F(docs map[string]index.Document, query string) map[string]float64 {
	fields := []field{fieldTitle, fieldHeading, fieldText}
	var passages []map[field][]string
	var texts []string
	for _, d := range docs {
		for _, p := range d.Content {
			passages = append(passages, map[field][]string{
				fieldTitle: strings.Fields(d.Title), fieldHeading: strings.Fields(strings.Join(p.Heading, " ")), fieldText: strings.Fields(p.Text)})
			texts = append(texts, p.Text)
		}
	}
	mean := make(map[field]float64)
	for _, f := range fields {
		var with, tokens float64
		for _, p := range passages {
			if len(p[f]) > 0 {
				with++
				tokens += float64(len(p[f]))
			}
		}
		mean[f] = tokens / with
	}
	scores := make(map[string]float64)
	for _, word := range strings.Fields(query) {
		freqs := make([]float64, len(passages))
		var df float64
		for i, p := range passages {
			for _, f := range fields {
				for _, w := range p[f] {
					if w == word {
						freqs[i] += f.Weight() / (0.25 + 0.75*float64(len(p[f]))/mean[f])
					}
				}
			}
			if freqs[i] > 0 {
				df++
			}
		}
		idf := math.Log(1 + (float64(len(passages))-df+0.5)/(df+0.5))
		for i, freq := range freqs {
			if freq > 0 {
				scores[texts[i]] += idf * 2.2 * freq / (1.2 + freq)
			}
		}
	}
	return scores
}

// TestKeywordAgainstFormula compares scores with slowBM25F while documents come,
// change and go, on the writer's view and on a reader's.
func TestKeywordAgainstFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	vocabulary := []string{"kalo", "bizu", "tomar", "velk", "drun", "osmo", "fipu", "gratz"}
	words := func(n int) string {
		var w []string
		for range n {
			// The first words are common, the last ones rare.
			w = append(w, vocabulary[min(random.IntN(len(vocabulary)), random.IntN(len(vocabulary)))])
		}
		return strings.Join(w, " ")
	}
	dir := t.TempDir()
	w := mustCreate(t, dir)
	docs := make(map[string]index.Document)
	compare := func(s *Store) {
		t.Helper()
		q := words(1 + random.IntN(4))
		want := slowBM25F(docs, q)
		hits, err := s.Keyword(t.Context(), index.Request{Query: query(q), Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) != len(want) {
			t.Fatalf("%q finds %d passages, the formula %d", q, len(hits), len(want))
		}
		for _, h := range hits {
			p, err := s.Passages(t.Context(), []index.PassageID{h.ID})
			if err != nil {
				t.Fatal(err)
			}
			if score := want[p[0].Text]; math.Abs(score-h.Score) > 1e-9 {
				t.Fatalf("%q scores %v for %q, the formula gives %v", p[0].Text, h.Score, q, score)
			}
		}
	}
	for n := range 60 {
		id := fmt.Sprint("d", random.IntN(20))
		var b index.Batch
		if random.IntN(4) == 0 {
			b.Delete = []string{id}
			delete(docs, id)
		} else {
			d := index.Document{Info: index.Info{ID: id, Title: words(random.IntN(3))}}
			for i := range 1 + random.IntN(5) {
				p := index.Passage{Text: fmt.Sprintf("%s x%dx%d", words(random.IntN(12)), n, i), Vector: killVector(n, i, 0)}
				if random.IntN(2) == 0 {
					p.Heading = []string{words(1), words(2)}
				}
				d.Content = append(d.Content, p)
			}
			b.Put, docs[id] = []index.Document{d}, d
		}
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		compare(w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, dir)
	for range 20 {
		compare(r)
	}
}
