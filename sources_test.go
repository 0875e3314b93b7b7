package albertsearch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// indexWith indexes the fixture's folder with options.
func (f *fixture) indexWith(o source.FileOptions) albertsearch.IndexSummary {
	f.t.Helper()
	x := formats.New(extract.Options{})
	f.t.Cleanup(func() { x.Close() })
	o.Extractor = x
	s, err := source.Files([]string{f.docs}, o)
	if err != nil {
		f.t.Fatal(err)
	}
	sum, err := f.Index(f.t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{s}})
	if err != nil {
		f.t.Fatal(err)
	}
	return sum
}

func TestNarrowerRunKeepsTheRest(t *testing.T) {
	f := newFixture(t, "")
	f.write("gears.md", gears)
	stale := f.write("old.md", "An obsolete windmill.\n")
	f.write("bread.txt", bread)
	f.index()
	if err := os.Remove(stale); err != nil {
		t.Fatal(err)
	}
	for _, o := range []source.FileOptions{{Include: []string{"*.md"}}, {Exclude: []string{"bread.*"}}} {
		f.indexWith(o)
		if got := f.top("dough"); got != "bread.txt" {
			t.Errorf("%+v: what the run left out is lost: found %q", o, got)
		}
		if got := f.top("windmill"); got != "" {
			t.Errorf("%+v: what is gone is still found: %q", o, got)
		}
	}
	f.write(source.IgnoreFile, "bread.txt\n")
	if sum := f.index(); sum.Removed != 1 || f.top("dough") != "" {
		t.Errorf("what is newly ignored is still there: %+v", sum)
	}
}

func TestIndexesAreLeftOut(t *testing.T) {
	f := newFixture(t, "")
	f.write("bread.txt", bread)
	other, err := local.New(filepath.Join(f.docs, "other"), local.Options{}).Create(t.Context(), index.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	own, err := albertsearch.Open(albertsearch.Options{Dir: filepath.Join(f.docs, "own"), Embedder: f.embedder})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	f.Engine = own
	for range 2 {
		sum := f.indexWith(source.FileOptions{SkipDir: local.IsIndex})
		if n := sum.Indexed + sum.Unchanged + sum.Failed + sum.Skipped; n != 1 {
			t.Errorf("%d documents were found, want 1: %+v", n, sum)
		}
	}
}

// What of a source could not be read is listed until it can be.
func TestUnreadPartsOfSourcesAreKept(t *testing.T) {
	f := newFixture(t, "")
	const good = `{"id": "a", "text": "A comet."}` + "\n"
	f.write("records.jsonl", good+"nonsense\n")
	// A folder whose rules are not known is not read.
	folder := f.write("secret/bread.txt", bread)
	rules := filepath.Join(filepath.Dir(folder), source.IgnoreFile)
	if err := os.Symlink(source.IgnoreFile, rules); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		f.index()
		status, err := f.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if status.Failed != 2 || len(status.Unread) != 2 {
			t.Fatalf("status counts %d failed and lists %d, want 2", status.Failed, len(status.Unread))
		}
		if !strings.Contains(status.Unread[0].Reason, "line 2") || !strings.HasSuffix(status.Unread[1].Path, "/secret/") {
			t.Errorf("status lists %+v and %+v", status.Unread[0], status.Unread[1])
		}
	}
	f.write("records.jsonl", good+`{"id": "b", "text": "A windmill."}`)
	if err := os.Remove(rules); err != nil {
		t.Fatal(err)
	}
	f.index()
	status, err := f.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.Failed != 0 || status.Documents != 3 {
		t.Errorf("what was mended counts as %+v", status)
	}
}

// A text that was read in another encoding than is given now is read again, and
// no other document is.
func TestEncodingChanges(t *testing.T) {
	f := newFixture(t, "")
	f.write("gate.txt", "The gate of the \xa7\xa0ba stays shut.\n") // in code page 852
	f.write("page.docx", "no document at all")
	read := func(encoding string) albertsearch.IndexSummary {
		t.Helper()
		x := formats.New(extract.Options{Encoding: encoding})
		defer x.Close()
		s, err := source.Files([]string{f.docs}, source.FileOptions{Extractor: x})
		if err != nil {
			t.Fatal(err)
		}
		sum, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{s}})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	read("")
	if got := f.top("žába"); got != "" {
		t.Fatalf("found in %q", got)
	}
	if sum := read("cp852"); sum.Indexed != 1 || f.top("žába") != "gate.txt" {
		t.Errorf("with an encoding: %+v, found in %q", sum, f.top("žába"))
	}
	if sum := read("ibm852"); sum.Indexed != 0 || sum.Unchanged != 1 {
		t.Errorf("with the same: %+v", sum)
	}
	if sum := read(""); sum.Indexed != 1 || f.top("žába") != "" {
		t.Errorf("without: %+v", sum)
	}
}
