package indextest

import (
	"errors"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// capabilities asks a backend what it can do, and checks that it is so.
func capabilities(t *testing.T, o Opener) index.Capabilities {
	t.Helper()
	b := o()
	can, err := b.Capabilities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.(index.Maintainer); ok != can.Maintain {
		t.Errorf("it says %v of being an index.Maintainer, and that is %v", can.Maintain, ok)
	}
	w, err := b.Create(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := w.(index.Reembedder); ok != can.Reembed {
		t.Errorf("it says %v of its writers being index.Reembedders, and that is %v", can.Reembed, ok)
	}
	if err := errors.Join(w.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	return can
}

// testFilterByAnnotations restricts searches to passages by what they are
// annotated with, and to those where something was not looked for yet.
func testFilterByAnnotations(t *testing.T, o Opener) {
	s := create(t, o)
	person := func(name string) document.Annotation {
		return document.Annotation{Kind: "entity/PER", Value: name, End: 3}
	}
	topic := document.Annotation{Kind: "label/topic", Value: "gears"}
	a := doc("a", "gear Ada", "gear Bob", "gear nobody", "gear unseen")
	a.Content[0].Annotations = []document.Annotation{person("Ada"), topic}
	put(t, s, a, doc("b", "gear later"))
	id := make(map[string]index.PassageID)
	for _, p := range stored(t, s) {
		id[p.Text] = p.ID
	}
	apply(t, s, index.Batch{Annotations: []index.Annotated{
		{ID: id["gear Bob"], Kinds: []string{"entity/PER"}, Annotations: []document.Annotation{person("Bob")}},
		{ID: id["gear nobody"], Kinds: []string{"entity/PER"}},
	}})
	check := func(s *store) {
		t.Helper()
		for _, tt := range []struct {
			filter index.Filter
			want   []string
			docs   int
		}{
			{index.Filter{Annotated: map[string]string{"entity/PER": ""}}, []string{"gear Ada", "gear Bob"}, 1},
			{index.Filter{Annotated: map[string]string{"entity/PER": "Bob"}}, []string{"gear Bob"}, 1},
			{index.Filter{Annotated: map[string]string{"entity/PER": "", "label/topic": "gears"}}, []string{"gear Ada"}, 1},
			{index.Filter{Annotated: map[string]string{"entity/LOC": ""}}, nil, 0},
			{index.Filter{Unannotated: []string{"entity/PER"}}, []string{"gear unseen", "gear later"}, 2},
			{index.Filter{Unannotated: []string{"entity/PER", "label/topic"}}, []string{"gear Bob", "gear nobody", "gear unseen", "gear later"}, 2},
			{index.Filter{Unannotated: []string{"entity/PER"}, Paths: []string{"a"}}, []string{"gear unseen"}, 1},
		} {
			if tt.filter.IsZero() {
				t.Errorf("%+v is zero", tt.filter)
			}
			unordered(t, "keyword", keyword(t, s, words("gear"), tt.filter), tt.want)
			unordered(t, "nearest", nearest(t, s, unit(0), index.Query{}, tt.filter), tt.want)
			if err := s.with(t.Context(), func(n index.Snapshot) error {
				counts, err := n.Counts(t.Context(), "state", tt.filter)
				if counts["indexed"] != tt.docs {
					t.Errorf("%+v passes %v documents, want %d", tt.filter, counts, tt.docs)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range stored(t, s) {
			if p.Text == "gear nobody" && (len(p.Annotations) > 0 || !slices.Equal(p.Annotated, []string{"entity/PER"})) {
				t.Errorf("what was looked for in vain: %+v, %v", p.Annotations, p.Annotated)
			}
		}
	}
	check(s)
	for range 12 { // until segments are merged
		put(t, s, doc("other", "x"))
	}
	apply(t, s, index.Batch{Delete: []string{"other"}})
	check(s)
	check(reopen(t, s, o))
}

// testNoFilterByAnnotations checks that a backend that cannot filter by annotations
// says so.
func testNoFilterByAnnotations(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "gear"))
	f := index.Filter{Annotated: map[string]string{"entity/PER": ""}}
	if _, err := s.Keyword(t.Context(), index.Request{Query: words("gear"), Filter: f, Limit: 1}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("keyword: %v", err)
	}
	if _, err := s.Nearest(t.Context(), index.Request{Vector: unit(0), Filter: f, Limit: 1}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("nearest: %v", err)
	}
}
