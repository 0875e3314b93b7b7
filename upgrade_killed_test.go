package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// halving is an Extractor of before: it reads half of each text, and no structure.
type halving struct{ *extract.Extractor }

func (h halving) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	t, err := h.Extractor.Extract(ctx, name, r, size)
	if err != nil {
		return nil, err
	}
	return &extract.Text{Type: t.Type, Title: t.Title, Body: t.Body[:len(t.Body)/2], Verbatim: t.Verbatim}, nil
}

// lowerVersions makes all documents of the index those of an older reader and
// splitter.
func (f *fixture) lowerVersions() {
	f.t.Helper()
	ctx := f.t.Context()
	store := local.New(f.dir, local.Options{})
	defer store.Close()
	var b index.Batch
	if err := index.Read(ctx, store, func(s index.Snapshot) error {
		for d, err := range s.Documents(ctx, "") {
			if err != nil {
				return err
			}
			info := *d
			info.Versions.Reader, info.Versions.Splitter = 0, ingest.SplitVersion-1
			b.Touch = append(b.Touch, info)
		}
		return nil
	}); err != nil {
		f.t.Fatal(err)
	}
	w, err := store.Create(ctx, f.settings())
	if err != nil {
		f.t.Fatal(err)
	}
	if err := errors.Join(w.Apply(ctx, b), w.Close()); err != nil {
		f.t.Fatal(err)
	}
}

// contents has all that an index says of its documents, by ID, but how it came to
// say it: passages with their vectors, without their numbers.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	ctx := t.Context()
	store := local.New(dir, local.Options{})
	defer store.Close()
	all := make(map[string]string)
	if err := index.Read(ctx, store, func(s index.Snapshot) error {
		for d, err := range s.Documents(ctx, "") {
			if err != nil {
				return err
			}
			info := *d
			info.Fingerprint.Stat = index.Fingerprint{}.Stat // says when it was looked at
			text := fmt.Sprintf("%+v\n", info)
			passages, err := s.DocumentPassages(ctx, d.ID)
			if err != nil {
				return err
			}
			for _, p := range passages {
				v, err := s.Vectors(ctx, []index.PassageID{p.ID})
				if err != nil {
					return err
				}
				text += fmt.Sprintf("%+v %v\n", p.Passage, v[0])
			}
			all[d.ID] = text
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// An index of older code that is brought over by runs that are interrupted, fail
// and go on, while files are renamed, moved and changed, is in the end what a fresh
// one is.
func TestOldIndexBroughtOverEqualsAFreshOne(t *testing.T) {
	f := newFixture(t, "")
	const folders, each = 6, 120
	for d := range folders {
		for i := range each {
			text := fmt.Sprintf("Comet %d of folder %d was seen.\n\nIt had a tail of %d degrees.\n", i, d, i*d)
			f.write(fmt.Sprintf("d%d/%03d.txt", d, i), text)
		}
	}
	f.write("gears.md", gears)
	f.write("long.txt", comets(30))
	f.write("page.html", "<html><head><title>Mills</title></head><body><h1>Mills</h1><p>A windmill turns.</p><nav><a href=x>Home</a></nav></body></html>")
	f.write("r.jsonl", `{"id":"1","text":"A windmill."}`+"\n"+`{"id":"2","title":"Mills","text":"A watermill."}`)
	old, err := source.Files([]string{f.docs}, source.FileOptions{Extractor: halving{formats.New(extract.Options{})}})
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{old}}); err != nil || sum.Indexed < folders*each {
		t.Fatalf("%+v, %v", sum, err)
	}
	f.lowerVersions()
	if st, err := f.Status(t.Context()); err != nil || st.Older < folders*each {
		t.Fatalf("%+v, %v", st, err)
	}

	// A run ends after some texts, by an error that loses what was not published or
	// because nobody waits for it, and then something changes.
	failure := errors.New("the power is gone")
	run := func(texts int64, interrupt bool) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f.embedder.texts.Store(0)
		f.embedder.before = func() error {
			switch {
			case f.embedder.texts.Load() < texts:
				return nil
			case interrupt:
				cancel()
				return ctx.Err()
			}
			return failure
		}
		_, err := f.Index(ctx, albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}})
		if !errors.Is(err, failure) && !errors.Is(err, context.Canceled) {
			t.Fatalf("the run came to its end: %v", err)
		}
		f.embedder.before = nil
	}
	run(64, false)
	f.move("d1", "moved/d1")
	run(300, true)
	f.move("long.txt", "longer.log.txt")
	f.write("longer.log.txt", comets(30)+"A waterwheel was heard.\n")
	run(64, false)
	f.move("d4/000.txt", "d2/renamed.txt")
	if err := os.Remove(filepath.Join(f.docs, "d5", "003.txt")); err != nil {
		t.Fatal(err)
	}
	run(128, true)
	e, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, Embedder: f.embedder}) // another process goes on
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f.Engine = e
	f.index()
	if sum := f.index(); sum.Indexed+sum.Removed+sum.Failed != 0 {
		t.Errorf("the run after the last did something: %+v", sum)
	}
	if st, err := f.Status(t.Context()); err != nil || st.Older != 0 {
		t.Errorf("%+v, %v", st, err)
	}

	fresh := &fixture{t: t, docs: f.docs, dir: filepath.Join(t.TempDir(), "index"), embedder: f.embedder}
	if fresh.Engine, err = albertsearch.Open(albertsearch.Options{Dir: fresh.dir, Embedder: f.embedder}); err != nil {
		t.Fatal(err)
	}
	defer fresh.Engine.Close()
	fresh.index()
	got, want := contents(t, f.dir), contents(t, fresh.dir)
	if ids := slices.Sorted(maps.Keys(got)); !slices.Equal(ids, slices.Sorted(maps.Keys(want))) {
		t.Errorf("%d documents, a fresh index has %d", len(got), len(want))
	}
	for id, text := range want {
		if got[id] != text {
			t.Errorf("%s is\n%s, in a fresh index\n%s", id, got[id], text)
		}
	}
	for _, query := range []string{"comet tail", "waterwheel", "windmill turns", `"comet 7" folder`} {
		for _, mode := range albertsearch.Modes() {
			r := albertsearch.SearchRequest{Query: query, Mode: mode, Limit: 40}
			a, err := f.Search(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			b, err := fresh.Search(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for i := range max(len(a.Hits), len(b.Hits)) {
				if len(a.Hits) != len(b.Hits) || a.Hits[i].ID != b.Hits[i].ID || a.Hits[i].Start != b.Hits[i].Start || a.Hits[i].Score != b.Hits[i].Score {
					t.Fatalf("%s, %s: hit %d of %d and %d differs", query, mode, i+1, len(a.Hits), len(b.Hits))
				}
			}
		}
	}
}
