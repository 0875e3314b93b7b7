package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// lateDoc is document n with three passages without vectors.
func lateDoc(n int) index.Document {
	d := killDoc(4*n+3, n)
	for i := range d.Content {
		d.Content[i].Vector = nil
	}
	return d
}

// lateVectors are the vectors of the passages that keep names.
func lateVectors(ctx context.Context, s *Store, keep func(n, i int) bool) (list []index.Embedded, err error) {
	err = s.with(func(snap *snapshot) error {
		for p, err := range snap.Missing(ctx) {
			if err != nil {
				return err
			}
			n, v, i, err := parseKillText(p.Text)
			if err != nil {
				return err
			}
			if keep(n, i) {
				list = append(list, index.Embedded{ID: p.ID, Vector: killVector(n, v, i)})
			}
		}
		return nil
	})
	return list, err
}

// checkVectors compares the vectors of all passages with what they should be, and
// what is nearest with all of them. It returns how many there are.
func checkVectors(t *testing.T, s *Store) (have int) {
	t.Helper()
	ctx := t.Context()
	st, err := s.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	with := make(map[index.PassageID][]float32)
	without := make(map[index.PassageID]bool)
	if err := s.with(func(snap *snapshot) error {
		all, err := snap.Keyword(ctx, index.Request{Query: query("common"), Limit: st.Passages + 1})
		if err != nil {
			return err
		}
		for _, h := range all {
			passages, err := snap.Passages(ctx, []index.PassageID{h.ID})
			if err != nil {
				return err
			}
			vectors, err := snap.Vectors(ctx, []index.PassageID{h.ID})
			if err != nil {
				return err
			}
			n, v, i, err := parseKillText(passages[0].Text)
			if err != nil {
				return err
			}
			switch {
			case vectors[0] == nil:
				without[h.ID] = true
			case !slices.Equal(vectors[0], killVector(n, v, i)):
				return fmt.Errorf("%q has another vector", passages[0].Text)
			default:
				with[h.ID] = vectors[0]
			}
		}
		for p, err := range snap.Missing(ctx) {
			if err != nil {
				return err
			}
			if !without[p.ID] {
				return fmt.Errorf("%q is missing and has a vector, or twice", p.Text)
			}
			delete(without, p.ID)
		}
		if len(without) > 0 {
			return fmt.Errorf("%d passages have no vector and are not missing", len(without))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if st.Vectors != len(with) {
		t.Fatalf("%d vectors, Stats says %d", len(with), st.Vectors)
	}
	for _, codes := range []bool{true, false} {
		hits, err := s.nearest(ctx, index.Request{Vector: killVector(1, 2, 3), Limit: st.Passages + 1}, codes)
		if err != nil || len(hits) != len(with) {
			t.Fatalf("nearest finds %d of %d passages with vectors, %v", len(hits), len(with), err)
		}
		for _, h := range hits {
			want := 0.0
			for i, x := range with[h.ID] {
				want += float64(x) * float64(killVector(1, 2, 3)[i])
			}
			if with[h.ID] == nil || h.Score-want > 1e-5 || want-h.Score > 1e-5 {
				t.Fatalf("%s has the score %g instead of %g", h.ID, h.Score, want)
			}
		}
	}
	return len(with)
}

// TestVectorsFollow puts passages without vectors, which follow in any order and in
// part, while documents come, go and are merged.
func TestVectorsFollow(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	dir := t.TempDir()
	w := mustCreate(t, dir)
	apply := func(b index.Batch) {
		t.Helper()
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	most, docs := 0, 0
	for round := range 60 {
		var b index.Batch
		for range 4 {
			b.Put = append(b.Put, lateDoc(docs))
			docs++
		}
		if round%5 == 4 {
			b.Delete = []string{killID(4*random.IntN(docs) + 3)}
		}
		apply(b)
		if round%7 == 6 { // some once more, which have others
			apply(index.Batch{Put: []index.Document{killDoc(4*random.IntN(docs)+3, round)}})
		}
		vectors, err := lateVectors(t.Context(), w, func(int, int) bool { return random.IntN(4) == 0 })
		if err != nil {
			t.Fatal(err)
		}
		apply(index.Batch{Vectors: vectors})
		for _, s := range w.now().segs {
			most = max(most, len(s.vecs))
		}
		if round%10 == 9 {
			checkVectors(t, w)
			if err := w.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := mustOpen(t, dir)
			if a, b := checkVectors(t, r), checkVectors(t, w); a != b {
				t.Errorf("%d vectors are published of %d", a, b)
			}
			if err := errors.Join(r.Verify(t.Context()), r.CheckCodes(t.Context())); err != nil {
				t.Error(err)
			}
			if problems := mustCheck(t, dir).Problems; len(problems) > 0 {
				t.Errorf("%+v", problems)
			}
			if round == 29 { // and begin again
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				w = mustCreate(t, dir)
			}
		}
	}
	if most < 3 || most > 3*mergeWidth {
		t.Errorf("at most %d files of vectors of a segment", most)
	}
	vectors, err := lateVectors(t.Context(), w, func(int, int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	apply(index.Batch{Vectors: vectors})
	if st, err := w.Stats(t.Context()); err != nil || checkVectors(t, w) != st.Passages {
		t.Errorf("%+v, %v", st, err)
	}
}

// TestVectorsReplaced gives passages other vectors: the last count, in searches by
// codes and without, and after a merge.
func TestVectorsReplaced(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir)
	first := lateDoc(0)
	for i := range first.Content {
		first.Content[i].Vector = killVector(99, 99, i)
	}
	batch := index.Batch{Put: []index.Document{first}}
	for n := range 5 {
		batch.Put = append(batch.Put, lateDoc(n+1))
	}
	if err := w.Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	var id index.PassageID
	if err := w.with(func(s *snapshot) error {
		p, err := s.DocumentPassages(t.Context(), first.ID)
		if err == nil {
			id = p[1].ID
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for n := range 30 {
		v := killVector(n, n, n)
		err := w.Apply(t.Context(), index.Batch{Vectors: []index.Embedded{{ID: id, Vector: killVector(0, 0, 0)}, {ID: "77", Vector: v}, {ID: id, Vector: v}}})
		if err != nil {
			t.Fatal(err)
		}
		hits, err := w.Nearest(t.Context(), index.Request{Vector: v, Limit: 10})
		if err != nil || len(hits) != 3 {
			t.Fatalf("round %d: %v, %v", n, hits, err)
		}
		square := 0.0
		for _, x := range v {
			square += float64(x) * float64(x)
		}
		if !slices.ContainsFunc(hits, func(h index.Hit) bool { return h.ID == id && h.Score > 0.999*square }) {
			t.Fatalf("round %d: %v", n, hits)
		}
	}
	if n := len(w.now().segs[0].vecs); n > mergeWidth {
		t.Errorf("%d files of vectors", n)
	}
	for _, bad := range []index.Batch{
		{Vectors: []index.Embedded{{ID: id}}},
		{Vectors: []index.Embedded{{ID: id, Vector: []float32{1}}}},
		{Annotations: []index.Annotated{{ID: id, Annotations: []document.Annotation{{Kind: "a"}}}}},
		{Annotations: []index.Annotated{{ID: id, Kinds: []string{"a"}, Annotations: []document.Annotation{{Kind: "a", Start: 2, End: 1}}}}},
	} {
		if err := w.Apply(t.Context(), bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// TestAnnotationsFollow annotates passages that are there, over and over, while
// documents are merged and re-embedded.
func TestAnnotationsFollow(t *testing.T) {
	random := rand.New(rand.NewPCG(43, 44))
	dir := t.TempDir()
	w := mustCreate(t, dir)
	want := make(map[index.PassageID]map[string][]document.Annotation)
	check := func(s *Store) {
		t.Helper()
		for id, kinds := range want {
			p, err := s.Passages(t.Context(), []index.PassageID{id})
			if err != nil {
				t.Fatal(err)
			}
			var all []document.Annotation
			for _, list := range kinds {
				all = append(all, list...)
			}
			sorted := func(list []document.Annotation) []document.Annotation {
				list = slices.Clone(list)
				slices.SortFunc(list, func(a, b document.Annotation) int {
					return strings.Compare(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b))
				})
				return list
			}
			if got := p[0].Annotations; !slices.Equal(sorted(got), sorted(all)) || !slices.IsSortedFunc(got, func(a, b document.Annotation) int { return a.Start - b.Start }) {
				t.Fatalf("passage %s has %+v instead of %+v", id, got, all)
			}
		}
	}
	most := 0
	var reembedding index.Reembedding
	for round := range 50 {
		var ids []index.PassageID
		if err := w.with(func(s *snapshot) error {
			for d, err := range s.Documents(t.Context(), "") {
				if err != nil {
					return err
				}
				passages, err := s.DocumentPassages(t.Context(), d.ID)
				if err != nil {
					return err
				}
				for _, p := range passages {
					ids = append(ids, p.ID)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		b := index.Batch{Put: []index.Document{killDoc(4*round+3, round)}}
		for range min(3, len(ids)) {
			id := ids[random.IntN(len(ids))]
			kind := []string{"label/topic", "entity/PER"}[random.IntN(2)]
			a := index.Annotated{ID: id, Kinds: []string{kind}}
			for range random.IntN(3) {
				at := random.IntN(5)
				a.Annotations = append(a.Annotations, document.Annotation{Kind: kind, Value: fmt.Sprint(round, at), Start: at, End: at + 1})
			}
			if want[id] == nil {
				want[id] = make(map[string][]document.Annotation)
			}
			want[id][kind] = a.Annotations
			b.Annotations = append(b.Annotations, a)
		}
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for _, s := range w.now().segs {
			most = max(most, len(s.anns))
		}
		if round == 20 {
			var err error
			if reembedding, err = w.Reembed(t.Context(), nextSettings.Model()); err != nil {
				t.Fatal(err)
			}
			if _, err := addVectors(t.Context(), reembedding, nextSettings, 10); err != nil {
				t.Fatal(err)
			}
		}
		if round%9 == 8 {
			check(w)
			if err := w.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
			check(mustOpen(t, dir))
			if problems := mustCheck(t, dir).Problems; len(problems) > 0 {
				t.Fatalf("%+v", problems)
			}
		}
	}
	if most < 2 || most > 3*mergeWidth {
		t.Errorf("at most %d files of annotations of a segment", most)
	}
	for more := true; more; {
		var err error
		if more, err = addVectors(t.Context(), reembedding, nextSettings, 50); err != nil {
			t.Fatal(err)
		}
	}
	if err := reembedding.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	check(mustOpen(t, dir))
}

// TestAllFields checks that a passage and a document come back with everything that
// was put, also after a merge and a repair.
func TestAllFields(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir)
	d := index.Document{Info: index.Info{ID: "a#b", Path: "a", Type: "text", Language: "de", Versions: document.Versions{Reader: 3, Splitter: 4}, Bytes: 9}}
	p := index.Passage{End: 6, Text: "common", Place: document.Place{Sheet: "S", Cell: "B7", Box: &document.Box{Right: 2}}, Last: document.Place{Cell: "C9"},
		Context: "Name", Language: "tr", Furniture: true, Signature: []byte{1}, Annotations: []document.Annotation{{Kind: "k", Value: "v", End: 3}}, Annotated: []string{"k"}}
	d.Content = []index.Passage{p}
	if err := w.Apply(t.Context(), index.Batch{Put: []index.Document{d}}); err != nil {
		t.Fatal(err)
	}
	check := func(s *Store) {
		t.Helper()
		if err := s.with(func(n *snapshot) error {
			passages, err := n.DocumentPassages(t.Context(), d.ID)
			if err != nil || len(passages) != 1 {
				return fmt.Errorf("%d passages, %w", len(passages), err)
			}
			info := d.Info
			info.Passages = 1
			if got := passages[0]; !reflect.DeepEqual(got.Passage, p) || !reflect.DeepEqual(*got.Doc, info) {
				t.Errorf("%+v of %+v instead of %+v of %+v", got.Passage, *got.Doc, p, info)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	check(w)
	for n := range mergeWidth {
		if err := w.Apply(t.Context(), index.Batch{Put: []index.Document{killDoc(n+1, n)}}); err != nil {
			t.Fatal(err)
		}
	}
	check(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	check(mustOpen(t, dir))
	if err := os.Remove(filepath.Join(newestGen(t, dir), deletedName)); err != nil {
		t.Fatal(err)
	}
	if r, err := Repair(t.Context(), dir, index.RepairOptions{}); err != nil || len(r.Lost) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	check(mustOpen(t, dir))
}

// TestAnnotationsDamaged repairs an index of which what was annotated later is
// damaged: the texts stay.
func TestAnnotationsDamaged(t *testing.T) {
	dir, _ := stepsIndex(t, 12)
	w := mustCreate(t, dir)
	before, err := everything(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.Keyword(t.Context(), index.Request{Query: query("common"), Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var b index.Batch
	for _, h := range all {
		b.Annotations = append(b.Annotations, index.Annotated{ID: h.ID, Kinds: []string{"k"}, Annotations: []document.Annotation{{Kind: "k", Value: "v"}}})
	}
	if err := errors.Join(w.Apply(t.Context(), b), w.Close()); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, name := range files(t, newestGen(t, dir)) {
		if !strings.HasPrefix(filepath.Base(name), annPrefix) {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.Clone(content)
		content[5] ^= 1
		overwrite(t, name, content)
		damaged++
	}
	if damaged == 0 || len(mustCheck(t, dir).Problems) == 0 {
		t.Fatalf("%d files are damaged, and nothing is found", damaged)
	}
	if r, err := Repair(t.Context(), dir, index.RepairOptions{}); err != nil || len(r.Lost) > 0 || r.Passages != len(all) {
		t.Fatalf("%+v, %v", r, err)
	}
	after, err := everything(t.Context(), mustOpen(t, dir))
	if err != nil || len(after) != len(before) {
		t.Errorf("%d documents and passages instead of %d, %v", len(after), len(before), err)
	}
}
