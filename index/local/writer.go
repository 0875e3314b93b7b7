package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/gofrs/flock"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// writer changes an index. All writing happens in the folder work, a clone of the
// newest generation: whatever becomes of it, what was published stays as it is.
type writer struct {
	dir     string
	backend *Backend // nil for a repair
	known   knownFiles
	dog     watchdog

	// seen guards the state that snapshots show.
	seen     sync.Mutex
	view     *view     // nil when closed
	manifest *manifest // of the newest generation

	lock     *flock.Flock
	work     string
	postings *postings.Store
	schema   *schema
	// codedRows is that of Options.
	codedRows int

	mu   sync.Mutex // one batch or publication at a time
	next manifest   // numbers to hand out; the rest is filled in by publish
	byID map[string]*segment.Doc
	// shadow is the unfinished re-embedding, nil when there is none.
	shadow *shadow
	// dirty tells that something was applied since the last publication.
	dirty bool
	// failed is the error after which work cannot be trusted any more; ended
	// then tells when Bleve has let go of it.
	failed error
	ended  chan error
	closed bool
	// repairing says that what is written takes the place of a damaged index,
	// which stays until it was checked; the lock is then the repair's.
	repairing bool
	// newest is the checksum of the newest manifest, 0 before there is one.
	newest uint32
	// sums has the checksums of immutable files that were published already.
	sums map[string]fileSum
}

func newWriter(dir string, lock *flock.Flock, made *schema) *writer {
	return &writer{
		dir: dir, lock: lock, work: filepath.Join(dir, workName), schema: made,
		byID: make(map[string]*segment.Doc), sums: make(map[string]fileSum),
	}
}

// startWriting clears what earlier writers left behind and clones the newest
// generation, or makes the first one.
func (w *writer) startWriting(ctx context.Context) error {
	want := w.schema
	cur, err := readCurrent(w.dir) // again, now that nobody else can change it
	fresh := errors.Is(err, index.ErrNotFound)
	if err != nil && !fresh {
		return err
	}
	if err := clean(w.dir, cur.generation); err != nil {
		return fmt.Errorf("cleaning index: %w", err)
	}
	if fresh {
		return w.startEmpty(ctx)
	}
	gen := filepath.Join(w.dir, genName(cur.generation))
	m, _, err := readManifest(gen, cur.manifest)
	if err != nil {
		return err
	}
	if !m.Settings.Same(want.settings) {
		return &index.SettingsError{Dir: w.dir, Have: m.Settings, Want: want.settings}
	}
	clone, old := cloneGeneration, m.Format < formatVersion
	if old {
		clone = migrate
	}
	m, sum, err := clone(ctx, gen, w.work, m, cur.manifest)
	if err != nil {
		return fmt.Errorf("preparing index for writing: %w", err)
	}
	g, err := openGeneration(ctx, w.work, sum, openOptions{known: &w.known})
	if err != nil {
		return err
	}
	w.next, w.postings, w.newest = *m, g.postings, cur.manifest
	if name := want.settings.EmbedderName; name != "" {
		w.next.Settings.EmbedderName = name
	}
	w.schema = &schema{w.next.Settings, want.languages}
	for _, f := range m.Files {
		w.sums[f.Name] = f
	}
	if err := w.learn(g.view); err != nil {
		return errors.Join(err, g.close())
	}
	if w.shadow, err = w.openShadow(m); err != nil {
		return errors.Join(err, g.close())
	}
	var vecs []*vectors
	for _, s := range g.view.segs {
		vecs = append(vecs, s.vecs...)
	}
	if w.shadow != nil {
		for _, s := range w.shadow.segs {
			vecs = append(vecs, s.vecs...)
		}
	}
	if w.dirty, err = w.ensureCodes(ctx, vecs...); err != nil {
		if w.shadow != nil {
			err = errors.Join(err, releaseSegments(w.shadow.segs))
		}
		return errors.Join(fmt.Errorf("preparing index for writing: %w", err), g.close())
	}
	w.view, w.manifest = g.view, m
	if old {
		// The index is brought over, whatever becomes of what follows.
		w.dirty = true
		if err := w.publishDirty(ctx); err != nil {
			return errors.Join(err, w.abandon())
		}
	}
	return nil
}

