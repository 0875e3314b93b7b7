package albertsearch_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/memory"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// umlauts takes texts that have some for German.
type umlauts struct{}

func (umlauts) DetectLanguage(text string) string {
	if strings.ContainsAny(text, "äöü") {
		return "de"
	}
	return "en"
}

// The language that a document declares, or that a detector finds, is kept of it
// and decides how it is analysed.
func TestLanguageOfDocuments(t *testing.T) {
	f := newFixture(t, "")
	f.write("declared.html", "<html lang=de-AT><p>Im Hafen liegen Boote.")
	f.write("found.txt", "Die Häuser am Ufer sind alt.")
	f.write("other.txt", "The houses on the shore are old.")
	x := formats.New(extract.Options{})
	defer x.Close()
	docs, err := source.Files([]string{f.docs}, source.FileOptions{Extractor: x})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		detector extract.LanguageDetector
		want     map[string]int
		find     map[string]string
	}{
		{nil, map[string]int{"de-AT": 1, "": 2}, map[string]string{"Häfen Boot": "declared.html"}},
		{umlauts{}, map[string]int{"de-AT": 1, "de": 1, "en": 1}, map[string]string{"Haus": "found.txt", "house": "other.txt", "Boot": "declared.html"}},
	} {
		backend := memory.New()
		e, err := albertsearch.Open(albertsearch.Options{
			Backend: backend, Embedder: embedtest.Hash{Dimension: 64}, Languages: []string{"en", "de"}, LanguageDetector: tt.detector})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{docs}}); err != nil {
			t.Fatal(err)
		}
		languages := map[string]int{}
		err = index.Read(t.Context(), backend, func(s index.Snapshot) error {
			for d, err := range s.Documents(t.Context(), "") {
				if err != nil {
					return err
				}
				languages[d.Language]++
			}
			return nil
		})
		if err != nil || !maps.Equal(languages, tt.want) {
			t.Errorf("languages %v, %v, want %v", languages, err, tt.want)
		}
		for query, want := range tt.find {
			found, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: query, Mode: albertsearch.Keyword})
			if err != nil || len(found.Hits) == 0 || filepath.Base(found.Hits[0].Path) != want {
				t.Errorf("%q finds %+v, %v, want %s", query, found, err, want)
			}
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
