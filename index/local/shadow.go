package local

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// shadow is a re-embedding under way: the documents once more, in segments of
// their own, with vectors of another embedder. They are taken in ascending
// order of number, so that the last one there tells what is missing: documents
// that are put meanwhile have numbers above it. The writer's lock guards it.
type shadow struct {
	embedder index.Embedder
	segs     []*segReader // ascending by rows; the shadow has a reference to each
	// contents is what a view of segs would have.
	contents contents
}

func newShadow(e index.Embedder) *shadow {
	return &shadow{embedder: e, contents: newContents(roaring.New(), make(map[segment.DocNumber]*segment.Doc))}
}

// openShadow opens the shadow of a generation, of which work is a clone and
// w.byID has the documents. It returns nil if the generation has none.
func (w *writer) openShadow(m *manifest) (*shadow, error) {
	r := m.Reembedding
	if r == nil {
		return nil, nil
	}
	if r.Dim < 1 {
		return nil, disk.Damaged(filepath.Join(w.work, manifestName), fmt.Sprintf("has a re-embedding with vectors of length %d", r.Dim))
	}
	sh := newShadow(index.Embedder{ID: r.Embedder, Name: r.Name, Dim: r.Dim})
	var err error
	if sh.segs, err = openSegments(w.work, r.Segments, sharing{}); err != nil {
		return nil, err
	}
	if err := checkSegments(w.work, m, sh.segs, r.Dim); err != nil {
		return nil, errors.Join(err, releaseSegments(sh.segs))
	}
	for _, s := range sh.segs {
		for i := range s.Docs() {
			d, err := s.Doc(i)
			if err == nil {
				err = sh.load(d, w.byID[d.Info.ID])
			}
			if err != nil {
				return nil, errors.Join(disk.Damaged(s.Path, err.Error()), releaseSegments(sh.segs))
			}
		}
	}
	if n := sh.contents.stats.Passages; n != r.Passages {
		return nil, errors.Join(disk.Damaged(filepath.Join(w.work, manifestName),
			fmt.Sprintf("has a re-embedding of %d passages instead of %d", r.Passages, n)), releaseSegments(sh.segs))
	}
	return sh, nil
}

// load takes up a document of a shadow that is opened; now is what the index
// has under its ID. The shadow has no list of its own of what was deleted or
// touched since.
func (sh *shadow) load(d, now *segment.Doc) error {
	switch {
	case now == nil || now.Number != d.Number:
		sh.contents.deleted.Add(uint32(d.Number))
		return nil
	case now.First != d.First || now.Info.Passages != d.Info.Passages:
		return fmt.Errorf("has a document %q that is not there", d.Info.ID)
	case !bytes.Equal(segment.AppendDoc(nil, now), segment.AppendDoc(nil, d)):
		sh.contents.touched[d.Number] = now
	}
	sh.contents.add(now)
	return nil
}

func (sh *shadow) manifest() *shadowManifest {
	e := sh.embedder
	m := &shadowManifest{Embedder: e.ID, Name: e.Name, Dim: e.Dim, Passages: sh.contents.stats.Passages, Segments: manifestsOf(sh.segs)}
	return m
}

// next is the number from which on documents are missing.
func (sh *shadow) next() segment.DocNumber {
	if len(sh.segs) == 0 {
		return 0
	}
	return sh.segs[len(sh.segs)-1].LastNumber() + 1
}

// follow makes the shadow have what a change of the index, with which w.byID is
// not up to date yet, has removed, touched and annotated.
func (w *writer) follow(c *change) (err error) {
	sh := w.shadow
	next := sh.next()
	for _, d := range c.gone {
		if d.Number < next {
			sh.contents.remove(d)
		}
	}
	for _, d := range c.touched {
		if d.Number < next {
			sh.contents.touch(w.byID[d.Info.ID], d)
		}
	}
	sh.segs, err = w.add(sh.segs, addition{annotations: c.later.annotations}, sh.embedder.Dim)
	return err
}

// vector returns a copy of the vector of a row, nil if there is none.
func (sh *shadow) vector(row segment.Row) []float32 {
	if !sh.contents.live.Contains(uint32(row)) {
		return nil
	}
	seg, pos, ok := findRow(sh.segs, row)
	if !ok {
		return nil
	}
	return slices.Clone(seg.vector(pos))
}

// missing returns the next documents that the shadow does not have: those of
// the vectors, and those without passages up to the next that has some.
func (sh *shadow) missing(v *view, vectors []index.Embedded) (docs []segment.Source, err error) {
	defer catchFault(&err)()
	for r := range v.docsFrom(sh.next()) {
		d, err := v.doc(r)
		if err != nil {
			return nil, err
		}
		n := d.Info.Passages
		if n == 0 {
			docs = append(docs, segment.Source{Doc: d})
			continue
		}
		if len(vectors) == 0 {
			return docs, nil
		}
		if n > len(vectors) {
			return nil, fmt.Errorf("%d vectors for the %d passages of %s", len(vectors), n, d.Info.ID)
		}
		src, err := r.seg.source(d, r.position())
		if err != nil {
			return nil, err
		}
		for i, e := range vectors[:n] {
			if want := d.First + segment.Row(i); e.ID != passageID(want) {
				return nil, fmt.Errorf("a vector of passage %s, where that of passage %d is the next", e.ID, want)
			}
			src.Vectors = append(src.Vectors, e.Vector)
		}
		docs, vectors = append(docs, src), vectors[n:]
	}
	if len(vectors) > 0 {
		return nil, fmt.Errorf("passage %s: %w that has no vector yet", vectors[0].ID, index.ErrNoPassage)
	}
	return docs, nil
}

// addShadow writes documents into the shadow.
func (w *writer) addShadow(docs []segment.Source) (err error) {
	defer catchFault(&err)()
	sh := w.shadow
	seg, err := w.addSegment(docs, sh.embedder.Dim)
	if err != nil {
		return err
	}
	sh.segs = append(sh.segs, seg)
	for _, d := range docs {
		sh.contents.add(d.Doc)
	}
	sh.segs, err = w.compact(sh.segs, &sh.contents, sh.embedder.Dim)
	return err
}

// dropShadow throws the shadow away. Its files are in the last generation,
// until the next but one is published.
func (w *writer) dropShadow() error {
	segs := w.shadow.segs
	w.shadow, w.dirty = nil, true
	return releaseRemoved(segs)
}

// releaseRemoved gives up segments that the next generation will not have.
func releaseRemoved(segs []*segReader) error {
	for _, s := range segs {
		s.remove()
	}
	return releaseSegments(segs)
}
