package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/extract/jsonl"
	"github.com/albert-search/albert-search/ingest/extract/plain"
	"github.com/albert-search/albert-search/ingest/source"
)

// watchedBackend counts how often it is asked for all documents, and how often
// for a writer.
type watchedBackend struct {
	index.Backend
	lists, creates atomic.Int64
}

// watched is the backend of a fixture.
func watched(f *fixture) *watchedBackend {
	if f.backend != nil {
		return &watchedBackend{Backend: f.backend}
	}
	return &watchedBackend{Backend: local.New(f.dir, local.Options{})}
}

func (b *watchedBackend) Snapshot(ctx context.Context) (index.Snapshot, error) {
	s, err := b.Backend.Snapshot(ctx)
	return watchedSnapshot{s, b}, err
}

func (b *watchedBackend) Create(ctx context.Context, s index.Settings) (index.Writer, error) {
	b.creates.Add(1)
	w, err := b.Backend.Create(ctx, s)
	return watchedWriter{w, b}, err
}

type watchedWriter struct {
	index.Writer
	b *watchedBackend
}

func (w watchedWriter) Snapshot(ctx context.Context) (index.Snapshot, error) {
	s, err := w.Writer.Snapshot(ctx)
	return watchedSnapshot{s, w.b}, err
}

type watchedSnapshot struct {
	index.Snapshot
	b *watchedBackend
}

func (s watchedSnapshot) Documents(ctx context.Context, prefix string) iter.Seq2[*index.Info, error] {
	if prefix == "" {
		s.b.lists.Add(1)
	}
	return s.Snapshot.Documents(ctx, prefix)
}

// watchedSource counts what it offers.
type watchedSource struct {
	ingest.Finder
	lists, offered int
}

func (s *watchedSource) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	s.lists++
	return s.counted(s.Finder.Entries(ctx))
}

func (s *watchedSource) Find(ctx context.Context, paths []string) iter.Seq2[ingest.Entry, error] {
	return s.counted(s.Finder.Find(ctx, paths))
}

func (s *watchedSource) counted(entries iter.Seq2[ingest.Entry, error]) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		for e, err := range entries {
			s.offered++
			if !yield(e, err) {
				return
			}
		}
	}
}

