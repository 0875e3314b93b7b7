package local

import (
	"errors"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

// TestFileCutShort cuts a segment short that a reader has mapped, which is what
// a disk that cannot be read looks like: reading it is an error.
func TestFileCutShort(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: a mapped file cannot be cut short there")
	}
	dir := t.TempDir()
	w := mustCreate(t, dir)
	advance(t, w, 0, 3)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hits, err := s.Keyword(t.Context(), index.Request{Query: query("common"), Limit: 1})
	if err != nil || len(hits) != 1 {
		t.Fatalf("%v, %v", hits, err)
	}
	for _, seg := range s.now().segs {
		if err := os.Truncate(seg.Path, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Passages(t.Context(), []index.PassageID{hits[0].ID}); !errors.Is(err, syscall.EIO) {
		t.Errorf("error %v, want EIO", err)
	}
}

// TestWatchdog lets a change not come to an end.
func TestWatchdog(t *testing.T) {
	d := watchdog{timeout: 10 * time.Millisecond}
	never := make(chan struct{})
	defer close(never)
	err := d.watch("dir", 0, func() error { <-never; return nil })
	if !errors.Is(err, postings.ErrStuck) {
		t.Fatalf("error %v, want postings.ErrStuck", err)
	}
	if again := d.watch("dir", 0, func() error { return nil }); again != err {
		t.Errorf("the next change gives %v", again)
	}
}
