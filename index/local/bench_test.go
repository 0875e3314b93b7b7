package local

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/zipf"
)

// corpus makes documents of generated words.
type corpus struct {
	random *rand.Rand
	zipf   zipf.Words
	next   int
}

func newCorpus() *corpus {
	r := rand.New(rand.NewPCG(11, 12))
	return &corpus{random: r, zipf: zipf.New(r)}
}

func (c *corpus) words(n int) string { return c.zipf.Text(n) }

// batch makes documents of four passages of 150 words.
func (c *corpus) batch(docs, dim int) index.Batch {
	var b index.Batch
	for range docs {
		d := index.Document{Info: index.Info{ID: fmt.Sprintf("doc-%07d", c.next), Path: fmt.Sprintf("/docs/%d.txt", c.next), Title: c.words(5)}}
		c.next++
		for range 4 {
			v := make([]float32, dim)
			var norm float64
			for i := range v {
				v[i] = float32(c.random.NormFloat64())
				norm += float64(v[i]) * float64(v[i])
			}
			for i := range v {
				v[i] /= float32(math.Sqrt(norm))
			}
			d.Content = append(d.Content, index.Passage{Text: c.words(150), Vector: v})
		}
		b.Put = append(b.Put, d)
	}
	return b
}

const benchDim = 384

func benchStore(b *testing.B, docs int) (*Store, *corpus) {
	b.Helper()
	c := newCorpus()
	s, err := Create(b.Context(), b.TempDir(), TestOptions{Settings: index.Settings{Dim: benchDim}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	for n := 0; n < docs; n += 500 {
		if err := s.Apply(b.Context(), c.batch(min(500, docs-n), benchDim)); err != nil {
			b.Fatal(err)
		}
	}
	return s, c
}

// BenchmarkKeyword searches 20,000 passages of 150 words.
func BenchmarkKeyword(b *testing.B) {
	s, c := benchStore(b, 5000)
	var queries []string
	for range 50 {
		queries = append(queries, c.words(6))
	}
	for name, f := range map[string]index.Filter{"all": {}, "filtered": {Paths: []string{"*7.txt"}}} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				if _, err := s.Keyword(context.Background(), index.Request{Query: query(queries[n%len(queries)]), Filter: f, Limit: 100}); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}

// BenchmarkApply writes batches of 64 documents of four passages, each
// durable in the writer's folder when Apply returns.
func BenchmarkApply(b *testing.B) {
	s, c := benchStore(b, 0)
	var batches []index.Batch
	for range 16 {
		batches = append(batches, c.batch(64, benchDim))
	}
	n := 0
	for b.Loop() {
		if err := s.Apply(b.Context(), batches[n%len(batches)]); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n*256)/b.Elapsed().Seconds(), "passages/s")
}

// BenchmarkPublish publishes a small change to 20,000 passages.
func BenchmarkPublish(b *testing.B) {
	s, c := benchStore(b, 5000)
	for b.Loop() {
		b.StopTimer()
		if err := s.Apply(b.Context(), c.batch(1, benchDim)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := s.Publish(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a published index of 20,000 passages and searches once.
func BenchmarkOpen(b *testing.B) {
	s, c := benchStore(b, 5000)
	if err := s.Publish(b.Context()); err != nil {
		b.Fatal(err)
	}
	q := slices.MaxFunc(strings.Fields(c.words(20)), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	for b.Loop() {
		r, err := Open(b.Context(), s.dir)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Keyword(b.Context(), index.Request{Query: query(q), Limit: 10}); err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// seconds is what f takes.
func seconds(f func()) float64 {
	began := time.Now()
	f()
	return time.Since(began).Seconds()
}

// BenchmarkNextGeneration opens what another process has published: a small change
// to 20,000 passages, and to 200.
func BenchmarkNextGeneration(b *testing.B) {
	for _, docs := range []int{50, 5000} {
		b.Run(fmt.Sprintf("passages=%d", 4*docs), func(b *testing.B) {
			s, c := benchStore(b, docs)
			if err := s.Publish(b.Context()); err != nil {
				b.Fatal(err)
			}
			r, err := Open(b.Context(), s.dir)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			for b.Loop() {
				b.StopTimer()
				if err := s.Apply(b.Context(), c.batch(1, benchDim)); err != nil {
					b.Fatal(err)
				}
				if err := s.Publish(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := r.Refresh(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
