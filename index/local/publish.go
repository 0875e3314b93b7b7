package local

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Publish makes what was applied a generation. When it returns nil the
// generation survives a loss of power and other processes open it. Without
// changes since the last one it does nothing. It writes a few small files and
// links the others, so that publishing every few seconds is cheap.
func (w *writer) Publish(ctx context.Context) error {
	return w.watched(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.failed != nil {
			return w.failed
		}
		return w.publishDirty(ctx)
	})
}

// publishDirty publishes if there is anything to publish. The caller holds the
// writer's lock.
func (w *writer) publishDirty(ctx context.Context) error {
	if !w.dirty {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.publish(); err != nil {
		return w.fail(fmt.Errorf("publishing: %w", err))
	}
	w.dirty = false
	return nil
}

func (w *writer) publish() (err error) {
	defer catchFault(&err)()
	v, err := w.acquire()
	if err != nil {
		return err
	}
	defer v.release()

	m := w.next
	m.Generation++
	m.Previous = w.newest
	m.Created = time.Now().UTC()
	m.Documents, m.Passages = v.documents(), v.stats.Passages
	gen := filepath.Join(w.dir, genName(m.Generation))
	tmp := gen + tmpSuffix
	if err := os.RemoveAll(tmp); err != nil { // of a writer that was killed
		return err
	}
	if err := os.MkdirAll(filepath.Join(tmp, postingsName), dirMode); err != nil {
		return err
	}
	m.Format, m.Segments, m.Vectors = formatVersion, manifestsOf(v.segs), v.vectorCount()
	for _, seg := range v.segs {
		if err := seg.link(tmp); err != nil {
			return err
		}
	}
	m.Reembedding = nil
	if sh := w.shadow; sh != nil {
		m.Reembedding = sh.manifest()
		for _, seg := range sh.segs {
			if err := seg.link(tmp); err != nil {
				return err
			}
		}
	}
	deleted, err := v.deleted.MarshalBinary()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(tmp, deletedName), deleted); err != nil {
		return err
	}
	if len(v.touched) > 0 {
		if err := writeFile(filepath.Join(tmp, touchedName), encodeTouched(v.touched)); err != nil {
			return err
		}
	}
	if err := w.postings.CopyTo(filepath.Join(tmp, postingsName)); err != nil {
		return err
	}
	if m.Files, err = w.sumFiles(tmp); err != nil {
		return err
	}
	text, sum, err := m.encode()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(tmp, manifestName), text); err != nil {
		return err
	}
	// Everything in the folders is on the disk; now their entries, then the
	// name of the generation, then CURRENT, which makes it the newest.
	for _, dir := range []string{filepath.Join(tmp, postingsName), tmp} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, gen); err != nil {
		return err
	}
	if err := syncDir(w.dir); err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(w.dir, currentName), current{m.Generation, sum}.bytes()); err != nil {
		return err
	}
	w.published(&m)
	w.newest = sum
	w.seen.Lock()
	w.manifest = &m
	w.seen.Unlock()
	if w.backend != nil {
		w.backend.wrote()
	}
	if !w.repairing {
		removeOld(w.dir, m.Generation)
	}
	return nil
}

// sumFiles lists the files of a generation in the making. Those that Bleve
// wrote afresh are synced; immutable files that an earlier generation had are
// not read again.
func (w *writer) sumFiles(gen string) ([]fileSum, error) {
	var sums []fileSum
	for _, sub := range []string{"", postingsName} {
		entries, err := os.ReadDir(filepath.Join(gen, sub))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			f := fileSum{Name: path.Join(sub, e.Name())}
			if known, ok := w.sums[f.Name]; ok && immutable(f.Name) {
				sums = append(sums, known)
				continue
			}
			file := filepath.Join(gen, sub, e.Name())
			if err := syncFile(file); err != nil {
				return nil, err
			}
			if f.Size, f.CRC32C, err = sumFile(file); err != nil {
				return nil, err
			}
			sums = append(sums, f)
		}
	}
	return sums, nil
}

// immutable reports whether a file of that name never changes once it is
// written.
func immutable(name string) bool {
	for _, prefix := range []string{segPrefix, vecPrefix, annPrefix} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return isCodes(name) || path.Ext(name) == ".zap"
}

// published remembers a generation as the base of the next.
func (w *writer) published(m *manifest) {
	w.next.Generation, w.next.Created = m.Generation, m.Created
	clear(w.sums)
	for _, f := range m.Files {
		w.sums[f.Name] = f
	}
}

// removeOld removes all generations but the newest two: a reader that has just
// read CURRENT still finds the one it names. What cannot be removed, because
// a reader has it open on Windows for example, is tried again the next time.
func removeOld(dir string, newest uint64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if n, ok := parseGen(e.Name()); ok && n+1 < newest {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}
