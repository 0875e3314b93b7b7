package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/gofrs/flock"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// generation is that of the index, so that writing shows.
func (f *fixture) generation() uint64 {
	f.t.Helper()
	st, err := f.Status(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return st.Generation
}

// Where nothing has changed neither ONNX Runtime nor a writer is needed; where
// something has, they are.
func TestUnchangedNeedsNoModel(t *testing.T) {
	f := newFixture(t, "")
	f.write("gears.md", gears)
	f.write("bread.txt", bread)
	f.write("photo.png", "\x89PNG\r\n\x1a\n\x00\x00")
	time.Sleep(2100 * time.Millisecond) // until the times of the files are trusted
	open := func(library string) *albertsearch.Engine {
		t.Helper()
		e, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, ONNXRuntime: library})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	request := func() albertsearch.IndexRequest {
		return albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}}
	}
	if _, err := open(orttest.Library(t).Path).Index(t.Context(), request()); err != nil {
		t.Fatal(err)
	}
	first := f.generation()

	without := open(filepath.Join(t.TempDir(), "missing.so"))
	var progress albertsearch.Progress
	var reports []albertsearch.FileReport
	r := request()
	r.Progress = func(p albertsearch.Progress) { progress = p }
	r.Report = func(f albertsearch.FileReport) { reports = append(reports, f) }
	lock, err := local.New(f.dir, local.Options{}).Create(t.Context(), f.settings())
	if err != nil {
		t.Fatal(err)
	}
	sum, err := without.Index(t.Context(), r)
	if err != nil || sum.Unchanged != 2 || sum.Skipped != 1 || sum.Indexed+sum.Failed+sum.Removed != 0 {
		t.Errorf("nothing changed: %+v, %v", sum, err)
	}
	if len(reports) != 3 || progress.Done != 3 || progress.DoneBytes != progress.Bytes {
		t.Errorf("%d reports, progress %+v", len(reports), progress)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if now := f.generation(); now != first {
		t.Errorf("generation %d was followed by %d", first, now)
	}

	f.write("bread.txt", bread+"\nSalt goes in last.\n")
	var missing *ort.NotFoundError
	if _, err := without.Index(t.Context(), request()); !errors.As(err, &missing) {
		t.Errorf("a file changed: %v, want that ONNX Runtime is missing", err)
	}
	if f.top("salt") != "" || f.top("dough") != "bread.txt" {
		t.Error("the index is not what it was")
	}
}

