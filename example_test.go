package albertsearch_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

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

	extractor := formats.New(extract.Options{})
	defer extractor.Close()
	docs, err := source.Files([]string{"testdata/sample/council"}, source.FileOptions{Extractor: extractor})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Index(ctx, albertsearch.IndexRequest{Sources: []ingest.Source{docs}}); err != nil {
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
	fmt.Printf("%s (%s, page %d)\n", a.Text, filepath.Base(a.Path), a.Page)
	fmt.Println(a.Sentence[a.InSentence.Start:a.InSentence.End] == a.Text)
	// Output:
	// £48,600 (budget-2021.pdf, page 2)
	// true
}
