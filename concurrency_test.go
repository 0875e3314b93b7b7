package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/embed/embedtest"
)

// slowReader is a reader that takes its time.
type slowReader struct {
	wordReader
	wait func(context.Context)
}

func (r slowReader) Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	r.wait(ctx)
	return r.wordReader.Spans(ctx, seqs)
}

// While a question waits for its reader, a generation is published, and a search
// finds what is new in it. The question is answered from what it had found.
func TestNothingWaitsForAReader(t *testing.T) {
	f := newFixture(t, "dough")
	f.write("bread.txt", bread)
	f.index()
	reading, goOn := make(chan struct{}), make(chan struct{})
	e, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, Embedder: f.embedder, Reader: &albertsearch.Reader{
		Spans: slowReader{"dough", func(context.Context) { close(reading); <-goOn }}, Tokenizer: wordTokens{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	type answered struct {
		*albertsearch.AskResult
		error
	}
	answers := make(chan answered, 1)
	go func() {
		res, err := e.Ask(t.Context(), albertsearch.AskRequest{Question: "What is folded?"})
		answers <- answered{res, err}
	}()
	<-reading

	// Each would wait for ever if it waited for the reader.
	f.write("stars.txt", stars)
	if err := os.Remove(filepath.Join(f.docs, "bread.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.IndexPaths(t.Context(), f.docs); err != nil {
		t.Fatal(err)
	}
	res, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: "comet"})
	if err != nil || len(res.Hits) != 1 || filepath.Base(res.Hits[0].Path) != "stars.txt" {
		t.Errorf("the search beside it: %+v, %v", res, err)
	}
	if _, err := e.Status(t.Context()); err != nil {
		t.Error(err)
	}

	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	close(goOn)
	a := <-answers
	if a.error != nil || len(a.Answers) == 0 || filepath.Base(a.Answers[0].Path) != "bread.txt" || a.Coverage.Documents != 1 {
		t.Errorf("the question: %+v, %v", a.AskResult, a.error)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: "comet"}); albertsearch.KindOf(err) != albertsearch.KindClosed {
		t.Errorf("after Close: %v", err)
	}
}

// BenchmarkSearchBesideQuestions measures searches alone, beside a publisher that
// adds a document every 100 ms, and beside that and eight questions of which each
// reads for a second. The p99 of the last should be at most twice that of the
// first.
//
//	go test -run '^$' -bench SearchBesideQuestions -benchtime 2000x .
func BenchmarkSearchBesideQuestions(b *testing.B) {
	for _, c := range []struct {
		name      string
		questions int
		publish   bool
	}{{"alone", 0, false}, {"publisher", 0, true}, {"publisher and questions", 8, true}} {
		b.Run(c.name, func(b *testing.B) { searchBeside(b, c.questions, c.publish) })
	}
}

func searchBeside(b *testing.B, questions int, publish bool) {
	docs, dir := b.TempDir(), filepath.Join(b.TempDir(), "index")
	for i := range 200 {
		text := fmt.Sprintf("The gear number %d has %d teeth.\n\n%s", i, i*7, bread)
		if err := os.WriteFile(filepath.Join(docs, strconv.Itoa(i)+".txt"), []byte(text), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	second := slowReader{"dough", func(ctx context.Context) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}}
	open := func() *albertsearch.Engine {
		e, err := albertsearch.Open(albertsearch.Options{Dir: dir, Embedder: embedtest.Hash{Dimension: 64},
			Reader: &albertsearch.Reader{Spans: second, Tokenizer: wordTokens{}}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := e.Close(); err != nil {
				b.Error(err)
			}
		})
		return e
	}
	e, writer := open(), open()
	if _, err := writer.IndexPaths(b.Context(), docs); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	var published atomic.Int64
	if publish {
		beside.Go(func() {
			added := filepath.Join(b.TempDir(), "added.txt")
			for n := 0; ctx.Err() == nil; n++ {
				if err := os.WriteFile(added, fmt.Appendf(nil, "The %d. edition of %s", n, stars), 0o666); err != nil {
					b.Error(err)
				}
				if _, err := writer.IndexPaths(ctx, added); err == nil {
					published.Add(1)
				}
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
	for range questions {
		beside.Go(func() {
			for ctx.Err() == nil {
				if _, err := e.Ask(ctx, albertsearch.AskRequest{Question: "What is folded?"}); err != nil && ctx.Err() == nil {
					b.Error(err)
				}
			}
		})
	}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := e.Search(ctx, albertsearch.SearchRequest{Query: "gear teeth"}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
		time.Sleep(2 * time.Millisecond) // as from users, not as fast as can be
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1e3, "max-ms")
	b.ReportMetric(float64(published.Load()), "published")
}

// loadingReader is a reader that takes its time before it can be used.
type loadingReader struct {
	wordReader
	load func()
}

func (r loadingReader) HasRelevance() bool {
	r.load()
	return false
}

func (loadingReader) SpansAndRelevance(context.Context, []tokenize.Sequence) (start, end [][]float32, relevance []float32, err error) {
	panic("it has none")
}

// A question that is still waiting for its reader when the engine is closed is
// answered nevertheless: Close waits for it.
func TestCloseWaitsForLoading(t *testing.T) {
	f := newFixture(t, "dough")
	f.write("bread.txt", bread)
	f.index()
	loading, goOn := make(chan struct{}), make(chan struct{})
	load := sync.OnceFunc(func() { close(loading); <-goOn })
	e, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, Embedder: f.embedder, Reader: &albertsearch.Reader{
		Spans: loadingReader{"dough", load}, Tokenizer: wordTokens{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan error, 1)
	go func() {
		_, err := e.Ask(t.Context(), albertsearch.AskRequest{Question: "What is folded?"})
		asked <- err
	}()
	<-loading
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	for err := error(nil); !errors.Is(err, albertsearch.ErrClosed); {
		if _, err = e.Status(t.Context()); err != nil && !errors.Is(err, albertsearch.ErrClosed) {
			t.Fatal(err)
		}
	}
	close(goOn)
	if err := <-asked; err != nil {
		t.Errorf("the question: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
