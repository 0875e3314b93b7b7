package local

import (
	"errors"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

// TestHangsFromTheStart checks that a writer does not wait for ever for the first
// file that it reads.
func TestHangsFromTheStart(t *testing.T) {
	dir := t.TempDir()
	current := filepath.Join(dir, currentName)
	if err := syscall.Mkfifo(current, 0o600); err != nil {
		t.Skip("no pipe to read from: ", err)
	}
	_, err := Create(t.Context(), dir, TestOptions{Settings: index.Settings{Embedder: "none"}, WriteTimeout: 50 * time.Millisecond})
	if !errors.Is(err, postings.ErrStuck) {
		t.Errorf("error %v, want that the disk does not answer", err)
	}
	end, err := os.OpenFile(current, os.O_WRONLY, 0) // those that read it end
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(current), end.Close()); err != nil {
		t.Error(err)
	}
}
