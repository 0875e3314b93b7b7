package source_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
)

// indexed is what an index has of a folder, by the ends of the IDs.
func indexed(dir string, names ...string) []*document.Info {
	var out []*document.Info
	for _, n := range names {
		out = append(out, &document.Info{ID: filepath.ToSlash(dir) + "/" + n})
	}
	return out
}

// plan lists the sources and compares them with what is indexed.
func plan(t *testing.T, docs []*document.Info, o ingest.PlanOptions, sources ...ingest.Source) ingest.Plan {
	t.Helper()
	l := ingest.NewListing(sources...)
	for _, s := range sources {
		for _, e := range entries(t, s) {
			l.Add(e)
		}
	}
	return l.Plan(slices.Values(docs), o)
}

func rooted(t *testing.T, roots ...string) ingest.Source {
	t.Helper()
	s, err := source.Files(roots, source.FileOptions{Extractor: verbatim{}})
	must(t, err)
	return s
}

// A root that cannot be trusted removes nothing, unless that is asked for.
func TestDoubtfulRoots(t *testing.T) {
	dir := tree(t, map[string]string{"full/a.txt": "", "empty/": "", "file.txt": ""})
	for name, c := range map[string]struct {
		root string
		docs []string
		gone int
		held ingest.Doubt
	}{
		"all is well":             {"full", []string{"full/a.txt", "full/b.txt"}, 1, ""},
		"empty":                   {"empty", []string{"empty/a.txt", "empty/d/b.txt"}, 2, ingest.DoubtRootEmpty},
		"gone":                    {"disk", []string{"disk/a.txt", "disk/b.txt"}, 2, ingest.DoubtRootGone},
		"a file that is gone":     {"b.txt", []string{"b.txt", "b.txt2"}, 1, ""},
		"with its folder":         {"disk/b.jsonl", []string{"disk/b.jsonl#1"}, 1, ingest.DoubtRootGone},
		"below what is no folder": {"file.txt/d", []string{"file.txt/d/a.txt"}, 1, ingest.DoubtRootUnreadable},
	} {
		s := rooted(t, filepath.Join(dir, c.root))
		docs := indexed(dir, c.docs...)
		p := plan(t, docs, ingest.PlanOptions{}, s)
		pruned := plan(t, docs, ingest.PlanOptions{Prune: true}, s)
		switch {
		case c.held == "" && (len(p.Gone) != c.gone || len(p.Held) != 0):
			t.Errorf("%s: %d gone, held %v", name, len(p.Gone), p.Held)
		case c.held != "" && (len(p.Gone) != 0 || !slices.Equal(p.Held, []ingest.Held{{Root: indexed(dir, c.root)[0].ID, Reason: c.held, Documents: c.gone}})):
			t.Errorf("%s: %d gone, held %v", name, len(p.Gone), p.Held)
		}
		if len(pruned.Gone) != c.gone || len(pruned.Held) != 0 {
			t.Errorf("%s, pruned: %d gone, held %v", name, len(pruned.Gone), pruned.Held)
		}
	}
}

