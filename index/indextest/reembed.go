package indextest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// otherEmbedder has vectors of another length.
var otherEmbedder = index.Embedder{ID: "another", Name: "Another one", Dim: 3}

// otherVector is the vector that the other embedder gives a text: its length
// decides how near it is to otherQuery.
func otherVector(text string) []float32 {
	x := 1 / float32(1+len(text))
	return []float32{x, 0, 1 - x}
}

var otherQuery = []float32{1, 0, 0}

// testEmbedderName checks that an embedder may have another name, or none.
func testEmbedderName(t *testing.T, o Opener) {
	named := settings
	for n, c := range []struct{ name, want string }{{"", ""}, {"first name", "first name"}, {"", "first name"}, {"second name", "second name"}} {
		named.EmbedderName = c.name
		s, err := o.Create(t.Context(), named)
		if err != nil {
			t.Fatalf("with the name %q: %v", c.name, err)
		}
		put(t, s, doc("a", strings.Repeat("x", n+1)))
		writer := stats(t, s).Settings
		if reader := stats(t, reopen(t, s, o)).Settings; writer.EmbedderName != c.want || reader != writer {
			t.Errorf("the name is %q and %q, want %q", writer.EmbedderName, reader.EmbedderName, c.want)
		}
	}
}

func reembed(t *testing.T, s *store) index.Reembedding {
	t.Helper()
	r, err := s.Reembed(t.Context(), otherEmbedder)
	if err != nil {
		t.Fatalf("re-embedding: %v", err)
	}
	return r
}

// unembedded returns the passages without a vector in the shadow, and checks
// those that have one.
func unembedded(t *testing.T, r index.Reembedding, vector func(text string) []float32) []index.Stored {
	t.Helper()
	var missing []index.Stored
	seen := make(map[index.PassageID]bool)
	for p, err := range r.Passages(t.Context()) {
		if err != nil {
			t.Fatalf("passages: %v", err)
		}
		if seen[p.ID] {
			t.Errorf("passage %s comes twice", p.ID)
		}
		seen[p.ID] = true
		if got, err := r.Vector(t.Context(), p.ID); err != nil || !slices.Equal(got, p.Vector) {
			t.Errorf("passage %s has the vector %v, or %v, %v", p.ID, p.Vector, got, err)
		}
		switch {
		case p.Vector == nil:
			missing = append(missing, p)
		case len(missing) > 0:
			t.Errorf("passage %s has a vector, %s before it has none", p.ID, missing[0].ID)
		case !slices.Equal(p.Vector, vector(p.Text)):
			t.Errorf("%q has the vector %v, want %v", p.Text, p.Vector, vector(p.Text))
		}
	}
	return missing
}

// embed adds the vectors of passages.
func embed(t *testing.T, r index.Reembedding, passages []index.Stored, vector func(text string) []float32) {
	t.Helper()
	if err := r.Add(t.Context(), embedded(passages, vector)); err != nil {
		t.Fatalf("adding %d vectors: %v", len(passages), err)
	}
}

func embedded(passages []index.Stored, vector func(text string) []float32) []index.Embedded {
	vectors := make([]index.Embedded, len(passages))
	for i, p := range passages {
		vectors[i] = index.Embedded{ID: p.ID, Vector: vector(p.Text)}
	}
	return vectors
}

func switchOver(t *testing.T, r index.Reembedding) {
	t.Helper()
	if err := r.Switch(t.Context()); err != nil {
		t.Fatalf("switching: %v", err)
	}
}

func publish(t *testing.T, s *store) {
	t.Helper()
	if err := s.Publish(t.Context()); err != nil {
		t.Fatalf("publishing: %v", err)
	}
}