// abandon frees what a writer has that comes to nothing.
func (w *writer) abandon() error {
	var err error
	if w.shadow != nil {
		err = releaseSegments(w.shadow.segs)
	}
	return errors.Join(err, w.view.release(), w.closePostings())
}

// learn notes the documents of a view.
func (w *writer) learn(v *view) (err error) {
	defer catchFault(&err)()
	clear(w.byID)
	for d, err := range v.docs() {
		if err != nil {
			return err
		}
		w.byID[d.Info.ID] = d
	}
	return nil
}

// startEmpty makes an index without documents and publishes it, so that from
// now on the folder is an index and its settings are fixed.
func (w *writer) startEmpty(ctx context.Context) error {
	w.next = manifest{Format: formatVersion, Settings: w.schema.settings, NextFile: 1}
	w.dirty = true
	if err := w.startWork(); err != nil {
		return err
	}
	if err := w.Publish(ctx); err != nil {
		return errors.Join(err, w.abandon())
	}
	return nil
}

// startWork makes the folder work, of an index without documents whose next
// numbers are known, and the view of it.
func (w *writer) startWork() error {
	if err := os.MkdirAll(filepath.Join(w.work, postingsName), dirMode); err != nil {
		return fmt.Errorf("making index: %w", err)
	}
	p, err := postings.Open(filepath.Join(w.work, postingsName), false)
	if err != nil {
		return err
	}
	w.postings = p
	err = p.Apply(w.next.Batch, postings.NewBatch())
	if err == nil {
		err = w.makeView(newContents(roaring.New(), make(map[segment.DocNumber]*segment.Doc)), nil)
	}
	if err != nil {
		return errors.Join(err, p.Close())
	}
	return nil
}

// makeView makes the state after a batch the one that searches see. It takes
// over the references to the segments.
func (w *writer) makeView(c contents, segs []*segReader) error {
	before := w.view // only a writer of batches, of which there is one at a time, changes it
	reader, err := w.postings.Reader(c.stats.Passages, c.lengths, before.reader())
	if err != nil {
		return errors.Join(err, releaseSegments(segs))
	}
	v, err := newView(c, segs, reader, time.Now().UTC(), w.schema, before)
	if err != nil {
		return err
	}
	w.seen.Lock()
	old := w.view
	w.view = v
	w.seen.Unlock()
	if old != nil {
		return old.release()
	}
	return nil
}

