package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// bigBatch returns a batch with about a megabyte of text and vectors.
func bigBatch(n int) index.Batch {
	var b index.Batch
	text := strings.Repeat("some words of a long passage ", 100)
	for i := range 300 {
		d := killDoc(n*1000+i, n)
		d.State, d.Reason = index.Indexed, ""
		d.Content = []index.Passage{{End: len(text), Text: text, Vector: killVector(n, i, 0)}}
		b.Put = append(b.Put, d)
	}
	return b
}

// fillUp writes until writing fails, and returns the error and the last
// batch that was published.
func fillUp(ctx context.Context, s *Store) (published int, err error) {
	for n := 1; n < 1000; n++ {
		if err := s.Apply(ctx, bigBatch(n)); err != nil {
			return published, err
		}
		if err := s.Publish(ctx); err != nil {
			return published, err
		}
		published = n
	}
	return published, nil
}

// checkAfterFailure checks that a failed store says what happened, takes
// nothing more, and left the last publication as it was.
func checkAfterFailure(ctx context.Context, s *Store, cause error, want int) error {
	generation := fmt.Sprintf("generation %d", s.manifest.Generation)
	if !strings.Contains(cause.Error(), generation) || !strings.Contains(cause.Error(), s.dir) {
		return fmt.Errorf("error %q does not name the folder and %s", cause, generation)
	}
	if err := s.Apply(ctx, step(1)); err == nil || err.Error() != cause.Error() {
		return fmt.Errorf("the next batch gives %v", err)
	}
	if _, err := s.Keyword(ctx, index.Request{Query: query("words"), Limit: 3}); err != nil {
		return fmt.Errorf("searching after the failure: %w", err)
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("Close says again what is known: %w", err)
	}
	return checkLeft(ctx, s.dir, want)
}

// checkLeft checks that the first batches are there, and nothing else.
func checkLeft(ctx context.Context, dir string, want int) error {
	r, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	defer r.Close()
	st, err := r.Stats(ctx)
	if err != nil {
		return err
	}
	if st.Documents != 300*want || st.Passages != 300*want {
		return fmt.Errorf("%d documents of %d are left", st.Documents, 300*want)
	}
	hits, err := r.Keyword(ctx, index.Request{Query: query("words"), Limit: 300 * (want + 1)})
	if err != nil || len(hits) != st.Passages {
		return fmt.Errorf("keywords find %d passages of %d: %w", len(hits), st.Passages, err)
	}
	return r.Verify(ctx)
}

// openBelow returns the files below dir that this process has open or mapped.
func openBelow(t *testing.T, dir string) (open []string) {
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if path, err := os.Readlink(fd); err == nil && strings.HasPrefix(path, dir) {
			open = append(open, path)
		}
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		if _, path, ok := strings.Cut(line, dir); ok {
			open = append(open, dir+strings.TrimSpace(path))
		}
	}
	return open
}

// TestDiskFull fills a small file system.
func TestDiskFull(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("no small file system to fill: mounting needs root: %v", err)
	}
	t.Cleanup(func() {
		if left := openBelow(t, mount); len(left) > 0 {
			t.Errorf("still open: %v", left)
		}
		// A process that another test starts has a copy of our descriptors
		// until it runs its own program, which may be a while on a busy machine:
		// the mount is freed when it does.
		if err := syscall.Unmount(mount, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(mount, "index")
	s, err := Create(t.Context(), dir, killOptions)
	if err != nil {
		t.Fatal(err)
	}
	published, err := fillUp(t.Context(), s)
	if !errors.Is(err, syscall.ENOSPC) && (err == nil || !strings.Contains(err.Error(), syscall.ENOSPC.Error())) {
		t.Fatalf("error %v, want no space left", err)
	}
	t.Logf("after %d batches: %v", published, err)
	if err := checkAfterFailure(t.Context(), s, err, published); err != nil {
		t.Fatal(err)
	}
	// The failed writer has given back its space; a small batch fits again.
	s, err = Create(t.Context(), dir, killOptions)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), index.Batch{Delete: []string{killID(1000)}}); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestWriteFails runs writers whose files may only grow to a limit, which
// fails the writing of segments, of Bleve's files and of a publication.
func TestWriteFails(t *testing.T) {
	for _, limit := range []string{"publish", "close", "reembed", "switch", "60000", "200000", "500000"} {
		t.Run(limit, func(t *testing.T) {
			c, stderr := child(t, "full", t.TempDir())
			c.Env = append(c.Env, "ALBERT_SEARCH_TEST_LIMIT="+limit)
			if out, err := c.Output(); err != nil {
				t.Fatalf("%v: %s", err, stderr)
			} else {
				t.Logf("%s", out)
			}
		})
	}
}

func childFull(dir string) error {
	ctx := context.Background()
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Create(ctx, dir, killOptions)
	if err != nil {
		return err
	}
	const small = 100 // less than a manifest
	published := 0
	limit := os.Getenv("ALBERT_SEARCH_TEST_LIMIT")
	switch limit {
	case "reembed", "switch":
		published = 1
		err = failReembedding(ctx, s, limit, small)
	case "publish", "close":
		if err := s.Apply(ctx, bigBatch(1)); err != nil {
			return err
		}
		write := func() error { return s.Publish(ctx) }
		if limit == "close" {
			write = s.Close
		}
		err = limited(small, write)
	default:
		var size uint64
		if _, err := fmt.Sscan(limit, &size); err != nil {
			return err
		}
		err = limited(size, func() (err error) {
			published, err = fillUp(ctx, s)
			return err
		})
	}
	fmt.Println(err)
	switch {
	case err == nil:
		return errors.New("nothing failed")
	case limit != "close":
		return checkAfterFailure(ctx, s, err, published)
	case !errors.Is(err, syscall.EFBIG) || strings.Count(err.Error(), "nothing since generation") != 1:
		return fmt.Errorf("Close does not say once that a batch is lost: %w", err)
	}
	return checkLeft(ctx, dir, published)
}

// failReembedding publishes a batch and lets the re-embedding of it fail, or
// the switch to it.
func failReembedding(ctx context.Context, s *Store, part string, size uint64) error {
	if err := errors.Join(s.Apply(ctx, bigBatch(1)), s.Publish(ctx)); err != nil {
		return err
	}
	r, err := s.Reembed(ctx, nextSettings.Model())
	if err != nil {
		return err
	}
	var vectors []index.Embedded
	for p, err := range r.Passages(ctx) {
		if err != nil {
			return err
		}
		vectors = append(vectors, index.Embedded{ID: p.ID, Vector: make([]float32, nextSettings.Dim)})
	}
	if part == "reembed" {
		return limited(size, func() error { return r.Add(ctx, vectors) })
	}
	if err := r.Add(ctx, vectors); err != nil {
		return err
	}
	return limited(size, func() error { return r.Switch(ctx) })
}

// limited calls write while files may only grow to size bytes.
func limited(size uint64, write func() error) error {
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		return err
	}
	err := write()
	return errors.Join(err, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old))
}
