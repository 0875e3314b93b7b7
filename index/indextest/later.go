package indextest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// everything has a value in every field that a document and a passage can have.
func everything() index.Document {
	d := fullDoc()
	d.Language, d.Versions = "de-AT", document.Versions{Reader: 3, Splitter: 7, Container: 2, Encoding: "koi8-r"}
	at := 90 * time.Second
	d.Content[0].Last = document.Place{Page: 2, Line: 9, Column: 1, Box: &document.Box{Left: 1, Top: 2.5, Right: 300, Bottom: 400}}
	d.Content[0].Context, d.Content[0].Language, d.Content[0].Furniture = "Übersetzung", "zh-Hant", true
	d.Content[0].Annotations = []document.Annotation{{Kind: "label/topic", Value: "gears"}, {Kind: "entity/MISC", Value: "Ritzel", Start: 12, End: 18}}
	d.Content[0].Annotated = []string{"entity/MISC", "label/topic", "tried"}
	d.Content[0].Signature = []byte{0, 1, 255}
	d.LeftOut = []document.LeftOut{{What: "script", Count: 3, Bytes: 4096}, {What: "never shown", Count: 1, Bytes: 7}}
	d.Content[0].Places = []document.PlaceAt{{Offset: 4, Place: document.Place{Page: 1, Line: 2}}, {Offset: 17, Place: document.Place{Page: 2, Anchor: "größe", Time: &at}}}
	d.Content[0].Boxes = []document.BoxAt{
		{Start: 0, End: 3, Page: 1, Box: document.Box{Left: 72.5, Top: 90, Right: 91, Bottom: 101.5}},
		{Start: 4, End: 11, Page: 2, Box: document.Box{Left: -3, Top: 20, Right: 60, Bottom: 31.5}},
	}
	d.Content[1].Place = document.Place{Slide: 4, Sheet: "Bilanz", Cell: "B7", Chapter: "Einleitung", Message: "<1@x>", Time: &at, Anchor: "top"}
	return d
}

// testEverything checks that all fields of documents and passages come back.
func testEverything(t *testing.T, o Opener) {
	s := create(t, o)
	want := everything()
	put(t, s, want, doc("zz", "plain"))
	check := func(s *store) {
		t.Helper()
		info := want.Info
		info.Passages = len(want.Content)
		if docs := infos(t, s); len(docs) != 2 || !reflect.DeepEqual(docs[0], info) {
			t.Errorf("document\n%+v, want\n%+v", docs[0], info)
		}
		all := stored(t, s)
		for i, p := range want.Content {
			p.Vector, p.Match = nil, ""
			if !reflect.DeepEqual(all[i].Passage, p) {
				t.Errorf("passage\n%+v, want\n%+v", all[i].Passage, p)
			}
		}
	}
	check(s)
	// Touching keeps what passages have; merging does.
	info := want.Info
	info.Versions, info.Language = document.Versions{Reader: 4, Splitter: 8, Container: 3}, "en"
	info.LeftOut = info.LeftOut[:1]
	want.Info = info
	apply(t, s, index.Batch{Touch: []index.Info{info}})
	for range 12 {
		put(t, s, doc("zz", "plain"))
	}
	check(s)
	check(reopen(t, s, o))
}

