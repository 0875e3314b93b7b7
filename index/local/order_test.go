package local

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// TestOrderStays changes one document again and again: what had been sorted by ID
// is not sorted again, and everything is found where it is now.
func TestOrderStays(t *testing.T) {
	dir := t.TempDir()
	s, err := Create(t.Context(), dir, TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	doc := func(id, text string) index.Document {
		return index.Document{Info: index.Info{ID: id, Path: id}, Content: []index.Passage{{Text: text}}}
	}
	var want []string
	var b index.Batch
	for i := range 3000 {
		id := fmt.Sprintf("d%04d", i*7%3000) // not in order
		want, b.Put = append(want, id), append(b.Put, doc(id, "first"))
	}
	slices.Sort(want)
	if err := s.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	check := func(id, text string, gone bool) {
		t.Helper()
		n, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer n.Release()
		stored, err := n.DocumentPassages(t.Context(), id)
		if err != nil || gone != (len(stored) == 0) || !gone && stored[0].Text != text {
			t.Errorf("passages of %s: %v, %v", id, stored, err)
		}
		var ids, some []string
		for d, err := range n.Documents(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, d.ID)
		}
		for d, err := range n.Documents(t.Context(), id[:3]) {
			if err != nil {
				t.Fatal(err)
			}
			some = append(some, d.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("after a change of %s: %d documents, want %d in order", id, len(ids), len(want))
		}
		if i, _ := slices.BinarySearch(want, id[:3]); len(some) == 0 || !slices.Equal(some, want[i:i+len(some)]) {
			t.Errorf("with the prefix %s: %v", id[:3], some)
		}
	}
	check("d0007", "first", false)
	large := s.now().segs[0]
	order := &large.docsByID()[0]
	for i := range 12 { // some of the small segments are merged
		id := want[(i*371+5)%len(want)]
		text := fmt.Sprint("text ", i)
		b := index.Batch{Put: []index.Document{doc(id, text)}}
		if i%3 == 2 {
			b = index.Batch{Delete: []string{id}}
			want = slices.DeleteFunc(want, func(w string) bool { return w == id })
		}
		if err := s.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		check(id, text, i%3 == 2)
		if now := s.now().segs[0]; now.File != large.File || now.order.byID == nil || &now.order.byID[0] != order {
			t.Fatalf("change %d: the order of the first segment is not what it was", i)
		}
	}
	// With annotations there is another reader of the same segment.
	if err := s.Apply(t.Context(), index.Batch{Annotations: []index.Annotated{{ID: "0", Kinds: []string{"k"}, Annotations: []document.Annotation{{Kind: "k", Start: 0, End: 1}}}}}); err != nil {
		t.Fatal(err)
	}
	if now := s.now().segs[0]; now == large || now.order != large.order {
		t.Errorf("annotated: another order")
	}
}

// BenchmarkDocumentAfterChange looks one document up after each change of one.
func BenchmarkDocumentAfterChange(b *testing.B) {
	for _, docs := range []int{2000, 50000} {
		b.Run(fmt.Sprint(docs), func(b *testing.B) {
			s, c := benchStore(b, 0)
			for n := 0; n < docs; n += 2000 {
				var batch index.Batch
				for i := range 2000 {
					id := fmt.Sprintf("file-%07d", n+i)
					batch.Put = append(batch.Put, index.Document{Info: index.Info{ID: id, Path: id}, Content: []index.Passage{{Text: "a"}}})
				}
				if err := s.Apply(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			change := c.batch(1, 0)
			look := func() {
				if err := s.with(func(n *snapshot) error {
					_, err := n.Document(context.Background(), change.Put[0].ID)
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
			look()
			for b.Loop() {
				b.StopTimer()
				if err := s.Apply(b.Context(), change); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				look()
			}
		})
	}
}
