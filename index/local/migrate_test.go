package local

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
	"github.com/albert-search/albert-search/internal/faultfs"
)

// format1Steps is how many steps the index of format 1 is made of.
const format1Steps = 31

// format1 unpacks what testdata/format1.sh has made with the last program that
// wrote format 1, and returns the folder.
func format1(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	file, err := os.Open(filepath.Join("testdata", "format1.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if err == io.EOF {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, dirMode)
		case tar.TypeLink:
			err = os.Link(filepath.Join(dir, filepath.FromSlash(h.Linkname)), path)
		default:
			var content []byte
			if content, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, content, disk.FileMode)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// foundV1 is a hit as the program of then has found it.
type foundV1 struct {
	Row   segment.Row
	Score float64
}

// checkFoundV1 compares searches with what the program of then has found. Of equal
// scores it had another order.
func checkFoundV1(t *testing.T, dir string, s *Store) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var results map[string][]foundV1
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatal(err)
	}
	if len(results) < 4 {
		t.Fatalf("results of %d searches", len(results))
	}
	for name, want := range results {
		r := index.Request{Limit: len(want)}
		var got []index.Hit
		if name == "nearest" {
			r.Vector = killVector(30, 30, 1)
			got, err = s.Nearest(t.Context(), r)
		} else {
			words := map[string]string{"keyword common": "common words", "keyword version": "version30", "keyword touched": "+marker30 words", "keyword path": "path:doc"}[name]
			if r.Query, err = index.ParseQuery(words); err == nil {
				got, err = s.Keyword(t.Context(), r)
			}
		}
		if err != nil || len(got) != len(want) {
			t.Errorf("%s: %d hits instead of %d, %v", name, len(got), len(want), err)
			continue
		}
		for i, h := range got {
			same := slices.ContainsFunc(want, func(w foundV1) bool { return passageID(w.Row) == h.ID && math.Abs(w.Score-h.Score) < 1e-9 })
			if tie := h.Score == want[len(want)-1].Score; math.Abs(h.Score-want[i].Score) > 1e-9 || !same && !tie {
				t.Errorf("%s: hit %d is %+v instead of %+v", name, i, h, want[i])
			}
		}
	}
}

