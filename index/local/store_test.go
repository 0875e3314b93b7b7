package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// TestOptions are the settings of Create.
type TestOptions struct {
	Settings     index.Settings
	WriteTimeout time.Duration
	codedRows    int
}

// Store is a writer whose reading methods see what was applied last, or a reader
// that goes on with its generation until Refresh. Each has a Backend of its own,
// as if it were another process.
type Store struct {
	*writer // nil for a reader
	dir     string
	b       *Backend
	pinned  *snapshot // of a reader
}

// Create opens the index in dir for writing and makes it if there is none.
func Create(ctx context.Context, dir string, o TestOptions) (*Store, error) {
	b := New(dir, Options{WriteTimeout: o.WriteTimeout, codedRows: o.codedRows})
	w, err := b.create(ctx, o.Settings)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &Store{writer: w, dir: b.dir, b: b}, nil
}

// Open opens the newest generation of the index in dir for reading.
func Open(ctx context.Context, dir string) (*Store, error) {
	b := New(dir, Options{})
	s, err := b.snapshot(ctx)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &Store{dir: b.dir, b: b, pinned: s}, nil
}

// Refresh makes a reader show the newest generation, whoever published it.
func (s *Store) Refresh(ctx context.Context) error {
	s.b.mu.Lock()
	s.b.confirmed = time.Time{}
	s.b.mu.Unlock()
	n, err := s.b.snapshot(ctx)
	if err != nil {
		return err
	}
	old := s.pinned
	s.pinned = n
	return old.Release()
}

// now is what the store shows.
func (s *Store) now() *view {
	if s.pinned != nil {
		return s.pinned.view
	}
	s.seen.Lock()
	defer s.seen.Unlock()
	return s.writer.view
}

func (s *Store) acquire() (*view, error) {
	if s.pinned != nil {
		return s.pinned.acquire()
	}
	return s.writer.acquire()
}

// with calls f with a snapshot.
func (s *Store) with(f func(*snapshot) error) error {
	if s.pinned != nil {
		return f(s.pinned)
	}
	n, err := s.writer.Snapshot(context.Background())
	if err != nil {
		return err
	}
	defer n.Release()
	return f(n.(*snapshot))
}

func (s *Store) Keyword(ctx context.Context, r index.Request) (hits []index.Hit, err error) {
	err = s.with(func(n *snapshot) error { hits, err = n.Keyword(ctx, r); return err })
	return hits, err
}

func (s *Store) Nearest(ctx context.Context, r index.Request) (hits []index.Hit, err error) {
	return s.nearest(ctx, r, true)
}

func (s *Store) nearest(ctx context.Context, r index.Request, codes bool) (hits []index.Hit, err error) {
	err = s.with(func(n *snapshot) error { hits, err = n.nearest(ctx, r, codes); return err })
	return hits, err
}

func (s *Store) Passages(ctx context.Context, ids []index.PassageID) (stored []index.Stored, err error) {
	err = s.with(func(n *snapshot) error { stored, err = n.Passages(ctx, ids); return err })
	return stored, err
}

func (s *Store) Stats(ctx context.Context) (st index.Stats, err error) {
	err = s.with(func(n *snapshot) error { st, err = n.Stats(ctx); return err })
	return st, err
}

func (s *Store) Documents(ctx context.Context) iter.Seq2[*index.Info, error] {
	return func(yield func(*index.Info, error) bool) {
		if err := s.with(func(n *snapshot) error {
			for d, err := range n.Documents(ctx, "") {
				if !yield(d, err) {
					break
				}
			}
			return nil
		}); err != nil {
			yield(nil, err)
		}
	}
}

func (s *Store) Close() error {
	if s.pinned != nil {
		return errors.Join(s.pinned.Release(), s.b.Close())
	}
	return errors.Join(s.writer.Close(), s.b.Close())
}

// Verify reads every file of the generation that a reader shows and compares it
// with the checksums in the manifest. All files that differ are named in the
// error.
func (s *Store) Verify(ctx context.Context) error {
	m := s.pinned.manifest
	var errs []error
	for _, f := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(s.dir, genName(m.Generation), filepath.FromSlash(f.Name))
		size, crc, err := sumFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if cur, cerr := readCurrent(s.dir); cerr == nil && cur.generation > m.Generation {
				return fmt.Errorf("verifying generation %d: a writer has replaced it: %w", m.Generation, index.ErrNotFound)
			}
			errs = append(errs, disk.Damaged(path, "is missing"))
		case err != nil:
			errs = append(errs, err)
		case size != f.Size || crc != f.CRC32C:
			errs = append(errs, disk.Damaged(path, "has another checksum than the manifest says"))
		}
	}
	return errors.Join(errs...)
}
