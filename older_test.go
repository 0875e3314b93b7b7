package albertsearch_test

import (
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/ingest/extract"
)

// TestStatusCountsOlder checks that status counts what older readers of a
// program's own formats, and of the containers that documents are in, have read.
func TestStatusCountsOlder(t *testing.T) {
	f := newFixture(t, "")
	f.write("a.fragile", "x")
	f.write("r.jsonl", `{"id": "1", "text": "one"}`+"\n"+`{"id": "2", "text": "two"}`+"\n")
	open := func(format, container int) *albertsearch.Engine {
		t.Helper()
		o := f.options()
		o.Embedder = f.embedder
		o.Formats, o.Containers = []extract.Format{fragileFormat(format)}, []extract.Container{versionedRecords{version: container}}
		e, err := albertsearch.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	if sum, err := open(2, 1).IndexPaths(t.Context(), f.docs); err != nil || sum.Indexed != 3 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for _, tt := range []struct{ format, container, older int }{{2, 1, 0}, {3, 1, 1}, {2, 2, 2}, {3, 2, 3}} {
		if st, err := open(tt.format, tt.container).Status(t.Context()); err != nil || st.Older != tt.older {
			t.Errorf("%+v: %d are older, %v", tt, st.Older, err)
		}
	}
}

// TestFailedSayWhatTheyWereTakenFor checks that a document that could not be read
// keeps its type, and is tried again when the reader of that type is newer.
func TestFailedSayWhatTheyWereTakenFor(t *testing.T) {
	f := newFixture(t, "")
	f.write("a.fragile", "x")
	index := func(versions ...int) albertsearch.IndexSummary {
		t.Helper()
		o := f.options()
		o.Embedder = f.embedder
		for i, v := range versions {
			format := fragileFormat(v)
			if i > 0 {
				format.Name, format.Extensions, format.Text = "other", []string{"other"}, false
			}
			o.Formats = append(o.Formats, format)
		}
		e, err := albertsearch.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		sum, err := e.IndexPaths(t.Context(), f.docs)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if sum := index(1, 2); sum.Failed != 1 || sum.Unread[0].Type != "fragile" {
		t.Fatalf("%+v", sum)
	}
	st, err := f.Status(t.Context())
	if err != nil || len(st.Unread) != 1 || st.Unread[0].Type != "fragile" {
		t.Errorf("%+v, %v", st, err)
	}
	if sum := index(1, 9); sum.Failed != 1 { // not by another reader
		t.Errorf("%+v", sum)
	}
	if sum := index(2, 2); sum.Indexed != 1 {
		t.Errorf("%+v", sum)
	}
}