// A program that hears of changes has nothing listed and nothing opened for one
// file among many.
func TestIndexerLooksAtWhatChanged(t *testing.T) {
	f := newFixture(t, "")
	backend := watched(f)
	e, err := albertsearch.Open(albertsearch.Options{Backend: backend, Embedder: f.embedder})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	f.Engine = e
	const documents = 2000
	for i := range documents {
		f.write(fmt.Sprintf("d%02d/%04d.txt", i/100, i), fmt.Sprintf("Comet number %d.", i))
	}
	records := f.write("r.jsonl", `{"id":"1","text":"A windmill."}`+"\n"+`{"id":"2","text":"A watermill."}`)
	x, err := e.Indexer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &watchedSource{Finder: f.source().(ingest.Finder)}
	if sum, err := x.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{s}}); err != nil || sum.Indexed != documents+2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if n := backend.lists.Load(); n != 1 || s.lists != 1 {
		t.Errorf("the first run listed the index %d times and the source %d times", n, s.lists)
	}
	backend.lists.Store(0)
	*s = watchedSource{Finder: s.Finder}
	f.embedder.texts.Store(0)

	run := func(want albertsearch.IndexSummary, r albertsearch.IndexRequest) {
		t.Helper()
		r.Sources = []ingest.Source{s}
		got, err := x.Index(t.Context(), r)
		if err != nil || got.Indexed != want.Indexed || got.Removed != want.Removed || got.Unchanged != want.Unchanged || len(got.Held) != len(want.Held) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	changed := f.write("d07/0700.txt", "A waterwheel in spring.")
	run(albertsearch.IndexSummary{Indexed: 1}, albertsearch.IndexRequest{Changed: []string{changed}})
	if got := f.top("waterwheel"); got != "0700.txt" {
		t.Errorf("what changed is not found, but %q", got)
	}
	if n := f.embedder.texts.Load(); n != 1 || s.offered != 1 {
		t.Errorf("%d texts were embedded, %d entries offered, for one changed file", n, s.offered)
	}
	// A file that is gone, whoever says so.
	if err := os.Remove(changed); err != nil {
		t.Fatal(err)
	}
	run(albertsearch.IndexSummary{Removed: 1}, albertsearch.IndexRequest{Changed: []string{changed}})
	if err := os.Remove(filepath.Join(f.docs, "d07", "0701.txt")); err != nil {
		t.Fatal(err)
	}
	run(albertsearch.IndexSummary{Removed: 1}, albertsearch.IndexRequest{Removed: []string{filepath.Join(f.docs, "d07", "0701.txt")}})
	// One that is said to be gone and is there.
	run(albertsearch.IndexSummary{Unchanged: 1}, albertsearch.IndexRequest{Removed: []string{filepath.Join(f.docs, "d07", "0702.txt")}})
	// A folder, and one record of a file.
	if err := os.RemoveAll(filepath.Join(f.docs, "d08")); err != nil {
		t.Fatal(err)
	}
	f.write("r.jsonl", `{"id":"1","text":"A windmill."}`)
	run(albertsearch.IndexSummary{Removed: 101, Unchanged: 1}, albertsearch.IndexRequest{Removed: []string{filepath.Join(f.docs, "d08")}, Changed: []string{records}})
	if s.lists != 0 || backend.lists.Load() != 0 || backend.creates.Load() != 1 {
		t.Errorf("the source was listed %d times, the index %d times, %d writers were opened", s.lists, backend.lists.Load(), backend.creates.Load())
	}
	// Most of all is not given up because somebody says so.
	if err := os.RemoveAll(f.docs); err != nil {
		t.Fatal(err)
	}
	run(albertsearch.IndexSummary{Held: make([]ingest.Held, 1)}, albertsearch.IndexRequest{Removed: []string{f.docs}})
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	status, err := e.Status(t.Context())
	if err != nil || status.Documents != documents-102+1 {
		t.Errorf("%+v, %v", status, err)
	}
}

