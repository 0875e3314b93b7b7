package indextest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

// stored returns all passages, document by document. Vectors are compared by
// their use in searches only.
func stored(t *testing.T, s *store) []index.Stored {
	t.Helper()
	var all []index.Stored
	if err := s.with(t.Context(), func(n index.Snapshot) error {
		for d, err := range n.Documents(t.Context(), "") {
			if err != nil {
				return err
			}
			passages, err := n.DocumentPassages(t.Context(), d.ID)
			if err != nil {
				return err
			}
			all = append(all, passages...)
		}
		return nil
	}); err != nil {
		t.Fatalf("passages of all documents: %v", err)
	}
	return all
}

func testRoundTrip(t *testing.T, o Opener) {
	s := create(t, o)
	want := fullDoc()
	plain := doc("plain", "nothing but text")
	plain.Modified = time.Time{}
	put(t, s, want, plain)
	check := func(s *store) {
		t.Helper()
		docs := infos(t, s)
		if len(docs) != 2 {
			t.Fatalf("%d documents, want 2", len(docs))
		}
		info := want.Info
		info.Passages = len(want.Content)
		if !reflect.DeepEqual(docs[0], info) {
			t.Errorf("document\n%+v, want\n%+v", docs[0], info)
		}
		if !docs[1].Modified.IsZero() || docs[1].Metadata != nil {
			t.Errorf("document without a time and metadata came back as %+v", docs[1])
		}
		all := stored(t, s)
		if len(all) != 4 {
			t.Fatalf("%d passages, want 4", len(all))
		}
		for i, p := range want.Content {
			p.Vector, p.Match = nil, "" // neither comes back
			if !reflect.DeepEqual(all[i].Passage, p) {
				t.Errorf("passage\n%+v, want\n%+v", all[i].Passage, p)
			}
			if !reflect.DeepEqual(*all[i].Doc, info) {
				t.Errorf("passage %d is of document %+v", i, *all[i].Doc)
			}
		}
	}
	check(s)
	check(reopen(t, s, o))
}

func testEmpty(t *testing.T, o Opener) {
	s := create(t, o)
	check := func(s *store) {
		t.Helper()
		if got := keyword(t, s, words("anything"), index.Filter{}); len(got) != 0 {
			t.Errorf("keyword search found %q", got)
		}
		if got := nearest(t, s, unit(0), index.Query{}, index.Filter{}); len(got) != 0 {
			t.Errorf("nearest found %q", got)
		}
		if st := stats(t, s); st.Documents+st.Failed+st.Skipped+st.Passages != 0 || st.Settings != settings {
			t.Errorf("stats %+v", st)
		}
		if got := ids(t, s); got != "" {
			t.Errorf("documents %q", got)
		}
		if got, err := s.Passages(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("passages of no ids: %v, %v", got, err)
		}
	}
	check(s)
	apply(t, s, index.Batch{})
	check(s)
	check(reopen(t, s, o))
}

func testReplace(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "old first", "old second", "old third"), doc("b", "other"))
	put(t, s, doc("a", "new only"))
	check := func(s *store) {
		t.Helper()
		equal(t, "old", keyword(t, s, words("old"), index.Filter{}), []string{})
		equal(t, "new", keyword(t, s, words("new"), index.Filter{}), []string{"new only"})
		unordered(t, "nearest", nearest(t, s, unit(0), index.Query{}, index.Filter{}), []string{"new only", "other"})
		if st := stats(t, s); st.Documents != 2 || st.Passages != 2 || st.TextBytes != int64(len("new only")+1+len("other")+1) {
			t.Errorf("stats %+v", st)
		}
	}
	check(s)
	check(reopen(t, s, o))
}

func testDelete(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "first"), doc("b", "second"), doc("c", "third"))
	apply(t, s, index.Batch{Delete: []string{"b", "not there", "b"}})
	if got := ids(t, s); got != "a c" {
		t.Errorf("documents %q", got)
	}
	// Delete comes before Put.
	apply(t, s, index.Batch{Put: []index.Document{doc("a", "again"), doc("b", "back")}, Delete: []string{"a", "b", "c"}})
	check := func(s *store) {
		t.Helper()
		if got := ids(t, s); got != "a b" {
			t.Errorf("documents %q", got)
		}
		unordered(t, "nearest", nearest(t, s, unit(0), index.Query{}, index.Filter{}), []string{"again", "back"})
		equal(t, "deleted text", keyword(t, s, words("first second third"), index.Filter{}), []string{})
	}
	check(s)
	check(reopen(t, s, o))
}

