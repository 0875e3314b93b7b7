package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// council returns an engine on an index of the sample documents, for the
// examples. Its embedder needs no model.
func council() (_ *albertsearch.Engine, free func()) {
	dir, err := os.MkdirTemp("", "albert-search")
	if err != nil {
		log.Fatal(err)
	}
	engine, err := albertsearch.Open(albertsearch.Options{
		Dir: filepath.Join(dir, "index"), Embedder: embedtest.Hash{Dimension: 64},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.IndexPaths(context.Background(), "testdata/sample/council"); err != nil {
		log.Fatal(err)
	}
	return engine, func() {
		if err := errors.Join(engine.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

// Index a folder and ask it a question. The answer is cut from the document,
// and the citation says where.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "albert-search")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	engine, err := albertsearch.Open(albertsearch.Options{Dir: filepath.Join(dir, "index")})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	if _, err := engine.IndexPaths(ctx, "testdata/sample/council"); err != nil {
		log.Fatal(err)
	}

	res, err := engine.Ask(ctx, albertsearch.AskRequest{Question: "What do the lifeguards on Strand Beach cost?"})
	if err != nil {
		log.Fatal(err)
	}
	if !res.Answered {
		fmt.Println("no answer found")
		return
	}
	a := res.Answers[0]
	fmt.Printf("%s (%s, %s)\n", a.Text, filepath.Base(a.Path), a.Where())
	fmt.Println(a.Sentence[a.InSentence.Start:a.InSentence.End] == a.Text)
	// Output:
	// £48,600 (budget-2021.pdf, page 2)
	// true
}

// Search the PDFs only, by words.
func ExampleEngine_Search() {
	engine, free := council()
	defer free()
	res, err := engine.Search(context.Background(), albertsearch.SearchRequest{
		Query:  "lifeguards",
		Mode:   albertsearch.Keyword,
		Filter: albertsearch.Filter{Types: []string{"pdf"}},
		Limit:  1,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range res.Hits {
		fmt.Printf("%d. %s, %s\n", h.Rank, filepath.Base(h.Path), h.Where())
		for _, m := range h.Matches[:1] {
			fmt.Println(h.Text[m.Start:m.End])
		}
	}
	// Output:
	// 1. budget-2021.pdf, page 2
	// Lifeguards
}

// Sources, limits and reports are for programs that need more than IndexPaths.
func ExampleEngine_Index() {
	engine, free := council()
	defer free()
	extractor := formats.New(extract.Options{Limits: extract.Limits{Pages: 1, Time: 10 * time.Second}})
	defer extractor.Close()
	pdfs, err := source.Files([]string{"testdata/sample/council"}, source.FileOptions{
		Include: []string{"*.pdf"}, Extractor: extractor,
	})
	if err != nil {
		log.Fatal(err)
	}
	sum, err := engine.Index(context.Background(), albertsearch.IndexRequest{
		Sources: []albertsearch.Source{pdfs},
		Force:   true,
		Report: func(f albertsearch.FileReport) {
			fmt.Println(filepath.Base(f.Path), f.Outcome, f.Partial())
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum.Indexed, "indexed")
	// Output:
	// budget-2021.pdf indexed true
	// 1 indexed
}

// What could not be read, or not whole, is in the status with its reason.
func ExampleEngine_Status() {
	engine, free := council()
	defer free()
	st, err := engine.Status(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(st.Documents > 0, st.Failed, st.Model())
	for _, f := range st.Unread {
		fmt.Println(f.Path, f.Outcome, f.Reason)
	}
	// Output:
	// true 0 hash-64 (64 dimensions)
}

// Remove the documents that pass a filter. A filter that passes all is refused.
func ExampleEngine_Remove() {
	ctx := context.Background()
	engine, free := council()
	defer free()
	res, err := engine.Remove(ctx, albertsearch.RemoveRequest{Filter: albertsearch.Filter{Paths: []string{"*.pdf"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(res.Removed), "removed")
	_, err = engine.Remove(ctx, albertsearch.RemoveRequest{})
	fmt.Println(albertsearch.KindOf(err))
	// Output:
	// 1 removed
	// usage
}

// letters is an embedder of a program's own.
type letters struct{}

func (letters) ID() string { return "letters-1" } // another one for other vectors
func (letters) Dim() int   { return 26 }

// CountTokens is what the length of passages is counted in.
func (letters) CountTokens(text string) int { return len(strings.Fields(text)) }

func (letters) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = make([]float32, 26)
		n := 0
		for _, r := range text {
			if r >= 'a' && r <= 'z' {
				out[i][r-'a']++
				n++
			}
		}
		if n == 0 {
			out[i][0] = 1
		}
		normalize(out[i]) // vectors must have the length 1
	}
	return out, nil
}

// An embedder of your own takes the place of the built-in one.
func ExampleOptions_embedder() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "albert-search")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	engine, err := albertsearch.Open(albertsearch.Options{Dir: dir + "/index", Embedder: letters{}})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	if _, err := engine.IndexPaths(ctx, "testdata/sample/council/budget-2021.pdf"); err != nil {
		log.Fatal(err)
	}
	res, err := engine.Search(ctx, albertsearch.SearchRequest{Query: "beaches", Mode: albertsearch.Vector, Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(res.Hits), res.Hits[0].Explain.VectorRank)
	// Output: 1 1
}

// Errors have kinds by which a program decides, and hints at what to do.
func ExampleKindOf() {
	ctx := context.Background()
	engine, err := albertsearch.Open(albertsearch.Options{
		Dir:    "no/such/index",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), // says what happens inside
	})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	_, err = engine.Ask(ctx, albertsearch.AskRequest{Question: "Who was it?", Mode: albertsearch.Keyword})
	switch albertsearch.KindOf(err) {
	case albertsearch.KindNoIndex:
		fmt.Println("index something first:", errors.Is(err, albertsearch.ErrNoIndex))
	case albertsearch.KindModelMismatch:
		var other *albertsearch.EmbedderError
		if errors.As(err, &other) {
			fmt.Println("the index was made with", other.Index)
		}
	case albertsearch.KindLocked:
		fmt.Println("wait for process", albertsearch.HintsOf(err)[0].PID)
	}
	// Output: index something first: true
}
