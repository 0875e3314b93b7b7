package local

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

// TestLocked checks that who asks for the writer is told, makes nothing and
// keeps none out.
func TestLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	b := New(dir, Options{})
	if err := b.Locked(t.Context()); err != nil {
		t.Errorf("where nothing is: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it made something: %v", err)
	}
	options := TestOptions{Settings: index.Settings{Embedder: "none"}}
	for range 3 {
		s, err := Create(t.Context(), dir, options)
		if err != nil {
			t.Fatal(err)
		}
		var locked *index.LockedError
		if err := b.Locked(t.Context()); !errors.As(err, &locked) || locked.Holder.PID != os.Getpid() {
			t.Errorf("while it is written: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := b.Locked(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
	var asking sync.WaitGroup
	done := make(chan struct{})
	asking.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = b.Locked(t.Context()) // either is right
				time.Sleep(time.Millisecond)
			}
		}
	})
	for range 20 {
		l, err := lockDir(dir)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := l.Unlock(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	asking.Wait()
}