func open(t *testing.T, o Opener) *store {
	t.Helper()
	s, err := o.Open(t.Context())
	if err != nil {
		t.Fatalf("opening for reading: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// testReembed gives an index vectors of another length, and checks that
// searches use the old ones until all are there.
func testReembed(t *testing.T, o Opener) {
	s := create(t, o)
	failed := doc("failed")
	failed.State, failed.Reason = index.Failed, "encrypted"
	put(t, s, failed, doc("a", "gears", "teeth of gears"), doc("empty"), doc("b", "gears of a clock"), doc("end"))
	publish(t, s)
	before := open(t, o)
	texts := []string{"gears", "teeth of gears", "gears of a clock"}

	r := reembed(t, s)
	missing := unembedded(t, r, otherVector)
	if len(missing) != len(texts) || missing[1].Doc.ID != "a" || missing[1].Place.Line != 2 {
		t.Fatalf("%d passages without a vector: %+v", len(missing), missing)
	}
	if err := r.Switch(t.Context()); err == nil {
		t.Error("switched without any vector")
	}
	embed(t, r, missing[:2], otherVector)
	if err := r.Switch(t.Context()); err == nil {
		t.Error("switched without the last vector")
	}
	publish(t, s)
	during := open(t, o)
	embed(t, r, missing[2:], otherVector)
	old := func(s *store, done int) {
		t.Helper()
		st := stats(t, s)
		if st.Settings != settings || st.Passages != 3 {
			t.Errorf("stats %+v", st)
		}
		want := index.Unfinished{Embedder: otherEmbedder, Passages: done}
		if done == 0 {
			want = index.Unfinished{}
		}
		if st.Reembedding != want {
			t.Errorf("re-embedding %+v, want %+v", st.Reembedding, want)
		}
		unordered(t, "nearest", nearest(t, s, unit(1), index.Query{}, index.Filter{}), texts)
		unordered(t, "keyword", keyword(t, s, words("gears"), index.Filter{}), texts)
		if _, err := s.Nearest(t.Context(), index.Request{Vector: otherQuery, Limit: 1}); err == nil {
			t.Error("a vector of the new length is compared with old ones")
		}
	}
	old(s, 2)
	old(before, 0)
	old(during, 2)

	switchOver(t, r)
	after := open(t, o) // Switch publishes
	for _, s := range []*store{s, after} {
		if st := stats(t, s); st.Settings != settings.With(otherEmbedder) || st.Reembedding != (index.Unfinished{}) ||
			st.Documents != 4 || st.Failed != 1 || st.Passages != 3 {
			t.Errorf("stats %+v", st)
		}
		equal(t, "nearest", nearest(t, s, otherQuery, index.Query{}, index.Filter{}), texts)
		unordered(t, "keyword", keyword(t, s, words("gears"), index.Filter{}), texts)
		if _, err := s.Nearest(t.Context(), index.Request{Vector: unit(1), Limit: 1}); err == nil {
			t.Error("a vector of the old length is compared with new ones")
		}
		if got := ids(t, s); got != "a b empty end failed" {
			t.Errorf("documents %q", got)
		}
	}
	old(before, 0)
	old(during, 2)
	if err := r.Switch(t.Context()); err == nil {
		t.Error("switched twice")
	}

	// From now on documents have vectors of the new length.
	if err := s.Apply(t.Context(), index.Batch{Put: []index.Document{doc("c", "refused")}}); err == nil {
		t.Error("a vector of the old length is accepted")
	}
	d := doc("c", "x")
	d.Content[0].Vector = otherVector("x")
	put(t, s, d)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := o.Create(t.Context(), settings); !errors.Is(err, index.ErrModelMismatch) {
		t.Errorf("with the old settings: %v, want ErrModelMismatch", err)
		if err == nil {
			s.Close()
		}
	}
	s, err := o.Create(t.Context(), settings.With(otherEmbedder))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	equal(t, "nearest", nearest(t, s, otherQuery, index.Query{}, index.Filter{}), append([]string{"x"}, texts...))
	hits, err := s.Nearest(t.Context(), index.Request{Vector: otherQuery, Limit: 4})
	if err != nil || len(hits) != 4 || hits[1].ID != missing[0].ID || hits[3].ID != missing[2].ID {
		t.Errorf("the passages have other ids than before: %+v, %v", hits, err)
	}
}

// testReembedGoesOn changes documents between the parts of a re-embedding.
func testReembedGoesOn(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one"), doc("b", "two", "three"), doc("c", "four"), doc("d", "five"), doc("e", "six"))
	r := reembed(t, s)
	missing := unembedded(t, r, otherVector)
	embed(t, r, missing[:4], otherVector)
	publish(t, s)
	embed(t, r, missing[4:5], otherVector)
	// The suite's Close publishes: what was added is kept.
	reopen(t, s, o)
	if st := stats(t, open(t, o)); st.Reembedding.Passages != 5 {
		t.Errorf("%d passages are embedded, want 5", st.Reembedding.Passages)
	}

	s = create(t, o)
	again := doc("b", "two and a half")
	apply(t, s, index.Batch{
		Put:    []index.Document{again, doc("f", "seven")},
		Delete: []string{"c"},
		Touch:  []index.Info{touched(doc("a"), 1), touched(doc("e"), 2)},
	})
	reopen(t, s, o)
	if st := stats(t, open(t, o)); st.Reembedding.Passages != 2 {
		t.Errorf("%d passages are embedded, want those of a and d", st.Reembedding.Passages)
	}

	s = create(t, o)
	r = reembed(t, s)
	missing = unembedded(t, r, otherVector)
	var texts []string
	for _, p := range missing {
		texts = append(texts, p.Text)
	}
	equal(t, "without a vector", texts, []string{"six", "two and a half", "seven"})
	embed(t, r, missing[:2], otherVector)
	apply(t, s, index.Batch{Delete: []string{"f"}, Touch: []index.Info{touched(doc("d"), 3)}})
	if missing = unembedded(t, r, otherVector); len(missing) != 0 {
		t.Errorf("%d passages have no vector", len(missing))
	}
	switchOver(t, r)
	after := reopen(t, s, o)
	equal(t, "nearest", nearest(t, after, otherQuery, index.Query{}, index.Filter{}), []string{"one", "six", "five", "two and a half"})
	if got := ids(t, after); got != "a b d e" {
		t.Errorf("documents %q", got)
	}
	for _, d := range infos(t, after) {
		want := map[string]int64{"a": 1, "d": 3, "e": 2}[d.ID]
		if d.Fingerprint.Size != want {
			t.Errorf("%s has the fingerprint %+v, want the size %d", d.ID, d.Fingerprint, want)
		}
	}
}

func testReembedRefused(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one", "two"), doc("b", "three"))
	renamed := settings.Model()
	renamed.Name = "the same by another name"
	for _, other := range []index.Embedder{{Dim: 3}, {ID: "x"}, {ID: "x", Dim: -1}, settings.Model(), renamed} {
		if _, err := s.Reembed(t.Context(), other); err == nil {
			t.Errorf("re-embedding with %+v is accepted", other)
		}
	}
	r := reembed(t, s)
	all := embedded(unembedded(t, r, otherVector), otherVector)
	nan := slices.Clone(all)
	nan[1].Vector = []float32{0, float32(nanValue()), 0}
	long := slices.Clone(all)
	long[2].Vector = unit(1)
	for name, vectors := range map[string][]index.Embedded{
		"not a number":        nan,
		"another length":      long,
		"part of a document":  all[:1],
		"not the next":        all[2:],
		"another order":       {all[1], all[0]},
		"no such passage":     {all[0], all[1], {ID: "no such passage", Vector: otherQuery}},
		"more than there are": append(slices.Clone(all), index.Embedded{ID: "4294967294", Vector: otherQuery}),
	} {
		if err := r.Add(t.Context(), vectors); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if n := len(unembedded(t, r, otherVector)); n != 3 {
			t.Fatalf("%s: %d passages have no vector, want 3", name, n)
		}
	}
	if err := r.Add(t.Context(), nil); err != nil {
		t.Errorf("adding nothing: %v", err)
	}
	if err := r.Add(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(t.Context(), all[:2]); err == nil {
		t.Error("vectors are accepted twice")
	}
	if got, err := r.Vector(t.Context(), "no such passage"); got != nil || err != nil {
		t.Errorf("a passage that is not there has the vector %v, %v", got, err)
	}
	reopen(t, s, o)
	if err := r.Switch(t.Context()); err == nil {
		t.Error("switched after closing")
	}
	if v, err := r.Vector(t.Context(), all[0].ID); v != nil || err == nil {
		t.Error("a closed writer gives vectors")
	}
}

// testReembedThird begins with one embedder and goes on with a third.
func testReembedThird(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "one"), doc("b", "two"))
	first := reembed(t, s)
	embed(t, first, unembedded(t, first, otherVector)[:1], otherVector)
	publish(t, s)
	third, err := s.Reembed(t.Context(), index.Embedder{ID: "third", Dim: otherEmbedder.Dim})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(unembedded(t, third, otherVector)); n != 2 {
		t.Errorf("%d passages have no vector, want both", n)
	}
	if err := first.Switch(t.Context()); err == nil {
		t.Error("switched to what was discarded")
	}
	embed(t, third, unembedded(t, third, otherVector)[:1], otherVector)
	if err := third.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := third.Switch(t.Context()); err == nil {
		t.Error("switched to what was discarded")
	}
	after := reopen(t, s, o)
	if st := stats(t, after); st.Settings != settings || st.Reembedding != (index.Unfinished{}) {
		t.Errorf("stats %+v", st)
	}
	unordered(t, "nearest", nearest(t, after, unit(0), index.Query{}, index.Filter{}), []string{"one", "two"})
}

// testReembedRandom re-embeds again and again while random batches are
// applied, and compares the searches with the model's. Half of the time the
// index is closed and opened meanwhile.
func testReembedRandom(t *testing.T, o Opener) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, seed))
	m := make(model)
	made := settings
	s := create(t, o)
	const last = 12 // the part that embeds all that is left
	for round := range 8 {
		next := made
		next.Embedder = fmt.Sprintf("round %d", round)
		vector := vectorsOf(next)
		for part := range last + 1 {
			if r.IntN(2) == 0 {
				compare(t, reopen(t, s, o), m, made, r)
				s = createWith(t, o, made)
			}
			apply(t, s, m.change(r, 100*round+part, vectorsOf(made)))
			shadow, err := s.Reembed(t.Context(), next.Model())
			if err != nil {
				t.Fatal(err)
			}
			missing := unembedded(t, shadow, vector)
			if part < last {
				missing = firstDocuments(missing, r.IntN(12))
			}
			embed(t, shadow, missing, vector)
			compare(t, s, m, made, r)
			if t.Failed() {
				t.Fatalf("round %d, part %d differs", round, part)
			}
			if part == last {
				switchOver(t, shadow)
			}
		}
		made = next
		for id, d := range m {
			m[id] = withVectors(d, vector)
		}
		compare(t, s, m, made, r)
		compare(t, open(t, o), m, made, r)
		if t.Failed() {
			t.Fatalf("round %d differs", round)
		}
	}
}

// vectorsOf returns the vectors that the embedder of the settings gives texts: they
// depend on its ID as much as on the text.
func vectorsOf(s index.Settings) func(text string) []float32 {
	return func(text string) []float32 {
		n := 0
		for _, c := range s.Embedder + text {
			n = n*31 + int(c)
		}
		return unit(n & 0xff)
	}
}

// firstDocuments returns the first n passages, and the others of the last one's
// document.
func firstDocuments(passages []index.Stored, n int) []index.Stored {
	n = min(n, len(passages))
	for n > 0 && n < len(passages) && passages[n].Doc.ID == passages[n-1].Doc.ID {
		n++
	}
	return passages[:n]
}
