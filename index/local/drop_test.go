package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
)

func TestDrop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	w, err := local.Create(t.Context(), dir, local.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := local.Drop(t.Context(), dir); !errors.Is(err, index.ErrLocked) {
		t.Errorf("dropping an index that is being written gives %v, want ErrLocked", err)
	}
	if err := w.Apply(t.Context(), index.Batch{Put: []index.Document{{Info: index.Info{ID: "a"}}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := local.Drop(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	if err := local.Drop(t.Context(), dir); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("dropping what is not there gives %v, want ErrNotFound", err)
	}
}

// What is not ours stays, with the folder it is in.
func TestDropLeavesForeignFiles(t *testing.T) {
	dir := t.TempDir()
	w, err := local.Create(t.Context(), dir, local.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(note, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := local.Drop(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "note.txt" {
		t.Errorf("left: %v, %v; want note.txt alone", entries, err)
	}
	if err := local.Drop(t.Context(), dir); !errors.Is(err, index.ErrNotIndex) && !errors.Is(err, index.ErrNotFound) {
		t.Errorf("dropping a folder without an index gives %v", err)
	}
}
