package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

func mustCreate(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Create(t.Context(), dir, killOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustOpen(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// advance applies and publishes the steps after from.
func advance(t *testing.T, s *Store, from, to int) {
	t.Helper()
	for n := from + 1; n <= to; n++ {
		if err := s.Apply(t.Context(), step(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, s *Store, want int) {
	t.Helper()
	got, err := checkSteps(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("step %d, want %d", got, want)
	}
}

// TestOldGeneration checks that a reader goes on with its generation after
// later ones have removed its files, until it is told to move.
func TestOldGeneration(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir)
	advance(t, w, 0, 5)
	old := newestGen(t, dir)
	r := mustOpen(t, dir)
	for n := 10; n <= 25; n += 5 {
		advance(t, w, n-5, n)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old generation is still there: %v", err)
	}
	check(t, r, 5)
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, r, 25)
	if err := r.Refresh(t.Context()); err != nil { // nothing newer
		t.Fatal(err)
	}
	check(t, r, 25)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(t.Context()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Refresh after Close: %v", err)
	}
}

// TestRefreshAfterRemake checks a reader whose index was dropped and made anew
// with as many generations as before.
func TestRefreshAfterRemake(t *testing.T) {
	dir, _ := stepsIndex(t, 3)
	r := mustOpen(t, dir)
	remake := func(s index.Settings, steps int) {
		t.Helper()
		if err := Drop(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		if err := r.Refresh(t.Context()); !errors.Is(err, index.ErrNotFound) {
			t.Errorf("Refresh without an index: %v", err)
		}
		w, err := Create(t.Context(), dir, TestOptions{Settings: s})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if steps > 0 {
			advance(t, w, 0, steps)
		} else if err := w.Apply(t.Context(), index.Batch{Put: []index.Document{{Info: index.Info{ID: "a"},
			Content: []index.Passage{{Text: "zwei Häuser", Vector: make([]float32, s.Dim)}}}}}); err != nil {
			t.Fatal(err)
		}
	}
	refresh := func() {
		t.Helper()
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	generation := r.pinned.manifest.Generation
	remake(killSettings, 2)
	check(t, r, 3)
	refresh()
	check(t, r, 2)

	other := index.Settings{Embedder: "another", Dim: 3, Languages: "de"}
	remake(other, 0)
	refresh()
	if r.pinned.manifest.Generation != generation {
		t.Fatalf("generation %d, want the same number as before, %d", r.pinned.manifest.Generation, generation)
	}
	st, err := r.Stats(t.Context())
	if err != nil || st.Settings != other || st.Passages != 1 {
		t.Errorf("stats %+v, %v", st, err)
	}
	hits, err := r.Keyword(t.Context(), index.Request{Query: query("Haus"), Limit: 1})
	if err != nil || len(hits) != 1 {
		t.Errorf("the new analyzer finds %v, %v", hits, err)
	}
	if hits, err = r.Nearest(t.Context(), index.Request{Vector: []float32{1, 0, 0}, Limit: 1}); err != nil || len(hits) != 1 {
		t.Errorf("vectors of the new length find %v, %v", hits, err)
	}
}

// TestBackgroundError checks that an error that Bleve's merger or persister
// reports ends writing, and that what was published stays.
func TestBackgroundError(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir)
	advance(t, w, 0, 3)
	cause := errors.New("merge failed")
	w.writer.postings.Report(cause)
	if err := w.Apply(t.Context(), step(4)); !errors.Is(err, cause) {
		t.Fatalf("error %v", err)
	}
	if err := w.Publish(t.Context()); !errors.Is(err, cause) {
		t.Errorf("Publish: %v", err)
	}
	check(t, w, 3)
	if err := w.Close(); err != nil {
		t.Errorf("Close says again what Apply has said: %v", err)
	}
	w = mustCreate(t, dir)
	check(t, w, 3)
	advance(t, w, 3, 4)
	check(t, w, 4)
}

// TestFirstPublicationFails checks that Create gives an error when it can make
// an index but not publish it.
func TestFirstPublicationFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, disk.FileMode); err != nil {
		t.Fatal(err)
	}
	made, err := newSchema(killSettings)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(file, nil, made)
	w.work = t.TempDir()
	if err := w.startEmpty(t.Context()); err == nil || !strings.Contains(err.Error(), "publishing") {
		t.Errorf("error %v", err)
	}
}

// TestFormatIsDescribed checks that docs/format.md knows every field of the
// manifest, the version and the size of a footer.
func TestFormatIsDescribed(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "format.md"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{fmt.Sprintf("format version **%d**", formatVersion), fmt.Sprintf("`%s`", codesMagic)}
	for _, typ := range []reflect.Type{reflect.TypeFor[manifest](), reflect.TypeFor[manifestSettings](), reflect.TypeFor[segmentManifest](),
		reflect.TypeFor[shadowManifest](), reflect.TypeFor[fileSum](), reflect.TypeFor[index.Holder]()} {
		for i := range typ.NumField() {
			if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); name != "-" {
				wanted = append(wanted, "`"+name+"`")
			}
		}
	}
	for _, w := range wanted {
		if w == "" || !strings.Contains(string(doc), w) {
			t.Errorf("docs/format.md does not have %q", w)
		}
	}
}

// TestTwoGenerationsKept checks what is left in the folder.
func TestTwoGenerationsKept(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir)
	for n := 1; n <= 6; n++ {
		advance(t, w, n-1, n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got, want := strings.Join(names, " "), "CURRENT LOCK gen-00000006 gen-00000007"; got != want {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

// TestLeftovers checks that a new writer removes what a killed one left.
func TestLeftovers(t *testing.T) {
	dir, gen := stepsIndex(t, 4)
	leftovers := []string{workName, "gen-00000099", "gen-00000100.tmp"}
	for _, name := range leftovers {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(gen)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "CURRENT.tmp"), []byte("gen-0000"), disk.FileMode); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, dir) // readers take no notice
	check(t, r, 4)
	w := mustCreate(t, dir)
	check(t, w, 4)
	advance(t, w, 4, 6)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(leftovers, "CURRENT.tmp") {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	check(t, mustOpen(t, dir), 6)
}

func TestPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	w := mustCreate(t, dir)
	advance(t, w, 0, 20)
	err := filepath.WalkDir(filepath.Dir(dir), func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil && fi.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", p, fi.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOtherSettings(t *testing.T) {
	dir, _ := stepsIndex(t, 2)
	other := killSettings
	other.Embedder, other.SplitTokens = "better", 100
	_, err := Create(t.Context(), dir, TestOptions{Settings: other})
	var se *index.SettingsError
	if !errors.As(err, &se) || !errors.Is(err, index.ErrModelMismatch) || se.Have != killSettings || se.Want != other {
		t.Fatalf("error %v", err)
	}
	for _, part := range []string{"embedder is test, not better", "passage length is 0, not 100", dir} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "analyzer") {
		t.Errorf("error %q names what does not differ", err)
	}
	// The failed attempt has not locked or changed anything.
	check(t, mustCreate(t, dir), 2)
}

func TestUnknownAnalyzer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	if _, err := Create(t.Context(), dir, TestOptions{Settings: index.Settings{Languages: "klingon"}}); err == nil || !strings.Contains(err.Error(), "klingon") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}

// TestWithoutVectors checks an index for keywords only.
func TestWithoutVectors(t *testing.T) {
	dir := t.TempDir()
	s, err := Create(t.Context(), dir, TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d := index.Document{Info: index.Info{ID: "a"}, Content: []index.Passage{{Text: "words only"}}}
	if err := s.Apply(t.Context(), index.Batch{Put: []index.Document{d}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, dir)
	hits, err := r.Keyword(t.Context(), index.Request{Query: query("word"), Limit: 1})
	if err != nil || len(hits) != 1 {
		t.Errorf("keyword search: %v, %v", hits, err)
	}
	if _, err := r.Nearest(t.Context(), index.Request{Limit: 1}); err == nil {
		t.Error("Nearest works without vectors")
	}
}

// TestMerging checks that segments are merged and mostly deleted ones
// rewritten, with rows that stay what they are.
func TestMerging(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir)
	const steps = 100
	for n := 1; n <= steps; n++ {
		if err := w.Apply(t.Context(), step(n)); err != nil {
			t.Fatal(err)
		}
		if got := len(w.now().segs); got > 2*mergeWidth {
			t.Fatalf("%d segments after step %d", got, n)
		}
		if dead := w.now().deleted.GetCardinality(); dead > uint64(2*n) {
			t.Fatalf("%d deleted documents after step %d", dead, n)
		}
	}
	check(t, w, steps)
	before := passagesByText(t, w)
	// Deleting nearly all empties the segments.
	var b index.Batch
	for n := range steps - 3 {
		b.Delete = append(b.Delete, killID(n))
	}
	for range mergeWidth + 1 { // one segment is rewritten a batch
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		b = index.Batch{Put: []index.Document{killDoc(steps, steps)}}
	}
	var rows int
	for _, s := range w.now().segs {
		rows += len(s.Rows())
	}
	if live := w.now().stats.Passages; rows > 2*live+4 {
		t.Errorf("%d rows on disk for %d live ones", rows, live)
	}
	for text, id := range passagesByText(t, w) {
		if !strings.Contains(text, "marker100 ") && before[text] != id {
			t.Errorf("%q was passage %s and is %s", text, before[text], id)
		}
	}
}

func passagesByText(t *testing.T, s *Store) map[string]index.PassageID {
	t.Helper()
	hits, err := s.Keyword(t.Context(), index.Request{Query: query("common"), Limit: 10000})
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]index.PassageID)
	for _, h := range hits {
		p, err := s.Passages(t.Context(), []index.PassageID{h.ID})
		if err != nil {
			t.Fatal(err)
		}
		all[p[0].Text] = h.ID
	}
	return all
}

// TestCloseWhileOpening closes a Backend while somebody waits for a snapshot: it
// is the Backend that has ended, not what the caller wanted.
func TestCloseWhileOpening(t *testing.T) {
	dir, _ := stepsIndex(t, 3)
	b := New(dir, Options{})
	b.known.mu.Lock() // nothing opens before it is unlocked
	got := make(chan error, 1)
	go func() {
		_, err := b.Snapshot(t.Context())
		got <- err
	}()
	for waiting := false; !waiting; runtime.Gosched() {
		b.mu.Lock()
		waiting = b.opening != nil
		b.mu.Unlock()
	}
	closed := make(chan error, 1)
	go func() { closed <- b.Close() }()
	<-b.ctx.Done()
	b.known.mu.Unlock()
	if err := <-got; !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Snapshot: %v, want closed", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}
