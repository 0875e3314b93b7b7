package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// TestSalvageNotes tells what is damaged from what cannot be read now.
func TestSalvageNotes(t *testing.T) {
	dir := t.TempDir()
	_, isDir := os.ReadFile(dir)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	_, notDir := os.Open(filepath.Join(file, "below"))
	for _, err := range []error{nil, fs.ErrNotExist, damaged(file, "is short"), isDir, notDir} {
		s := new(salvage)
		if s.note(err); s.readable() != nil {
			t.Errorf("%v keeps an index from being repaired", err)
		}
	}
	for _, err := range []error{syscall.EIO, fs.ErrPermission, syscall.EMFILE} {
		s := new(salvage)
		s.note(err)
		s.note(index.ErrDamaged)
		if !errors.Is(s.readable(), err) {
			t.Errorf("%v is not told: %v", err, s.readable())
		}
	}
}