// A one-shot run lists the index once, also when there is something to do.
func TestIndexListsOnce(t *testing.T) {
	f := newFixture(t, "")
	backend := watched(f)
	e, err := albertsearch.Open(albertsearch.Options{Backend: backend, Embedder: embedtest.Hash{Dimension: 8}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f.Engine = e
	f.write("a.txt", stars)
	f.index()
	f.write("b.txt", bread)
	backend.lists.Store(0)
	if sum := f.index(); sum.Indexed != 1 || backend.lists.Load() != 1 {
		t.Errorf("%+v, the index was listed %d times", sum, backend.lists.Load())
	}
}

// What only seems to be gone is kept, and said.
func TestDoubtfulRootsAreKept(t *testing.T) {
	f := newFixture(t, "")
	disk := filepath.Join(f.docs, "disk")
	f.write("disk/bread.txt", bread)
	f.write("disk/d/stars.txt", stars)
	sources := func() []ingest.Source { return []ingest.Source{f.source(disk)} }
	index := func(r albertsearch.IndexRequest) albertsearch.IndexSummary {
		t.Helper()
		r.Sources = sources()
		sum, err := f.Index(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	index(albertsearch.IndexRequest{})
	away := filepath.Join(f.docs, "away")
	if err := os.Rename(disk, away); err != nil {
		t.Fatal(err)
	}
	root, err := ingest.PathID(disk)
	if err != nil {
		t.Fatal(err)
	}
	if sum := index(albertsearch.IndexRequest{}); sum.Removed != 0 || !slices.Equal(sum.Held, []ingest.Held{{Root: root, Reason: ingest.DoubtRootGone, Documents: 2}}) {
		t.Errorf("gone: %+v", sum)
	}
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second has nothing to do
		if sum := index(albertsearch.IndexRequest{}); !slices.Equal(sum.Held, []ingest.Held{{Root: root, Reason: ingest.DoubtRootEmpty, Documents: 2}}) {
			t.Errorf("empty: %+v", sum)
		}
	}
	if f.top("dough") != "bread.txt" {
		t.Error("what was kept is not found")
	}
	if sum := index(albertsearch.IndexRequest{Prune: true}); sum.Removed != 2 || len(sum.Held) != 0 {
		t.Errorf("pruned: %+v", sum)
	}
	// A file that was named goes when it is gone.
	gone := f.write("gone.txt", bread)
	file, err := source.Files([]string{gone}, source.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.index()
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	sum, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{file}})
	if err != nil || sum.Removed != 1 || sum.Failed != 0 {
		t.Errorf("a file that was named: %+v, %v", sum, err)
	}
	if text := f.top("dough"); strings.Contains(text, "gone") {
		t.Error("it is still found")
	}
}

// versioned is an Extractor whose readers are of another version.
type versioned struct {
	*extract.Extractor
	version int
}

func (v versioned) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	t, err := v.Extractor.Extract(ctx, name, r, size)
	if err == nil {
		t.Version = v.version
	}
	return t, err
}

func (v versioned) Versions() map[string]int {
	all := v.Extractor.Versions()
	for name := range all {
		all[name] = v.version
	}
	return all
}

// fragile is an Extractor of a format of its own, whose first and fourth versions
// cannot read anything.
func fragile(version int) *extract.Extractor {
	return extract.New([]extract.Format{fragileFormat(version)}, extract.Options{})
}

func fragileFormat(version int) extract.Format {
	return extract.Format{
		Name: "fragile", Title: "a fragile document", Extensions: []string{"fragile"}, Version: version, Text: true,
		Read: func(context.Context, *extract.Input) (*extract.Text, error) {
			if version == 1 || version == 4 {
				return nil, errors.New("too fragile")
			}
			return plain.New(fmt.Sprintf("Read by version %d.", version)), nil
		},
	}
}

// versionedRecords is a jsonl.Container of another version.
type versionedRecords struct {
	jsonl.Container
	version int
}

func (r versionedRecords) Version() int { return r.version }

// old is a Source of a file that was written long ago, so that its times count.
type old struct {
	x     *extract.Extractor
	tries *int
}

func (o old) Versions() map[string]int { return o.x.Versions() }
func (old) Covers(string) bool         { return false }

func (o old) Entries(context.Context) iter.Seq2[ingest.Entry, error] {
	stat := ingest.Stat{Size: 1, ModTime: 1e9, ChangeTime: 1e9, Inode: 1}
	e := ingest.Entry{ID: "/a.fragile", Path: "/a.fragile", Stat: stat}
	e.Hash = func(context.Context) ([32]byte, error) { return [32]byte{1}, nil }
	e.Load = func(ctx context.Context) (*ingest.Document, error) {
		*o.tries++
		text, err := o.x.Extract(ctx, e.Path, strings.NewReader("x"), 1)
		if err != nil {
			return nil, err
		}
		return &ingest.Document{Text: *text, Fingerprint: ingest.Fingerprint{Stat: stat, SHA256: [32]byte{1}}}, nil
	}
	return func(yield func(ingest.Entry, error) bool) { yield(e, nil) }
}

// A document is read again when the reader that the run has is newer than the one
// that has read it or failed to, also when the program has brought that reader.
func TestNewerReader(t *testing.T) {
	f := newFixture(t, "")
	for i, step := range []struct {
		version, tries int
		outcome        albertsearch.Outcome
	}{
		{1, 1, albertsearch.OutcomeFailed},
		{1, 0, albertsearch.OutcomeFailed},
		{2, 1, albertsearch.OutcomeIndexed},
		{2, 0, albertsearch.OutcomeUnchanged},
		{3, 1, albertsearch.OutcomeIndexed},
		{3, 0, albertsearch.OutcomeUnchanged},
		{4, 1, albertsearch.OutcomeFailed}, // what version 3 has read stays
		{4, 0, albertsearch.OutcomeUnchanged},
		{5, 1, albertsearch.OutcomeIndexed},
	} {
		tries := 0
		var got albertsearch.Outcome
		_, err := f.Index(t.Context(), albertsearch.IndexRequest{
			Sources: []ingest.Source{old{fragile(step.version), &tries}},
			Report:  func(r albertsearch.FileReport) { got = r.Outcome },
		})
		if err != nil || got != step.outcome || tries != step.tries {
			t.Errorf("run %d, %+v: %q after %d tries, %v", i, step, got, tries, err)
		}
	}
	if f.top("version 5") != "a.fragile" {
		t.Error("what the newest reader has read is not found")
	}
}

// The members of a container are read again when its reader is newer.
func TestNewerContainer(t *testing.T) {
	f := newFixture(t, "")
	f.write("b.jsonl", `{"id": "1", "text": "A record."}`+"\n")
	for i, step := range []struct{ version, indexed int }{{1, 1}, {1, 0}, {2, 1}, {2, 0}} {
		sum := f.indexWith(source.FileOptions{Containers: []extract.Container{versionedRecords{version: step.version}}})
		if sum.Indexed != step.indexed || sum.Indexed+sum.Unchanged != 1 {
			t.Errorf("run %d, %+v: %+v", i, step, sum)
		}
	}
}

// Of a document that has changed, or is read again by newer code, only those
// passages are embedded that the index has no vector of.
func TestVectorsAreReused(t *testing.T) {
	f := newFixture(t, "")
	text := new(strings.Builder)
	for i := range 40 {
		fmt.Fprintf(text, "%s Comet number %d.\n\n", strings.Repeat("tail ", 150), i)
	}
	f.write("comets.txt", text.String())
	first := f.index()
	if first.Passages < 40 {
		t.Fatalf("%+v", first)
	}
	embedded := func(run func()) int64 {
		f.embedder.texts.Store(0)
		run()
		return f.embedder.texts.Load()
	}
	if n := embedded(func() {
		f.write("comets.txt", text.String()+"A waterwheel was heard.\n")
		f.index()
	}); n < 1 || n > 2 {
		t.Errorf("%d texts were embedded for an appended line", n)
	}
	if f.top("waterwheel") != "comets.txt" {
		t.Error("the line is not found")
	}
	for i := range 39 { // the last one stands beside the waterwheel now
		hits, err := vectorSearch(t.Context(), f.Engine, fmt.Sprintf("%s Comet number %d.", strings.Repeat("tail ", 150), i))
		if err != nil || len(hits) == 0 || !strings.Contains(hits[0].Text, fmt.Sprintf("number %d.", i)) {
			t.Fatalf("number %d: %v, %v", i, hits, err)
		}
	}
	if n := embedded(func() {
		f.SetReaderVersion("text", 7)
		if status, err := f.Status(t.Context()); err != nil || status.Older != 1 {
			t.Errorf("%+v, %v, want one document of an older version", status, err)
		}
		newer, err := source.Files([]string{f.docs}, source.FileOptions{Extractor: versioned{formats.New(extract.Options{}), 7}})
		if err != nil {
			t.Fatal(err)
		}
		sum, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{newer}})
		if err != nil || sum.Indexed != 1 {
			t.Errorf("read by newer code: %+v, %v", sum, err)
		}
	}); n != 0 {
		t.Errorf("%d texts were embedded although the text is the same", n)
	}
	if status, err := f.Status(t.Context()); err != nil || status.Older != 0 {
		t.Errorf("%+v, %v, want no document of an older version", status, err)
	}
	// What a title says stands before each passage.
	f.write("a.md", "# North\n\nA fjord is deep.\n")
	f.index()
	if n := embedded(func() {
		f.write("a.md", "# South\n\nA fjord is deep.\n")
		f.index()
	}); n != 1 {
		t.Errorf("%d texts were embedded for another title", n)
	}
	if n := embedded(func() {
		if _, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}, Force: true}); err != nil {
			t.Fatal(err)
		}
	}); n < int64(first.Passages) {
		t.Errorf("%d texts were embedded by force", n)
	}
}