// unembeddedOf returns the texts of the passages without a vector.
func unembeddedOf(t *testing.T, s *store) []string {
	t.Helper()
	texts := []string{}
	if err := s.with(t.Context(), func(n index.Snapshot) error {
		for p, err := range n.Missing(t.Context()) {
			if err != nil {
				return err
			}
			texts = append(texts, p.Text)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return texts
}

// testVectorsLater puts passages without vectors, which are found by keywords and
// get vectors later.
func testVectorsLater(t *testing.T, o Opener) {
	s := create(t, o)
	part := doc("part", "gear two", "gear three", "gear four")
	part.Content[0].Vector, part.Content[2].Vector = nil, nil
	none := doc("none", "gear one")
	none.Content[0].Vector = nil
	put(t, s, doc("all", "gear zero"), none, part)
	check := func(s *store, missing, near []string) {
		t.Helper()
		unordered(t, "without a vector", unembeddedOf(t, s), missing)
		unordered(t, "nearest", nearest(t, s, unit(0), index.Query{}, index.Filter{}), near)
		unordered(t, "keyword", keyword(t, s, words("gear"), index.Filter{}), []string{"gear zero", "gear one", "gear two", "gear three", "gear four"})
		if st := stats(t, s); st.Passages != 5 || st.Vectors != len(near) {
			t.Errorf("%d of %d passages have vectors, want %d of 5", st.Vectors, st.Passages, len(near))
		}
		for _, p := range stored(t, s) {
			if err := s.with(t.Context(), func(n index.Snapshot) error {
				v, err := n.Vectors(t.Context(), []index.PassageID{p.ID})
				if err == nil && (v[0] == nil) != slices.Contains(missing, p.Text) {
					t.Errorf("%q has the vector %v", p.Text, v[0])
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if v := vectorOf(t, s, p.Doc.Title, p.Text); (v == nil) != slices.Contains(missing, p.Text) {
				t.Errorf("%q has the vector %v by its text", p.Text, v)
			}
		}
	}
	check(s, []string{"gear one", "gear two", "gear four"}, []string{"gear zero", "gear three"})
	publish(t, s)
	check(open(t, o), []string{"gear one", "gear two", "gear four"}, []string{"gear zero", "gear three"})

	id := make(map[string]index.PassageID)
	for _, p := range stored(t, s) {
		id[p.Text] = p.ID
	}
	for name, bad := range map[string][]index.Embedded{
		"short": {{ID: id["gear one"], Vector: unit(1)[:7]}},
		"none":  {{ID: id["gear one"]}},
		"nan":   {{ID: id["gear two"], Vector: unit(1)}, {ID: id["gear one"], Vector: append(unit(0)[:7:7], float32(nanValue()))}},
	} {
		if err := s.Apply(t.Context(), index.Batch{Vectors: bad}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	check(s, []string{"gear one", "gear two", "gear four"}, []string{"gear zero", "gear three"})

	// Some of a document; unknown ids are ignored, and so are passages that the
	// same batch takes away; the last of several counts.
	apply(t, s, index.Batch{Vectors: []index.Embedded{
		{ID: id["gear four"], Vector: unit(9)}, {ID: "no such passage", Vector: unit(1)}, {ID: id["gear four"], Vector: unit(5)},
	}})
	check(s, []string{"gear one", "gear two"}, []string{"gear zero", "gear three", "gear four"})
	r := reopen(t, s, o)
	check(r, []string{"gear one", "gear two"}, []string{"gear zero", "gear three", "gear four"})
	equal(t, "by its vector", nearest(t, r, unit(5), index.Query{}, index.Filter{})[:1], []string{"gear four"})
	for _, p := range stored(t, r) {
		if id[p.Text] != p.ID {
			t.Errorf("%q was passage %s and is %s", p.Text, id[p.Text], p.ID)
		}
	}

	s = create(t, o)
	again := doc("none", "gear one")
	again.Content[0].Vector = nil
	apply(t, s, index.Batch{Put: []index.Document{again}, Vectors: []index.Embedded{{ID: id["gear one"], Vector: unit(2)}, {ID: id["gear two"], Vector: unit(2)}, {ID: id["gear zero"], Vector: unit(2)}}})
	check(s, []string{"gear one"}, []string{"gear zero", "gear two", "gear three", "gear four"})
	equal(t, "a vector that is replaced", nearest(t, s, unit(2), index.Query{}, index.Filter{})[:2], []string{"gear zero", "gear two"})
	for range 12 { // until segments are merged
		put(t, s, doc("other", "x"))
	}
	apply(t, s, index.Batch{Delete: []string{"other"}})
	check(s, []string{"gear one"}, []string{"gear zero", "gear two", "gear three", "gear four"})
	check(reopen(t, s, o), []string{"gear one"}, []string{"gear zero", "gear two", "gear three", "gear four"})
}

// testAnnotationsLater annotates passages that are there.
func testAnnotationsLater(t *testing.T, o Opener) {
	s := create(t, o)
	topic := func(value string) document.Annotation { return document.Annotation{Kind: "label/topic", Value: value} }
	person := document.Annotation{Kind: "entity/PER", Value: "Ada", Start: 0, End: 3}
	place := document.Annotation{Kind: "entity/LOC", Value: "See", Start: 7, End: 10}
	d := doc("a", "Ada am See", "nothing")
	d.Content[0].Annotations = []document.Annotation{topic("old"), place}
	put(t, s, d, doc("b", "other"))
	all := stored(t, s)
	first, second := all[0].ID, all[1].ID
	check := func(s *store, want ...[]document.Annotation) {
		t.Helper()
		for i, p := range stored(t, s)[:2] {
			if !slices.Equal(p.Annotations, want[i]) {
				t.Errorf("passage %d has %+v, want %+v", i, p.Annotations, want[i])
			}
		}
	}
	check(s, []document.Annotation{topic("old"), place}, nil)
	if err := s.Apply(t.Context(), index.Batch{Annotations: []index.Annotated{{ID: first, Kinds: []string{"x"}, Annotations: []document.Annotation{{Kind: "x", Start: 3, End: 2}}}}}); err == nil {
		t.Error("an annotation of a range that ends before it begins is accepted")
	}
	apply(t, s, index.Batch{Annotations: []index.Annotated{
		{ID: first, Kinds: []string{"label/topic", "entity/PER"}, Annotations: []document.Annotation{topic("new"), person}},
		{ID: "no such passage", Kinds: []string{"x"}},
		{ID: second, Kinds: []string{"label/topic"}, Annotations: []document.Annotation{topic("empty")}},
	}})
	check(s, []document.Annotation{topic("new"), person, place}, []document.Annotation{topic("empty")})
	r := reopen(t, s, o)
	check(r, []document.Annotation{topic("new"), person, place}, []document.Annotation{topic("empty")})
	unordered(t, "keyword", keyword(t, r, words("See"), index.Filter{}), []string{"Ada am See"})
	s = create(t, o)
	apply(t, s, index.Batch{Touch: []index.Info{touched(d, 1)}, Annotations: []index.Annotated{{ID: second, Kinds: []string{"label/topic"}}}})
	for range 12 {
		put(t, s, doc("b", "other"))
	}
	check(s, []document.Annotation{topic("new"), person, place}, nil)
	check(reopen(t, s, o), []document.Annotation{topic("new"), person, place}, nil)
}
