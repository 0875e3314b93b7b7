package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// nextSettings are those of an index of steps after it was re-embedded.
var nextSettings = index.Settings{Embedder: "next", Dim: 5, Languages: "en"}

// other returns what an index of these settings is re-embedded for.
func other(s index.Settings) index.Settings {
	if s == killSettings {
		return nextSettings
	}
	return killSettings
}

// stepOf is a step with vectors of the embedder in the settings.
func stepOf(s index.Settings, n int) (index.Batch, error) {
	b := step(n)
	for _, d := range b.Put {
		for i := range d.Content {
			n, v, part, err := parseKillText(d.Content[i].Text)
			if err != nil {
				return b, err
			}
			d.Content[i].Vector = killVectorOf(s, n, v, part)
		}
	}
	return b, nil
}

// addVectors adds at least limit vectors of the next documents, if so many are
// missing, checks those that are there, and tells whether it has added any.
func addVectors(ctx context.Context, r index.Reembedding, of index.Settings, limit int) (added bool, err error) {
	var vectors []index.Embedded
	var last *index.Info
	for p, err := range r.Passages(ctx) {
		if err != nil {
			return false, err
		}
		n, v, i, err := parseKillText(p.Text)
		if err != nil {
			return false, err
		}
		want := killVectorOf(of, n, v, i)
		if p.Vector != nil {
			if !slices.Equal(p.Vector, want) {
				return false, fmt.Errorf("passage %q has another vector in the shadow", p.Text)
			}
			continue
		}
		if len(vectors) >= limit && p.Doc != last {
			break
		}
		last = p.Doc
		vectors = append(vectors, index.Embedded{ID: p.ID, Vector: want})
	}
	return len(vectors) > 0, r.Add(ctx, vectors)
}

// childReembedder carries out steps, and re-embeds the index over and over
// between them, for the one and the other embedder in turn. After each
// publication it says what is published.
func childReembedder(dir string) error {
	ctx := context.Background()
	settings := killSettings
	switch r, err := Open(ctx, dir); {
	case err == nil:
		settings = r.pinned.manifest.Settings
		if err := r.Close(); err != nil {
			return err
		}
	case !errors.Is(err, index.ErrNotFound):
		return err
	}
	s, err := Create(ctx, dir, TestOptions{Settings: settings, codedRows: 1})
	if err != nil {
		return err
	}
	n, err := published(ctx, s)
	if err != nil {
		return err
	}
	say := func(n int) error {
		st, err := s.Stats(ctx)
		fmt.Println(n, st.Generation, st.Settings.Embedder, st.Reembedding.Passages)
		return err
	}
	for ; ; n++ {
		if n%4 == 0 {
			if err := errors.Join(s.Publish(ctx), say(n)); err != nil {
				return err
			}
		}
		b, err := stepOf(settings, n+1)
		if err != nil {
			return err
		}
		if err := s.Apply(ctx, b); err != nil {
			return err
		}
		next := other(settings)
		r, err := s.Reembed(ctx, next.Model())
		if err != nil {
			return err
		}
		added, err := addVectors(ctx, r, next, 30)
		if err != nil {
			return err
		}
		if !added && n%8 == 7 {
			if err := r.Switch(ctx); err != nil {
				return err
			}
			settings = next
			if err := say(n + 1); err != nil {
				return err
			}
		}
	}
}

