package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
)

func TestIsIndex(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	check := func(when string, want bool) {
		t.Helper()
		if got := local.IsIndex(dir); got != want {
			t.Errorf("%s: IsIndex is %v", when, got)
		}
	}
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("gen-1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check("nothing there", false)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	check("empty folder", false)
	write("CURRENT")
	check("something else of that name", false)
	if err := os.Remove(filepath.Join(dir, "CURRENT")); err != nil {
		t.Fatal(err)
	}
	s, err := local.Create(t.Context(), dir, local.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	check("being made", true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check("made", true)
	write("notes.txt")
	check("with a file of the user's", true)
	if err := os.Remove(filepath.Join(dir, "CURRENT")); err != nil {
		t.Fatal(err)
	}
	check("a folder with a file named LOCK", false)
}

func TestCreateInsideAnIndex(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	s, err := local.Create(t.Context(), dir, local.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	inner := filepath.Join(dir, "sub", "index")
	if _, err := local.Create(t.Context(), inner, local.TestOptions{}); !errors.Is(err, index.ErrNotIndex) {
		t.Errorf("got %v, want ErrNotIndex", err)
	}
	if _, err := os.Stat(filepath.Dir(inner)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was made: %v", err)
	}
}
