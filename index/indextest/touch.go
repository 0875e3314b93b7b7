package indextest

import (
	"reflect"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// touched returns another Info for a document, with all changed that a touch
// may change.
func touched(d index.Document, n int) index.Info {
	return index.Info{
		ID: d.ID, Path: d.Path, Title: d.Title, State: d.State,
		Type: "touched", Modified: time.Date(2030, 1, n, 0, 0, 0, 7, time.UTC), Metadata: map[string]string{"touch": "yes"},
		Fingerprint: index.Fingerprint{Stat: document.Stat{Size: int64(n), ModTime: 2, ChangeTime: 3, Inode: 4}, SHA256: [32]byte{31: 5}},
		Bytes:       1000 * n,
	}
}

func testTouch(t *testing.T, o Opener) {
	s := create(t, o)
	full, other, failed := fullDoc(), doc("other", "other text"), doc("failed")
	failed.State, failed.Reason = index.Failed, "encrypted"
	put(t, s, full, other, failed)
	before := stored(t, s)
	check := func(s *store, info, failed index.Info) {
		t.Helper()
		info.Passages = 3
		docs := infos(t, s)
		if len(docs) != 3 || !reflect.DeepEqual(docs[0], info) || !reflect.DeepEqual(docs[1], failed) || docs[2].ID != "other" {
			t.Errorf("documents\n%+v, want\n%+v\n%+v\nand other", docs, info, failed)
		}
		all := stored(t, s)
		if len(all) != len(before) {
			t.Fatalf("%d passages, want %d", len(all), len(before))
		}
		for i, p := range all {
			if p.ID != before[i].ID || !reflect.DeepEqual(p.Passage, before[i].Passage) {
				t.Errorf("passage %d is %+v, was %+v", i, p, before[i])
			}
			if p.Doc.ID == info.ID && !reflect.DeepEqual(*p.Doc, info) {
				t.Errorf("passage %d is of document\n%+v, want\n%+v", i, *p.Doc, info)
			}
		}
		st := stats(t, s)
		want := index.Stats{Documents: 2, Failed: 1, Passages: 4, Vectors: 4, TextBytes: int64(info.Bytes + failed.Bytes + other.Bytes),
			DiskBytes: st.DiskBytes, Generation: st.Generation, Settings: settings, Updated: st.Updated}
		if info.Reason != "" {
			want.Partial = 1
		}
		if st != want {
			t.Errorf("stats %+v, want %+v", st, want)
		}
		for name, f := range map[string]index.Filter{
			"type":     {Types: []string{"touched"}},
			"metadata": {Metadata: map[string]string{"touch": "yes"}},
			"modified": {After: info.Modified, Before: info.Modified.Add(1)},
		} {
			if got := nearest(t, s, unit(1), index.Query{}, f); len(got) != 3 || got[0] != full.Content[0].Text {
				t.Errorf("%s: nearest finds %q, want the passages of the touched document", name, got)
			}
			equal(t, name, keyword(t, s, words("ritzel"), f), []string{full.Content[0].Text})
		}
		equal(t, "what it was", keyword(t, s, words("ritzel"), index.Filter{Types: []string{"markdown"}}), []string{})
	}
	first, second := touched(full, 1), touched(failed, 2)
	nobody := touched(doc("nobody"), 3)
	apply(t, s, index.Batch{Touch: []index.Info{nobody, first, second}})
	check(s, first, second)
	first.Metadata["touch"] = "changed by the caller"
	first.Metadata = map[string]string{"touch": "yes"}
	check(s, first, second)
	check(reopen(t, s, o), first, second)

	s = create(t, o)
	check(s, first, second)
	first = touched(full, 4)
	first.Reason = "a page has no text"
	apply(t, s, index.Batch{Touch: []index.Info{first}})
	check(s, first, second)
	check(reopen(t, s, o), first, second)

	// What is put has the Info it is put with; what is deleted stays away.
	s = create(t, o)
	apply(t, s, index.Batch{Put: []index.Document{full}, Delete: []string{failed.ID}})
	r := reopen(t, s, o)
	full.Info.Passages = 3
	if docs := infos(t, r); len(docs) != 2 || !reflect.DeepEqual(docs[0], full.Info) || docs[1].ID != "other" {
		t.Errorf("documents\n%+v, want\n%+v\nand other", docs, full.Info)
	}
	if st := stats(t, r); st.TextBytes != int64(full.Bytes+other.Bytes) || st.Partial != 1 || st.Failed != 0 {
		t.Errorf("stats %+v", st)
	}
}

// testTouchInOneBatch checks the order in which a batch is carried out.
func testTouchInOneBatch(t *testing.T, o Opener) {
	s := create(t, o)
	a, b, c := doc("a", "text of a"), doc("b", "text of b"), doc("c", "text of c")
	put(t, s, a, b)
	again := doc("a", "new text of a", "and more")
	apply(t, s, index.Batch{
		Put:    []index.Document{again, c},
		Delete: []string{"b"},
		Touch:  []index.Info{touched(a, 1), touched(b, 1), touched(c, 1), touched(a, 2)},
	})
	check := func(s *store) {
		t.Helper()
		wantA, wantC := touched(a, 2), touched(c, 1)
		wantA.Passages, wantC.Passages = 2, 1
		if docs := infos(t, s); !reflect.DeepEqual(docs, []index.Info{wantA, wantC}) {
			t.Errorf("documents\n%+v, want\n%+v\n%+v", docs, wantA, wantC)
		}
		unordered(t, "texts", nearest(t, s, unit(0), index.Query{}, index.Filter{Types: []string{"touched"}}),
			[]string{"new text of a", "and more", "text of c"})
		if st := stats(t, s); st.TextBytes != 3000 || st.Passages != 3 {
			t.Errorf("stats %+v", st)
		}
	}
	check(s)
	check(reopen(t, s, o))
}

// testTouchRefused checks that a touch cannot change what passages are found
// by, and that nothing of its batch is carried out.
func testTouchRefused(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "good"))
	for name, change := range map[string]func(*index.Info){
		"title":  func(d *index.Info) { d.Title = "another" },
		"path":   func(d *index.Info) { d.Path = "/another" },
		"state":  func(d *index.Info) { d.State = index.Skipped },
		"length": func(d *index.Info) { d.Bytes = -1 },
	} {
		d := doc("a")
		change(&d.Info)
		for _, b := range []index.Batch{
			{Put: []index.Document{doc("b", "bystander")}, Touch: []index.Info{d.Info}},
			{Put: []index.Document{doc("a", "put before")}, Touch: []index.Info{d.Info}},
		} {
			if err := s.Apply(t.Context(), b); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
		if got := ids(t, s); got != "a" {
			t.Fatalf("%s: documents %q", name, got)
		}
	}
	info := doc("a").Info
	info.Passages, info.Type = 77, "touched"
	apply(t, s, index.Batch{Touch: []index.Info{info}})
	r := reopen(t, s, o)
	if docs := infos(t, r); len(docs) != 1 || docs[0].Type != "touched" || docs[0].Passages != 1 {
		t.Errorf("documents %+v", docs)
	}
	equal(t, "after refusals", keyword(t, r, words("good"), index.Filter{}), []string{"good"})
}
