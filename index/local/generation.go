package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/postings"
)

// generation is an opened generation.
type generation struct {
	manifest *manifest
	view     *view
	postings *postings.Store
	files    genFiles
	current  current // what CURRENT said of it
	writes   uint64  // those of the Backend that it shows
}

// openOptions say how a generation is opened.
type openOptions struct {
	readOnly bool
	known    *knownFiles // files that were read before
	// from is another generation that is open, of which the files that both have are
	// not opened again; nil if there is none.
	from *generation
}

// openGeneration opens a published generation, or the writer's clone of one,
// and checks that its parts belong together. It ends with ctx's error when ctx
// does.
func openGeneration(ctx context.Context, dir string, manifestSum uint32, o openOptions) (_ *generation, err error) {
	defer catchFault(&err)()
	m, files, err := readManifest(dir, manifestSum)
	if err != nil {
		return nil, err
	}
	// It goes on while the segments are opened.
	verified := make(chan error, 1)
	go func() { verified <- o.known.verify(ctx, dir, m) }()
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
	shared := sharing{o.from, files}
	segs, err := openSegments(dir, m.Segments, shared)
	if err != nil {
		return nil, err
	}
	if err := checkSegments(dir, m, segs, m.Settings.Dim); err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	if err := checkTouched(segs, deleted, touched); err != nil {
		return nil, errors.Join(disk.Damaged(filepath.Join(dir, touchedName), err.Error()), releaseSegments(segs))
	}
	if wait(); verr != nil {
		return nil, errors.Join(verr, releaseSegments(segs))
	}
	p, err := openPostings(filepath.Join(dir, postingsName), o.readOnly, shared)
	if err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	v, err := shared.openView(m, newContents(deleted, touched), segs, p, made)
	if err != nil {
		if !errors.Is(err, disk.ErrFault) {
			err = disk.Damaged(dir, err.Error())
		}
		return nil, errors.Join(fmt.Errorf("opening generation %d: %w", m.Generation, err), p.Close())
	}
	return &generation{manifest: m, view: v, postings: p, files: files}, nil
}

// close frees a generation once nobody searches it any more: snapshots stay
// usable after their postings are closed.
func (g *generation) close() error { return errors.Join(g.view.release(), g.postings.Close()) }

// sharing is what a generation that is being opened can take over from one that is
// open.
type sharing struct {
	from  *generation // nil if there is none
	files genFiles    // of the one that is being opened
}

// has reports whether both have the same file of that name.
func (s sharing) has(name string) bool { return s.files.shares(s.from.files, name) }

// segment returns the reader of a segment, with a reference to it, if both have the
// same files of it; otherwise nil.
func (s sharing) segment(m segmentManifest) *segReader {
	if s.from == nil {
		return nil
	}
	i := slices.IndexFunc(s.from.view.segs, func(seg *segReader) bool { return seg.manifest().equal(m) })
	if i < 0 {
		return nil
	}
	seg := s.from.view.segs[i]
	for name := range m.names() {
		if !s.has(name) {
			return nil
		}
	}
	for _, v := range seg.vecs {
		// Codes are missing until they are made, or while they are damaged.
		name := codesName(v.Name)
		if _, some := s.files[name]; some && (v.codes == nil || !s.has(name)) || !some && v.codes != nil {
			return nil
		}
	}
	seg.retain()
	return seg
}

// openPostings opens the postings of a generation.
func openPostings(dir string, readOnly bool, shared sharing) (*postings.Store, error) {
	if shared.from == nil {
		return postings.Open(dir, readOnly)
	}
	return postings.OpenNext(dir, shared.from.view.postings, func(name string) bool { return shared.has(path.Join(postingsName, name)) })
}

// openSegments opens segments of a generation.
func openSegments(dir string, list []segmentManifest, shared sharing) ([]*segReader, error) {
	segs := make([]*segReader, 0, len(list))
	for _, m := range list {
		if s := shared.segment(m); s != nil {
			segs = append(segs, s)
			continue
		}
		s, err := openSegReader(dir, m)
		if err != nil {
			return nil, errors.Join(err, releaseSegments(segs))
		}
		segs = append(segs, s)
	}
	return segs, nil
}

// checkSegments checks what openSegReader cannot know: that the segments follow
// each other and have vectors of length dim.
func checkSegments(dir string, m *manifest, segs []*segReader, dim int) error {
	for i, s := range segs {
		for _, v := range s.vecs {
			if v.Dim != dim {
				return disk.Damaged(v.Path, fmt.Sprintf("has vectors of length %d instead of %d", v.Dim, dim))
			}
		}
		if i > 0 && (uint64(s.First(0)) < segs[i-1].End() || s.Number(0) <= segs[i-1].LastNumber()) {
			return disk.Damaged(s.Path, "overlaps the segment before it")
		}
	}
	if n := len(segs); n > 0 && (segs[n-1].End() > uint64(m.NextRow) || segs[n-1].LastNumber() >= m.NextDocument) {
		return disk.Damaged(dir, "has segments newer than its manifest")
	}
	return nil
}

// openView makes the view of a generation and compares it with the manifest.
// Scorch falls back to an older state in silence when a file of the newest is
// unusable; the number of the batch tells.
func (s sharing) openView(m *manifest, c contents, segs []*segReader, p *postings.Store, made *schema) (*view, error) {
	var before *view
	if s.from != nil {
		before = s.from.view
	}
	for _, s := range segs {
		if err := c.addSegment(s); err != nil {
			return nil, errors.Join(err, releaseSegments(segs))
		}
	}
	reader, err := p.Reader(c.stats.Passages, c.lengths, before.reader())
	if err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	v, err := newView(c, segs, reader, m.Created, made, before)
	if err != nil {
		return nil, err
	}
	number, err := reader.Batch()
	switch {
	case err != nil:
	case number != m.Batch:
		err = fmt.Errorf("has postings of batch %d instead of %d", number, m.Batch)
	case c.documents() != m.Documents || c.stats.Passages != m.Passages:
		err = fmt.Errorf("has %d documents and %d passages instead of %d and %d",
			c.documents(), c.stats.Passages, m.Documents, m.Passages)
	case m.Format > 1 && v.vectorCount() != m.Vectors:
		err = fmt.Errorf("has %d vectors instead of %d", v.vectorCount(), m.Vectors)
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
		return nil, disk.Damaged(path, "is not a bitmap: "+err.Error())
	}
	if err := m.Validate(); err != nil {
		return nil, disk.Damaged(path, "is not a bitmap: "+err.Error())
	}
	return m, nil
}
