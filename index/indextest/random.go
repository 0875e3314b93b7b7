package indextest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// model is the slow and plain store that the real one is compared with.
type model map[string]index.Document

func (m model) apply(b index.Batch) {
	for _, id := range b.Delete {
		delete(m, id)
	}
	for _, d := range b.Put {
		m[d.ID] = d
	}
	for _, info := range b.Touch {
		if d, ok := m[info.ID]; ok {
			d.Info = info
			m[info.ID] = d
		}
	}
}

// infos returns the documents as a Store does.
func (m model) infos() []index.Info {
	var all []index.Info
	for _, id := range slices.Sorted(maps.Keys(m)) {
		info := m[id].Info
		info.Passages = len(m[id].Content)
		all = append(all, info)
	}
	return all
}

// find returns the passages of the documents that pass, best first: by score
// and where scores are equal by text, since ids are the store's own.
func (m model) find(pass func(*index.Info) bool, score func(p *index.Passage) (float64, bool)) []string {
	type hit struct {
		score float64
		text  string
	}
	var hits []hit
	for _, id := range slices.Sorted(maps.Keys(m)) {
		d := m[id]
		if !pass(&d.Info) {
			continue
		}
		for i := range d.Content {
			if s, ok := score(&d.Content[i]); ok {
				hits = append(hits, hit{s, d.Content[i].Text})
			}
		}
	}
	found := make([]string, len(hits))
	for i, h := range hits {
		found[i] = fmt.Sprintf("%.2f %s", h.score, h.text)
	}
	slices.Sort(found)
	return found
}

// vocabulary has words that no analyzer stems or drops.
var vocabulary = []string{"kalo", "bizu", "tomar", "velk", "drun", "osmo"}

func randomDoc(r *rand.Rand, version int) index.Document {
	id := fmt.Sprintf("d%02d", r.IntN(25))
	d := index.Document{Info: index.Info{
		ID: id, Path: fmt.Sprintf("/%s/%s.%s", []string{"left", "right"}[r.IntN(2)], id, []string{"md", "txt"}[r.IntN(2)]),
		Type:     []string{"a", "b"}[r.IntN(2)],
		Modified: time.Unix(int64(r.IntN(10)), 0).UTC(),
		Metadata: map[string]string{"k": vocabulary[r.IntN(2)]},
		Bytes:    r.IntN(100),
	}}
	if r.IntN(8) == 0 {
		d.State = index.State(1 + r.IntN(2))
		return d
	}
	if r.IntN(4) == 0 {
		d.Reason = "a page has no text"
	}
	for i := range r.IntN(6) {
		var w []string
		for range r.IntN(6) {
			w = append(w, vocabulary[r.IntN(len(vocabulary))])
		}
		text := fmt.Sprintf("%s x%sx%dx%d", strings.Join(w, " "), id, version, i) // unlike any other
		d.Content = append(d.Content, index.Passage{End: len(text), Text: text, Vector: unit(r.IntN(200))})
	}
	return d
}

// randomTouch returns a new Info for a document that may be there.
func randomTouch(r *rand.Rand, m model, version int) index.Info {
	info := randomDoc(r, version).Info
	if d, ok := m[info.ID]; ok {
		info.Path, info.State = d.Path, d.State
	}
	info.Reason = []string{"", "touched"}[r.IntN(2)]
	info.Fingerprint = index.Fingerprint{Stat: document.Stat{ModTime: int64(version)}}
	return info
}

// change applies a random batch, and returns it. vector, unless it is nil, gives
// texts their vectors.
func (m model) change(r *rand.Rand, version int, vector func(text string) []float32) index.Batch {
	var b index.Batch
	for range r.IntN(5) {
		d := randomDoc(r, version)
		if vector != nil {
			d = withVectors(d, vector)
		}
		b.Put = append(b.Put, d)
	}
	for range r.IntN(3) {
		b.Delete = append(b.Delete, fmt.Sprintf("d%02d", r.IntN(25)))
	}
	m.apply(b)
	for range r.IntN(4) {
		b.Touch = append(b.Touch, randomTouch(r, m, version))
	}
	m.apply(b)
	return b
}

// withVectors returns a document with other vectors.
func withVectors(d index.Document, vector func(text string) []float32) index.Document {
	d.Content = slices.Clone(d.Content)
	for i := range d.Content {
		d.Content[i].Vector = vector(d.Content[i].Text)
	}
	return d
}

// testRandom applies random batches and after each compares every search with
// the model's. Now and then the index is published and opened again.
func testRandom(t *testing.T, o Opener) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	m := make(model)
	s := create(t, o)
	for step := range 60 {
		apply(t, s, m.change(r, step, nil))
		compare(t, s, m, settings, r)
		if t.Failed() {
			t.Fatalf("step %d differs", step)
		}
		if step%20 == 10 {
			compare(t, reopen(t, s, o), m, settings, r)
			s = create(t, o)
		}
	}
}

