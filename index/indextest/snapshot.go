package indextest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// snapshotOf returns the newest version, to be released at the end of the test.
func snapshotOf(t *testing.T, b index.Backend) index.Snapshot {
	t.Helper()
	s, err := b.Snapshot(t.Context())
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	t.Cleanup(func() { s.Release() })
	return s
}

// pinned makes of a snapshot what the other helpers read.
func pinned(s index.Snapshot) *store { return &store{pinned: s} }

// testErrors checks the kinds of errors of a Backend.
func testErrors(t *testing.T, o Opener) {
	b := o()
	if _, err := b.Snapshot(t.Context()); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("a snapshot of nothing: %v, want ErrNotFound", err)
	}
	if err := b.Drop(t.Context()); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("dropping nothing: %v, want ErrNotFound", err)
	}
	if err := b.Locked(t.Context()); err != nil {
		t.Errorf("nobody writes: %v", err)
	}
	klingon := settings
	klingon.Languages = "en,klingon"
	if _, err := b.Create(t.Context(), klingon); err == nil {
		t.Error("an unknown language is accepted")
	}
	w, err := b.Create(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for name, err := range map[string]error{
		"Locked": b.Locked(t.Context()), "Drop": b.Drop(t.Context()),
		"Create": func() error { _, err := o().Create(t.Context(), settings); return err }(),
	} {
		if locked := (*index.LockedError)(nil); !errors.Is(err, index.ErrLocked) || !errors.As(err, &locked) {
			t.Errorf("%s while somebody writes: %v, want a LockedError", name, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Locked(t.Context()); err != nil {
		t.Errorf("nobody writes any more: %v", err)
	}
	other := settings
	other.SplitTokens++
	if _, err := b.Create(t.Context(), other); !errors.Is(err, index.ErrModelMismatch) {
		t.Errorf("other settings: %v, want ErrModelMismatch", err)
	} else if mismatch := (*index.SettingsError)(nil); !errors.As(err, &mismatch) || mismatch.Have != settings || mismatch.Want != other {
		t.Errorf("other settings: %v, want a SettingsError", err)
	}
	if b.String() == "" {
		t.Error("the index has no address")
	}
	if err := b.Drop(t.Context()); err != nil {
		t.Errorf("dropping: %v", err)
	}
	if _, err := b.Snapshot(t.Context()); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("a snapshot of what was dropped: %v, want ErrNotFound", err)
	}
	s := create(t, o)
	put(t, s, doc("a", "made again"))
	if got := ids(t, s); got != "a" {
		t.Errorf("documents of the index that was made again: %q", got)
	}
}

// testSnapshotStays checks that a snapshot stays what it is while the index is
// changed, replaced by merging, and dropped.
func testSnapshotStays(t *testing.T, o Opener) {
	b := o()
	w, err := b.Create(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	s := &store{Writer: w, back: b}
	t.Cleanup(func() { s.Close() })
	put(t, s, doc("a", "gear one", "gear two"), doc("b", "gear three"))
	publish(t, s)
	old := snapshotOf(t, b)
	st := stats(t, pinned(old))
	first := stored(t, pinned(old))
	var among index.Snapshot
	for n := range 30 {
		put(t, s, doc("a", fmt.Sprintf("gear %d", n)), doc(fmt.Sprint("c", n), "gear"))
		if n%3 == 0 {
			apply(t, s, index.Batch{Delete: []string{"b"}, Touch: []index.Info{touched(doc("a"), n+1)}})
		}
		if n%2 == 0 {
			publish(t, s)
		}
		if n == 15 {
			if among, err = w.Snapshot(t.Context()); err != nil { // of what is not published
				t.Fatal(err)
			}
		}
	}
	check := func() {
		t.Helper()
		if got := stats(t, pinned(old)); got != st {
			t.Errorf("stats are %+v, were %+v", got, st)
		}
		equal(t, "keyword", keyword(t, pinned(old), words("three"), index.Filter{}), []string{"gear three"})
		unordered(t, "nearest", nearest(t, pinned(old), unit(0), index.Query{}, index.Filter{}), []string{"gear one", "gear two", "gear three"})
		if got := ids(t, pinned(old)); got != "a b" {
			t.Errorf("documents %q", got)
		}
		for i, p := range stored(t, pinned(old)) {
			if p.ID != first[i].ID || p.Text != first[i].Text || p.Doc.Type != "text" {
				t.Errorf("passage %d is %+v, was %+v", i, p, first[i])
			}
		}
		if n := len(infos(t, pinned(among))); n != 17 {
			t.Errorf("the writer's snapshot has %d documents, want 17", n)
		}
	}
	check()
	if err := s.Writer.Close(); err != nil {
		t.Fatal(err)
	}
	check()
	if err := b.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	check()
	if err := errors.Join(old.Release(), among.Release()); err != nil {
		t.Errorf("releasing: %v", err)
	}
	if _, err := old.Stats(t.Context()); err == nil {
		t.Error("a snapshot works after Release")
	}
	if _, err := old.Keyword(t.Context(), index.Request{Query: words("gear"), Limit: 1}); err == nil {
		t.Error("a snapshot is searched after Release")
	}
}

// testReadYourWrites checks that the next snapshot shows what was published by the
// same Backend, however soon.
func testReadYourWrites(t *testing.T, o Opener) {
	b := o()
	w, err := b.Create(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for n := range 30 {
		id := fmt.Sprint(n)
		if err := errors.Join(w.Apply(t.Context(), index.Batch{Put: []index.Document{doc(id, "text")}}), w.Publish(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := index.Read(t.Context(), b, func(s index.Snapshot) error {
			d, err := s.Document(t.Context(), id)
			if err == nil && d == nil {
				err = errors.New("it does not show what was published")
			}
			return err
		}); err != nil {
			t.Fatalf("snapshot %d: %v", n, err)
		}
	}
}

// testManyReaders takes and releases snapshots in many goroutines while a writer
// publishes. Two documents only ever change together.
func testManyReaders(t *testing.T, o Opener) {
	b := o()
	w, err := b.Create(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	change := func(n int) {
		text := fmt.Sprint("pair n", n)
		if err := errors.Join(w.Apply(t.Context(), index.Batch{Put: []index.Document{doc("a", text), doc("b", text)}}), w.Publish(t.Context())); err != nil {
			t.Error(err)
		}
	}
	change(0)
	look := func(s index.Snapshot) error {
		hits, err := s.Keyword(t.Context(), index.Request{Query: words("pair"), Limit: 9})
		if err != nil {
			return err
		}
		if len(hits) != 2 || hits[0].Doc != "a" || hits[1].Doc != "b" {
			return fmt.Errorf("hits %+v", hits)
		}
		p, err := s.Passages(t.Context(), []index.PassageID{hits[0].ID, hits[1].ID})
		if err != nil {
			return err
		}
		if p[0].Text != p[1].Text {
			return fmt.Errorf("%q beside %q", p[0].Text, p[1].Text)
		}
		v, err := s.Vectors(t.Context(), []index.PassageID{hits[1].ID})
		if err == nil && !slices.Equal(v[0], unit(0)) {
			err = fmt.Errorf("vector %v", v[0])
		}
		return err
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		other := o()
		wg.Go(func() {
			repeat(t, done, func() error {
				return errors.Join(index.Read(t.Context(), b, look), index.Read(t.Context(), other, look))
			})
		})
	}
	for n := range 20 {
		change(n)
	}
	close(done)
	wg.Wait()
}

// testGivenUp checks that who gives up waiting for a snapshot harms nobody.
func testGivenUp(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one"))
	publish(t, s)
	b := o()
	defer b.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Snapshot(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot: %v", err)
	}
	n := snapshotOf(t, b)
	for name, f := range map[string]func() error{
		"Stats":            func() error { _, err := n.Stats(gone); return err },
		"Document":         func() error { _, err := n.Document(gone, "a"); return err },
		"DocumentPassages": func() error { _, err := n.DocumentPassages(gone, "a"); return err },
		"Counts":           func() error { _, err := n.Counts(gone, "type", index.Filter{}); return err },
		"Statistics":       func() error { _, err := n.Statistics(gone, words("one")); return err },
		"VectorsOf":        func() error { _, err := n.VectorsOf(gone, []index.Titled{{Text: "one"}}); return err },
		"Vectors": func() error {
			_, err := n.Vectors(gone, []index.PassageID{stored(t, pinned(n))[0].ID})
			return err
		},
	} {
		if err := f(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	equal(t, "afterwards", keyword(t, pinned(n), words("one"), index.Filter{}), []string{"one"})
}

// testDocuments looks documents up by ID and by the beginning of it.
func testDocuments(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("b/2", "two"), doc("a", "x"), doc("b", "folder"), doc("b/10#3", "member"), doc("b/10", "ten", "more"), doc("ba", "y"), doc("é", "z"))
	check := func(s *store) {
		t.Helper()
		if err := s.with(t.Context(), func(n index.Snapshot) error {
			lookUpDocuments(t, n)
			lookUpPrefixes(t, n)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	check(s)
	check(reopen(t, s, o))
}

// lookUpDocuments looks up documents of testDocuments, and others, by ID.
func lookUpDocuments(t *testing.T, n index.Snapshot) {
	t.Helper()
	for id, want := range map[string]int{"a": 1, "b/10": 2, "é": 1} {
		d, err := n.Document(t.Context(), id)
		if err != nil || d == nil || d.ID != id || d.Passages != want {
			t.Errorf("document %s: %+v, %v", id, d, err)
		}
	}
	for _, id := range []string{"", "c", "b/1", "zz"} {
		if d, err := n.Document(t.Context(), id); d != nil || err != nil {
			t.Errorf("document %q: %+v, %v", id, d, err)
		}
		if p, err := n.DocumentPassages(t.Context(), id); len(p) != 0 || err != nil {
			t.Errorf("passages of document %q: %+v, %v", id, p, err)
		}
	}
	p, err := n.DocumentPassages(t.Context(), "b/10")
	if err != nil || len(p) != 2 || p[0].Text != "ten" || p[1].Text != "more" || p[1].Doc.ID != "b/10" {
		t.Errorf("passages of a document: %+v, %v", p, err)
	}
}

// lookUpPrefixes looks up the documents of testDocuments by the beginning of
// their IDs.
func lookUpPrefixes(t *testing.T, n index.Snapshot) {
	t.Helper()
	for prefix, want := range map[string]string{
		"": "a b b/10 b/10#3 b/2 ba é", "b/": "b/10 b/10#3 b/2", "b/10#": "b/10#3", "b": "b b/10 b/10#3 b/2 ba",
		"c": "", "é": "é", "ba": "ba", "baa": "",
	} {
		var got []string
		for d, err := range n.Documents(t.Context(), prefix) {
			if err != nil {
				t.Fatalf("documents that begin with %q: %v", prefix, err)
			}
			got = append(got, d.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("documents that begin with %q: %q, want %q", prefix, got, want)
		}
	}
}

// testVectors reads vectors back.
func testVectors(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one", "two"), doc("b", "three"))
	check := func(s *store) {
		t.Helper()
		all := stored(t, s)
		ids := []index.PassageID{all[2].ID, all[1].ID, all[2].ID, all[0].ID}
		if err := s.with(t.Context(), func(n index.Snapshot) error {
			v, err := n.Vectors(t.Context(), ids)
			if err != nil {
				return err
			}
			for i, want := range [][]float32{unit(0), unit(1), unit(0), unit(0)} {
				if !slices.Equal(v[i], want) {
					t.Errorf("vector %d is %v, want %v", i, v[i], want)
				}
			}
			if _, err := n.Vectors(t.Context(), append(ids, "no such passage")); !errors.Is(err, index.ErrNoPassage) {
				t.Errorf("of an unknown passage: %v, want ErrNoPassage", err)
			}
			for p, err := range n.Missing(t.Context()) {
				t.Errorf("%+v has no vector, %v", p, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if st := stats(t, s); st.Vectors != 3 {
			t.Errorf("%d passages have vectors, want 3", st.Vectors)
		}
	}
	check(s)
	check(reopen(t, s, o))
}

// testCounts counts documents by field.
func testCounts(t *testing.T, o Opener) {
	s := create(t, o)
	a, b, c, d := doc("a", "x"), doc("b", "x"), doc("c"), doc("d")
	a.Metadata = map[string]string{"team": "red"}
	b.Type, b.Metadata = "pdf", map[string]string{"team": "blue", "other": ""}
	c.State, c.Reason = index.Failed, "broken"
	d.Type, d.State = "", index.Skipped
	put(t, s, a, b, c, d)
	check := func(s *store) {
		t.Helper()
		for _, tc := range []struct {
			field  string
			filter index.Filter
			want   map[string]int
		}{
			{"type", index.Filter{}, map[string]int{"text": 2, "pdf": 1, "": 1}},
			{"type", index.Filter{Types: []string{"pdf"}}, map[string]int{"pdf": 1}},
			{"state", index.Filter{}, map[string]int{"indexed": 2, "failed": 1, "skipped": 1}},
			{"meta.team", index.Filter{}, map[string]int{"red": 1, "blue": 1}},
			{"meta.other", index.Filter{}, map[string]int{"": 1}},
			{"meta.none", index.Filter{}, map[string]int{}},
			{"language", index.Filter{Paths: []string{"a.txt"}}, map[string]int{"": 1}},
		} {
			if err := s.with(t.Context(), func(n index.Snapshot) error {
				got, err := n.Counts(t.Context(), tc.field, tc.filter)
				if err == nil && !maps.Equal(got, tc.want) {
					err = fmt.Errorf("got %v, want %v", got, tc.want)
				}
				return err
			}); err != nil {
				t.Errorf("counting by %s with %+v: %v", tc.field, tc.filter, err)
			}
		}
		for _, field := range []string{"", "title", "meta", "meta."} {
			if err := s.with(t.Context(), func(n index.Snapshot) error {
				_, err := n.Counts(t.Context(), field, index.Filter{})
				return err
			}); err == nil {
				t.Errorf("counting by %q is accepted", field)
			}
		}
	}
	check(s)
	check(reopen(t, s, o))
}

// testTies checks that equal scores are ordered by document and by place in the
// text, in whatever order the documents were put.
func testTies(t *testing.T, open func(t *testing.T) Opener) {
	const documents = 12
	var first [2][]index.Hit
	for order := range 3 {
		r := rand.New(rand.NewPCG(uint64(order), 1))
		s := create(t, open(t))
		put(t, s, doc("other", "something else"))
		for _, n := range r.Perm(documents) {
			d := doc(fmt.Sprintf("d%d", n), "kettle pot", "kettle pot", "kettle pot")
			for i := range d.Content {
				d.Content[i].Vector = unit(3)
			}
			put(t, s, d)
			if r.IntN(3) == 0 {
				put(t, s, d) // again, with new ids
			}
		}
		for limit := 3*documents + 1; limit > 0; limit -= 5 {
			for kind, search := range []func(context.Context, index.Request) ([]index.Hit, error){s.Keyword, s.Nearest} {
				hits, err := search(t.Context(), index.Request{Query: words("kettle"), Vector: unit(3), Limit: limit})
				if err != nil {
					t.Fatal(err)
				}
				texts(t, s, hits) // checks their order
				for i := range hits {
					hits[i].ID = ""
				}
				if first[kind] == nil {
					first[kind] = hits
				} else if n := min(len(hits), 3*documents); !slices.Equal(hits[:n], first[kind][:n]) {
					t.Errorf("order %d, limit %d: hits\n%+v, want\n%+v", order, limit, hits, first[kind][:n])
				}
			}
		}
	}
}

// testStatistics divides documents among two indexes: with the sum of their
// statistics both score as one index with all documents does.
func testStatistics(t *testing.T, open func(t *testing.T) Opener) {
	r := rand.New(rand.NewPCG(3, 5))
	all, left, right := create(t, open(t)), create(t, open(t)), create(t, open(t))
	for n := range 40 {
		d := randomDoc(r, n)
		d.ID = fmt.Sprint("d", n)
		d.Path = fmt.Sprintf("/%s/%s.txt", vocabulary[r.IntN(3)], vocabulary[r.IntN(6)])
		d.Title = vocabulary[r.IntN(6)]
		put(t, all, d)
		put(t, []*store{left, right}[n%7/4], d)
	}
	apply(t, all, index.Batch{Delete: []string{"d1", "d9"}})
	apply(t, left, index.Batch{Delete: []string{"d1", "d9"}})
	apply(t, right, index.Batch{Delete: []string{"d1", "d9"}})
	for _, query := range []string{"kalo", "kalo bizu tomar velk", `"kalo bizu" osmo`, "+drun -kalo velk", "title:osmo text:drun", "nothing", "the", "path:kalo velk"} {
		q, err := index.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		var sum index.Statistics
		count := func(s *store) (st index.Statistics) {
			if err := s.with(t.Context(), func(n index.Snapshot) (err error) {
				st, err = n.Statistics(t.Context(), q)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return st
		}
		sum.Add(count(left))
		sum.Add(count(right))
		whole := count(all)
		if sum.Passages != whole.Passages || !maps.Equal(sum.Fields, whole.Fields) || !maps.EqualFunc(sum.Terms, whole.Terms, maps.Equal) {
			t.Errorf("%s: the sum of statistics is %+v, want %+v", query, sum, whole)
		}
		find := func(s *store, st *index.Statistics) []index.Hit {
			hits, err := s.Keyword(t.Context(), index.Request{Query: q, Limit: 50, Statistics: st})
			if err != nil {
				t.Fatal(err)
			}
			return hits
		}
		want := find(all, nil)
		got := slices.SortedStableFunc(slices.Values(slices.Concat(find(left, &sum), find(right, &sum))), index.Hit.Compare)
		got = got[:min(len(got), 50)]
		if len(got) != len(want) {
			t.Fatalf("%s: %d hits, want %d", query, len(got), len(want))
		}
		for i, h := range got {
			if math.Abs(h.Score-want[i].Score) > 1e-9 {
				t.Errorf("%s: hit %d is %+v, want %+v", query, i, h, want[i])
			}
		}
	}
}

// testLanguages puts documents of several languages into an index that allows two.
func testLanguages(t *testing.T, o Opener) {
	both := settings
	both.Languages = "en,de"
	s, err := o.Create(t.Context(), both)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	german, english, turkish := doc("de", "zwei Häuser am See"), doc("en", "running houses"), doc("tr", "evler ve houses")
	english.Language, turkish.Language = "en-GB", "tr"
	put(t, s, english, turkish)
	equal(t, "before there is a German text", keyword(t, s, words("Haus"), index.Filter{}), []string{})
	// A passage may be of another language than its document, also when it is the
	// only one of it, and after the document was touched.
	mixed := doc("mixed", "drei Häuser", "no German here")
	mixed.Language, mixed.Content[0].Language = "en", "de"
	put(t, s, mixed)
	inMixed := func(when string) {
		t.Helper()
		equal(t, when, keyword(t, s, words("Haus"), index.Filter{}), []string{"drei Häuser"})
	}
	inMixed("of a German passage in an English document")
	touched := mixed.Info
	touched.Fingerprint.Size++
	if err := s.Apply(t.Context(), index.Batch{Touch: []index.Info{touched}}); err != nil {
		t.Fatal(err)
	}
	inMixed("of a touched document")
	if err := s.Apply(t.Context(), index.Batch{Delete: []string{"mixed"}}); err != nil {
		t.Fatal(err)
	}
	german.Language = "de-AT"
	put(t, s, german)
	check := func(s *store) {
		t.Helper()
		for query, want := range map[string][]string{
			"Haus":        {"zwei Häuser am See"},
			"run":         {"running houses"},
			"house":       {"evler ve houses", "running houses"}, // what is not allowed is analysed as the first
			"+Haus":       {"zwei Häuser am See"},
			`"zwei Haus"`: {"zwei Häuser am See"},
			"run Haus":    {"running houses", "zwei Häuser am See"},
			"house -run":  {"evler ve houses"},
			"+the house":  {"evler ve houses", "running houses"}, // dropped in English
		} {
			q, err := index.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			unordered(t, query, keyword(t, s, q, index.Filter{}), want)
		}
	}
	check(s)
	if st := stats(t, s); st.Settings != both {
		t.Errorf("settings %+v", st.Settings)
	}
}

// vectorOf looks for the vector of a text under a title.
func vectorOf(t *testing.T, s *store, title, text string) (vector []float32) {
	t.Helper()
	if err := s.with(t.Context(), func(n index.Snapshot) error {
		v, err := n.VectorsOf(t.Context(), []index.Titled{{Title: title + "|", Text: text}, {Title: title, Text: text}, {Title: title, Text: text}})
		if err != nil || len(v) != 3 || v[0] != nil || !slices.Equal(v[1], v[2]) {
			t.Fatalf("vectors of %q under %q: %v, %v", text, title, v, err)
		}
		vector = v[1]
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return vector
}

// testVectorsOf looks for vectors by what was embedded.
func testVectorsOf(t *testing.T, o Opener) {
	titled := func(title string, d index.Document) index.Document {
		d.Title = title
		return d
	}
	s := create(t, o)
	if v := vectorOf(t, s, "", "one"); v != nil {
		t.Errorf("an empty index has the vector %v", v)
	}
	put(t, s, titled("A", doc("a", "one", "two")), titled("B", doc("b", "", "one")), doc("c", "A one", "two"))
	check := func(s *store, want map[index.Titled][]float32) {
		t.Helper()
		for key, v := range want {
			if got := vectorOf(t, s, key.Title, key.Text); !slices.Equal(got, v) {
				t.Errorf("%+v has the vector %v, want %v", key, got, v)
			}
		}
	}
	want := map[index.Titled][]float32{
		{Title: "A", Text: "one"}: unit(0), {Title: "A", Text: "two"}: unit(1), {Title: "B", Text: "one"}: unit(1), {Title: "B"}: unit(0),
		{Text: "A one"}: unit(0), {Text: "two"}: unit(1), {Text: "one"}: nil, {Title: "B", Text: "two"}: nil, {Title: "A o", Text: "ne"}: nil,
	}
	check(s, want) // applied and not published
	publish(t, s)
	before := open(t, o)
	check(before, want)
	// What is replaced or deleted has no vector any more, but in versions of before.
	put(t, s, titled("A2", doc("a", "one", "three")))
	apply(t, s, index.Batch{Delete: []string{"b"}})
	now := map[index.Titled][]float32{
		{Title: "A", Text: "one"}: nil, {Title: "A2", Text: "one"}: unit(0), {Title: "A2", Text: "three"}: unit(1),
		{Title: "B", Text: "one"}: nil, {Text: "two"}: unit(1),
	}
	check(s, now)
	check(before, want)
	for range 40 { // until segments are merged
		put(t, s, titled("A", doc("d", "x")))
	}
	now[index.Titled{Title: "A", Text: "x"}] = unit(0)
	check(s, now)
	check(reopen(t, s, o), now)
}
