package albertsearch_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

var (
	benchDocs      = flag.String("docs", "", "BenchmarkIndex indexes this `folder` instead of documents that it makes")
	benchDocuments = flag.Int("documents", 200, "BenchmarkIndex makes that `many`, of some nine passages each")
)

// recorder is an embedder that remembers the texts it was given, and for how
// long it had two calls to work on or more.
type recorder struct {
	embed.Embedder
	mu    sync.Mutex
	texts []string
	calls int
	since time.Time // when calls became 2
	fed   time.Duration
}

func (r *recorder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	r.mu.Lock()
	r.texts = append(r.texts, texts...)
	if r.calls++; r.calls == 2 {
		r.since = time.Now()
	}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.calls--; r.calls == 1 {
			r.fed += time.Since(r.since)
		}
	}()
	return r.Embedder.Embed(ctx, texts)
}

// sampleLines are the lines of the sample documents that have a sentence.
func sampleLines(tb testing.TB) (lines []string) {
	tb.Helper()
	err := filepath.WalkDir("testdata/sample", func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".md" && ext != ".txt" {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if len(line) > 50 {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return err
	})
	if err != nil || len(lines) == 0 {
		tb.Fatalf("%d lines of testdata/sample: %v", len(lines), err)
	}
	return lines
}

// makeDocuments writes n documents of some paragraphs, each with lines of the
// sample in an order of its own.
func makeDocuments(tb testing.TB, dir string, n int) {
	tb.Helper()
	lines := sampleLines(tb)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		var text strings.Builder
		fmt.Fprintf(&text, "# Document %d\n\n", i)
		for range 4 + random.IntN(4) {
			for range 3 + random.IntN(6) {
				fmt.Fprintln(&text, lines[random.IntN(len(lines))])
			}
			text.WriteByte('\n')
		}
		path := filepath.Join(dir, fmt.Sprintf("%02d", i%50), fmt.Sprintf("%05d.md", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkIndex indexes documents with the built-in embedder, from files until
// they can be searched. x-bare is its rate over that of the embedder alone on
// the same texts, sorted by length and in memory, in runs that alternate; fed
// is the share of the time in which the embedder had two steps or more to do.
func BenchmarkIndex(b *testing.B) {
	docs := *benchDocs
	if docs == "" {
		docs = b.TempDir()
		makeDocuments(b, docs, *benchDocuments)
	}
	open := func(o albertsearch.Options) *albertsearch.Engine {
		b.Helper()
		o.ONNXRuntime = orttest.Library(b).Path
		o.Dir = filepath.Join(b.TempDir(), "index")
		e, err := albertsearch.Open(o)
		if err != nil {
			b.Fatal(err)
		}
		return e
	}
	lender := open(albertsearch.Options{})
	defer lender.Close()
	embedder, err := lender.Embedder(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	x := formats.New(extract.Options{})
	defer x.Close()
	source, err := source.Files([]string{docs}, source.FileOptions{Extractor: x})
	if err != nil {
		b.Fatal(err)
	}
	var indexing, bare, fed time.Duration
	passages := 0
	for b.Loop() {
		r := &recorder{Embedder: embedder}
		e := open(albertsearch.Options{Embedder: r})
		began := time.Now()
		sum, err := e.Index(b.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{source}})
		if err != nil {
			b.Fatal(err)
		}
		indexing += time.Since(began)
		passages += sum.Passages
		fed += r.fed
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
		slices.SortFunc(r.texts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
		began = time.Now()
		if _, err := embedder.Embed(b.Context(), r.texts); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(began)
	}
	b.ReportMetric(bare.Seconds()/indexing.Seconds(), "x-bare")
	b.ReportMetric(fed.Seconds()/indexing.Seconds(), "fed")
	b.ReportMetric(float64(passages)/indexing.Seconds(), "passages/s")
	b.ReportMetric(float64(passages)/float64(b.N), "passages")
}