func testSameIDTwice(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "first version"), doc("b", "other"), doc("a", "second version"))
	equal(t, "version", keyword(t, s, words("version"), index.Filter{}), []string{"second version"})
	if st := stats(t, s); st.Documents != 2 || st.Passages != 2 {
		t.Errorf("stats %+v", st)
	}
}

func testStates(t *testing.T, o Opener) {
	s := create(t, o)
	half := doc("no passages")
	half.Reason = "page 2 has no text"
	put(t, s,
		doc("indexed", "some text"), half,
		index.Document{Info: index.Info{ID: "failed", Path: "/failed.pdf", Type: "pdf", State: index.Failed, Reason: "encrypted"}},
		index.Document{Info: index.Info{ID: "skipped", Path: "/skipped.bin", State: index.Skipped, Reason: "binary"}})
	if st := stats(t, s); st.Documents != 2 || st.Partial != 1 || st.Failed != 1 || st.Skipped != 1 || st.Passages != 1 {
		t.Errorf("stats %+v", st)
	}
	docs := infos(t, s)
	if len(docs) != 4 || docs[0].State != index.Failed || docs[0].Reason != "encrypted" ||
		docs[3].State != index.Skipped || docs[3].Reason != "binary" {
		t.Errorf("documents %+v", docs)
	}
	put(t, s, doc("failed"), index.Document{Info: index.Info{ID: "no passages", State: index.Failed, Reason: "gone"}},
		index.Document{Info: index.Info{ID: "indexed", State: index.Failed, Reason: "gone"}})
	r := reopen(t, s, o)
	if st := stats(t, r); st.Documents != 1 || st.Partial != 0 || st.Failed != 2 || st.Skipped != 1 || st.Passages != 0 {
		t.Errorf("stats %+v", st)
	}
	equal(t, "text of a document that failed later", keyword(t, r, words("text"), index.Filter{}), []string{})
}

// testRefused checks that a batch of which a part is refused leaves nothing,
// and that the store goes on.
func testRefused(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "good"))
	short := doc("bad", "short vector")
	short.Content[0].Vector = []float32{1}
	nan := doc("bad", "no vector")
	nan.Content[0].Vector = append(unit(0)[:7:7], float32(nanValue()))
	failed := doc("bad", "failed with text")
	failed.State = index.Failed
	backwards := doc("bad", "backwards")
	backwards.Content[0].Start = backwards.Content[0].End + 1
	for name, bad := range map[string]index.Document{
		"short vector": short, "not a number": nan, "failed with passages": failed, "range": backwards, "no id": doc("", "x"),
	} {
		if err := s.Apply(t.Context(), index.Batch{Put: []index.Document{doc("fine", "bystander"), bad}, Delete: []string{"a"}}); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if got := ids(t, s); got != "a" {
			t.Fatalf("%s: documents %q", name, got)
		}
	}
	put(t, s, doc("b", "still good"))
	r := reopen(t, s, o)
	equal(t, "after refusals", keyword(t, r, words("good"), index.Filter{}), []string{"good", "still good"})
}

func testUnknownPassage(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one"), doc("b", "two"))
	id := stored(t, s)[0].ID
	apply(t, s, index.Batch{Delete: []string{"a"}})
	for _, id := range []index.PassageID{id, "77", "4294967295", "", "no such passage"} {
		if _, err := s.Passages(t.Context(), []index.PassageID{id}); !errors.Is(err, index.ErrNoPassage) {
			t.Errorf("passage %q: error %v, want ErrNoPassage", id, err)
		}
	}
}