// clean removes what a writer that was killed left: work, unfinished
// generations, and generations that are neither the newest nor the one before.
func clean(dir string, newest uint64) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		generation, isGen := parseGen(strings.TrimSuffix(name, tmpSuffix))
		stale := name == workName || name == currentName+tmpSuffix ||
			isGen && (strings.HasSuffix(name, tmpSuffix) || generation > newest || generation+1 < newest)
		if !stale {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// cloneGeneration makes work from a generation, of which m is the manifest with
// the checksum sum. Everything is linked but root.bolt, the one file that is
// written in place. It returns the manifest of work and the checksum of that.
func cloneGeneration(_ context.Context, gen, work string, m *manifest, sum uint32) (*manifest, uint32, error) {
	if err := os.MkdirAll(filepath.Join(work, postingsName), dirMode); err != nil {
		return nil, 0, err
	}
	names := []string{manifestName}
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	return m, sum, cloneFiles(gen, work, names)
}

// cloneFiles makes files of a generation appear in work.
func cloneFiles(gen, work string, names []string) error {
	for _, name := range names {
		name = filepath.FromSlash(name)
		clone := linkFile
		if filepath.Ext(name) == ".bolt" {
			clone = copyFile
		}
		if err := clone(filepath.Join(gen, name), filepath.Join(work, name)); err != nil && !(isCodes(name) && errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// fail abandons work. What an error left there is unknown, and scorch would go
// on trying to write on a full disk.
func (w *writer) fail(err error) error {
	w.failed = fmt.Errorf("writing index %s: %w; nothing since generation %d was kept, which is intact: mend the cause and index again",
		w.dir, err, w.generation())
	if w.repairing {
		w.failed = fmt.Errorf("writing index %s: %w", w.dir, err)
	}
	w.ended = make(chan error, 1)
	go func() { w.ended <- w.postings.Close() }() // it may be stuck, which is one of the reasons to be here
	return w.failed
}

// generation returns the number of the newest generation that is known.
func (w *writer) generation() uint64 {
	w.seen.Lock()
	defer w.seen.Unlock()
	if w.manifest == nil {
		return 0
	}
	return w.manifest.Generation
}

// closePostings ends Bleve's work, which fail may have begun to end.
func (w *writer) closePostings() error {
	if w.ended != nil {
		return <-w.ended
	}
	return w.postings.Close()
}

// stopWriting publishes and lets others write. An error that Apply or Publish
// has returned is not returned again.
func (w *writer) stopWriting() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	var err error
	if w.failed == nil {
		err = w.publishDirty(context.Background())
	}
	if w.shadow != nil {
		err = errors.Join(err, releaseSegments(w.shadow.segs))
		w.shadow = nil
	}
	cerr := w.closePostings()
	if w.failed == nil {
		w.failed = errClosed
	} else if !errors.Is(cerr, postings.ErrStuck) {
		cerr = nil // nothing hangs on how work is closed that was given up
	}
	if errors.Is(cerr, postings.ErrStuck) {
		// Whatever Bleve still writes must not meet the next writer's work, so
		// the lock stays until the process ends.
		return errors.Join(err, cerr)
	}
	os.RemoveAll(w.work) // or the next writer does it
	if w.repairing {
		return errors.Join(err, cerr)
	}
	return errors.Join(err, cerr, w.lock.Unlock())
}

// create takes the lock and starts to write.
func (w *writer) create(ctx context.Context) (err error) {
	if err := makeDir(w.dir); err != nil {
		return fmt.Errorf("making index: %w", err)
	}
	if w.lock, err = lockDir(w.dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.lock.Unlock())
		}
	}()
	defer catchFault(&err)() // before the lock is given back
	if err := w.startWriting(ctx); err != nil {
		return err
	}
	if w.dog.timeout > 0 {
		w.postings.LimitClose(w.dog.timeout)
	}
	return nil
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

// watched runs a part of the writer's work.
func (w *writer) watched(f func() error) error {
	w.seen.Lock()
	m := w.manifest
	w.seen.Unlock()
	var bytes int64
	if m != nil {
		bytes = m.bytes()
	}
	return w.dog.watch(w.dir, bytes, f)
}

// newestBytes is the size of the newest generation, 0 when that is unknown.
func newestBytes(dir string) int64 {
	cur, err := readCurrent(dir)
	if err != nil {
		return 0
	}
	m, err := parseManifest(filepath.Join(dir, genName(cur.generation)), cur.manifest)
	if err != nil {
		return 0
	}
	return m.bytes()
}

// acquire returns the state after the last batch, which the caller must release.
func (w *writer) acquire() (*view, error) {
	w.seen.Lock()
	defer w.seen.Unlock()
	if w.view == nil {
		return nil, errClosed
	}
	w.view.refs.Add(1)
	return w.view, nil
}

// Snapshot returns what was applied so far. In its Stats DiskBytes, Generation
// and Reembedding are those of the last publication.
func (w *writer) Snapshot(ctx context.Context) (index.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.seen.Lock()
	defer w.seen.Unlock()
	if w.view == nil {
		return nil, errClosed
	}
	w.view.refs.Add(1)
	return &snapshot{dir: w.dir, view: w.view, manifest: w.manifest}, nil
}

// Close publishes what was applied and ends writing. An error says that what was
// applied since the last Publish is lost; one that Apply or Publish has returned,
// which says the same, is not returned again.
func (w *writer) Close() error {
	if w.dog.isStuck() {
		return nil // as one of the others has said; nothing can be freed
	}
	err := w.watched(w.stopWriting)
	if w.dog.isStuck() {
		return err
	}
	w.seen.Lock()
	v := w.view
	w.view = nil
	w.seen.Unlock()
	if v != nil {
		err = errors.Join(err, v.release())
	}
	return err
}
