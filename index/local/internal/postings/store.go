// Package postings keeps which passage has which words, in Bleve's inverted index,
// and scores passages by them. Nothing else of the store knows of Bleve.
//
//	Store   the postings in a folder: batches go in, Readers come out
//	Batch   passages to put and to delete
//	Reader  the postings between two batches
//	Search  one search of a Reader: what a query requires, excludes and scores
//	Sums    what checks postings against texts
//
// A passage has a Row, its number in the index, and within one Reader a Number,
// Bleve's.
package postings

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/internal/durable"
)

// batchKey is the internal value of the postings that holds the number of the
// last batch. Scorch writes it in the same transaction as the batch, so that
// postings which fell back to an older state are noticed.
var batchKey = []byte("albert-search.batch")

// Store is the inverted index: Bleve's scorch without the layer above it,
// because scores, filters and stored values are ours. A Bleve document is a
// passage, its id the row.
type Store struct {
	dir    string
	scorch *scorch.Scorch
	queue  *bleve.AnalysisQueue
	// failed receives the first error of scorch's background work.
	failed chan error
	// ending is how long Close waits for that work.
	ending time.Duration
}

// Open opens the postings in dir or makes new ones. Scorch panics on
// some damaged files; that too becomes an error.
func Open(dir string, readOnly bool) (*Store, error) {
	return open(dir, readOnly, make(map[string]any))
}

// open opens postings; config is for Bleve's segments.
func open(dir string, readOnly bool, config map[string]any) (_ *Store, err error) {
	p := &Store{dir: dir, queue: bleve.NewAnalysisQueue(runtime.GOMAXPROCS(0)), failed: make(chan error, 1), ending: 30 * time.Second}
	backgroundErrors.watch(dir, p.failed)
	defer func() {
		if r := recover(); r != nil {
			err = disk.Damaged(dir, fmt.Sprintf("cannot be opened: %v", r))
		}
		if err != nil {
			backgroundErrors.forget(dir)
			p.queue.Close()
		}
	}()
	defer disk.CatchFault(&err)()
	s, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path":      dir,
		"read_only": readOnly,
		// Without it opening waits for ever for another process's lock.
		"bolt_timeout":           "10s",
		"asyncErrorCallbackName": callbackName,
		"eventCallbackName":      callbackName,
		"segmentConfig":          config,
	}, p.queue)
	if err != nil {
		return nil, fmt.Errorf("opening postings %s: %w", dir, err)
	}
	began := backgroundErrors.await(s, dir)
	defer backgroundErrors.began(s, dir)
	if err := s.Open(); err != nil {
		// Of a file that cannot be read bbolt says that it is no database.
		if rerr := readable(filepath.Join(dir, "root.bolt")); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = rerr
		}
		return nil, fmt.Errorf("opening postings %s: %w", dir, err)
	}
	p.scorch = s.(*scorch.Scorch)
	if !readOnly {
		<-began
	}
	return p, nil
}

// Apply writes a batch and returns when it is on the disk. After a panic of its
// background work scorch would wait for ever: errors of that work end the wait.
func (p *Store) Apply(number uint64, b *Batch) error {
	select {
	case err := <-p.failed: // a merge that failed since the last batch
		return fmt.Errorf("writing postings: %w", explained(err))
	default:
	}
	b.bleve.SetInternal(batchKey, binary.BigEndian.AppendUint64(nil, number))
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		defer recoverPanic(&err)
		defer disk.CatchFault(&err)()
		err = p.scorch.Batch(b.bleve)
	}()
	var err error
	select {
	case err = <-done:
	case err = <-p.failed:
		err = explained(err)
	}
	if err != nil {
		return fmt.Errorf("writing postings: %w", err)
	}
	b.measure()
	return nil
}

// explained is an error of scorch's background work, which shows a mapped file
// that cannot be read as a panic.
func explained(err error) error {
	if strings.Contains(err.Error(), "invalid memory address") {
		return fmt.Errorf("%w (%w)", disk.ErrFault, err)
	}
	return err
}

// recoverPanic turns a panic of scorch into an error.
func recoverPanic(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}

