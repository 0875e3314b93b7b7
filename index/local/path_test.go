package local_test

import (
	"path/filepath"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
)

// A word that is in all paths, or that the analyzer drops, finds nothing.
func TestWordsOfPaths(t *testing.T) {
	s, err := local.Create(t.Context(), filepath.Join(t.TempDir(), "index"), local.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var docs []index.Document
	for _, path := range []string{"/home/ada/harmonic.go", "/home/ada/end-of-term.txt", "/home/ada/notes.txt"} {
		docs = append(docs, index.Document{Info: index.Info{ID: path, Path: path},
			Content: []index.Passage{{End: 5, Text: "waves"}}})
	}
	if err := s.Apply(t.Context(), index.Batch{Put: docs}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"harmonic.go": 1, "Harmonic": 1, "ada": 0, "of": 0, "txt": 2, "ada waves": 3} {
		q, err := index.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := s.Keyword(t.Context(), index.Request{Query: q, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) != want {
			t.Errorf("%q finds %d passages, want %d", query, len(hits), want)
		}
	}
}
