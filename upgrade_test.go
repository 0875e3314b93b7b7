package albertsearch_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
)

// asBefore puts each document of the fixture's index back under the ID that
// version 0.1 gave it, without versions.
func (f *fixture) asBefore(keep bool) {
	f.t.Helper()
	ctx := f.t.Context()
	store := local.New(f.dir, local.Options{})
	defer store.Close()
	var b index.Batch
	var settings index.Settings
	if err := index.Read(ctx, store, func(s index.Snapshot) error {
		stats, err := s.Stats(ctx)
		if err != nil {
			return err
		}
		settings = stats.Settings
		for info, err := range s.Documents(ctx, "") {
			if err != nil {
				return err
			}
			d := index.Document{Info: *info}
			d.ID, d.Versions = strings.ReplaceAll(info.ID, `\x23`, "#"), document.Versions{}
			stored, err := s.DocumentPassages(ctx, info.ID)
			if err != nil {
				return err
			}
			for _, p := range stored {
				v, err := s.Vectors(ctx, []index.PassageID{p.ID})
				if err != nil {
					return err
				}
				p.Vector = v[0]
				d.Content = append(d.Content, p.Passage)
			}
			b.Put = append(b.Put, d)
			if d.ID != info.ID && !keep {
				b.Delete = append(b.Delete, info.ID)
			}
		}
		return nil
	}); err != nil {
		f.t.Fatal(err)
	}
	w, err := store.Create(ctx, settings)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := w.Apply(ctx, b); err != nil {
		f.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// ids are those of all documents in the index.
func (f *fixture) ids() (ids []string) {
	f.t.Helper()
	store := local.New(f.dir, local.Options{})
	defer store.Close()
	if err := index.Read(f.t.Context(), store, func(s index.Snapshot) error {
		for info, err := range s.Documents(f.t.Context(), "") {
			if err != nil {
				return err
			}
			ids = append(ids, info.ID)
		}
		return nil
	}); err != nil {
		f.t.Fatal(err)
	}
	return ids
}

// Names with a '#' have other IDs than they had in version 0.1: a run brings the
// documents over, with their vectors, and sees what is gone.
func TestOldIDsAreBroughtOver(t *testing.T) {
	setup := func(t *testing.T) (f *fixture, gone string, now []string) {
		f = newFixture(t, "")
		f.write("P#/gears.md", gears)
		f.write("P#/r.jsonl", `{"id":"b#x","text":"A windmill."}`+"\n"+`{"id":"c","text":"A watermill.","path":"wiki/C"}`)
		f.write("P#/data.bin", "\x00\x01\x02")
		f.write("P", "No folder, but a file.")
		f.write("stars.txt", stars)
		f.index()
		now = f.ids()
		gone = f.write("P#/bread#1.txt", bread)
		f.index()
		return f, gone, now
	}
	remove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	settled := func(t *testing.T, f *fixture, now []string) {
		t.Helper()
		if got := f.ids(); !slices.Equal(got, now) {
			t.Errorf("the index has %q, want %q", got, now)
		}
		if st, err := f.Status(t.Context()); err != nil || st.Older != 0 {
			t.Errorf("%+v, %v", st, err)
		}
		if sum := f.index(); sum.Indexed+sum.Removed != 0 {
			t.Errorf("the next run: %+v", sum)
		}
	}
	for name, keep := range map[string]bool{"old": false, "both": true} {
		t.Run(name, func(t *testing.T) {
			f, gone, now := setup(t)
			f.asBefore(keep)
			remove(t, gone)
			f.embedder.texts.Store(0)
			if sum := f.index(); sum.Removed != 1 || len(sum.Held) != 0 {
				t.Errorf("%+v", sum)
			}
			if n := f.embedder.texts.Load(); n != 0 {
				t.Errorf("%d texts were embedded again", n)
			}
			settled(t, f, now)
		})
	}
	t.Run("partial", func(t *testing.T) {
		f, gone, now := setup(t)
		f.asBefore(false)
		remove(t, gone)
		// What is in the folder P# is not in the file P.
		for _, p := range []string{"P", "P#", "stars.txt"} {
			sum, err := f.Index(t.Context(), albertsearch.IndexRequest{
				Sources: []ingest.Source{f.source()}, Changed: []string{filepath.Join(f.docs, p)},
			})
			if removed := map[string]int{"P#": 1}[p]; err != nil || sum.Removed != removed || sum.Indexed == 0 {
				t.Errorf("%s: %+v, %v", p, sum, err)
			}
		}
		settled(t, f, now)
	})
	t.Run("unreadable", func(t *testing.T) {
		f, _, _ := setup(t)
		f.asBefore(false)
		f.write("P#/gears.md", "\x00\x01\x02")
		if f.index(); f.top("Ottilie") != "gears.md" {
			t.Error("what was indexed before is lost")
		}
	})
}
