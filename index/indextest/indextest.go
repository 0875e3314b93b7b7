// Package indextest has the tests that every index.Backend must pass. Only tests
// may import it.
package indextest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// Opener returns a Backend of one place: each time a new one, as another process
// would have it, where the place outlives a Backend, else the same one.
type Opener func() index.Backend

// store has the calls of a Writer and those of a Snapshot of what it has applied,
// or those of one Snapshot only.
type store struct {
	index.Writer
	pinned index.Snapshot // of a store that only reads
	back   index.Backend
}

// with calls f with a snapshot.
func (s *store) with(ctx context.Context, f func(index.Snapshot) error) error {
	snapshot := s.pinned
	if snapshot == nil {
		var err error
		if snapshot, err = s.Snapshot(ctx); err != nil {
			return err
		}
		defer snapshot.Release()
	}
	return f(snapshot)
}

func (s *store) Keyword(ctx context.Context, r index.Request) (hits []index.Hit, err error) {
	err = s.with(ctx, func(n index.Snapshot) error { hits, err = n.Keyword(ctx, r); return err })
	return hits, err
}

func (s *store) Nearest(ctx context.Context, r index.Request) (hits []index.Hit, err error) {
	err = s.with(ctx, func(n index.Snapshot) error { hits, err = n.Nearest(ctx, r); return err })
	return hits, err
}

func (s *store) Passages(ctx context.Context, ids []index.PassageID) (stored []index.Stored, err error) {
	err = s.with(ctx, func(n index.Snapshot) error { stored, err = n.Passages(ctx, ids); return err })
	return stored, err
}

func (s *store) Stats(ctx context.Context) (st index.Stats, err error) {
	err = s.with(ctx, func(n index.Snapshot) error { st, err = n.Stats(ctx); return err })
	return st, err
}

func (s *store) Documents(ctx context.Context) iter.Seq2[*index.Info, error] {
	return func(yield func(*index.Info, error) bool) {
		if err := s.with(ctx, func(n index.Snapshot) error {
			for d, err := range n.Documents(ctx, "") {
				if !yield(d, err) {
					break
				}
			}
			return nil
		}); err != nil {
			yield(nil, err)
		}
	}
}

func (s *store) Reembed(ctx context.Context, e index.Embedder) (index.Reembedding, error) {
	r, ok := s.Writer.(index.Reembedder)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return r.Reembed(ctx, e)
}

// Close closes a writer, or gives a snapshot back.
func (s *store) Close() error {
	if s.pinned != nil {
		return errors.Join(s.pinned.Release(), s.back.Close())
	}
	return errors.Join(s.Writer.Close(), s.back.Close())
}

// Create opens the index for writing and makes it if there is none.
func (o Opener) Create(ctx context.Context, s index.Settings) (*store, error) {
	b := o()
	w, err := b.Create(ctx, s)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &store{Writer: w, back: b}, nil
}

// Open opens what was published for reading.
func (o Opener) Open(ctx context.Context) (*store, error) {
	b := o()
	n, err := b.Snapshot(ctx)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &store{pinned: n, back: b}, nil
}

// settings are those of all indexes of the suite.
var settings = index.Settings{Embedder: "indextest", Dim: 8, Languages: "en", SplitTokens: 200}

