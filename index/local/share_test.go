package local

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// sharedSegments is how many segments of a view are those of another, and how many
// of Bleve's.
func sharedSegments(a, b *view) (segs, zaps int) {
	for _, s := range a.segs {
		if slices.Contains(b.segs, s) {
			segs++
		}
	}
	for _, x := range a.postings.Snapshot().Segments() {
		for _, y := range b.postings.Snapshot().Segments() {
			if x.Segment() == y.Segment() {
				zaps++
			}
		}
	}
	return segs, zaps
}

// A reader that goes on to the next generation opens what is new in it, and finds
// what a reader finds that opens all of it, after merges and deletions too.
func TestNextGenerationShares(t *testing.T) {
	c := newCorpus()
	w, err := Create(t.Context(), t.TempDir(), TestOptions{Settings: index.Settings{Dim: 16}, codedRows: 500})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	apply := func(b index.Batch) {
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if err := w.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	apply(c.batch(300, 16))
	r, err := Open(t.Context(), w.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	segs := 0
	for n := range 20 {
		b := c.batch(3, 16)
		b.Delete = []string{fmt.Sprintf("doc-%07d", n*17)}
		apply(b)
		before := r.pinned.view
		before.refs.Add(1)
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, _ := sharedSegments(r.pinned.view, before) // Bleve merges its own when it likes
		segs += s
		if err := before.release(); err != nil {
			t.Error(err)
		}
		fresh, err := Open(t.Context(), w.dir)
		if err != nil {
			t.Fatal(err)
		}
		req := index.Request{Query: query(c.words(4)), Vector: b.Put[0].Content[0].Vector, Limit: 50}
		for name, search := range map[string]func(*Store) ([]index.Hit, error){
			"keyword": func(s *Store) ([]index.Hit, error) { return s.Keyword(t.Context(), req) },
			"nearest": func(s *Store) ([]index.Hit, error) { return s.Nearest(t.Context(), req) },
		} {
			got, err := search(r)
			want, werr := search(fresh)
			if err != nil || werr != nil || len(want) == 0 || !reflect.DeepEqual(got, want) {
				t.Errorf("generation %d, %s: %d hits of %d, %v, %v", n, name, len(got), len(want), err, werr)
			}
		}
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
	}
	if segs < 20 {
		t.Errorf("%d segments were taken over in 20 generations", segs)
	}
}

// Files are taken over when they are linked, not when they are equal: what is open
// may have been damaged since, and written again.
func TestEqualFilesAreNotShared(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	cur, err := readCurrent(dir)
	if err != nil {
		t.Fatal(err)
	}
	open := func(gen string, from *generation) *generation {
		g, err := openGeneration(t.Context(), gen, cur.manifest, openOptions{readOnly: true, known: new(knownFiles), from: from})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := g.close(); err != nil {
				t.Error(err)
			}
		})
		return g
	}
	first := open(gen, nil)
	names := []string{manifestName}
	for _, f := range first.manifest.Files {
		names = append(names, f.Name)
	}
	linked, copied := filepath.Join(t.TempDir(), "linked"), filepath.Join(t.TempDir(), "copied")
	for _, to := range []string{linked, copied} {
		if err := os.MkdirAll(filepath.Join(to, postingsName), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := cloneFiles(gen, linked, names); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(copied, os.DirFS(gen)); err != nil {
		t.Fatal(err)
	}
	if segs, zaps := sharedSegments(open(linked, first).view, first.view); segs != len(first.view.segs) || zaps == 0 {
		t.Errorf("of linked files %d segments of %d, and %d of Bleve's", segs, len(first.view.segs), zaps)
	}
	if segs, zaps := sharedSegments(open(copied, first).view, first.view); segs+zaps > 0 {
		t.Errorf("of copied files %d segments and %d of Bleve's", segs, zaps)
	}
	if err := os.Remove(filepath.Join(linked, codesName(first.view.segs[0].vecs[0].Name))); err == nil {
		if segs, _ := sharedSegments(open(linked, first).view, first.view); segs == len(first.view.segs) {
			t.Error("vectors whose codes are gone")
		}
	}
}