// CopyTo writes the newest snapshot into dir: root.bolt afresh, the immutable
// segments as links.
func (p *Store) CopyTo(dir string) (err error) {
	defer recoverPanic(&err)
	defer disk.CatchFault(&err)()
	r := p.scorch.CopyReader()
	defer func() { err = errors.Join(err, r.CloseCopyReader()) }()
	return r.CopyTo(linkDir{from: p.dir, to: dir})
}

// ErrStuck says that something does not come to an end.
var ErrStuck = errors.New("stuck")

// Close ends scorch's background work. After an error that work may be stuck;
// then it is left alone and the error is ErrStuck.
func (p *Store) Close() error {
	defer backgroundErrors.forget(p.dir)
	done := make(chan error, 1)
	go func() {
		err := p.scorch.Close()
		p.queue.Close()
		done <- err
	}()
	timer := time.NewTimer(p.ending)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("closing postings %s: %w: their background work does not end", p.dir, ErrStuck)
	}
}

// linkDir is where scorch copies a snapshot to.
type linkDir struct {
	from, to string
}

// GetWriter links a file that exists, returning nil so that scorch does not
// copy it, and creates any other.
func (d linkDir) GetWriter(path string) (io.WriteCloser, error) {
	name := filepath.Base(path)
	dst := filepath.Join(d.to, name)
	if filepath.Ext(name) == ".zap" {
		err := durable.FS{}.Link(filepath.Join(d.from, name), dst, disk.FileMode)
		if !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return os.OpenFile(dst, os.O_RDWR|os.O_CREATE|os.O_EXCL, disk.FileMode)
}

const callbackName = "albert-search/index/local/postings"

// backgroundErrors leads errors of scorch's background work to the postings
// that they are about. Scorch takes its callbacks from a plain map that must
// not change once it is used, hence the package variable.
var backgroundErrors = newErrorRouter()

type errorRouter struct {
	mu   sync.Mutex
	dirs map[string]chan<- error
	// waiting has those that wait for the first sign of life of a persister.
	waiting map[waiter]struct{}
}

type waiter struct {
	scorch bleve.Index
	dir    string
	began  chan struct{}
}

func newErrorRouter() *errorRouter {
	r := &errorRouter{dirs: make(map[string]chan<- error), waiting: make(map[waiter]struct{})}
	scorch.RegistryAsyncErrorCallbacks[callbackName] = r.report
	scorch.RegistryEventCallbacks[callbackName] = func(e scorch.Event) bool {
		// Scorch calls this in its goroutines and has no other place for it. The
		// panics it recovers, and reports.
		debug.SetPanicOnFault(true)
		if e.Kind == scorch.EventKindPurgerCheck || e.Kind == scorch.EventKindPersisterProgress {
			r.began(e.Scorch, "")
		}
		return true
	}
	return r
}

func (r *errorRouter) watch(dir string, c chan<- error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirs[dir] = c
}

func (r *errorRouter) forget(dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.dirs, dir)
}

// await returns a channel that is closed when scorch's persister has called
// back, or has failed: only then does a fault of memory in it not end the
// program.
func (r *errorRouter) await(s bleve.Index, dir string) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := waiter{s, dir, make(chan struct{})}
	r.waiting[w] = struct{}{}
	return w.began
}

// began ends the wait for the persister of a scorch, or of that in a folder.
func (r *errorRouter) began(s bleve.Index, dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for w := range r.waiting {
		if w.scorch == s || w.dir == dir {
			close(w.began)
			delete(r.waiting, w)
		}
	}
}

// retryPause is how long scorch's background work waits before it tries again
// what has failed; by itself it would not wait at all.
const retryPause = 100 * time.Millisecond

func (r *errorRouter) report(err error, dir string) {
	debug.SetPanicOnFault(true)
	r.began(nil, dir)
	r.mu.Lock()
	select {
	case r.dirs[dir] <- err:
	default: // nobody listens, or an earlier error waits already
	}
	r.mu.Unlock()
	time.Sleep(retryPause)
}

// readable reads a file and returns the error that this gives.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, f)
	return errors.Join(err, f.Close())
}

// LimitClose bounds how long Close waits for background work.
func (p *Store) LimitClose(d time.Duration) { p.ending = min(p.ending, d) }

// Report notes an error of background work, as Bleve does.
func (p *Store) Report(err error) { backgroundErrors.report(err, p.dir) }