// TestReembedderKilled kills writers at random moments of a re-embedding, of
// the changes between its parts, and of the switch. Each time what was
// published last must be there: all documents with vectors of the one embedder
// or the other, and what the shadow had.
func TestReembedderKilled(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	last, switches := 0, 0
	embedder := killSettings.Embedder
	for round := range rounds {
		acknowledged := killed(t, "reembedder", dir, time.Duration(random.IntN(500))*time.Millisecond)
		var step, passages int
		var generation uint64
		var served string
		if _, err := fmt.Sscan(acknowledged, &step, &generation, &served, &passages); err != nil {
			t.Fatalf("%q: %v", acknowledged, err)
		}
		s := mustOpen(t, dir)
		have, err := checkSteps(t.Context(), s)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := errors.Join(s.Verify(t.Context()), s.CheckCodes(t.Context())); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		st, err := s.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if have < step || have < last || st.Generation < generation {
			t.Errorf("round %d: step %d of generation %d is there, %q was acknowledged", round, have, st.Generation, acknowledged)
		}
		if st.Generation == generation && (st.Settings.Embedder != served || st.Reembedding.Passages != passages) {
			t.Errorf("round %d: %+v is there, %q was acknowledged", round, st, acknowledged)
		}
		last = have
		if st.Settings.Embedder != embedder {
			embedder = st.Settings.Embedder
			switches++
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if last == 0 {
		t.Error("no writer came to publish anything")
	}
	t.Logf("%d steps and at least %d switches survived %d kills", last, switches, rounds)

	// What is left can be completed.
	s := mustOpen(t, dir)
	settings := s.pinned.manifest.Settings
	w, err := Create(t.Context(), dir, TestOptions{Settings: settings, codedRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	next := other(settings)
	r, err := w.Reembed(t.Context(), next.Model())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := addVectors(t.Context(), r, next, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := r.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, w, last)
	check(t, s, last) // which has the old vectors
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, last)
	if st, err := s.Stats(t.Context()); err != nil || st.Settings != next || st.Reembedding != (index.Unfinished{}) {
		t.Errorf("stats %+v, %v", st, err)
	}
}

// shadowed makes an index of some steps of which about n passages are
// re-embedded.
func shadowed(t *testing.T, steps, n int) (dir string) {
	t.Helper()
	dir, _ = stepsIndex(t, steps)
	w := mustCreate(t, dir)
	r, err := w.Reembed(t.Context(), nextSettings.Model())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := addVectors(t.Context(), r, nextSettings, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fileNames are the names of all files of segments but the codes.
func fileNames(segs []segmentManifest) []string {
	var names []string
	for _, m := range segs {
		names = append(names, slices.Concat([]string{m.Name}, m.Vectors, m.Annotations)...)
	}
	return names
}

// TestDamagedShadow checks that what a writer goes on with is what was written.
func TestDamagedShadow(t *testing.T) {
	dir := shadowed(t, 12, 8)
	gen := newestGen(t, dir)
	r := mustOpen(t, dir)
	names := fileNames(r.pinned.manifest.Reembedding.Segments)
	if len(names) == 0 {
		t.Fatal("nothing is in the shadow")
	}
	for _, name := range names {
		path := filepath.Join(gen, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, damage := range []func([]byte) []byte{
			func(b []byte) []byte { return b[:len(b)/2] },
			func(b []byte) []byte { b[len(b)-20] ^= 4; return b },
		} {
			overwrite(t, path, damage(slices.Clone(content)))
			if _, err := Create(t.Context(), dir, killOptions); !errors.Is(err, index.ErrDamaged) || !strings.Contains(err.Error(), name) {
				t.Errorf("error %v, want ErrDamaged about %s", err, name)
			}
			if err := r.Verify(t.Context()); !errors.Is(err, index.ErrDamaged) {
				t.Errorf("Verify: %v", err)
			}
		}
		overwrite(t, path, content)
	}
	check(t, mustCreate(t, dir), 12)
}

// TestShadowOfOthers checks that a shadow whose documents are not those of the
// index is noticed.
func TestShadowOfOthers(t *testing.T) {
	d := *sampleDoc()
	for name, now := range map[string]segment.Doc{
		"row":    {Number: d.Number, First: d.First + 1, Info: d.Info},
		"length": {Number: d.Number, First: d.First, Info: index.Info{ID: d.Info.ID, Passages: d.Info.Passages + 1}},
	} {
		if err := newShadow(nextSettings.Model()).load(&d, &now); err == nil {
			t.Errorf("another %s is accepted", name)
		}
	}
}

// TestShadowIsDropped checks that an unfinished re-embedding that is discarded
// leaves no files.
func TestShadowIsDropped(t *testing.T) {
	dir := shadowed(t, 12, 8)
	w := mustCreate(t, dir)
	names := fileNames(w.manifest.Reembedding.Segments)
	r, err := w.Reembed(t.Context(), nextSettings.Model())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	advance(t, w, 12, 13)
	advance(t, w, 13, 14)
	for _, path := range files(t, dir) {
		if base := filepath.Base(path); slices.ContainsFunc(names, func(name string) bool { return base == name || base == codesName(name) }) {
			t.Errorf("%s is still there", path)
		}
	}
	check(t, w, 14)
}

// TestReembedMany checks that the segments of a shadow are merged as others
// are, and that most of it can be deleted meanwhile.
func TestReembedMany(t *testing.T) {
	dir, _ := stepsIndex(t, 60)
	w := mustCreate(t, dir)
	r, err := w.Reembed(t.Context(), nextSettings.Model())
	if err != nil {
		t.Fatal(err)
	}
	for added := true; added; {
		if added, err = addVectors(t.Context(), r, nextSettings, 1); err != nil {
			t.Fatal(err)
		}
		if n := len(w.writer.shadow.segs); n > mergeWidth {
			t.Fatalf("%d segments", n)
		}
	}
	var ids []string
	for n := range 55 {
		ids = append(ids, killID(n))
	}
	if err := w.Apply(t.Context(), index.Batch{Delete: ids}); err != nil {
		t.Fatal(err)
	}
	want, err := w.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	st, err := w.Stats(t.Context())
	if err != nil || st.Documents != want.Documents || st.Passages != want.Passages || st.Passages == 0 {
		t.Errorf("stats %+v, %v; want those before, %+v", st, err, want)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, dir)
	hits, err := s.Nearest(t.Context(), index.Request{Vector: make([]float32, nextSettings.Dim), Limit: 1000})
	if err != nil || len(hits) != st.Passages {
		t.Errorf("%d of %d passages are found: %v", len(hits), st.Passages, err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestReembedWithoutVectors gives an index for keywords only its first vectors.
func TestReembedWithoutVectors(t *testing.T) {
	dir := t.TempDir()
	plain := index.Settings{Languages: "en"}
	w, err := Create(t.Context(), dir, TestOptions{Settings: plain, codedRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for n := 1; n <= 12; n++ {
		b, err := stepOf(plain, n)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	r, err := w.Reembed(t.Context(), nextSettings.Model())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := addVectors(t.Context(), r, nextSettings, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := r.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, w, 12)
	check(t, mustOpen(t, dir), 12)
}
