package local

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
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
	if !errors.Is(err, errStuck) {
		t.Fatalf("error %v, want errStuck", err)
	}
	if again := d.watch("dir", 0, func() error { return nil }); again != err {
		t.Errorf("the next change gives %v", again)
	}
}

// TestRetryPause takes the folder of postings away and counts how often scorch
// tries to write there.
func TestRetryPause(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "postings")
	if err := os.Mkdir(dir, dirMode); err != nil {
		t.Fatal(err)
	}
	p, err := openPostings(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := p.apply(1, bleve.NewBatch()); err == nil {
		b := bleve.NewBatch()
		b.Update(passageDoc(1, new(analysis.Analyzer), [numFields]string{}))
		if err := p.apply(2, b); err == nil {
			t.Fatal("nothing failed")
		}
	}
	time.Sleep(5 * retryPause)
	tries := p.scorch.StatsMap()["TotOnErrors"].(uint64)
	if took := time.Since(began); tries == 0 || tries > uint64(took/retryPause)+2 {
		t.Errorf("%d tries in %v", tries, took)
	}
}
