package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// twoGenerations makes an index of two generations that share little: each has
// files that the other has not.
func twoGenerations(t *testing.T) string {
	t.Helper()
	dir, _ := stepsIndex(t, 12)
	s, err := Create(t.Context(), dir, killOptions)
	if err != nil {
		t.Fatal(err)
	}
	for n := 13; n <= 20; n++ {
		if err := s.Apply(t.Context(), step(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustCheck(t *testing.T, dir string) *index.CheckReport {
	t.Helper()
	r, err := Check(t.Context(), dir, index.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCheckSound(t *testing.T) {
	dir := twoGenerations(t)
	r := mustCheck(t, dir)
	if len(r.Problems) > 0 || len(r.Leftovers) > 0 {
		t.Errorf("a sound index: %+v", r)
	}
	if r.Documents == 0 || r.Documents >= len(killState(20)) || r.Passages == 0 || r.Files == 0 || r.Bytes == 0 || r.Generation < 2 {
		t.Errorf("checked %+v; a quarter of the documents have failed", r)
	}
}

// damageKind is a way in which files break: those of Lucene's
// MockDirectoryWrapper, and a file of another generation.
type damageKind struct {
	name string
	do   func(r *rand.Rand, content, other []byte) []byte // nil removes the file
}

var damageKinds = []damageKind{
	{"bit flipped", func(r *rand.Rand, b, _ []byte) []byte {
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		return b
	}},
	{"truncated", func(r *rand.Rand, b, _ []byte) []byte { return b[:r.IntN(len(b))] }},
	{"zeroed block", func(r *rand.Rand, b, _ []byte) []byte {
		at := r.IntN(len(b))
		clear(b[at:min(at+64, len(b))])
		return b
	}},
	{"longer", func(_ *rand.Rand, b, _ []byte) []byte { return append(b, 0) }},
	{"removed", func(*rand.Rand, []byte, []byte) []byte { return nil }},
	{"another generation's", func(_ *rand.Rand, _, other []byte) []byte { return other }},
}

// damageRounds is how often each file is damaged in each way: usually so often,
// or as TORTURE_DAMAGE says.
func damageRounds(t *testing.T, usually int) int {
	t.Helper()
	text := os.Getenv("TORTURE_DAMAGE")
	if text == "" {
		return usually
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("TORTURE_DAMAGE is %q, want a number", text)
	}
	return n
}

// damageEach damages each file of an index in each way and calls f, then puts
// back what was there.
func damageEach(t *testing.T, dir string, rounds int, f func(kind, path string)) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	all := files(t, dir)
	for _, name := range all {
		if filepath.Base(name) == lockName {
			continue // which says something only while it is held
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var other []byte
		for _, o := range all {
			if o != name && filepath.Ext(o) == filepath.Ext(name) && strings.TrimRight(filepath.Base(o), "0123456789") == strings.TrimRight(filepath.Base(name), "0123456789") {
				if other, err = os.ReadFile(o); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, kind := range damageKinds {
			for range rounds {
				if kind.name == "another generation's" && other == nil {
					continue
				}
				broken := kind.do(random, bytes.Clone(content), bytes.Clone(other))
				if broken != nil && bytes.Equal(broken, content) {
					continue
				}
				if broken == nil {
					err = os.Remove(name)
				} else {
					overwrite(t, name, broken)
				}
				if err != nil {
					t.Fatal(err)
				}
				f(kind.name, name)
				os.Remove(name)
				if err := os.WriteFile(name, content, disk.FileMode); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestCheckFindsAllDamage damages every file of both generations in every way:
// Check finds each, and what is served without a check does not panic.
func TestCheckFindsAllDamage(t *testing.T) {
	dir := twoGenerations(t)
	rounds := damageRounds(t, 4)
	n := 0
	damageEach(t, dir, rounds, func(kind, path string) {
		n++
		r, err := Check(t.Context(), dir, index.CheckOptions{})
		if filepath.Base(path) == currentName && errors.Is(err, index.ErrDamaged) {
			return
		}
		if err != nil {
			t.Errorf("%s, %s: %v", path, kind, err)
			return
		}
		if len(r.Problems) == 0 {
			t.Errorf("%s, %s: not found", path, kind)
		}
		_ = useAll(t, dir) // may fail, must not panic
	})
	if r := mustCheck(t, dir); len(r.Problems) > 0 {
		t.Errorf("after putting everything back: %+v", r.Problems)
	}
	if n < 10*len(damageKinds)*rounds {
		t.Errorf("only %d damaged files", n)
	}
	t.Logf("%d damaged files, all found", n)
}

func TestCheckForeignFiles(t *testing.T) {
	dir := twoGenerations(t)
	gen := newestGen(t, dir)
	for _, path := range []string{
		filepath.Join(dir, "notes.txt"), filepath.Join(gen, "._seg-00000001"), filepath.Join(gen, postingsName, "000000000099.zap"),
	} {
		if err := os.WriteFile(path, []byte("x"), disk.FileMode); err != nil {
			t.Fatal(err)
		}
		if r := mustCheck(t, dir); len(r.Problems) != 1 || filepath.Join(dir, filepath.FromSlash(r.Problems[0].Path)) != path {
			t.Errorf("with a file %s: %+v", path, r.Problems)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckOtherPostings gives an index whole postings that are not its own.
func TestCheckOtherPostings(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	s := mustCreate(t, dir)
	doc := index.Document{Info: index.Info{ID: "a", Path: "/a.txt", Title: "Ants"}}
	doc.Content = []index.Passage{{Text: "all about ants", Match: "nothing about bees", Vector: make([]float32, killSettings.Dim)}}
	if err := s.Apply(t.Context(), index.Batch{Put: []index.Document{doc}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustCheck(t, dir)
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "other words") {
		t.Errorf("words that are not those of the text: %+v", r.Problems)
	}
	o := index.CheckOptions{Normalize: func(text string) string {
		return strings.NewReplacer("all", "nothing", "ants", "bees").Replace(text)
	}}
	if r, err := Check(t.Context(), dir, o); err != nil || len(r.Problems) > 0 {
		t.Errorf("with the form that was indexed: %v, %+v", err, r)
	}
}

func TestCheckNothing(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := Check(t.Context(), dir, index.CheckOptions{}); !errors.Is(err, index.ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
		}
		if _, err := Repair(t.Context(), dir, index.RepairOptions{}); !errors.Is(err, index.ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
		}
	}
}

// killEmbed gives passages the vectors that the steps gave them.
func killEmbed(_ context.Context, e index.Embedder, passages []index.Stored) ([][]float32, error) {
	out := make([][]float32, len(passages))
	for k, p := range passages {
		n, v, i, err := parseKillText(p.Text)
		if err != nil {
			return nil, err
		}
		out[k] = killVector(n, v, i)
	}
	return out, nil
}

// TestRepair damages every file in every way and repairs: what is there
// afterwards is sound and as it was before, what is missing is named, and where
// only derived files were damaged nothing is missing.
func TestRepair(t *testing.T) {
	sound := twoGenerations(t)
	rounds := damageRounds(t, 2)
	want := killState(20)
	n := 0
	damageEach(t, sound, rounds, func(kind, path string) {
		n++
		dir := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
			t.Fatal(err)
		}
		if kind == "removed" && filepath.Base(path) == currentName {
			return // TestRepairLostCurrent
		}
		r, err := Repair(t.Context(), dir, index.RepairOptions{Embed: killEmbed})
		what := fmt.Sprintf("%s, %s", strings.TrimPrefix(path, sound), kind)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if after := mustCheck(t, dir); len(after.Problems) > 0 {
			t.Errorf("%s: after the repair %+v", what, after.Problems)
			return
		}
		s := mustOpen(t, dir)
		defer s.Close()
		have := make(map[string]bool)
		for d, err := range s.Documents(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			have[d.ID] = true
			if _, ok := want[d.ID]; !ok && !r.Undeleted && !r.Older {
				t.Errorf("%s: %s is back", what, d.ID)
			}
		}
		for _, l := range r.Lost {
			have[l.ID] = true
		}
		for id := range want {
			if !have[id] && len(r.Unnamed) == 0 && !r.Older {
				t.Errorf("%s: %s is missing and not named", what, id)
			}
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, sound+string(filepath.Separator)))
		derived := strings.Contains(name, postingsName) || isCodes(filepath.Base(name)) || filepath.Base(name) == deletedName || strings.HasPrefix(name, genName(mustCheck(t, sound).Generation-1))
		if derived && len(r.Lost)+len(r.Unnamed) > 0 {
			t.Errorf("%s: lost %+v, unnamed %q", what, r.Lost, r.Unnamed)
		}
		if derived {
			if step, err := checkSteps(t.Context(), s); err != nil || step != 20 {
				t.Errorf("%s: repaired to step %d: %v", what, step, err)
			}
		}
		// The next writer goes on.
		s.Close()
		w := mustCreate(t, dir)
		if err := w.Apply(t.Context(), step(21)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if after := mustCheck(t, dir); len(after.Problems) > 0 {
			t.Errorf("%s: after the next batch %+v", what, after.Problems)
		}
	})
	if n < 10*len(damageKinds)*rounds {
		t.Errorf("only %d repairs", n)
	}
	t.Logf("%d repairs", n)
}

// TestRepairVectors flips bits of vectors, or takes them away: they are made
// again, or the passages stay without vectors where that cannot be.
func TestRepairVectors(t *testing.T) {
	for n := range 6 {
		embed, damage := n%2 == 0, n/2
		dir, gen := stepsIndex(t, 12)
		for _, name := range files(t, gen) {
			if !strings.HasPrefix(filepath.Base(name), vecPrefix) {
				continue
			}
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			switch damage {
			case 0:
				content[5] ^= 1 // the vectors come first
				overwrite(t, name, content)
			case 1:
				overwrite(t, name, content[:len(content)-1])
			case 2:
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
			}
		}
		o := index.RepairOptions{}
		if embed {
			o.Embed = killEmbed
		}
		r, err := Repair(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, dir)
		defer s.Close()
		if !embed {
			st, err := s.Stats(t.Context())
			if err != nil || len(r.Lost) > 0 || r.Passages == 0 || r.Reembedded > 0 || r.Vectorless != r.Passages || st.Vectors != 0 {
				t.Errorf("without an embedder: %+v, %d vectors, %v", r, st.Vectors, err)
			}
			all, err := s.Keyword(t.Context(), index.Request{Query: query("common"), Limit: 100})
			if err != nil || len(all) != r.Passages {
				t.Errorf("keywords find %d of %d passages, %v", len(all), r.Passages, err)
			}
			continue
		}
		if len(r.Lost) > 0 || r.Reembedded == 0 || r.Reembedded != r.Passages {
			t.Errorf("with an embedder: %+v", r)
		}
		if n, err := checkSteps(t.Context(), s); err != nil || n != 12 {
			t.Errorf("step %d: %v", n, err)
		}
	}
}

func TestRepairLostCurrent(t *testing.T) {
	dir := twoGenerations(t)
	if err := os.Remove(filepath.Join(dir, currentName)); err != nil {
		t.Fatal(err)
	}
	if r := mustCheck(t, dir); len(r.Problems) == 0 {
		t.Error("nothing found")
	}
	r, err := Repair(t.Context(), dir, index.RepairOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Lost)+len(r.Unnamed) > 0 || r.Undeleted || r.Older {
		t.Errorf("report %+v", r)
	}
	s := mustOpen(t, dir)
	defer s.Close()
	if n, err := checkSteps(t.Context(), s); err != nil || n != 20 {
		t.Errorf("step %d: %v", n, err)
	}
}

// TestRepairIsAllOrNothing interrupts a repair: the index is as damaged as it
// was, and another repair works.
func TestRepairIsAllOrNothing(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	for _, name := range files(t, gen) {
		if strings.HasPrefix(filepath.Base(name), vecPrefix) {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			content[5] ^= 1
			overwrite(t, name, content)
		}
	}
	before := mustCheck(t, dir)
	broken := errors.New("the model broke")
	_, err := Repair(t.Context(), dir, index.RepairOptions{Embed: func(context.Context, index.Embedder, []index.Stored) ([][]float32, error) {
		return nil, broken
	}})
	if !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	after := mustCheck(t, dir)
	if after.Generation != before.Generation || len(after.Problems) != len(before.Problems) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if _, err := Repair(t.Context(), dir, index.RepairOptions{Embed: killEmbed}); err != nil {
		t.Fatal(err)
	}
	if r := mustCheck(t, dir); len(r.Problems) > 0 {
		t.Errorf("%+v", r.Problems)
	}
}

func TestRepairLeavesSoundAndForeign(t *testing.T) {
	dir := twoGenerations(t)
	before := mustCheck(t, dir)
	foreign := filepath.Join(dir, "notes.txt")
	for _, with := range []bool{false, true} {
		if with {
			if err := os.WriteFile(foreign, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Repair(t.Context(), dir, index.RepairOptions{})
		if err != nil || r.After != nil {
			t.Errorf("repaired a sound index: %+v, %v", r, err)
		}
		if now := mustCheck(t, dir); now.Generation != before.Generation {
			t.Errorf("generation %d, was %d", now.Generation, before.Generation)
		}
	}
	if b, err := os.ReadFile(foreign); err != nil || string(b) != "mine" {
		t.Errorf("the foreign file: %q, %v", b, err)
	}
}

// TestRepairKeepsAllUntilChecked checks that while the outcome of a repair is
// checked the damaged generations are there and nobody can write.
func TestRepairKeepsAllUntilChecked(t *testing.T) {
	dir := twoGenerations(t)
	before := mustCheck(t, dir)
	gen := newestGen(t, dir)
	if err := os.Remove(filepath.Join(gen, deletedName)); err != nil {
		t.Fatal(err)
	}
	checked := false
	o := index.RepairOptions{Embed: killEmbed}
	o.Progress = func(int64, int64) {
		cur, err := readCurrent(dir)
		if err != nil || cur.generation == before.Generation {
			return
		}
		checked = true
		if _, err := Create(t.Context(), dir, killOptions); !errors.Is(err, index.ErrLocked) {
			t.Errorf("a writer gets in: %v", err)
		}
		for _, n := range []uint64{before.Generation - 1, before.Generation} {
			if _, err := os.Stat(filepath.Join(dir, genName(n), manifestName)); err != nil {
				t.Errorf("generation %d is gone: %v", n, err)
			}
		}
	}
	if _, err := Repair(t.Context(), dir, o); err != nil {
		t.Fatal(err)
	}
	if !checked {
		t.Error("nothing was checked after the repair")
	}
	if _, err := os.Stat(gen); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the damaged generation is still there: %v", err)
	}
	w := mustCreate(t, dir)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestRepairAfterKill has what writers leave behind that are killed while they
// publish.
func TestRepairAfterKill(t *testing.T) {
	dir := twoGenerations(t)
	before := mustCheck(t, dir)
	gen := newestGen(t, dir)
	if err := os.CopyFS(filepath.Join(dir, genName(before.Generation+1)+tmpSuffix), os.DirFS(gen)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(gen, deletedName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Repair(t.Context(), dir, index.RepairOptions{}); err != nil {
		t.Fatal(err)
	}
	if r := mustCheck(t, dir); len(r.Problems) > 0 {
		t.Errorf("%+v", r.Problems)
	}
}

// TestForeignGeneration has a generation of another index, with a higher number.
func TestForeignGeneration(t *testing.T) {
	dir, other := twoGenerations(t), twoGenerations(t)
	before := mustCheck(t, dir)
	foreign := filepath.Join(dir, genName(before.Generation+7))
	if err := os.CopyFS(foreign, os.DirFS(newestGen(t, other))); err != nil {
		t.Fatal(err)
	}
	if r := mustCheck(t, dir); len(r.Problems) != 1 {
		t.Errorf("%+v", r.Problems)
	}
	if err := os.Remove(filepath.Join(newestGen(t, dir), deletedName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Repair(t.Context(), dir, index.RepairOptions{}); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, dir)
	defer s.Close()
	if n, err := checkSteps(t.Context(), s); err != nil || n != 20 {
		t.Errorf("step %d: %v", n, err)
	}
}

func TestRepairWaitsForNobody(t *testing.T) {
	dir := twoGenerations(t)
	w := mustCreate(t, dir)
	defer w.Close()
	if _, err := Repair(t.Context(), dir, index.RepairOptions{}); !errors.Is(err, index.ErrLocked) {
		t.Errorf("error %v, want ErrLocked", err)
	}
	if r := mustCheck(t, dir); len(r.Problems) > 0 {
		t.Errorf("while a writer has it: %+v", r.Problems)
	}
}
