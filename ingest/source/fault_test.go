package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/albert-search/albert-search/ingest/extract"
)

// failing cannot be read from its second page on.
type failing struct{}

func (failing) ReadAt(p []byte, off int64) (int, error) {
	if off >= 4096 {
		return 0, &fs.PathError{Op: "read", Path: "a secret", Err: syscall.EIO}
	}
	return strings.NewReader(strings.Repeat("x", 4096)).ReadAt(p, off)
}

// TestFaultIsNotOfTheDocument checks that a disk that cannot be read is told
// whatever is made of it, and that nothing else is taken for that.
func TestFaultIsNotOfTheDocument(t *testing.T) {
	r := &faultReader{r: failing{}}
	for off := int64(0); off < 3*4096; off += 4096 {
		_, _ = r.ReadAt(make([]byte, 4096), off) // and reads on
	}
	if err := r.fault(); !errors.Is(err, extract.ErrTransient) || !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a failing disk: %v", err)
	}
	r = &faultReader{r: strings.NewReader("short")}
	if _, err := r.ReadAt(make([]byte, 10), 0); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
	_, _ = r.ReadAt(make([]byte, 10), -1)
	if err := r.fault(); err != nil {
		t.Errorf("a reader's mistake: %v", err)
	}

	f := file{path: filepath.Join(t.TempDir(), "none")}
	if _, err := f.load(t.Context()); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, extract.ErrTransient) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := untried(os.NewSyscallError("open", syscall.EMFILE)); !errors.Is(err, extract.ErrTransient) {
		t.Errorf("too many open files: %v", err)
	}
}

// swallowing is an ingest.Extractor that hides what happens while it reads.
type swallowing struct{}

func (swallowing) Extract(_ context.Context, _ string, r io.ReaderAt, _ int64) (*extract.Text, error) {
	r.(*faultReader).r = failing{} // the disk begins to fail
	_, _ = r.ReadAt(make([]byte, 1), 4096)
	return &extract.Text{Body: "a part"}, nil
}

func TestFaultFailsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (file{path: path, x: swallowing{}}).load(t.Context()); !errors.Is(err, extract.ErrTransient) {
		t.Errorf("error %v", err)
	}
}