// settings are those of the fixture's index.
func (f *fixture) settings() index.Settings {
	f.t.Helper()
	st, err := f.Status(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return st.Settings
}

// Equal passages are embedded once, in one batch or in several.
func TestEqualPassagesAreEmbeddedOnce(t *testing.T) {
	f := newFixture(t, "")
	for i := range 700 {
		f.write(fmt.Sprintf("%04d.txt", i), fmt.Sprintf("Comet number %d.", i%7))
	}
	if sum := f.index(); sum.Indexed != 700 || sum.Passages != 700 {
		t.Errorf("summary %+v", sum)
	}
	if n := f.embedder.texts.Load(); n != 7 {
		t.Errorf("%d texts were embedded, want 7", n)
	}
	for i := range 7 {
		hits, err := vectorSearch(t.Context(), f.Engine, fmt.Sprintf("Comet number %d", i))
		if err != nil || len(hits) == 0 || !strings.HasSuffix(hits[0].Text, fmt.Sprintf("number %d.", i)) {
			t.Errorf("number %d: %v, %v", i, hits, err)
		}
	}
}

// However long each step takes, passages are numbered in the order of the
// files and have their own vectors.
func TestOrderOfPassages(t *testing.T) {
	f := newFixture(t, "")
	const documents = 400
	for i := range documents {
		text := new(strings.Builder)
		for j := range 1 + i%3 {
			fmt.Fprintf(text, "%s word%dx%d.\n\n", strings.Repeat("filler ", 150+i%20), i, j)
		}
		f.write(fmt.Sprintf("%04d.txt", i), text.String())
	}
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	f.embedder.before = func() error {
		mu.Lock()
		wait := time.Duration(random.Int64N(int64(10 * time.Millisecond)))
		mu.Unlock()
		time.Sleep(wait)
		return nil
	}
	sum := f.index()
	if sum.Passages < documents {
		t.Fatalf("summary %+v", sum)
	}
	backend := local.New(f.dir, local.Options{})
	defer backend.Close()
	store, err := backend.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Release()
	var ids []index.PassageID
	for i := range sum.Passages {
		ids = append(ids, index.PassageID(strconv.Itoa(i)))
	}
	passages, err := store.Passages(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(passages); i++ {
		a, b := passages[i-1], passages[i]
		if a.Doc.ID > b.Doc.ID || a.Doc.ID == b.Doc.ID && a.Start >= b.Start {
			t.Fatalf("passage %d is %s, byte %d, and the next %s, byte %d", i-1, a.Doc.ID, a.Start, b.Doc.ID, b.Start)
		}
	}
	for i := 0; i < len(passages); i += 37 {
		vectors, err := f.embedder.Hash.Embed(t.Context(), []string{passages[i].Text})
		if err != nil {
			t.Fatal(err)
		}
		hits, err := store.Nearest(t.Context(), index.Request{Vector: vectors[0], Limit: 1})
		if err != nil || len(hits) != 1 || hits[0].ID != ids[i] {
			t.Errorf("nearest to passage %d is %v, %v", i, hits, err)
		}
	}
}

// What an interrupted run has reported is in the index, a beginning of what the
// sources have; the next run does the rest.
func TestInterruptedRun(t *testing.T) {
	f := newFixture(t, "")
	const documents = 1500
	for i := range documents {
		f.write(fmt.Sprintf("%04d.txt", i), fmt.Sprintf("Comet number %d.", i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.embedder.before = func() error {
		if f.embedder.texts.Load() >= documents/2 {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	var reported []string
	_, err := f.Index(ctx, albertsearch.IndexRequest{
		Sources: []ingest.Source{f.source()},
		Report:  func(r albertsearch.FileReport) { reported = append(reported, filepath.Base(r.Path)) },
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	st, err := f.Status(t.Context())
	if err != nil || st.Documents != len(reported) || st.Passages != len(reported) {
		t.Errorf("%d documents were reported, the index has %d of %d passages; %v", len(reported), st.Documents, st.Passages, err)
	}
	for i, name := range reported {
		if name != fmt.Sprintf("%04d.txt", i) {
			t.Fatalf("report %d is about %s", i, name)
		}
	}
	f.embedder.before = nil
	if sum := f.index(); sum.Indexed != documents-len(reported) || sum.Unchanged != len(reported) {
		t.Errorf("after %d reports the next run's summary is %+v", len(reported), sum)
	}
}

// unready is an Extractor that has to be asked twice.
type unready struct {
	*extract.Extractor
	asked int
}

func (u *unready) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	if u.asked++; u.asked == 1 {
		return nil, fmt.Errorf("%w: out of processes", extract.ErrTransient)
	}
	return u.Extractor.Extract(ctx, name, r, size)
}

// TestNotTriedIsTriedAgain checks that a document is not held for one that
// cannot be read when something else was at fault.
func TestNotTriedIsTriedAgain(t *testing.T) {
	f := newFixture(t, "")
	f.write("stars.txt", stars)
	x := &unready{Extractor: formats.New(extract.Options{})}
	defer x.Close()
	source, err := source.Files([]string{f.docs}, source.FileOptions{Extractor: x})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []albertsearch.IndexSummary{{Failed: 1}, {Indexed: 1}, {Unchanged: 1}} {
		sum, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{source}})
		if err != nil || sum.Failed != want.Failed || sum.Indexed != want.Indexed || sum.Unchanged != want.Unchanged {
			t.Errorf("run %d: %+v, %v, want %+v", i+1, sum, err, want)
		}
	}
}

// fickle is an embedder whose vectors go through a function.
type fickle struct {
	embedtest.Hash
	then func([][]float32) ([][]float32, error)
}

func (f fickle) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, err := f.Hash.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	return f.then(vectors)
}

// TestLargeDocuments checks that documents that wait for each other do not do so
// for ever, whatever fails meanwhile.
func TestLargeDocuments(t *testing.T) {
	docs := t.TempDir()
	large := strings.Repeat("The tide comes in twice a day, and twice it goes out.\n\n", (4<<20+1000)/54)
	for name, text := range map[string]string{"1.txt": large, "2.txt": stars, "3.md": "# Ebb\n\n" + large, "4.txt": large + bread, "5.txt": bread} {
		if err := os.WriteFile(filepath.Join(docs, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	failure := errors.New("out of order")
	for _, tt := range []struct {
		name string
		want error // nil: any, if fails
		fail func(cancel context.CancelFunc) func([][]float32) ([][]float32, error)
	}{
		{"none", nil, nil},
		{"cancelled", context.Canceled, func(cancel context.CancelFunc) func([][]float32) ([][]float32, error) {
			return func(v [][]float32) ([][]float32, error) { cancel(); return v, nil }
		}},
		{"embedder", failure, func(context.CancelFunc) func([][]float32) ([][]float32, error) {
			return func([][]float32) ([][]float32, error) { return nil, failure }
		}},
		{"Apply", nil, func(context.CancelFunc) func([][]float32) ([][]float32, error) {
			return func(v [][]float32) ([][]float32, error) { v[0] = v[0][1:]; return v, nil }
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			embedder := fickle{embedtest.Hash{Dimension: 16}, func(v [][]float32) ([][]float32, error) { return v, nil }}
			if tt.fail != nil {
				embedder.then = tt.fail(cancel)
			}
			e, err := albertsearch.Open(albertsearch.Options{Dir: filepath.Join(t.TempDir(), "index"), Embedder: embedder})
			if err != nil {
				t.Fatal(err)
			}
			x := formats.New(extract.Options{})
			source, err := source.Files([]string{docs}, source.FileOptions{Extractor: x})
			if err != nil {
				t.Fatal(err)
			}
			var sum albertsearch.IndexSummary
			returned := make(chan error, 1)
			go func() {
				var err error
				sum, err = e.Index(ctx, albertsearch.IndexRequest{Sources: []ingest.Source{source}})
				returned <- err
			}()
			select {
			case err = <-returned:
			case <-time.After(15 * time.Minute): // so much under the race detector on a busy machine
				t.Fatal("Index does not return")
			}
			switch {
			case tt.fail == nil && (err != nil || sum.Indexed != 5):
				t.Errorf("%+v, %v, want 5 indexed", sum, err)
			case tt.fail != nil && (err == nil || tt.want != nil && !errors.Is(err, tt.want)):
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if err := errors.Join(e.Close(), x.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// endless is a source that lists until nobody waits any more.
type endless struct{ ingest.Source }

func (endless) Repeatable() bool { return true }

func (endless) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		<-ctx.Done()
		yield(ingest.Entry{}, ctx.Err())
	}
}

// TestLockedIsSaidSoon checks that who cannot write is told so before all
// documents are listed, or a model is loaded.
func TestLockedIsSaidSoon(t *testing.T) {
	f := newFixture(t, "")
	f.write("stars.txt", stars)
	f.index()
	held := func(err error) {
		t.Helper()
		var locked *index.LockedError
		if !errors.As(err, &locked) || locked.Holder.PID != os.Getpid() {
			t.Errorf("error %v, want that this process writes", err)
		}
	}
	lock, err := local.New(f.dir, local.Options{}).Create(t.Context(), f.settings())
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{endless{f.source()}}})
	held(err)
	other, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, ONNXRuntime: filepath.Join(t.TempDir(), "missing.so")})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.Reembed(t.Context(), albertsearch.ReembedRequest{})
	held(err)
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "LOCK"), fmt.Appendf(nil, `{"pid":%d,"host":"here"}`, os.Getpid()), 0o600); err != nil {
		t.Fatal(err)
	}
	first := flock.New(filepath.Join(dir, "LOCK"))
	if ok, err := first.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer first.Close()
	without, err := albertsearch.Open(albertsearch.Options{Dir: dir, ONNXRuntime: filepath.Join(t.TempDir(), "missing.so")})
	if err != nil {
		t.Fatal(err)
	}
	defer without.Close()
	_, err = without.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}})
	held(err)
}

// TestMissingCodesAreMade checks that a run over files that have not changed
// makes the codes that the index lacks, and otherwise writes nothing.
func TestMissingCodesAreMade(t *testing.T) {
	f := newFixture(t, "")
	text := new(strings.Builder)
	for i := range 2500 {
		fmt.Fprintf(text, "Comet %d. %s\n\n", i, strings.Repeat("tail ", 150))
	}
	f.write("comets.txt", text.String())
	time.Sleep(2100 * time.Millisecond) // until the times of the file are trusted
	if sum := f.index(); sum.Passages < 2048 {
		t.Fatalf("summary %+v", sum)
	}
	codes := func() []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(f.dir, fmt.Sprintf("gen-%08d", f.generation()), "codes-*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	first, made := f.generation(), codes()
	if len(made) == 0 {
		t.Fatal("the index has no codes")
	}
	if f.index(); f.generation() != first {
		t.Error("something was written although nothing is missing")
	}
	for _, name := range made {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	e, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, Embedder: f.embedder}) // f's has them open
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f.Engine = e
	if sum := f.index(); sum.Unchanged != 1 || f.generation() == first || len(codes()) != len(made) {
		t.Errorf("%+v, codes %q, want as many as %q", sum, codes(), made)
	}
}