func testCancelled(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Apply(ctx, index.Batch{Put: []index.Document{doc("b", "two")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: %v", err)
	}
	if err := s.Publish(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Publish: %v", err)
	}
	if _, err := s.Keyword(ctx, index.Request{Query: words("one"), Limit: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Keyword: %v", err)
	}
	if _, err := s.Nearest(ctx, index.Request{Vector: unit(0), Limit: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Nearest: %v", err)
	}
	if _, err := s.Passages(ctx, []index.PassageID{"0"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Passages: %v", err)
	}
	for _, err := range s.Documents(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Documents: %v", err)
		}
	}
	// Nothing of that harmed the store.
	put(t, s, doc("c", "three"))
	if got := ids(t, reopen(t, s, o)); got != "a c" {
		t.Errorf("documents %q", got)
	}
}

func testReopen(t *testing.T, o Opener) {
	var want []string
	for n := range 5 {
		s := create(t, o)
		text := "common " + strings.Repeat("x", n+1)
		put(t, s, doc(text, text))
		want = append(want, text)
		unordered(t, "writer", keyword(t, s, words("common"), index.Filter{}), want)
		r := reopen(t, s, o)
		unordered(t, "reader", keyword(t, r, words("common"), index.Filter{}), want)
		if err := r.Close(); err != nil {
			t.Errorf("closing the reader: %v", err)
		}
	}
	if s, err := o.Create(t.Context(), index.Settings{Embedder: "another", Dim: settings.Dim, Languages: "en"}); !errors.Is(err, index.ErrModelMismatch) {
		t.Errorf("other settings: %v, want ErrModelMismatch", err)
		if err == nil {
			s.Close()
		}
	}
}

func testIDsAreNotReused(t *testing.T, o Opener) {
	used := make(map[index.PassageID]string)
	for n := range 4 {
		s := create(t, o)
		for i := range 3 {
			text := strings.Repeat("v", 1+n*3+i)
			put(t, s, doc("a", text, text))
			for _, p := range stored(t, s) {
				if old, ok := used[p.ID]; ok && old != p.Text {
					t.Errorf("passage %s was %q and is %q", p.ID, old, p.Text)
				}
				used[p.ID] = p.Text
			}
			apply(t, s, index.Batch{Delete: []string{"a"}})
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(used) != 4*3*2 {
		t.Errorf("%d ids for %d passages", len(used), 4*3*2)
	}
}

// testUnpublished checks what readers see before and after Publish.
func testUnpublished(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "first"))
	if err := s.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, s, doc("b", "second"))
	read := func() string {
		t.Helper()
		r, err := o.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		return ids(t, r)
	}
	if got := read(); got != "a" {
		t.Errorf("before publishing a reader sees %q", got)
	}
	generation := stats(t, s).Generation
	for range 2 { // the second has nothing to publish
		if err := s.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != "a b" {
			t.Errorf("after publishing a reader sees %q", got)
		}
	}
	if got := stats(t, s).Generation; got != generation+1 {
		t.Errorf("generation %d after publishing once from %d", got, generation)
	}
}

func testClosed(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := s.Apply(t.Context(), index.Batch{Delete: []string{"a"}}); err == nil {
		t.Error("Apply works on a closed store")
	}
	if _, err := s.Keyword(t.Context(), index.Request{Query: words("one"), Limit: 1}); err == nil {
		t.Error("Keyword works on a closed store")
	}
	if _, err := s.Stats(t.Context()); err == nil {
		t.Error("Stats works on a closed store")
	}
}

// testConcurrent lets many goroutines search while one writes. Every batch has
// two documents that only ever change together.
func testConcurrent(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "pair common"), doc("b", "pair common"))
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			repeat(t, done, func() error { return lookForPair(t.Context(), s) })
		})
	}
	for n := range 15 {
		text := "pair common " + strings.Repeat("n", n+1)
		put(t, s, doc("a", text), doc("b", text))
		if n%5 == 0 {
			if err := s.Publish(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	close(done)
	wg.Wait()
}

// repeat calls f until done is closed, or f has failed.
func repeat(t *testing.T, done <-chan struct{}, f func() error) {
	for {
		select {
		case <-done:
			return
		default:
		}
		if err := f(); err != nil {
			t.Error(err)
			return
		}
	}
}

// lookForPair checks that every search finds both documents of testConcurrent.
func lookForPair(ctx context.Context, s *store) error {
	hits, err := s.Keyword(ctx, index.Request{Query: words("common"), Limit: 10})
	if err != nil || len(hits) != 2 {
		return fmt.Errorf("keyword search: %v, %v", hits, err)
	}
	near, err := s.Nearest(ctx, index.Request{Vector: unit(0), Limit: 10})
	if err != nil || len(near) != 2 {
		return fmt.Errorf("nearest: %v, %v", near, err)
	}
	// The passages may be replaced by now, but nothing else.
	if _, err := s.Passages(ctx, []index.PassageID{hits[0].ID}); err != nil && !errors.Is(err, index.ErrNoPassage) {
		return fmt.Errorf("passages: %w", err)
	}
	n := 0
	for _, err := range s.Documents(ctx) {
		if err != nil {
			return fmt.Errorf("documents: %w", err)
		}
		n++
	}
	if n != 2 {
		return fmt.Errorf("%d documents", n)
	}
	return nil
}
