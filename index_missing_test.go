package albertsearch_test

import (
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
)

// TestMissingVectorsAreMade takes vectors away from an index: the next run makes
// them, although no document has changed, and no others.
func TestMissingVectorsAreMade(t *testing.T) {
	f := newFixture(t, "")
	f.write("mill.txt", "A watermill grinds flour.")
	f.write("lighthouse.txt", "A lighthouse warns ships.")
	f.index()
	if err := withoutVectors(t, f.dir, "mill.txt"); err != nil {
		t.Fatal(err)
	}
	f.embedder.texts.Store(0)
	if st, err := f.Status(t.Context()); err != nil || st.Vectors != 1 || st.Passages != 2 {
		t.Errorf("before: %+v, %v", st, err)
	}
	found, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "watermill ships"})
	if err != nil || len(found.Hits) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, h := range found.Hits {
		if bare := strings.HasSuffix(h.Path, "mill.txt"); h.Explain.NoVector != bare || bare && h.Explain.Fused == 0 {
			t.Errorf("%s: %+v", h.Path, h.Explain)
		}
	}
	f.embedder.texts.Store(0)
	var last albertsearch.Progress
	s, err := f.Index(t.Context(), albertsearch.IndexRequest{
		Sources: []albertsearch.Source{f.source()}, Progress: func(p albertsearch.Progress) { last = p },
	})
	if err != nil || s.Unchanged != 2 || s.Indexed != 0 || last.Passages != 1 {
		t.Errorf("%+v, %+v, %v", s, last, err)
	}
	if n := f.embedder.texts.Load(); n != 1 {
		t.Errorf("%d texts were embedded", n)
	}
	res, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "A watermill grinds flour.", Mode: albertsearch.Vector, Limit: 2})
	if err != nil || len(res.Hits) != 2 || !strings.HasSuffix(res.Hits[0].Path, "mill.txt") {
		t.Errorf("%+v, %v", res, err)
	}
	f.embedder.texts.Store(0)
	f.index()
	if n := f.embedder.texts.Load(); n != 0 {
		t.Errorf("%d texts were embedded once more", n)
	}
}

// withoutVectors puts the documents of a path's end again, without their vectors.
func withoutVectors(t *testing.T, dir, end string) error {
	t.Helper()
	b := local.New(dir, local.Options{})
	defer b.Close()
	var put []index.Document
	var settings index.Settings
	err := index.Read(t.Context(), b, func(s index.Snapshot) error {
		stats, err := s.Stats(t.Context())
		if err != nil {
			return err
		}
		settings = stats.Settings
		for d, err := range s.Documents(t.Context(), "") {
			if err != nil {
				return err
			}
			passages, err := s.DocumentPassages(t.Context(), d.ID)
			if err != nil {
				return err
			}
			if !strings.HasSuffix(d.ID, end) {
				continue
			}
			doc := index.Document{Info: *d}
			for _, p := range passages {
				doc.Content = append(doc.Content, p.Passage)
			}
			put = append(put, doc)
		}
		return nil
	})
	if err != nil || len(put) == 0 {
		t.Fatalf("%d documents end with %s, %v", len(put), end, err)
	}
	w, err := b.Create(t.Context(), settings)
	if err != nil {
		return err
	}
	if err := w.Apply(t.Context(), index.Batch{Put: put}); err != nil {
		return err
	}
	return w.Close()
}