// A file that was named and is gone is no failure where it was known.
func TestMissingRoots(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": ""})
	records, err := source.JSONL(filepath.Join(dir, "r.jsonl"))
	must(t, err)
	docs := indexed(dir, "b.txt")
	docs = append(docs, &document.Info{ID: filepath.ToSlash(dir) + "/r.jsonl#1"})
	p := plan(t, docs, ingest.PlanOptions{}, rooted(t, filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt")), records)
	if len(p.Entries) != 1 || len(p.Gone) != 2 || len(p.Held) != 0 {
		t.Errorf("known: %d entries, %d gone, held %v", len(p.Entries), len(p.Gone), p.Held)
	}
	// Where the folder is gone as well, the entry says so.
	lost := indexed(dir, "disk/b.txt")
	s := rooted(t, filepath.Join(dir, "disk/b.txt"))
	if p := plan(t, lost, ingest.PlanOptions{}, s); len(p.Entries) != 1 || len(p.Gone) != 0 {
		t.Errorf("with its folder: %+v", p)
	}
	if p := plan(t, lost, ingest.PlanOptions{Prune: true}, s); len(p.Entries) != 0 || len(p.Gone) != 1 {
		t.Errorf("with its folder, pruned: %+v", p)
	}
	// Pruning leaves no trace of it, as of an earlier failure.
	lost[0].State = document.Failed
	if p := plan(t, lost, ingest.PlanOptions{Prune: true}, s); len(p.Entries) != 0 || len(p.Gone) != 1 {
		t.Errorf("a failure, pruned: %+v", p)
	}
	if p := plan(t, nil, ingest.PlanOptions{Prune: true}, s); len(p.Entries) != 0 {
		t.Errorf("unknown, pruned: %+v", p)
	}
	for name, docs := range map[string][]*document.Info{"unknown": nil, "never read": {{ID: docs[0].ID, State: document.Failed}}} {
		p := plan(t, docs, ingest.PlanOptions{}, rooted(t, filepath.Join(dir, "b.txt")))
		if len(p.Entries) != 1 || p.Entries[0].Skip == nil || len(p.Gone) != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// What was on a disk of which nothing is found is kept.
func TestOtherDevice(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "", "mnt/": ""})
	s := rooted(t, dir)
	here := entries(t, s)[0].Device
	if here == 0 {
		t.Skip("devices are not known here")
	}
	docs := indexed(dir, "a.txt", "mnt/1.txt", "mnt/2.txt", "b.txt")
	docs[1].Fingerprint.Device, docs[2].Fingerprint.Device, docs[3].Fingerprint.Device = here+1, here+1, here
	p := plan(t, docs, ingest.PlanOptions{}, s)
	if len(p.Gone) != 1 || p.Gone[0] != docs[3] || !slices.Equal(p.Held, []ingest.Held{{Reason: ingest.DoubtDevice, Documents: 2}}) {
		t.Errorf("%d gone, held %v", len(p.Gone), p.Held)
	}
	// The same disk under another number.
	docs[0].Fingerprint.Device = here + 1
	if p := plan(t, docs, ingest.PlanOptions{}, s); len(p.Gone) != 3 || len(p.Held) != 0 {
		t.Errorf("renumbered: %d gone, held %v", len(p.Gone), p.Held)
	}
}

func TestTooManyGone(t *testing.T) {
	for _, c := range []struct{ there, gone, want int }{{50, 50, 50}, {49, 51, 0}, {10, 89, 89}, {1000, 600, 600}} {
		files := map[string]string{}
		var names []string
		for i := range c.there + c.gone {
			names = append(names, fmt.Sprintf("%d.txt", i))
			if i < c.there {
				files[names[i]] = ""
			}
		}
		dir := tree(t, files)
		docs := indexed(dir, names...)
		p := plan(t, docs, ingest.PlanOptions{}, rooted(t, dir))
		if len(p.Gone) != c.want || (c.want == 0) != slices.Equal(p.Held, []ingest.Held{{Reason: ingest.DoubtTooMany, Documents: c.gone}}) {
			t.Errorf("%d of %d are gone: %d to be removed, held %v", c.gone, len(docs), len(p.Gone), p.Held)
		}
		if p := plan(t, docs, ingest.PlanOptions{Prune: true}, rooted(t, dir)); len(p.Gone) != c.gone {
			t.Errorf("%d of %d are gone, pruned: %d", c.gone, len(docs), len(p.Gone))
		}
	}
}

// Find offers what a walk of everything would, below some paths.
func TestFind(t *testing.T) {
	dir := tree(t, map[string]string{
		"a/b/c.txt": "", "a/b/d.md": "", "a/e.txt": "", "f.txt": "", ".h/i.txt": "", "ig/j.txt": "", "ig/k/l.txt": "",
		"a/r.jsonl": `{"id":"1","text":""}`, ".albertignore": "ig/k/\n", "node_modules/m.txt": "",
	})
	all := rooted(t, dir, filepath.Join(dir, "a", "b"))
	for _, c := range []struct{ paths, want string }{
		{"a/b/c.txt", "a/b/c.txt"}, {"a", "a/e.txt a/r.jsonl#1 a/b/c.txt a/b/d.md"}, {"a/r.jsonl a/e.txt", "a/e.txt a/r.jsonl#1"},
		{"missing f.txt f.txt/x", "f.txt"}, {".h/i.txt", ""}, {"ig/k/l.txt ig/k", ""}, {"ig", "ig/j.txt"}, {"node_modules/m.txt", ""},
		{"../elsewhere", ""}, {"a/b a/b/c.txt", "a/b/c.txt a/b/d.md"},
		{".", "a/e.txt a/r.jsonl#1 f.txt ig/j.txt a/b/c.txt a/b/d.md"},
	} {
		var paths, got []string
		for _, p := range strings.Fields(c.paths) {
			paths = append(paths, filepath.Join(dir, p))
		}
		for e, err := range all.(ingest.Finder).Find(context.Background(), paths) {
			must(t, err)
			got = append(got, strings.TrimPrefix(e.ID, filepath.ToSlash(dir)+"/"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("Find(%s) = %q, want %q", c.paths, got, c.want)
		}
	}
	must(t, os.Remove(filepath.Join(dir, "f.txt")))
}
