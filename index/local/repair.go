package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Repair writes a new generation of everything in the index in dir whose
// checksums hold. Postings, codes and counts are made again from the texts;
// documents of which something is damaged are dropped and named. Nothing of the
// old generations is changed until the new one is written and checked. A sound
// index is left as it is. While a writer has the index Repair returns a
// *LockedError.
func Repair(ctx context.Context, dir string, o index.RepairOptions) (_ *index.RepairReport, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := readCurrent(dir); err != nil && !errors.Is(err, index.ErrDamaged) {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	// Nobody may write until the damaged generations are gone, or kept.
	defer func() {
		if !errors.Is(err, postings.ErrStuck) { // otherwise Bleve may still be writing
			err = errors.Join(err, lock.Unlock())
		}
	}()
	before, err := Check(ctx, dir, o.CheckOptions)
	if err != nil {
		return nil, err
	}
	report := &index.RepairReport{Before: before}
	switch where(before) {
	case damageNone, damageForeign:
		return report, nil
	case damagePrevious:
		if err := os.RemoveAll(filepath.Join(dir, genName(before.Generation-1))); err != nil {
			return nil, fmt.Errorf("repair index: %w", err)
		}
		report.Documents, report.Passages = before.Documents, before.Passages
	default:
		published, err := rebuild(ctx, dir, o, report)
		if !published {
			return nil, fmt.Errorf("repair index: %w; the damaged index is as it was", err)
		}
		if err != nil {
			return report, fmt.Errorf("repair index: %w; it was written but not checked: repair it again", err)
		}
	}
	if report.After, err = Check(ctx, dir, o.CheckOptions); err != nil {
		return report, fmt.Errorf("repair index: it was written but not checked: %w; repair it again", err)
	}
	if where(report.After) == damageNewest {
		return report, fmt.Errorf("repair index: what was written is damaged again: %s %s; the disk may be failing, the damaged generations are kept",
			report.After.Problems[0].Path, report.After.Problems[0].What)
	}
	removeBefore(dir, report.After.Generation)
	return report, nil
}

// damage says what part of an index is damaged.
type damage int

const (
	damageNone     damage = iota
	damageForeign         // something lies beside the index
	damagePrevious        // only the generation before the newest
	damageNewest
)

func where(r *index.CheckReport) damage {
	worst := damageNone
	previous := "?"
	if r.Generation > 0 {
		previous = genName(r.Generation-1) + "/"
	}
	for _, p := range r.Problems {
		d := damageNewest
		switch {
		case strings.HasPrefix(p.Path, previous):
			d = damagePrevious
		case p.Path != currentName && !strings.Contains(p.Path, "/") && !strings.HasPrefix(p.Path, genPrefix):
			d = damageForeign
		}
		worst = max(worst, d)
	}
	return worst
}

// rebuild publishes a generation of what can be saved, and tells whether it
// came so far.
func rebuild(ctx context.Context, dir string, o index.RepairOptions, report *index.RepairReport) (published bool, err error) {
	w := newWriter(dir, nil, nil)
	started := false
	defer func() {
		if started {
			w.dirty = false // nothing more is published
			err = errors.Join(err, w.Close())
		}
	}()
	defer catchFault(&err)()
	from, err := openRecovery(ctx, dir)
	if err != nil {
		return false, err
	}
	report.Older = from.base.Generation < from.current
	report.Undeleted = from.deleted == nil
	if r := from.base.Reembedding; r != nil {
		report.Discarded = r.Passages
	}
	if err := w.startAnew(from); err != nil {
		return false, err
	}
	started = true
	if err := w.fill(ctx, from, o, report); err != nil {
		return false, err
	}
	w.dirty = true // an index that has lost everything is one, too
	if err := w.Publish(ctx); err != nil {
		// The disk may have failed after CURRENT was replaced.
		cur, rerr := readCurrent(dir)
		return rerr == nil && cur.generation > from.newest, err
	}
	return true, nil
}

// startAnew begins to write an index without documents whose numbers go on
// where those of the damaged one end. Nothing of that is touched.
func (w *writer) startAnew(from *recovery) error {
	made, err := newSchema(from.base.Settings)
	if err != nil {
		return err
	}
	w.schema = made
	w.repairing = true
	w.manifest = from.base // how large it is tells how long a disk may take
	w.next = manifest{
		Format: formatVersion, Generation: from.newest, Settings: from.base.Settings,
		Batch: from.base.Batch, NextRow: from.base.NextRow, NextDocument: from.base.NextDocument, NextFile: from.base.NextFile,
	}
	if !from.trusted {
		// A number that is wrong may be anything: go by what was handed out.
		w.next.NextRow, w.next.NextDocument, w.next.NextFile = from.highestNumbers()
	}
	if err := os.RemoveAll(w.work); err != nil {
		return err
	}
	return w.startWork()
}

// highestNumbers returns the numbers after those in the segments.
func (s *recovery) highestNumbers() (row segment.Row, document segment.DocNumber, file uint64) {
	file = 1
	for _, m := range s.base.Segments {
		for _, name := range slices.Concat([]string{m.Name}, m.Vectors, m.Annotations) {
			if n, ok := parseFile(filepath.Base(name)); ok {
				file = max(file, n+1)
			}
		}
		f := s.texts(filepath.Base(m.Name))
		if f == nil {
			continue
		}
		for i := range f.Docs() {
			row, document = max(row, f.First(i)+segment.Row(f.Passages(i))), max(document, f.Number(i)+1)
		}
		f.Release()
	}
	return row, document, file
}

// A rebuilt index is written in batches of about this many passages and bytes.
const (
	rebuildPassages = 1024
	rebuildBytes    = 8 << 20
)

// fill applies the documents that can be saved.
func (w *writer) fill(ctx context.Context, from *recovery, o index.RepairOptions, report *index.RepairReport) error {
	var b index.Batch
	passages, bytes, found := 0, 0, 0
	flush := func() error {
		if err := w.Apply(ctx, b); err != nil {
			return err
		}
		b, passages, bytes = index.Batch{}, 0, 0
		return nil
	}
	for d, err := range from.documents(ctx) {
		switch {
		case errors.Is(err, index.ErrDamaged):
			report.Unnamed = append(report.Unnamed, plainName(err))
			continue
		case err != nil:
			return err
		}
		found++
		if d.vectorless && d.lost == "" {
			if err := embedRecovered(ctx, d, from.base.Settings.Model(), o, report); err != nil {
				return err
			}
		}
		if d.lost != "" {
			report.Lost = append(report.Lost, index.Lost{ID: d.doc.ID, Path: d.doc.Path, Why: d.lost})
			continue
		}
		for i := range d.doc.Content {
			d.doc.Content[i].Match = matchText(o.CheckOptions, d.doc.Content[i].Text)
		}
		b.Put = append(b.Put, d.doc)
		passages += len(d.doc.Content)
		bytes += d.doc.Bytes
		if passages >= rebuildPassages || bytes >= rebuildBytes || len(b.Put) >= rebuildPassages {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := from.readable(); err != nil {
		return err
	}
	if found != from.base.Documents && len(report.Unnamed) == 0 && !report.Undeleted {
		report.Unnamed = []string{manifestName} // which named another segment, or none
	}
	slices.SortFunc(report.Lost, func(a, b index.Lost) int { return strings.Compare(a.ID, b.ID) })
	if err := flush(); err != nil {
		return err
	}
	v, err := w.acquire()
	if err != nil {
		return err
	}
	report.Documents, report.Passages = v.stats.Documents, v.stats.Passages
	return v.release()
}

// embedRecovered gives passages of a document new vectors in the place of those
// that are damaged, if it can.
func embedRecovered(ctx context.Context, d *recovered, e index.Embedder, o index.RepairOptions, report *index.RepairReport) error {
	var at []int
	var stored []index.Stored
	for i, p := range d.doc.Content {
		if p.Vector == nil {
			at, stored = append(at, i), append(stored, index.Stored{Doc: &d.doc.Info, Passage: p})
		}
	}
	if o.Embed == nil {
		report.Vectorless += len(at)
		return nil
	}
	vectors, err := o.Embed(ctx, e, stored)
	if errors.Is(err, index.ErrModelMismatch) {
		report.Vectorless += len(at)
		return nil
	}
	if err != nil {
		return fmt.Errorf("embed %s: %w", d.doc.Path, err)
	}
	if len(vectors) != len(stored) {
		return fmt.Errorf("embed %s: %d vectors for %d passages", d.doc.Path, len(vectors), len(stored))
	}
	for i, v := range vectors {
		d.doc.Content[at[i]].Vector = v
	}
	report.Reembedded += len(vectors)
	return nil
}

// plainName is the name of the file that an error of damage is about.
func plainName(err error) string {
	var d *disk.DamageError
	if errors.As(err, &d) {
		return filepath.Base(d.Path)
	}
	return err.Error()
}

// removeBefore removes the generations before one.
func removeBefore(dir string, generation uint64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if n, ok := parseGen(e.Name()); ok && n < generation {
			os.RemoveAll(filepath.Join(dir, e.Name())) // or the next writer does it
		}
	}
}
