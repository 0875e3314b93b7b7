package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// touchDocs makes an index of documents, each put by a batch of its own.
func touchDocs(t *testing.T, dir string, n int) *Store {
	t.Helper()
	w := mustCreate(t, dir)
	for i := range n {
		if err := w.Apply(t.Context(), index.Batch{Put: []index.Document{killDoc(4*i+1, 0)}}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func touchAll(t *testing.T, w *Store, n, version int) {
	t.Helper()
	var b index.Batch
	for i := range n {
		info := killDoc(4*i+1, 0).Info
		info.Fingerprint.ModTime = int64(version)
		b.Touch = append(b.Touch, info)
	}
	if err := w.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// checkTouches checks that all documents have one version.
func checkTouches(t *testing.T, s *Store, n, version int) {
	t.Helper()
	for d, err := range s.Documents(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Fingerprint.ModTime != int64(version) {
			t.Errorf("%s has version %d, want %d", d.ID, d.Fingerprint.ModTime, version)
		}
		n--
	}
	if n != 0 {
		t.Errorf("%d documents are missing", n)
	}
}

// TestTouchIsFoldedIn checks that merging writes the new Info of documents into
// their segment, and that the file touched then ends.
func TestTouchIsFoldedIn(t *testing.T) {
	dir := t.TempDir()
	w := touchDocs(t, dir, mergeWidth-1)
	touchAll(t, w, mergeWidth-1, 5)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(newestGen(t, dir), touchedName)); err != nil {
		t.Error(err)
	}
	checkTouches(t, mustOpen(t, dir), mergeWidth-1, 5)

	w = mustCreate(t, dir)
	last := killDoc(4*mergeWidth+1, 0)
	last.Fingerprint.ModTime = 5
	if err := w.Apply(t.Context(), index.Batch{Put: []index.Document{last}}); err != nil {
		t.Fatal(err)
	}
	if len(w.now().segs) != 1 || len(w.now().touched) != 0 {
		t.Fatalf("%d segments and %d touched documents after merging", len(w.now().segs), len(w.now().touched))
	}
	checkTouches(t, w, mergeWidth, 5)
	// A touch after it is told from what the segment says.
	touchAll(t, w, 1, 6)
	touchAll(t, w, 1, 5)
	checkTouches(t, w, mergeWidth, 5)
	if err := w.Apply(t.Context(), index.Batch{Delete: []string{killID(1)}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(newestGen(t, dir), touchedName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a file of touched documents without one: %v", err)
	}
	r := mustOpen(t, dir)
	checkTouches(t, r, mergeWidth-1, 5)
	if err := r.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestTouchDuringSearch checks that a search that has begun goes on with what
// it began with.
func TestTouchDuringSearch(t *testing.T) {
	w := touchDocs(t, t.TempDir(), 4)
	touchAll(t, w, 4, 1)
	v, err := w.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer v.release()
	touchAll(t, w, 4, 2)
	n := 0
	for d, err := range v.docs() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if d.Info.Fingerprint.ModTime != 1 {
			t.Errorf("%s has version %d, want that of the beginning", d.Info.ID, d.Info.Fingerprint.ModTime)
		}
	}
	if n != 4 {
		t.Errorf("%d documents", n)
	}
	checkTouches(t, w, 4, 2)
}

// TestTouchedDocumentsFit checks what is refused of a file of touched
// documents that parses.
func TestTouchedDocumentsFit(t *testing.T) {
	w := touchDocs(t, t.TempDir(), 3)
	segs := w.now().segs
	for name, test := range map[string]struct {
		change  func(d *segment.Doc)
		deleted *roaring.Bitmap
		fits    bool
	}{
		"as it is":        {change: func(*segment.Doc) {}, fits: true},
		"Info":            {change: func(d *segment.Doc) { d.Info.Type = "another" }, fits: true},
		"ID":              {change: func(d *segment.Doc) { d.Info.ID = "another" }},
		"number":          {change: func(d *segment.Doc) { d.Number = 77 }},
		"first row":       {change: func(d *segment.Doc) { d.First++ }},
		"passages":        {change: func(d *segment.Doc) { d.Info.Passages++ }},
		"deleted":         {change: func(*segment.Doc) {}, deleted: roaring.BitmapOf(1)},
		"another deleted": {change: func(*segment.Doc) {}, deleted: roaring.BitmapOf(0), fits: true},
	} {
		d, err := segs[1].Doc(0)
		if err != nil {
			t.Fatal(err)
		}
		test.change(d)
		if test.deleted == nil {
			test.deleted = roaring.New()
		}
		if err := checkTouched(segs, test.deleted, map[segment.DocNumber]*segment.Doc{d.Number: d}); (err == nil) != test.fits {
			t.Errorf("%s: %v, want an error: %t", name, err, !test.fits)
		}
	}
}

// FuzzDecodeTouched checks that what decodes is what encoding it again gives.
func FuzzDecodeTouched(f *testing.F) {
	a, b := sampleDoc(), sampleDoc()
	b.Number++
	f.Add(encodeTouched(map[segment.DocNumber]*segment.Doc{a.Number: a, b.Number: b}))
	f.Add(segment.AppendDoc(segment.AppendDoc(nil, b), a)) // out of order
	f.Add(segment.AppendDoc(nil, a)[1:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		touched, err := decodeTouched(content, formatVersion)
		if err != nil {
			return
		}
		again, err := decodeTouched(encodeTouched(touched), formatVersion)
		if err != nil || !reflect.DeepEqual(touched, again) {
			t.Fatalf("%v became %v, %v", touched, again, err)
		}
	})
}

// BenchmarkTouch touches the documents of a batch in an index where all have
// been touched before.
func BenchmarkTouch(b *testing.B) {
	const docs, batch = 20_000, 256
	w := mustCreate(b, b.TempDir())
	all := index.Batch{}
	for i := range docs {
		info := index.Info{ID: fmt.Sprintf("/home/ada/documents/%d.txt", i)}
		all.Put = append(all.Put, index.Document{Info: info})
		all.Touch = append(all.Touch, info)
	}
	if err := w.Apply(b.Context(), index.Batch{Put: all.Put}); err != nil {
		b.Fatal(err)
	}
	if err := w.Apply(b.Context(), index.Batch{Touch: all.Touch}); err != nil {
		b.Fatal(err)
	}
	at := 0
	for b.Loop() {
		if at+batch > docs {
			at = 0
		}
		if err := w.Apply(b.Context(), index.Batch{Touch: all.Touch[at : at+batch]}); err != nil {
			b.Fatal(err)
		}
		at += batch
	}
}
