package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// stepsIndex makes an index of some steps and returns its folder and the
// folder of its newest generation.
func stepsIndex(t *testing.T, steps int) (dir, gen string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "index")
	s, err := Create(t.Context(), dir, killOptions)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= steps; n++ {
		if err := s.Apply(t.Context(), step(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, newestGen(t, dir)
}

func newestGen(t *testing.T, dir string) string {
	t.Helper()
	cur, err := readCurrent(dir)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, genName(cur.generation))
}

// files returns the files below dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// overwrite replaces a file, since its old content may be linked elsewhere.
func overwrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, disk.FileMode); err != nil {
		t.Fatal(err)
	}
}

// openBoth opens an index for reading and for writing and returns the errors.
func openBoth(t *testing.T, dir string) []error {
	t.Helper()
	r, rerr := Open(t.Context(), dir)
	if rerr == nil {
		r.Close()
	}
	w, werr := Create(t.Context(), dir, killOptions)
	if werr == nil {
		w.Close()
	}
	return []error{rerr, werr}
}

func TestMissingAndTruncatedFiles(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	names := files(t, gen)
	if len(names) < 5 {
		t.Fatalf("only %q in a generation", names)
	}
	for _, name := range append(names, filepath.Join(dir, currentName)) {
		if isCodes(filepath.Base(name)) {
			continue // TestCodesDerived has what becomes of these
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, len(content) / 2, len(content) - 1} {
			overwrite(t, name, content[:n])
			for _, err := range openBoth(t, dir) {
				if !errors.Is(err, index.ErrDamaged) || !strings.Contains(err.Error(), dir) {
					t.Errorf("%s cut to %d bytes: error %v, want ErrDamaged", name, n, err)
				}
			}
		}
		if filepath.Base(name) == currentName { // without it there is no index, but generations to be kept
			overwrite(t, name, content)
			continue
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		for _, err := range openBoth(t, dir) {
			if !errors.Is(err, index.ErrDamaged) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%s removed: error %v, want ErrDamaged", name, err)
			}
		}
		if err := os.WriteFile(name, content, disk.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range openBoth(t, dir) {
		if err != nil {
			t.Errorf("after putting everything back: %v", err)
		}
	}
}

// TestLostCurrent checks that a folder whose CURRENT is gone is not taken for
// an empty one: that would clean generations away that can be saved.
func TestLostCurrent(t *testing.T) {
	dir, gen := stepsIndex(t, 3)
	if err := os.Remove(filepath.Join(dir, currentName)); err != nil {
		t.Fatal(err)
	}
	for _, err := range openBoth(t, dir) {
		if !errors.Is(err, index.ErrDamaged) {
			t.Errorf("error %v, want ErrDamaged", err)
		}
	}
	if _, err := os.Stat(filepath.Join(gen, manifestName)); err != nil {
		t.Errorf("the generation was touched: %v", err)
	}
}

// TestFlippedBits flips bits all over an index. It may open or not, but must
// not panic, and Verify must notice whatever opening does not.
func TestFlippedBits(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range files(t, gen) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			broken := bytes.Clone(content)
			at := random.IntN(len(broken))
			broken[at] ^= 1 << random.IntN(8)
			overwrite(t, name, broken)
			if err := useAll(t, dir); err == nil {
				t.Errorf("nobody notices a bit flipped at %d of %s", at, name)
			}
		}
		overwrite(t, name, content)
	}
	if err := useAll(t, dir); err != nil {
		t.Errorf("after putting everything back: %v", err)
	}
}

// useAll opens an index and does everything a reader can.
func useAll(t *testing.T, dir string) error {
	s, err := Open(t.Context(), dir)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = checkSteps(t.Context(), s)
	return errors.Join(err, s.Verify(t.Context()))
}

func TestNewerFormat(t *testing.T) {
	dir, gen := stepsIndex(t, 1)
	text := []byte(fmt.Sprintf(`{"format": %d, "what": "the future brings"}`, formatVersion+1))
	overwrite(t, filepath.Join(gen, manifestName), text)
	cur, err := readCurrent(dir)
	if err != nil {
		t.Fatal(err)
	}
	cur.manifest = disk.Sum(text)
	overwrite(t, filepath.Join(dir, currentName), cur.bytes())
	_, cerr := Check(t.Context(), dir, index.CheckOptions{})
	_, rerr := Repair(t.Context(), dir, index.RepairOptions{})
	for _, err := range append(openBoth(t, dir), cerr, rerr) {
		if !errors.Is(err, index.ErrNewerFormat) {
			t.Errorf("error %v, want ErrNewerFormat", err)
		}
	}
}

func TestNotAnIndex(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious.txt")
	if err := os.WriteFile(precious, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(dir, workName) // a name that an index has too
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, precious} {
		for _, err := range openBoth(t, path) {
			if !errors.Is(err, index.ErrNotIndex) {
				t.Errorf("%s: error %v, want ErrNotIndex", path, err)
			}
		}
	}
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("files %q", left)
	}
	if _, err := os.Stat(work); err != nil {
		t.Error(err)
	}
	// A folder with a CURRENT of another program.
	if err := os.WriteFile(filepath.Join(dir, currentName), []byte("MANIFEST-000001\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, err := range openBoth(t, dir) {
		if !errors.Is(err, index.ErrNotIndex) {
			t.Errorf("foreign CURRENT: error %v, want ErrNotIndex", err)
		}
	}
}

func TestNotFound(t *testing.T) {
	for _, dir := range []string{filepath.Join(t.TempDir(), "not", "there"), t.TempDir()} {
		if s, err := Open(t.Context(), dir); !errors.Is(err, index.ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
			if err == nil {
				s.Close()
			}
		}
	}
}

// TestDamageAfterOpening checks that a document whose record changes under an
// open Store is not shown.
func TestDamageAfterOpening(t *testing.T) {
	dir, _ := stepsIndex(t, 2)
	s := mustOpen(t, dir)
	hits, err := s.Keyword(t.Context(), index.Request{Query: query("word"), Limit: 1})
	if err != nil || len(hits) != 1 {
		t.Fatalf("%d hits, %v", len(hits), err)
	}
	for _, seg := range s.now().segs {
		content, err := os.ReadFile(seg.Path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(seg.Path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for i := range seg.Docs() {
			at := bytes.LastIndex(content, []byte("/docs/"+seg.DocID(i)+".txt")) // which decodes whatever it is
			if _, err := file.WriteAt([]byte("!"), int64(at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := s.Passages(t.Context(), []index.PassageID{hits[0].ID}); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("Passages: error %v, want ErrDamaged", err)
	}
	if _, err := s.Keyword(t.Context(), index.Request{Query: query("word"), Filter: index.Filter{Paths: []string{"*"}}, Limit: 1}); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("a filtered search: error %v, want ErrDamaged", err)
	}
	for _, err := range s.Documents(t.Context()) {
		if !errors.Is(err, index.ErrDamaged) {
			t.Errorf("Documents: error %v, want ErrDamaged", err)
		}
	}
}
