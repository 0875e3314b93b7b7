package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
)

// with returns another engine on the index, with an embedder of its own.
func (f *fixture) with(dim int) (*albertsearch.Engine, *countingEmbedder) {
	f.t.Helper()
	embedder := &countingEmbedder{Hash: embedtest.Hash{Dimension: dim}}
	o := f.options()
	o.Embedder, o.Reader = embedder, reader("dough")
	e, err := albertsearch.Open(o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := e.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return e, embedder
}

func vectorSearch(ctx context.Context, e *albertsearch.Engine, query string) ([]albertsearch.Hit, error) {
	res, err := e.Search(ctx, albertsearch.SearchRequest{Query: query, Mode: albertsearch.Vector})
	if err != nil {
		return nil, err
	}
	return res.Hits, nil
}

func status(t *testing.T, e *albertsearch.Engine) *albertsearch.Status {
	t.Helper()
	s, err := e.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func reembed(t *testing.T, e *albertsearch.Engine) albertsearch.ReembedSummary {
	t.Helper()
	sum, err := e.Reembed(t.Context(), albertsearch.ReembedRequest{})
	if err != nil {
		t.Fatal(err)
	}
	sum.Took = 0
	return sum
}

// wantEmbedderError checks an error that names both embedders and suggests what
// to do.
func wantEmbedderError(t *testing.T, err error, parts ...string) {
	t.Helper()
	var e *albertsearch.EmbedderError
	if !errors.As(err, &e) || !errors.Is(err, index.ErrModelMismatch) {
		t.Errorf("error %v, want an EmbedderError", err)
		return
	}
	if got := actions(err); !slices.Contains(got, albertsearch.ActionReembed) || !slices.Contains(got, albertsearch.ActionKeywords) {
		t.Errorf("error %q comes with the hints %v", err, got)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func TestReembed(t *testing.T) {
	f := newFixture(t, "dough")
	f.write("bread.txt", bread)
	f.write("stars.txt", stars)
	f.write("copy/stars.txt", stars) // under the same title
	f.write("gears.md", gears)
	f.write("empty.txt", "")
	f.index()
	before := status(t, f.Engine)
	oldHits, err := vectorSearch(t.Context(), f.Engine, "comet")
	if err != nil {
		t.Fatal(err)
	}

	other, embedder := f.with(32)
	_, err = vectorSearch(t.Context(), other, "comet")
	wantEmbedderError(t, err, f.dir, "hash-512 (512 dimensions)", "hash-32 (32 dimensions)")
	_, err = other.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}})
	wantEmbedderError(t, err, "hash-512", "hash-32")
	_, err = other.Ask(t.Context(), albertsearch.AskRequest{Question: "What is folded?"})
	wantEmbedderError(t, err)

	// The texts come from the index.
	if err := os.RemoveAll(f.docs); err != nil {
		t.Fatal(err)
	}
	calls := 0
	embedder.before = func() error {
		calls++
		hits, err := vectorSearch(t.Context(), f.Engine, "comet")
		for i := range hits {
			hits[i].Gone = false // as it is by now
		}
		if err != nil || !reflect.DeepEqual(hits, oldHits) {
			t.Errorf("meanwhile the old vectors find %v, %v; want %v", hits, err, oldHits)
		}
		// Not with the embedder, which would come here again.
		if res, err := other.Search(t.Context(), albertsearch.SearchRequest{Query: "comet", Mode: albertsearch.Keyword}); err != nil || len(res.Hits) == 0 {
			t.Errorf("meanwhile words find %v, %v", res, err)
		}
		_, err = vectorSearch(t.Context(), other, "comet")
		wantEmbedderError(t, err)
		if _, err := f.Engine.Remove(t.Context(), albertsearch.RemoveRequest{Filter: index.Filter{Paths: []string{"bread.txt"}}}); !errors.Is(err, index.ErrLocked) {
			t.Errorf("a second writer: %v, want ErrLocked", err)
		}
		return nil
	}
	var progress albertsearch.ReembedProgress
	sum, err := other.Reembed(t.Context(), albertsearch.ReembedRequest{Progress: func(p albertsearch.ReembedProgress) { progress = p }})
	if err != nil {
		t.Fatal(err)
	}
	embedder.before = nil
	if calls == 0 || sum.Took == 0 {
		t.Errorf("embedded %d times in %v", calls, sum.Took)
	}
	sum.Took = 0
	copies := 0
	for _, h := range oldHits {
		if strings.HasSuffix(h.Path, "copy/stars.txt") {
			copies++
		}
	}
	want := albertsearch.ReembedSummary{
		From: index.Embedder{ID: "hash-512", Dim: 512}, To: index.Embedder{ID: "hash-32", Dim: 32},
		Complete: true, Passages: before.Passages, Embedded: before.Passages - copies, Copied: copies,
	}
	if sum != want || copies == 0 {
		t.Errorf("summary %+v, want %+v", sum, want)
	}
	if n := int(embedder.texts.Load()); n != want.Embedded {
		t.Errorf("%d texts were embedded, want %d", n, want.Embedded)
	}
	if progress != (albertsearch.ReembedProgress{Done: before.Passages, Passages: before.Passages}) {
		t.Errorf("progress ends with %+v", progress)
	}

	_, err = vectorSearch(t.Context(), f.Engine, "comet")
	wantEmbedderError(t, err)
	for query, name := range map[string]string{"comet": "stars.txt", "dough": "bread.txt", "teeth": "gears.md"} {
		if hits, err := vectorSearch(t.Context(), other, query); err != nil || len(hits) == 0 || filepath.Base(hits[0].Path) != name {
			t.Errorf("%s finds %v, %v", query, hits, err)
		}
	}
	if res, err := other.Ask(t.Context(), albertsearch.AskRequest{Question: "What is folded?"}); err != nil || len(res.Answers) == 0 {
		t.Errorf("answers %v, %v", res, err)
	}
	after := status(t, other)
	if after.Settings.Embedder != "hash-32" || after.Settings.Dim != 32 || after.Reembedding != nil ||
		after.Documents != before.Documents || after.Failed != before.Failed || after.Passages != before.Passages {
		t.Errorf("status %+v, before %+v", after, before)
	}

	// There is nothing more to do, and nothing is published for it.
	if sum := reembed(t, other); sum.From != want.To || sum.To != want.To || sum.Embedded != 0 || !sum.Complete {
		t.Errorf("again: %+v", sum)
	}
	if again := status(t, other); again.Generation != after.Generation {
		t.Errorf("generation %d was published for nothing", again.Generation)
	}
}

// A vector that a re-embedding gives a passage is the one that indexing would
// have given it.
func TestReembedIsIndexing(t *testing.T) {
	f := newFixture(t, "")
	f.write("gears.md", gears)
	f.write("nbsp.md", "# Two\u00a0words\n\nThe ﬁrst co\u00adlumn of a \u201ctable\u201d.")
	f.index()
	other, _ := f.with(64)
	reembed(t, other)
	fresh := newFixture(t, "")
	anew, _ := fresh.with(64)
	if _, err := anew.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}}); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"teeth", "first column", "words"} {
		got, err := vectorSearch(t.Context(), other, query)
		if err != nil {
			t.Fatal(err)
		}
		want, err := vectorSearch(t.Context(), anew, query)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s finds %v, want %v", query, got, want)
		}
	}
}