func compare(t *testing.T, s *store, m model, made index.Settings, r *rand.Rand) {
	t.Helper()
	if got, want := infos(t, s), m.infos(); !reflect.DeepEqual(got, want) {
		t.Errorf("documents\n%+v, want\n%+v", got, want)
	}
	var want index.Stats
	for _, d := range m {
		*[]*int{&want.Documents, &want.Failed, &want.Skipped}[d.State]++
		if d.Partial() {
			want.Partial++
		}
		want.Passages += len(d.Content)
		want.TextBytes += int64(d.Bytes)
		for i := range d.Content {
			if d.Content[i].Vector != nil {
				want.Vectors++
			}
		}
	}
	got := stats(t, s)
	want.DiskBytes, want.Generation, want.Settings, want.Updated = got.DiskBytes, got.Generation, made, got.Updated
	want.Reembedding = got.Reembedding
	if got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	m.compareVectors(t, s)
	filter, pass := randomFilter(r)
	q, matches := randomQuery(r)
	unordered(t, fmt.Sprintf("keyword %+v with %+v", q, filter), keyword(t, s, q, filter),
		m.matching(pass, func(p *index.Passage) bool { return matches(p.Text) && wanted(q, p.Text) }))

	v := unit(r.IntN(200))
	hits, err := s.Nearest(t.Context(), index.Request{Vector: v, Query: q, Filter: filter, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	found := texts(t, s, hits)
	for i := range found {
		found[i] = fmt.Sprintf("%.2f %s", hits[i].Score, found[i])
	}
	unordered(t, fmt.Sprintf("nearest with %+v and %+v", q, filter), found, m.find(pass, func(p *index.Passage) (float64, bool) {
		var dot float64
		for i := range v {
			dot += float64(v[i]) * float64(p.Vector[i])
		}
		return dot, matches(p.Text)
	}))
}

// compareVectors looks for the vector of each text under its title, and without one.
func (m model) compareVectors(t *testing.T, s *store) {
	t.Helper()
	known := make(map[index.Titled][][]float32)
	for _, d := range m {
		for i := range d.Content {
			key := index.Titled{Title: d.Title, Text: d.Content[i].Text}
			known[key] = append(known[key], d.Content[i].Vector)
		}
	}
	for key, vectors := range known {
		if v := vectorOf(t, s, key.Title, key.Text); !slices.ContainsFunc(vectors, func(w []float32) bool { return slices.Equal(v, w) }) {
			t.Errorf("%+v has the vector %v, want one of %v", key, v, vectors)
		}
		key.Title += "?"
		if v := vectorOf(t, s, key.Title, key.Text); v != nil {
			t.Errorf("%+v has the vector %v", key, v)
		}
	}
}

// matching returns the texts of the passages that match.
func (m model) matching(pass func(*index.Info) bool, match func(*index.Passage) bool) []string {
	found := m.find(pass, func(p *index.Passage) (float64, bool) { return 0, match(p) })
	for i := range found {
		found[i] = strings.TrimPrefix(strings.TrimPrefix(found[i], "0.00"), " ")
	}
	return found
}

// randomFilter returns a filter and what it means.
func randomFilter(r *rand.Rand) (index.Filter, func(*index.Info) bool) {
	switch r.IntN(7) {
	case 0:
		return index.Filter{Paths: []string{"*.md"}}, func(d *index.Info) bool { return path.Ext(d.Path) == ".md" }
	case 1:
		return index.Filter{NotPaths: []string{"/left/**"}}, func(d *index.Info) bool { return !strings.HasPrefix(d.Path, "/left/") }
	case 2:
		return index.Filter{Types: []string{"b"}, Metadata: map[string]string{"k": "bizu"}},
			func(d *index.Info) bool { return d.Type == "b" && d.Metadata["k"] == "bizu" }
	case 3:
		after, before := time.Unix(3, 0), time.Unix(8, 0)
		return index.Filter{After: after, Before: before},
			func(d *index.Info) bool { return d.Modified.Unix() >= 3 && d.Modified.Unix() < 8 }
	}
	return index.Filter{}, func(*index.Info) bool { return true }
}

// randomQuery returns a query and whether its required and excluded clauses
// let a text pass.
func randomQuery(r *rand.Rand) (index.Query, func(text string) bool) {
	word := func() string { return vocabulary[r.IntN(len(vocabulary))] }
	has := func(text, words string) bool { return strings.Contains(" "+text+" ", " "+words+" ") }
	a, b, c := word(), word(), word()
	should := index.Clause{Text: a + " " + b}
	switch r.IntN(5) {
	case 0:
		return index.Query{Clauses: []index.Clause{should, {Text: c, Occur: index.Must}}},
			func(text string) bool { return has(text, c) }
	case 1:
		return index.Query{Clauses: []index.Clause{should, {Text: c, Occur: index.MustNot}}},
			func(text string) bool { return !has(text, c) }
	case 2:
		return index.Query{Clauses: []index.Clause{{Text: a + " " + b, Phrase: true, Occur: index.Must}, {Text: c}}},
			func(text string) bool { return has(text, a+" "+b) }
	case 3:
		return index.Query{Clauses: []index.Clause{should, {Text: b + " " + c, Phrase: true, Occur: index.MustNot}}},
			func(text string) bool { return !has(text, b+" "+c) }
	}
	return index.Query{Clauses: []index.Clause{should}}, func(string) bool { return true }
}

// wanted tells whether a text has one of the words that are looked for.
func wanted(q index.Query, text string) bool {
	have := strings.Fields(text)
	for _, c := range q.Clauses {
		if c.Occur == index.MustNot {
			continue
		}
		if c.Occur == index.Must {
			return true // it is there, or the text does not pass
		}
		for _, w := range strings.Fields(c.Text) {
			if slices.Contains(have, w) {
				return true
			}
		}
	}
	return false
}
