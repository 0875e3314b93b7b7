package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// generation is an opened generation.
type generation struct {
	manifest *manifest
	view     *view
	postings *postings
	current  current // what CURRENT said of it
	writes   uint64  // those of the Backend that it shows
}

// openGeneration opens a published generation, or the writer's clone of one,
// and checks that its parts belong together. known are files that were read
// before. It ends with ctx's error when ctx does.
func openGeneration(ctx context.Context, dir string, manifestSum uint32, readOnly bool, known *knownFiles) (_ *generation, err error) {
	defer catchFault(&err)()
	m, err := readManifest(dir, manifestSum)
	if err != nil {
		return nil, err
	}
	// It goes on while the segments are opened.
	verified := make(chan error, 1)
	go func() { verified <- known.verify(ctx, dir, m) }()
	var verr error
	wait := sync.OnceFunc(func() { verr = <-verified })
	defer wait()
	deleted, err := readDeleted(filepath.Join(dir, deletedName))
	if err != nil {
		return nil, err
	}
	touched, err := readTouched(dir, m)
	if err != nil {
		return nil, err
	}
	made, err := newSchema(m.Settings)
	if err != nil {
		return nil, fmt.Errorf("opening generation %d: %w", m.Generation, err)
	}
	segs := make([]*segment, 0, len(m.Segments))
	for _, name := range m.Segments {
		s, err := openSegment(filepath.Join(dir, filepath.Base(name)))
		if err != nil {
			return nil, errors.Join(err, releaseSegments(segs))
		}
		segs = append(segs, s)
	}
	if err := checkSegments(dir, m, segs, m.Settings.Dim); err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	if err := checkTouched(segs, deleted, touched); err != nil {
		return nil, errors.Join(damaged(filepath.Join(dir, touchedName), err.Error()), releaseSegments(segs))
	}
	if wait(); verr != nil {
		return nil, errors.Join(verr, releaseSegments(segs))
	}
	p, err := openPostings(filepath.Join(dir, postingsName), readOnly)
	if err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	v, err := openView(m, newContents(deleted, touched), segs, p, made)
	if err != nil {
		if !errors.Is(err, errFault) {
			err = damaged(dir, err.Error())
		}
		return nil, errors.Join(fmt.Errorf("opening generation %d: %w", m.Generation, err), p.close())
	}
	return &generation{manifest: m, view: v, postings: p}, nil
}

// close frees a generation once nobody searches it any more: snapshots stay
// usable after their postings are closed.
func (g *generation) close() error { return errors.Join(g.view.release(), g.postings.close()) }

// checkSegments checks what openSegment cannot know: that the segments follow
// each other and have vectors of length dim.
func checkSegments(dir string, m *manifest, segs []*segment, dim int) error {
	for i, s := range segs {
		if s.dim != dim && len(s.rows) > 0 {
			return damaged(s.path, fmt.Sprintf("has vectors of length %d instead of %d", s.dim, dim))
		}
		if i > 0 && (uint64(s.docs[0].first) < segs[i-1].end() || s.docs[0].number <= segs[i-1].docs[len(segs[i-1].docs)-1].number) {
			return damaged(s.path, "overlaps the segment before it")
		}
	}
	if n := len(segs); n > 0 && (segs[n-1].end() > uint64(m.NextRow) || segs[n-1].docs[len(segs[n-1].docs)-1].number >= m.NextDocument) {
		return damaged(dir, "has segments newer than its manifest")
	}
	return nil
}

// openView makes the view of a generation and compares it with the manifest.
// Scorch falls back to an older state in silence when a file of the newest is
// unusable; the number of the batch tells.
func openView(m *manifest, c contents, segs []*segment, p *postings, made *schema) (*view, error) {
	for _, s := range segs {
		if err := c.addSegment(s); err != nil {
			return nil, errors.Join(err, releaseSegments(segs))
		}
	}
	snapshot, err := p.reader()
	if err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	v, err := newView(c, segs, snapshot, m.Created, made)
	if err != nil {
		return nil, err
	}
	number, err := batchNumber(snapshot)
	switch {
	case err != nil:
	case number != m.Batch:
		err = fmt.Errorf("has postings of batch %d instead of %d", number, m.Batch)
	case c.documents() != m.Documents || c.stats.Passages != m.Passages:
		err = fmt.Errorf("has %d documents and %d passages instead of %d and %d",
			c.documents(), c.stats.Passages, m.Documents, m.Passages)
	}
	if err != nil {
		return nil, errors.Join(err, v.release())
	}
	return v, nil
}

// readDeleted reads the bitmap of deleted documents.
func readDeleted(path string) (*roaring.Bitmap, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening index: %w", err)
	}
	m := roaring.New()
	if err := m.UnmarshalBinary(b); err != nil {
		return nil, damaged(path, "is not a bitmap: "+err.Error())
	}
	if err := m.Validate(); err != nil {
		return nil, damaged(path, "is not a bitmap: "+err.Error())
	}
	return m, nil
}