// interruptedReembedding lets an engine re-embed until its embedder has been
// called some times.
func interruptedReembedding(t *testing.T, e *albertsearch.Engine, embedder *countingEmbedder, calls int) albertsearch.ReembedSummary {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	embedder.before = func() error {
		if calls--; calls < 0 {
			cancel()
		}
		return nil
	}
	defer func() { embedder.before = nil }()
	sum, err := e.Reembed(ctx, albertsearch.ReembedRequest{})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want an interrupted run", err)
	}
	if sum.Complete || sum.Embedded == 0 || sum.Embedded == sum.Passages {
		t.Fatalf("the interrupted run's summary is %+v", sum)
	}
	return sum
}

func TestReembedGoesOn(t *testing.T) {
	f := newFixture(t, "")
	text := func(i int) string { return fmt.Sprintf("Comet number %d has the tail %d.", i, i*i) }
	for i := range 700 {
		f.write(fmt.Sprintf("%04d.txt", i), text(i))
	}
	f.index()
	other, embedder := f.with(32)
	first := interruptedReembedding(t, other, embedder, 6)
	if n := embedder.texts.Load(); int(n) < first.Embedded {
		t.Errorf("%d texts were embedded, %d counted", n, first.Embedded)
	}
	if got, want := status(t, other).Reembedding, (albertsearch.Unfinished{Embedder: first.To.ID, EmbedderName: first.To.Name, Dim: first.To.Dim, Passages: first.Embedded}); got == nil || *got != want {
		t.Errorf("the unfinished re-embedding is %+v, want %+v", got, want)
	}
	_, err := vectorSearch(t.Context(), other, "comet")
	wantEmbedderError(t, err, fmt.Sprintf("%d of 700 passages", first.Embedded))

	// The index goes on with the old embedder meanwhile.
	f.write("0000.txt", "A planet.")
	f.write("0001.txt", text(500)) // whose text may be embedded by then
	f.write("new.txt", "A moon.")
	if err := os.Remove(filepath.Join(f.docs, "0002.txt")); err != nil {
		t.Fatal(err)
	}
	if sum := f.index(); sum.Indexed != 3 || sum.Removed != 1 {
		t.Fatalf("indexing meanwhile: %+v", sum)
	}
	if hits, err := vectorSearch(t.Context(), f.Engine, "planet"); err != nil || filepath.Base(hits[0].Path) != "0000.txt" {
		t.Errorf("planet finds %v, %v", hits, err)
	}

	embedder.texts.Store(0)
	second := reembed(t, other)
	done := first.Embedded - 3 // of the first 256 documents, which has three of those that changed
	want := albertsearch.ReembedSummary{From: first.From, To: first.To, Complete: true, Passages: 700,
		Resumed: done, Copied: 1, Embedded: 700 - done - 1}
	if second != want {
		t.Errorf("the second run's summary is %+v, want %+v", second, want)
	}
	if n := int(embedder.texts.Load()); n != second.Embedded {
		t.Errorf("%d texts were embedded, want %d: the others were there", n, second.Embedded)
	}
	for query, name := range map[string]string{"planet": "0000.txt", "moon": "new.txt", "Comet number 77": "0077.txt"} {
		if hits, err := vectorSearch(t.Context(), other, query); err != nil || filepath.Base(hits[0].Path) != name {
			t.Errorf("%s finds %v, %v", query, hits, err)
		}
	}
}

