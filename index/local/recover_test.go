package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// TestRecoveryNotes tells what is damaged from what cannot be read now.
func TestRecoveryNotes(t *testing.T) {
	dir := t.TempDir()
	_, isDir := os.ReadFile(dir)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, disk.FileMode); err != nil {
		t.Fatal(err)
	}
	_, notDir := os.Open(filepath.Join(file, "below"))
	for _, err := range []error{nil, fs.ErrNotExist, disk.Damaged(file, "is short"), isDir, notDir} {
		s := new(recovery)
		if s.note(err); s.readable() != nil {
			t.Errorf("%v keeps an index from being repaired", err)
		}
	}
	for _, err := range []error{syscall.EIO, fs.ErrPermission, syscall.EMFILE} {
		s := new(recovery)
		s.note(err)
		s.note(index.ErrDamaged)
		if !errors.Is(s.readable(), err) {
			t.Errorf("%v is not told: %v", err, s.readable())
		}
	}
}

// TestRepairUnreadable repairs an index on a disk that does not give a file
// back, which may be whole: nothing is dropped for that.
func TestRepairUnreadable(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: no file that fails to be read is known here")
	}
	dir, gen := stepsIndex(t, 12)
	segs, err := filepath.Glob(filepath.Join(gen, segPrefix+"*"))
	if err != nil || len(segs) == 0 {
		t.Fatal(segs, err)
	}
	seg, aside := segs[0], filepath.Join(t.TempDir(), "seg")
	err = errors.Join(os.Rename(seg, aside), os.Symlink("/proc/self/mem", seg)) // its first page is never there
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Repair(t.Context(), dir, index.RepairOptions{Embed: killEmbed}); !errors.Is(err, syscall.EIO) {
		t.Fatalf("error %v, want EIO; report %+v", err, r)
	}
	if err := errors.Join(os.Remove(seg), os.Rename(aside, seg)); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, dir)
	defer s.Close()
	if n, err := checkSteps(t.Context(), s); err != nil || n != 12 {
		t.Errorf("step %d: %v", n, err)
	}
}
