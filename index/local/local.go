// Package local keeps an index in a folder: keywords in Bleve's inverted
// index, passages and vectors in segment files that are mapped into memory.
// One process writes while others read: the writer publishes generations,
// which never change (docs/format.md describes the files).
package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/albert-search/albert-search/index"
)

var _ index.Store = (*Store)(nil)

// Options are the settings of Create.
type Options struct {
	// Settings are those of the index. An empty Analyzer means "en". A Dim of
	// 0 makes an index without vectors.
	Settings index.Settings
	// codedRows is the number of passages from which on a segment gets codes;
	// 0 means the usual one. Tests have small segments.
	codedRows int
	// Patience is how long a single change may take, besides the time for as
	// many bytes as the index has, before the disk counts as one that does not
	// answer and everything fails; 0 means 5 minutes.
	Patience time.Duration
}

// Store is an index in a folder.
type Store struct {
	dir    string
	writer *writer // nil when the Store was opened for reading
	known  knownFiles
	dog    watchdog

	mu       sync.Mutex
	closed   bool
	view     *view     // nil when closed
	manifest *manifest // of the newest generation that this Store knows
	current  current   // what CURRENT said of it
	postings *postings // a reader's; those of a writer outlive its views
}

// Create opens the index in dir for writing and makes it if there is none. It
// does not wait: while another writer has the index it returns a *LockedError.
// An existing index with other settings gives a *SettingsError, a folder that
// holds something else, or is inside of an index, an error of
// index.ErrNotIndex.
func Create(ctx context.Context, dir string, o Options) (*Store, error) {
	if o.Settings.Analyzer == "" {
		o.Settings.Analyzer = "en"
	}
	if o.Settings.Dim < 0 {
		return nil, fmt.Errorf("vectors of dimension %d", o.Settings.Dim)
	}
	made, err := newSchema(o.Settings)
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	s.dog.patience = o.Patience
	var bytes int64
	if err := s.dog.watch(dir, 0, func() error {
		bytes = newestBytes(dir)
		return creatable(dir)
	}); err != nil {
		return nil, err
	}
	if err := s.dog.watch(dir, bytes, func() error { return s.create(ctx, made, o.codedRows) }); err != nil {
		return nil, err
	}
	return s, nil
}

// creatable looks before anything is made: a mistyped path must stay as it is.
func creatable(dir string) error {
	_, err := readCurrent(dir)
	if !errors.Is(err, index.ErrNotFound) {
		return err
	}
	if outer := enclosing(dir); outer != "" {
		return fmt.Errorf("%s: %w: it is inside the index %s; choose another folder", dir, index.ErrNotIndex, outer)
	}
	return nil
}

func (s *Store) create(ctx context.Context, made *schema, codedRows int) (err error) {
	if err := makeDir(s.dir); err != nil {
		return fmt.Errorf("making index: %w", err)
	}
	lock, err := lockDir(s.dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Unlock())
		}
	}()
	defer catchFault(&err)() // before the lock is given back
	if err := s.startWriting(ctx, lock, made, codedRows); err != nil {
		return err
	}
	if p := s.writer.postings; s.dog.patience > 0 {
		p.ending = min(p.ending, s.dog.patience)
	}
	return nil
}

// watched runs a part of the writer's work.
func (s *Store) watched(f func() error) error {
	s.mu.Lock()
	m := s.manifest
	s.mu.Unlock()
	var bytes int64
	if m != nil {
		bytes = m.bytes()
	}
	return s.dog.watch(s.dir, bytes, f)
}

// newestBytes is the size of the newest generation, 0 when that is unknown.
func newestBytes(dir string) int64 {
	cur, err := readCurrent(dir)
	if err != nil {
		return 0
	}
	m, err := readManifest(filepath.Join(dir, genName(cur.generation)), cur.manifest)
	if err != nil {
		return 0
	}
	return m.bytes()
}

// SettingsError says that an index was made with other settings.
// errors.Is(err, index.ErrModelMismatch) holds.
type SettingsError struct {
	Dir        string
	Have, Want index.Settings
}

func (e *SettingsError) Error() string {
	what := ""
	differ := func(name string, have, want any) {
		if have != want {
			if what != "" {
				what += ";"
			}
			what += fmt.Sprintf(" %s is %v, not %v", name, have, want)
		}
	}
	differ("embedder", e.Have.Embedder, e.Want.Embedder)
	differ("vector length", e.Have.Dim, e.Want.Dim)
	differ("analyzer", e.Have.Analyzer, e.Want.Analyzer)
	differ("passage length", e.Have.SplitTokens, e.Want.SplitTokens)
	differ("splitter version", e.Have.SplitVersion, e.Want.SplitVersion)
	return fmt.Sprintf("%s: %v:%s", e.Dir, index.ErrModelMismatch, what)
}

func (e *SettingsError) Unwrap() error { return index.ErrModelMismatch }

// Open opens the newest generation of the index in dir for reading. It works
// while another process writes and never waits for it. The Store goes on
// showing that generation until Refresh is called.
func Open(ctx context.Context, dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	if err := s.openNewest(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Refresh makes a Store that was opened for reading show the newest
// generation. Searches that are under way end on the one they began with. An
// index that was dropped and made anew, with the same or with other settings,
// is shown too; Stats tells the settings. After an error the Store goes on
// showing what it has. For a writer Refresh does nothing.
func (s *Store) Refresh(ctx context.Context) error {
	newer, err := s.Newer()
	if err != nil || !newer {
		return err
	}
	return s.openNewest(ctx)
}

// openNewest opens the generation that CURRENT names. A writer may remove it
// meanwhile, after having published two newer ones; then CURRENT is read again.
func (s *Store) openNewest(ctx context.Context) (err error) {
	defer catchFault(&err)()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		cur, err := readCurrent(s.dir)
		if err != nil {
			return err
		}
		g, err := openGeneration(ctx, filepath.Join(s.dir, genName(cur.generation)), cur.manifest, true, &s.known)
		if err == nil {
			return s.show(g, cur)
		}
		if now, cerr := readCurrent(s.dir); cerr == nil && now == cur {
			return err
		}
	}
}

// show replaces the view and the postings of a reader.
func (s *Store) show(g *generation, cur current) error {
	s.mu.Lock()
	old := generation{s.manifest, s.view, s.postings}
	if s.closed {
		s.mu.Unlock()
		return errors.Join(errClosed, g.close())
	}
	s.view, s.manifest, s.postings, s.current = g.view, g.manifest, g.postings, cur
	s.mu.Unlock()
	if old.view == nil {
		return nil
	}
	return old.close()
}

var errClosed = fmt.Errorf("index: %w", fs.ErrClosed)

// acquire returns the newest view, which the caller must release.
func (s *Store) acquire() (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view == nil {
		return nil, errClosed
	}
	s.view.refs.Add(1)
	return s.view, nil
}

// Close publishes what was applied, ends writing and frees everything once the
// searches under way are done. An error says that what was applied since the
// last Publish is lost; one that Apply or Publish has returned, which says the
// same, is not returned again.
func (s *Store) Close() error {
	var err error
	if s.writer != nil {
		if s.dog.isStuck() {
			return nil // as one of the others has said; nothing can be freed
		}
		if err = s.watched(s.stopWriting); s.dog.isStuck() {
			return err
		}
	}
	s.mu.Lock()
	v, p := s.view, s.postings
	s.view, s.postings, s.closed = nil, nil, true
	s.mu.Unlock()
	if v != nil {
		err = errors.Join(err, v.release())
	}
	if p != nil {
		err = errors.Join(err, p.close())
	}
	return err
}