// The third embedder begins anew; going back to the first one discards what
// there is.
func TestReembedThird(t *testing.T) {
	f := newFixture(t, "")
	for i := range 600 {
		f.write(fmt.Sprintf("%04d.txt", i), fmt.Sprintf("Comet number %d.", i))
	}
	f.index()
	second, embedder := f.with(32)
	left := interruptedReembedding(t, second, embedder, 6)

	third, embedder := f.with(16)
	sum := interruptedReembedding(t, third, embedder, 6)
	if sum.Discarded != left.Embedded || sum.Resumed != 0 {
		t.Errorf("the third embedder's summary is %+v", sum)
	}
	if u := status(t, f.Engine).Reembedding; u == nil || u.Embedder != "hash-16" {
		t.Errorf("unfinished: %+v", u)
	}
	// Indexing alone keeps it.
	f.index()
	if u := status(t, f.Engine).Reembedding; u == nil || u.Passages != sum.Embedded {
		t.Errorf("unfinished: %+v", u)
	}
	f.embedder.texts.Store(0)
	if back := reembed(t, f.Engine); back.Discarded != sum.Embedded || back.From != back.To || !back.Complete || f.embedder.texts.Load() != 0 {
		t.Errorf("back to the first: %+v", back)
	}
	if u := status(t, f.Engine).Reembedding; u != nil {
		t.Errorf("unfinished: %+v", u)
	}
	if f.top("Comet 7") == "" {
		t.Error("nothing is found")
	}
}

