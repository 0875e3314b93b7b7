package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

var (
	_ index.Backend    = (*Backend)(nil)
	_ index.Maintainer = (*Backend)(nil)
	_ index.Snapshot   = (*snapshot)(nil)
	_ index.Writer     = (*writer)(nil)
	_ index.Reembedder = (*writer)(nil)
)

// Options are the settings of a Backend.
type Options struct {
	// WriteTimeout is how long a single change may take, besides the time for as
	// many bytes as the index has, before the disk counts as one that does not
	// answer and everything fails; 0 means 5 minutes.
	WriteTimeout time.Duration
	// codedRows is the number of passages from which on a segment gets codes;
	// 0 means the usual one. Tests have small segments.
	codedRows int
}

// Backend is an index in a folder.
type Backend struct {
	dir string
	o   Options
	// opening is done in goroutines of the Backend's own, so that no caller who
	// gives up ends the work that others wait for.
	ctx    context.Context
	cancel context.CancelFunc
	known  knownFiles
	work   sync.WaitGroup // openings, and closings of what they replaced

	mu     sync.Mutex // never held while anything is opened
	closed bool
	// newest is the last generation that was opened, nil before the first.
	// CURRENT named it at the time confirmed.
	newest    *generation
	confirmed time.Time
	opening   *opening // under way, nil when none is
	// writes counts what this Backend has published: snapshots must show that.
	writes uint64
	// failed is what closing generations has returned.
	failed error
}

// opening is the newest generation on its way.
type opening struct {
	began  time.Time
	writes uint64 // those of the Backend when it began
	done   chan struct{}
	err    error // once it is done
}

// New returns the index in dir, which need not exist yet. Nothing is read or
// made.
func New(dir string, o Options) *Backend {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	b := &Backend{dir: dir, o: o}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// String is the folder.
func (b *Backend) String() string { return b.dir }

// staleFor is for how long the generation before the newest is shown while the
// newest is being opened and another process goes on writing: searches beside it
// do not wait for each of its generations.
const staleFor = time.Second

// Snapshot returns the newest generation. It works while another process writes
// and never waits for it.
func (b *Backend) Snapshot(ctx context.Context) (index.Snapshot, error) {
	s, err := b.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (b *Backend) snapshot(ctx context.Context) (*snapshot, error) {
	began, waited := time.Now(), false
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		read := time.Now()
		cur, err := readCurrent(b.dir)
		if err != nil {
			return nil, cmp.Or(b.isClosed(), err)
		}
		may := newestOnly
		if waited {
			may = anyOpen
		}
		s, op, err := b.latest(cur, read, may)
		if op != nil && locked(b.dir) != nil {
			s, op, err = b.latest(cur, read, max(may, recent))
		}
		if op == nil {
			return s, err
		}
		select {
		case <-op.done:
			if op.err != nil {
				return nil, op.err
			}
			// What began to be opened before this call may not be the newest.
			waited = !op.began.Before(began)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// which says which generation will do.
type which int

const (
	newestOnly which = iota
	recent           // or the one before, for a while
	anyOpen
)

// latest returns a snapshot of the newest generation, which CURRENT said at the time
// read is cur, or of another one that will do, or what to wait for until there is one.
func (b *Backend) latest(cur current, read time.Time, may which) (*snapshot, *opening, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, nil, errClosed
	}
	g := b.newest
	// An index made again counts its generations from 1 again; the checksum of
	// the manifest, which has the time of its making, distinguishes them.
	if g != nil && g.current == cur {
		if read.After(b.confirmed) {
			b.confirmed = read
		}
	} else if g == nil || may != anyOpen {
		if b.opening == nil {
			b.open()
		}
		if g == nil || g.writes != b.writes || may != recent || time.Since(b.confirmed) > staleFor {
			return nil, b.opening, nil
		}
	}
	g.view.refs.Add(1)
	return &snapshot{dir: b.dir, view: g.view, manifest: g.manifest}, nil, nil
}

// open begins to open the newest generation. The caller holds b.mu.
func (b *Backend) open() {
	op := &opening{began: time.Now(), writes: b.writes, done: make(chan struct{})}
	b.opening = op
	from := b.newest
	if from != nil {
		from.view.refs.Add(1) // its files must not be closed before they are taken over
	}
	b.work.Go(func() {
		g, err := b.openNewest(b.ctx, from)
		var released error
		if from != nil {
			released = from.view.release()
		}
		b.mu.Lock()
		b.failed = errors.Join(b.failed, released)
		old := b.newest
		switch {
		case b.closed: // which may be why it was given up
			old, err = g, errClosed
		case err != nil:
			old = nil
		default:
			g.writes = op.writes
			b.newest, b.confirmed = g, op.began
		}
		op.err, b.opening = err, nil
		b.mu.Unlock()
		close(op.done)
		if old != nil {
			b.retire(old)
		}
	})
}

// retire frees a generation that no further snapshot will be of.
func (b *Backend) retire(g *generation) {
	if err := g.close(); err != nil {
		b.mu.Lock()
		b.failed = errors.Join(b.failed, err)
		b.mu.Unlock()
	}
}

// openNewest opens the generation that CURRENT names. A writer may remove it
// meanwhile, after having published two newer ones; then CURRENT is read again.
// What from has of it, if it is not nil, is not opened again.
func (b *Backend) openNewest(ctx context.Context, from *generation) (_ *generation, err error) {
	defer catchFault(&err)()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		cur, err := readCurrent(b.dir)
		if err != nil {
			return nil, err
		}
		g, err := openGeneration(ctx, filepath.Join(b.dir, genName(cur.generation)), cur.manifest, openOptions{readOnly: true, known: &b.known, from: from})
		if err == nil {
			g.current = cur
			return g, nil
		}
		if now, cerr := readCurrent(b.dir); cerr == nil && now == cur {
			return nil, err
		}
	}
}

// wrote notes that something was published, so that the next snapshot shows it.
func (b *Backend) wrote() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes++
}

var errClosed = fmt.Errorf("index: %w", fs.ErrClosed)

func (b *Backend) isClosed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	return nil
}

