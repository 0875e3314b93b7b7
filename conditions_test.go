package albertsearch_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// conditions are what a search says of the files that it finds, by base name; of
// parts by the ID.
func (f *fixture) conditions(query string) map[string]string {
	f.t.Helper()
	r, err := f.Search(f.t.Context(), albertsearch.SearchRequest{Query: query, Mode: albertsearch.Keyword, Limit: 100})
	if err != nil {
		f.t.Fatal(err)
	}
	got := make(map[string]string)
	for _, h := range r.Hits {
		got[filepath.Base(h.ID)] = condition(h.Citation)
	}
	return got
}

func condition(c albertsearch.Citation) string {
	switch {
	case c.Changed && c.Gone:
		return "both"
	case c.Changed:
		return "changed"
	case c.Gone:
		return "gone"
	}
	return ""
}

// A result says of what it cites whether the file is still what was indexed.
func TestResultsSayWhatChanged(t *testing.T) {
	f := newFixture(t, "bread")
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	written := func(name, text string) string {
		t.Helper()
		path := f.write(name, text)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const text = "A comet of 1884 was seen."
	paths := make(map[string]string)
	for _, name := range []string{"same", "longer", "digit", "touched", "copied", "removed", "folder", "fresh", "d/e/deep"} {
		paths[name] = written(name+".txt", text)
	}
	paths["large"] = written("large.txt", text+strings.Repeat(" tail", 1<<20))
	paths["records"] = f.write("r.jsonl", `{"id":"1","text":"A comet."}`+"\n"+`{"id":"2","text":"Another comet."}`+"\n"+`{"id":"3","text":"A third comet."}`)
	f.write("fresh.txt", text) // its times are not trusted
	if _, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{
		f.source(), source.Stream("stdin", strings.NewReader("A comet in a stream."), formats.New(extract.Options{})),
	}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"same.txt": "", "longer.txt": "", "digit.txt": "", "touched.txt": "", "copied.txt": "", "removed.txt": "", "folder.txt": "",
		"fresh.txt": "", "deep.txt": "", "large.txt": "", "r.jsonl#1": "", "r.jsonl#2": "", "r.jsonl#3": "", "stdin": "",
	}
	check := func() {
		t.Helper()
		if got := f.conditions("comet"); !maps.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	check()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	replace := func(path, text string) {
		t.Helper()
		must(os.WriteFile(path+".new", []byte(text), 0o644))
		must(os.Rename(path+".new", path))
	}
	later := time.Now().Add(time.Minute)
	f.write("longer.txt", text+" It had a tail.")
	f.write("digit.txt", strings.Replace(text, "1884", "1885", 1))
	must(os.Chtimes(paths["touched"], later, later))
	replace(paths["copied"], text) // the same content in another file
	must(os.Remove(paths["removed"]))
	must(os.Remove(paths["folder"]))
	must(os.Mkdir(paths["folder"], 0o755))
	must(os.RemoveAll(filepath.Join(f.docs, "d")))
	must(os.Chtimes(paths["large"], later, later)) // too much to be compared
	f.write("r.jsonl", `{"id":"1","text":"A comet."}`+"\n"+`{"id":"2","text":"Another planet."}`+"\n")
	must(os.Chtimes(paths["records"], later, later))
	must(os.WriteFile(paths["fresh"], []byte(strings.Replace(text, "1884", "1885", 1)), 0o644))
	must(os.Chtimes(paths["fresh"], later, later))
	for name, what := range map[string]string{
		"longer.txt": "changed", "digit.txt": "changed", "removed.txt": "gone", "folder.txt": "gone", "deep.txt": "gone",
		"large.txt": "changed", "r.jsonl#2": "changed", "r.jsonl#3": "gone", "fresh.txt": "changed",
	} {
		want[name] = what
	}
	check()

	answers, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "Which comet was seen in 1884?", Mode: albertsearch.Keyword})
	if err != nil || len(answers.Answers) == 0 {
		t.Fatalf("%+v, %v", answers, err)
	}
	for _, a := range answers.Answers {
		for _, c := range append(a.Support, a.Citation) {
			if w := want[filepath.Base(c.ID)]; condition(c) != w {
				t.Errorf("the answer in %s is %q, want %q", c.ID, condition(c), w)
			}
		}
	}

	// Who does not want to know is not told.
	o := f.options()
	o.Embedder, o.IgnoreFiles = f.embedder, true
	e, err := albertsearch.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f.Engine = e
	for name, got := range f.conditions("comet") {
		if got != "" {
			t.Errorf("%s is %q although nobody asked", name, got)
		}
	}
}

// An index whose files were elsewhere says nothing of them.
func TestFilesOfElsewhereAreNotGone(t *testing.T) {
	f := newFixture(t, "")
	f.write("comet.txt", "A comet was seen.")
	f.index()
	if err := os.RemoveAll(f.docs); err != nil {
		t.Fatal(err)
	}
	store := local.New(f.dir, local.Options{})
	defer store.Close()
	w, err := store.Create(t.Context(), f.settings())
	if err != nil {
		t.Fatal(err)
	}
	var b index.Batch
	if err := index.Read(t.Context(), store, func(s index.Snapshot) error {
		for d, err := range s.Documents(t.Context(), "") {
			if err != nil {
				return err
			}
			info := *d
			info.Fingerprint.Device++ // of another disk
			b.Touch = append(b.Touch, info)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Apply(t.Context(), b), w.Close()); err != nil {
		t.Fatal(err)
	}
	if got := f.conditions("comet"); got["comet.txt"] != "" {
		t.Errorf("%q", got)
	}
}
