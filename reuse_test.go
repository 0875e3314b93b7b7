package albertsearch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/ingest"
)

// move renames a file or folder of the fixture's.
func (f *fixture) move(from, to string) {
	f.t.Helper()
	target := filepath.Join(f.docs, to)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(f.docs, from), target); err != nil {
		f.t.Fatal(err)
	}
}

// comets is a text of n passages.
func comets(n int) string {
	text := new(strings.Builder)
	for i := range n {
		fmt.Fprintf(text, "%s Comet number %d.\n\n", strings.Repeat("tail ", 150), i)
	}
	return text.String()
}

// Only texts that are nowhere in the index are embedded, whatever they are called
// and wherever they stand.
func TestTextsAreEmbeddedOnceWhereverTheyStand(t *testing.T) {
	f := newFixture(t, "")
	f.write("comets.txt", comets(12))
	f.write("old/gears.md", gears)
	f.write("old/bread.txt", bread)
	f.write("r.jsonl", `{"id":"1","text":"A windmill."}`+"\n"+`{"id":"2","title":"Mills","text":"A watermill."}`)
	first := f.index()
	if first.Embedded != first.Passages || first.Reused != 0 || int64(first.Embedded) != f.embedder.texts.Load() {
		t.Fatalf("%+v, embedded %d", first, f.embedder.texts.Load())
	}
	for _, step := range []struct {
		name     string
		change   func()
		embedded int
		new      int // passages
		reused   int // at least
		removed  int
		found    [2]string // a query and what comes first
	}{
		{name: "renamed", change: func() { f.move("comets.txt", "tails.txt") }, reused: 12, removed: 1, found: [2]string{"comet", "tails.txt"}},
		{name: "given another kind of name", change: func() { f.move("tails.txt", "tails.log.old.txt") }, reused: 12, removed: 1},
		{name: "folder moved", change: func() { f.move("old", "new/older") }, reused: 2, removed: 2, found: [2]string{"Ottilie", "gears.md"}},
		{name: "copied", change: func() { f.write("copy.txt", comets(12)) }, reused: 12},
		{name: "renamed and a line appended", change: func() {
			f.move("copy.txt", "copied.txt")
			f.write("copied.txt", comets(12)+"A waterwheel was heard.\n")
		}, embedded: 1, new: 1, reused: 11, removed: 1, found: [2]string{"waterwheel", "copied.txt"}},
		{name: "swapped", change: func() {
			f.write("new/older/bread.txt", stars)
			f.write("tails.log.old.txt", bread)
			f.write("last.txt", comets(12))
		}, embedded: 1, new: 1, reused: 13},
		{name: "a record in another file", change: func() {
			f.write("r.jsonl", `{"id":"1","text":"A windmill."}`)
			f.write("s.jsonl", `{"id":"9","title":"Mills","text":"A watermill."}`)
		}, reused: 1, removed: 1},
		{name: "another title", change: func() {
			f.write("s.jsonl", `{"id":"9","title":"Wheels","text":"A watermill."}`)
		}, embedded: 1, new: 1},
		{name: "twice in one run", change: func() {
			f.write("x.txt", "A fjord is deep.")
			f.write("y.txt", "A fjord is deep.")
		}, embedded: 1, new: 2, reused: 1},
		{name: "gone", change: func() {
			if err := os.Remove(filepath.Join(f.docs, "s.jsonl")); err != nil {
				t.Fatal(err)
			}
		}, removed: 1},
		{name: "back after it was gone", change: func() {
			f.write("s.jsonl", `{"id":"9","title":"Wheels","text":"A watermill."}`)
		}, embedded: 1, new: 1},
	} {
		step.change()
		f.embedder.texts.Store(0)
		sum := f.index()
		if n := f.embedder.texts.Load(); n != int64(step.embedded) {
			t.Errorf("%s: %d texts were embedded, want %d", step.name, n, step.embedded)
		}
		if sum.Embedded != step.embedded || sum.Passages != step.new || sum.Reused < step.reused || sum.Removed != step.removed {
			t.Errorf("%s: %+v", step.name, sum)
		}
		if q := step.found; q[0] != "" && f.top(q[0]) != q[1] {
			t.Errorf("%s: %q is found in %q", step.name, q[0], f.top(q[0]))
		}
	}
	// Each passage has the vector of its own text.
	for i := range 11 {
		hits, err := vectorSearch(t.Context(), f.Engine, fmt.Sprintf("%s Comet number %d.", strings.Repeat("tail ", 150), i))
		if err != nil || len(hits) == 0 || !strings.Contains(hits[0].Text, fmt.Sprintf("number %d.", i)) {
			t.Fatalf("number %d: %v, %v", i, hits, err)
		}
	}
	f.embedder.texts.Store(0)
	sum, err := f.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}, Force: true})
	if err != nil || sum.Embedded == 0 || int64(sum.Embedded) != f.embedder.texts.Load() {
		t.Errorf("forced: %+v, %v, embedded %d", sum, err, f.embedder.texts.Load())
	}
}