// forget frees the generation that is kept for the next snapshot.
func (b *Backend) forget() {
	b.mu.Lock()
	g := b.newest
	b.newest = nil
	b.writes++
	b.mu.Unlock()
	if g != nil {
		b.retire(g)
	}
}

// Close frees what is kept for the next Snapshot. Snapshots and writers go on.
func (b *Backend) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.forget()
	b.work.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.failed
	b.failed = nil
	return err
}

// Create opens the index for writing and makes it if there is none. No
// Languages mean analysis.Default, a Dim of 0 an index without vectors. It does not wait:
// while another writer has the index it returns an *index.LockedError. An
// existing index with other settings gives an *index.SettingsError, a folder
// that holds something else, or is inside of an index, an error of
// index.ErrNotIndex.
func (b *Backend) Create(ctx context.Context, s index.Settings) (index.Writer, error) {
	w, err := b.create(ctx, s)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (b *Backend) create(ctx context.Context, s index.Settings) (*writer, error) {
	if s.Languages == "" {
		s.Languages = analysis.Default
	}
	if s.Dim < 0 {
		return nil, fmt.Errorf("vectors of dimension %d", s.Dim)
	}
	made, err := newSchema(s)
	if err != nil {
		return nil, err
	}
	w := newWriter(b.dir, nil, made)
	w.backend, w.codedRows, w.dog.timeout = b, b.o.codedRows, b.o.WriteTimeout
	w.known.sums = b.known.all()
	var bytes int64
	if err := w.dog.watch(b.dir, 0, func() error {
		bytes = newestBytes(b.dir)
		return creatable(b.dir)
	}); err != nil {
		return nil, err
	}
	if err := w.dog.watch(b.dir, bytes, func() error { return w.create(ctx) }); err != nil {
		return nil, err
	}
	return w, nil
}

// Locked returns an *index.LockedError while a writer has the index open, and
// nil when none has, or when that cannot be found out. It is for those who have
// much to do before they call Create: it neither makes anything nor keeps a
// writer out.
func (b *Backend) Locked(context.Context) error { return locked(b.dir) }

// Capabilities are all.
func (b *Backend) Capabilities(ctx context.Context) (index.Capabilities, error) {
	return index.Capabilities{Maintain: true, Reembed: true, Later: true, Annotations: true}, ctx.Err()
}

// Drop deletes the index, damaged or not, and the folder if nothing else is in
// it. While a writer has the index it returns an *index.LockedError.
func (b *Backend) Drop(ctx context.Context) error {
	b.forget()
	return Drop(ctx, b.dir)
}

// Check compares everything in the index with everything it can be compared
// with; see the function Check.
func (b *Backend) Check(ctx context.Context, o index.CheckOptions) (*index.CheckReport, error) {
	return Check(ctx, b.dir, o)
}

// Repair saves what can be saved of a damaged index; see the function Repair.
func (b *Backend) Repair(ctx context.Context, o index.RepairOptions) (*index.RepairReport, error) {
	defer b.wrote()
	return Repair(ctx, b.dir, o)
}

// passageID is what a row is called outside of this package.
func passageID(r segment.Row) index.PassageID {
	return index.PassageID(strconv.FormatUint(uint64(r), 10))
}

// parseID is the inverse of passageID.
func parseID(id index.PassageID) (segment.Row, bool) {
	n, err := strconv.ParseUint(string(id), 10, 32)
	row := segment.Row(n)
	return row, err == nil && passageID(row) == id
}