// everything returns what is in an index, with what the documents and passages
// are called, to be compared with another's.
func everything(ctx context.Context, s *Store) (all []string, err error) {
	for d, err := range s.Documents(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, fmt.Sprintf("%+v", *d))
		err = s.with(func(n *snapshot) error {
			passages, err := n.DocumentPassages(ctx, d.ID)
			if err != nil {
				return err
			}
			for _, p := range passages {
				vectors, err := n.Vectors(ctx, []index.PassageID{p.ID})
				if err != nil {
					return err
				}
				all = append(all, fmt.Sprintf("%s: %+v %v", p.ID, p.Passage, vectors[0]))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func formatOfIndex(t testing.TB, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(newestGenOf(t, dir), manifestName))
	if err != nil {
		t.Fatal(err)
	}
	format, _ := formatOf(text)
	return format
}

func newestGenOf(t testing.TB, dir string) string {
	t.Helper()
	cur, err := readCurrent(dir)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, genName(cur.generation))
}

// TestFormat1 opens an index of format 1 for reading, brings it over by opening it
// for writing, and goes on with it.
func TestFormat1(t *testing.T) {
	top := format1(t)
	dir := filepath.Join(top, "index")
	r := mustOpen(t, dir)
	checkFoundV1(t, top, r)
	if n, err := checkSteps(t.Context(), r); err != nil || n != format1Steps {
		t.Fatalf("step %d: %v", n, err)
	}
	before, err := everything(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	old, err := r.Stats(t.Context())
	if err != nil || !old.Outdated || old.Vectors != old.Passages || old.Reembedding.Passages == 0 {
		t.Fatalf("%+v, %v", old, err)
	}
	if problems := mustCheck(t, dir).Problems; len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	if formatOfIndex(t, dir) != 1 {
		t.Fatal("a reader has brought it over")
	}

	w, err := Create(t.Context(), dir, killOptions)
	if err != nil {
		t.Fatal(err)
	}
	if formatOfIndex(t, dir) != formatVersion {
		t.Error("a writer has not brought it over")
	}
	checkFoundV1(t, top, w)
	for _, s := range []*Store{w, mustOpen(t, dir)} {
		after, err := everything(t.Context(), s)
		if err != nil || !slices.Equal(before, after) {
			t.Errorf("%q became %q, %v", before, after, err)
		}
	}
	st, err := mustOpen(t, dir).Stats(t.Context())
	if err != nil || st.Generation != old.Generation+1 || st.Documents != old.Documents || st.Vectors != old.Vectors || st.Reembedding != old.Reembedding {
		t.Errorf("%+v became %+v, %v", old, st, err)
	}
	if problems := mustCheck(t, dir).Problems; len(problems) > 0 {
		t.Errorf("brought over: %+v", problems)
	}
	for n := format1Steps + 1; n <= format1Steps+12; n++ {
		if err := w.Apply(t.Context(), step(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, dir)
	if n, err := checkSteps(t.Context(), s); err != nil || n != format1Steps+12 {
		t.Errorf("step %d: %v", n, err)
	}
	if err := s.CheckCodes(t.Context()); err != nil {
		t.Error(err)
	}
	if problems := mustCheck(t, dir).Problems; len(problems) > 0 {
		t.Errorf("after more steps: %+v", problems)
	}
	// The reader of before still has its generation.
	if n, err := checkSteps(t.Context(), r); err != nil || n != format1Steps {
		t.Errorf("step %d: %v", n, err)
	}
}

// TestFormat1Fresh compares an index that was brought over with a fresh one of the
// same documents.
func TestFormat1Fresh(t *testing.T) {
	top := format1(t)
	w := mustCreate(t, filepath.Join(top, "index"))
	fresh, _ := stepsIndex(t, format1Steps)
	want, err := everything(t.Context(), mustOpen(t, fresh))
	if err != nil {
		t.Fatal(err)
	}
	got, err := everything(t.Context(), w)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q instead of %q, %v", got, want, err)
	}
	// Words and phrases of all fields, and their scores.
	checkFoundV1(t, top, mustOpen(t, fresh))
}

// TestFormat1Fields checks that nothing of a document and its passages is lost.
func TestFormat1Fields(t *testing.T) {
	dir := filepath.Join(format1(t), "rich")
	want := index.Document{
		Info: index.Info{ID: "book", Path: "/books/a book.pdf", Title: "A title", Type: "pdf", Modified: time.Unix(1700000000, 5).UTC(),
			Metadata: map[string]string{"author": "Ann", "year": "1999"}, Bytes: 40, Reason: "one page could not be read", Passages: 2,
			Fingerprint: index.Fingerprint{Stat: document.Stat{Size: 9, ChangeTime: 8, Inode: 1 << 60}, SHA256: [32]byte{1, 2, 3}}},
		Content: []index.Passage{
			{Start: 0, End: 38, Text: "marker0 version0 part0 of common words", Place: document.Place{Page: 1}, Heading: []string{"Outer", "Inner"}},
			{Start: 39, End: 77, Text: "marker0 version0 part1 of common words", Place: document.Place{Page: 2, Line: 3, Column: 4}},
		}}
	for _, s := range []*Store{mustOpen(t, dir), mustCreate(t, dir), mustOpen(t, dir)} {
		if err := s.with(func(n *snapshot) error {
			d, err := n.Document(t.Context(), "book")
			if err != nil || !reflect.DeepEqual(*d, want.Info) {
				t.Errorf("%+v instead of %+v, %v", d, want.Info, err)
			}
			passages, err := n.DocumentPassages(t.Context(), "book")
			if err != nil || len(passages) != 2 || !reflect.DeepEqual(passages[0].Passage, want.Content[0]) || !reflect.DeepEqual(passages[1].Passage, want.Content[1]) {
				t.Errorf("%+v instead of %+v, %v", passages, want.Content, err)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

// childMigrator brings an index over, again and again: what is published is
// removed with the process.
func childMigrator(dir string) error {
	fmt.Println("begins")
	s, err := Create(context.Background(), dir, killOptions)
	if err != nil {
		return err
	}
	return s.Close()
}

// checkMigrated checks an index that may or may not have been brought over, and
// that a writer then has what it had.
func checkMigrated(t *testing.T, dir string, want []string) {
	t.Helper()
	for _, open := range []func(testing.TB, string) *Store{mustOpen, mustCreate, mustOpen} {
		s := open(t, dir)
		if n, err := checkSteps(t.Context(), s); err != nil || n != format1Steps {
			t.Fatalf("step %d: %v", n, err)
		}
		if got, err := everything(t.Context(), s); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q instead of %q, %v", got, want, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if formatOfIndex(t, dir) != formatVersion {
		t.Fatal("it is not brought over")
	}
	if r := mustCheck(t, dir); len(r.Problems) > 0 {
		t.Fatalf("%+v", r.Problems)
	}
}

// TestMigrationFails has operations of the disk fail while a program brings an
// index over, as from then on all of their kind do, and kills the program at them.
// The program is another one, because a file system that a process has mapped must
// not be its own.
func TestMigrationFails(t *testing.T) {
	top := format1(t)
	want, err := everything(t.Context(), mustOpen(t, filepath.Join(top, "index")))
	if err != nil {
		t.Fatal(err)
	}
	allocates := faultfs.Kind.Allocates
	every := func(faultfs.Kind) bool { return true }
	positions := 10
	if testing.Short() {
		positions = 3
	}
	if n, err := strconv.Atoi(os.Getenv("ALBERT_SEARCH_TEST_FAULTS")); err == nil {
		positions = n
	}
	for _, fault := range []struct {
		name  string
		errno syscall.Errno
		kill  bool
		can   func(faultfs.Kind) bool
	}{{"EIO", syscall.EIO, false, every}, {"ENOSPC", syscall.ENOSPC, false, allocates}, {"kill", syscall.EIO, true, every}} {
		t.Run(fault.name, func(t *testing.T) {
			ops, _ := migrateOn(t, top, math.MaxInt, fault.errno, fault.kill, fault.can)
			if ops < 20 {
				t.Fatalf("only %d operations", ops)
			}
			old := 0
			for at := 1; at <= ops; at += max(1, ops/positions) {
				_, dir := migrateOn(t, top, at, fault.errno, fault.kill, fault.can)
				if formatOfIndex(t, dir) == 1 {
					old++
				}
				checkMigrated(t, dir, want)
			}
			t.Logf("of %d operations; %d left the index as it was", ops, old)
		})
	}
}

// migrateOn brings an index over on a disk of which operations fail from the n-th
// on, or the program is killed at it. It returns how many there were that can fail
// so, and a copy of what is left.
func migrateOn(t *testing.T, top string, n int, errno syscall.Errno, kill bool, can func(faultfs.Kind) bool) (ops int, left string) {
	t.Helper()
	disk := faultfs.New()
	root := t.TempDir()
	unmount, err := disk.Mount(root)
	if err != nil {
		t.Skipf("skipped: no file system of our own can be mounted here: %v", err)
	}
	defer func() {
		disk.Hook(nil)
		if err := unmount(); err != nil {
			t.Error(err)
		}
	}()
	dir := filepath.Join(root, "index")
	if err := exec.Command("cp", "-r", filepath.Join(top, "index"), dir).Run(); err != nil {
		t.Fatal(err)
	}
	c, out := child(t, "migrator", dir)
	started := make(chan struct{})
	var counted atomic.Int64
	disk.Hook(func(op faultfs.Op) syscall.Errno {
		if !can(op.Kind) || counted.Add(1) < int64(n) {
			return 0
		}
		if kill {
			<-started
			c.Process.Kill()
		}
		return errno
	})
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	werr := c.Wait()
	disk.Hook(nil)
	if werr != nil && n == math.MaxInt {
		t.Fatalf("%v: %s", werr, out)
	}
	left = filepath.Join(t.TempDir(), "index")
	if err := exec.Command("cp", "-r", dir, left).Run(); err != nil {
		t.Fatal(err)
	}
	return int(counted.Load()), left
}

// TestMigratorKilled kills programs that bring an index over at moments that
// follow each other closely.
func TestMigratorKilled(t *testing.T) {
	top := format1(t)
	want, err := everything(t.Context(), mustOpen(t, filepath.Join(top, "index")))
	if err != nil {
		t.Fatal(err)
	}
	rounds := 25
	if testing.Short() {
		rounds = 6
	}
	old := 0
	for round := range rounds {
		dir := filepath.Join(t.TempDir(), "index")
		if err := exec.Command("cp", "-r", filepath.Join(top, "index"), dir).Run(); err != nil {
			t.Fatal(err)
		}
		killed(t, "migrator", dir, time.Duration(round*120/rounds)*time.Millisecond)
		if formatOfIndex(t, dir) == 1 {
			old++
		}
		checkMigrated(t, dir, want)
	}
	t.Logf("%d of %d were killed before it was published", old, rounds)
}

// TestMigrateDamaged checks that an index that is damaged is not brought over, and
// that a repair does it.
func TestMigrateDamaged(t *testing.T) {
	for name, damage := range map[string]func(content []byte) int{
		"vectors":  func([]byte) int { return 5 },
		"passages": func(content []byte) int { return 10 + slices.Index(content, 'v') },
	} {
		dir := filepath.Join(format1(t), "rich")
		path := filepath.Join(newestGenOf(t, dir), segName(1))
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := damage(content)
		if name == "passages" {
			at = 100 + slices.Index(content[100:], 'v')
		}
		content[at] ^= 1
		if err := errors.Join(os.Remove(path), os.WriteFile(path, content, disk.FileMode)); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(t.Context(), dir, killOptions); !errors.Is(err, index.ErrDamaged) {
			t.Errorf("%s: error %v, want ErrDamaged", name, err)
		}
		if formatOfIndex(t, dir) != 1 {
			t.Errorf("%s: it was brought over", name)
		}
		r, err := Repair(t.Context(), dir, index.RepairOptions{})
		if err != nil {
			t.Fatal(name, err)
		}
		if name == "vectors" && (len(r.Lost) > 0 || r.Passages != 2 || r.Vectorless != 2) || name == "passages" && len(r.Lost) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		if formatOfIndex(t, dir) != formatVersion {
			t.Errorf("%s: a repair has not brought it over", name)
		}
	}
}

// TestManifestSettings checks that every setting comes back.
func TestManifestSettings(t *testing.T) {
	var s index.Settings
	for i, v := 0, reflect.ValueOf(&s).Elem(); i < v.NumField(); i++ {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(v.Type().Field(i).Name)
		case reflect.Int:
			f.SetInt(int64(i + 1))
		default:
			t.Fatalf("a setting of the kind %v", f.Kind())
		}
	}
	m := manifest{Format: formatVersion, Settings: s}
	text, _, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeManifest("MANIFEST", text); err != nil || got.Settings != s {
		t.Errorf("%+v became %+v, %v", s, got.Settings, err)
	}
}