// An embedder that fails leaves what was embedded before.
func TestReembedFails(t *testing.T) {
	f := newFixture(t, "")
	f.write("bread.txt", bread)
	f.index()
	other, embedder := f.with(32)
	broken := errors.New("the model is broken")
	embedder.before = func() error { return broken }
	if _, err := other.Reembed(t.Context(), albertsearch.ReembedRequest{}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "bread.txt") {
		t.Errorf("error %v", err)
	}
	if f.top("dough") != "bread.txt" {
		t.Error("the old vectors are gone")
	}
	nothing := newFixture(t, "")
	if _, err := nothing.Reembed(t.Context(), albertsearch.ReembedRequest{}); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("without an index: %v, want ErrNotFound", err)
	}
}

// An index whose passages were split otherwise can be re-embedded, but not to be
// indexed into: that is said before it takes its time.
func TestReembedToIndex(t *testing.T) {
	f := newFixture(t, "")
	s, err := local.New(f.dir, local.Options{}).Create(t.Context(), index.Settings{Embedder: "of old", Dim: 2, SplitTokens: 7})
	if err != nil {
		t.Fatal(err)
	}
	d := index.Document{Info: index.Info{ID: "a", Path: "/a.txt", Type: "text"}, Content: []index.Passage{{End: 5, Text: "dough", Vector: []float32{1, 0}}}}
	if err := errors.Join(s.Apply(t.Context(), index.Batch{Put: []index.Document{d}}), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = f.Reembed(t.Context(), albertsearch.ReembedRequest{ToIndex: true})
	var other *index.SettingsError
	if !errors.As(err, &other) || f.embedder.texts.Load() != 0 {
		t.Errorf("error %v after %d texts", err, f.embedder.texts.Load())
	}
	if sum := reembed(t, f.Engine); !sum.Complete || f.top("dough") != "a.txt" {
		t.Errorf("summary %+v", sum)
	}
}

// Embedders run through ONNX Runtime, of different hidden sizes.
func TestReembedWithModels(t *testing.T) {
	f := newFixture(t, "")
	f.write("a.txt", "word1 word2 word3 word4")
	f.write("b.txt", "word5 word6 word7")
	library := orttest.Runtime(t).Library().Path
	open := func(m *albertsearch.ModelFiles) *albertsearch.Engine {
		t.Helper()
		e, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, ONNXRuntime: library, Models: albertsearch.Models{albert.RoleEmbedder: m}, Reader: reader("word1")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		return e
	}
	tiny, builtin := open(parity("shared")), open(nil)
	if _, err := tiny.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}}); err != nil {
		t.Fatal(err)
	}
	_, err := vectorSearch(t.Context(), builtin, "word6")
	wantEmbedderError(t, err, "of the index is shared ", "of this program is built-in embedder ")
	sum := reembed(t, builtin)
	if !sum.Complete || sum.Embedded != 2 || sum.From.Dim == sum.To.Dim {
		t.Errorf("summary %+v", sum)
	}
	if hits, err := vectorSearch(t.Context(), builtin, "word5 word6 word7"); err != nil || filepath.Base(hits[0].Path) != "b.txt" {
		t.Errorf("found %v, %v", hits, err)
	}
	_, err = vectorSearch(t.Context(), tiny, "word6")
	wantEmbedderError(t, err, "of the index is built-in embedder ", "of this program is shared ")
}