// Run runs the suite, as far as the backend says that it can do what is tested.
// open is called for each test and returns an Opener of a place where nothing is
// yet.
func Run(t *testing.T, open func(t *testing.T) Opener) {
	can := capabilities(t, open(t))
	tests := []test{
		{"RoundTrip", testRoundTrip},
		{"Empty", testEmpty},
		{"Replace", testReplace},
		{"Delete", testDelete},
		{"SameIDTwice", testSameIDTwice},
		{"Touch", testTouch},
		{"TouchInOneBatch", testTouchInOneBatch},
		{"TouchRefused", testTouchRefused},
		{"States", testStates},
		{"Refused", testRefused},
		{"NearestOrder", testNearestOrder},
		{"KeywordOrder", testKeywordOrder},
		{"Stemming", testStemming},
		{"Fields", testFields},
		{"Clauses", testClauses},
		{"ClausesRestrictNearest", testClausesRestrictNearest},
		{"Match", testMatch},
		{"Filter", testFilter},
		{"MalformedFilter", testMalformedFilter},
		{"Limit", testLimit},
		{"UnknownPassage", testUnknownPassage},
		{"Cancelled", testCancelled},
		{"Reopen", testReopen},
		{"IDsAreNotReused", testIDsAreNotReused},
		{"Unpublished", testUnpublished},
		{"Closed", testClosed},
		{"EmbedderName", testEmbedderName},
		{"Errors", testErrors},
		{"SnapshotStays", testSnapshotStays},
		{"ReadYourWrites", testReadYourWrites},
		{"ManyReaders", testManyReaders},
		{"GivenUp", testGivenUp},
		{"Documents", testDocuments},
		{"Vectors", testVectors},
		{"VectorsOf", testVectorsOf},
		{"Counts", testCounts},
		{"Concurrent", testConcurrent},
		{"Random", testRandom},
	}
	if can.Reembed {
		tests = append(tests, []test{
			{"Reembed", testReembed},
			{"ReembedGoesOn", testReembedGoesOn},
			{"ReembedRefused", testReembedRefused},
			{"ReembedThird", testReembedThird},
			{"ReembedRandom", testReembedRandom},
		}...)
	}
	if can.Later {
		tests = append(tests, []test{
			{"Everything", testEverything},
			{"Languages", testLanguages},
			{"VectorsLater", testVectorsLater},
			{"AnnotationsLater", testAnnotationsLater},
		}...)
	}
	if can.Annotations {
		tests = append(tests, test{"FilterByAnnotations", testFilterByAnnotations})
	} else {
		tests = append(tests, test{"NoFilterByAnnotations", testNoFilterByAnnotations})
	}
	t.Run("Ties", func(t *testing.T) { testTies(t, open) })
	t.Run("Statistics", func(t *testing.T) { testStatistics(t, open) })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// test is one of the suite.
type test struct {
	name string
	run  func(t *testing.T, o Opener)
}

// create opens an index for writing, to be closed at the end of the test.
func create(t *testing.T, o Opener) *store {
	t.Helper()
	return createWith(t, o, settings)
}

func createWith(t *testing.T, o Opener, with index.Settings) *store {
	t.Helper()
	s, err := o.Create(t.Context(), with)
	if err != nil {
		t.Fatalf("creating: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// reopen closes a store and opens the index for reading.
func reopen(t *testing.T, s *store, o Opener) *store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	r, err := o.Open(t.Context())
	if err != nil {
		t.Fatalf("opening for reading: %v", err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func put(t *testing.T, s *store, docs ...index.Document) {
	t.Helper()
	apply(t, s, index.Batch{Put: docs})
}

func apply(t *testing.T, s *store, b index.Batch) {
	t.Helper()
	if err := s.Apply(t.Context(), b); err != nil {
		t.Fatalf("applying: %v", err)
	}
}

// doc makes a document of one passage for each text.
func doc(id string, texts ...string) index.Document {
	d := index.Document{Info: index.Info{ID: id, Path: "/" + id + ".txt", Type: "text"}}
	for i, text := range texts {
		start := d.Bytes
		d.Bytes += len(text) + 1
		d.Content = append(d.Content, index.Passage{Start: start, End: start + len(text), Place: document.Place{Line: i + 1}, Text: text, Vector: unit(i)})
	}
	return d
}

// unit returns a unit vector. Four of its components are ±0.5, so that dot
// products are exact multiples of 0.25 and ties are real ties.
func unit(seed int) []float32 {
	v := make([]float32, settings.Dim)
	for i := range 4 {
		at := (seed + i*(1+seed/8%2)) % settings.Dim
		v[at] = 0.5
		if seed>>(i+3)&1 == 1 {
			v[at] = -0.5
		}
	}
	return v
}

func words(s string) index.Query { return index.Query{Clauses: []index.Clause{{Text: s}}} }

// keyword returns the texts that a query finds, the best first.
func keyword(t *testing.T, s *store, q index.Query, f index.Filter) []string {
	t.Helper()
	hits, err := s.Keyword(t.Context(), index.Request{Query: q, Filter: f, Limit: 1000})
	if err != nil {
		t.Fatalf("keyword search for %+v: %v", q, err)
	}
	return texts(t, s, hits)
}

func nearest(t *testing.T, s *store, v []float32, q index.Query, f index.Filter) []string {
	t.Helper()
	hits, err := s.Nearest(t.Context(), index.Request{Vector: v, Query: q, Filter: f, Limit: 1000})
	if err != nil {
		t.Fatalf("nearest: %v", err)
	}
	return texts(t, s, hits)
}

// texts checks the order of hits and returns their texts.
func texts(t *testing.T, s *store, hits []index.Hit) []string {
	t.Helper()
	ids := make([]index.PassageID, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
		if i > 0 && hits[i-1].Compare(h) > 0 {
			t.Errorf("hit %d %+v comes after %+v", i, h, hits[i-1])
		}
	}
	passages, err := s.Passages(t.Context(), ids)
	if err != nil {
		t.Fatalf("passages: %v", err)
	}
	if len(passages) != len(ids) {
		t.Fatalf("%d passages for %d ids", len(passages), len(ids))
	}
	found := make([]string, len(passages))
	for i, p := range passages {
		if p.Doc.ID != hits[i].Doc || p.Start != hits[i].Start {
			t.Errorf("hit %d is %+v, its passage of %s at %d", i, hits[i], p.Doc.ID, p.Start)
		}
		if p.ID != ids[i] {
			t.Errorf("passage %d has id %s, want %s", i, p.ID, ids[i])
		}
		found[i] = p.Text
	}
	return found
}

// infos returns all documents.
func infos(t *testing.T, s *store) []index.Info {
	t.Helper()
	var all []index.Info
	for d, err := range s.Documents(t.Context()) {
		if err != nil {
			t.Fatalf("documents: %v", err)
		}
		all = append(all, *d)
	}
	return all
}

func ids(t *testing.T, s *store) string {
	t.Helper()
	var all []string
	for _, d := range infos(t, s) {
		all = append(all, d.ID)
	}
	return strings.Join(all, " ")
}

func stats(t *testing.T, s *store) index.Stats {
	t.Helper()
	st, err := s.Stats(t.Context())
	if err != nil {
		t.Fatalf("stats: %v", err)
	}
	return st
}

// equal compares lists of texts; unordered tells that their order is free.
func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func unordered(t *testing.T, what string, got, want []string) {
	t.Helper()
	equal(t, what, slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

// fullDoc has a value in every field.
func fullDoc() index.Document {
	return index.Document{
		Info: index.Info{
			ID: "/docs/übersicht.md#1", Path: "/docs/übersicht.md", Title: "Gear ratios — an overview", Type: "markdown",
			Modified: time.Date(2024, 2, 29, 12, 30, 15, 123456789, time.UTC),
			Metadata: map[string]string{"author": "Ada", "empty": "", "größe": "zwölf"},
			Fingerprint: index.Fingerprint{Stat: document.Stat{Size: 1 << 40, ModTime: -5, ChangeTime: 1709209815123456789, Inode: 1<<63 + 7},
				SHA256: [32]byte{0: 1, 15: 0xff, 31: 9}},
			Reason: "3 of 9 pages have no text", Bytes: 1234,
		},
		Content: []index.Passage{
			{Start: 0, End: 17, Place: document.Place{Page: 1, Line: 1, Column: 7}, Heading: []string{"Gears", "Ratios"}, Text: "Ein großes Ritzel", Vector: unit(1)},
			{Start: 18, End: 30, Place: document.Place{Page: 3}, Heading: []string{"One\nline"}, Text: "text \x00 🙂 ﬁn\u00ad", Match: "something else", Vector: unit(2)},
			{Start: 30, End: 30, Vector: unit(3)},
		},
	}
}
