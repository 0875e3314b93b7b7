package local

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
)

// shadow is a re-embedding under way: the documents once more, in segments of
// their own, with vectors of another embedder. They are taken in ascending
// order of number, so that the last one there tells what is missing: documents
// that are put meanwhile have numbers above it. The writer's lock guards it.
type shadow struct {
	embedder index.Embedder
	segs     []*segment // ascending by rows; the shadow has a reference to each
	// contents is what a view of segs would have.
	contents contents
}

func newShadow(e index.Embedder) *shadow {
	return &shadow{embedder: e, contents: newContents(roaring.New(), make(map[uint32]*docRecord))}
}

// openShadow opens the shadow of a generation, of which work is a clone and
// w.byID has the documents. It returns nil if the generation has none.
func (w *writer) openShadow(m *manifest) (*shadow, error) {
	r := m.Reembedding
	if r == nil {
		return nil, nil
	}
	if r.Dim < 1 {
		return nil, damaged(filepath.Join(w.work, manifestName), fmt.Sprintf("has a re-embedding with vectors of length %d", r.Dim))
	}
	sh := newShadow(index.Embedder{ID: r.Embedder, Name: r.Name, Dim: r.Dim})
	for _, name := range r.Segments {
		s, err := openSegment(filepath.Join(w.work, filepath.Base(name)))
		if err != nil {
			return nil, errors.Join(err, releaseSegments(sh.segs))
		}
		sh.segs = append(sh.segs, s)
	}
	if err := checkSegments(w.work, m, sh.segs, r.Dim); err != nil {
		return nil, errors.Join(err, releaseSegments(sh.segs))
	}
	for _, s := range sh.segs {
		for i := range s.docs {
			d, err := s.doc(i)
			if err == nil {
				err = sh.load(d, w.byID[d.info.ID])
			}
			if err != nil {
				return nil, errors.Join(damaged(s.path, err.Error()), releaseSegments(sh.segs))
			}
		}
	}
	if n := sh.contents.stats.Passages; n != r.Passages {
		return nil, errors.Join(damaged(filepath.Join(w.work, manifestName),
			fmt.Sprintf("has a re-embedding of %d passages instead of %d", r.Passages, n)), releaseSegments(sh.segs))
	}
	return sh, nil
}

// load takes up a document of a shadow that is opened; now is what the index
// has under its ID. The shadow has no list of its own of what was deleted or
// touched since.
func (sh *shadow) load(d, now *docRecord) error {
	switch {
	case now == nil || now.number != d.number:
		sh.contents.deleted.Add(d.number)
		return nil
	case now.first != d.first || now.info.Passages != d.info.Passages:
		return fmt.Errorf("has a document %q that is not there", d.info.ID)
	case !bytes.Equal(appendDoc(nil, now), appendDoc(nil, d)):
		sh.contents.touched[d.number] = now
	}
	sh.contents.add(now)
	return nil
}

func (sh *shadow) manifest() *shadowManifest {
	e := sh.embedder
	m := &shadowManifest{Embedder: e.ID, Name: e.Name, Dim: e.Dim, Passages: sh.contents.stats.Passages, Segments: []string{}}
	for _, s := range sh.segs {
		m.Segments = append(m.Segments, s.name)
	}
	return m
}

// next is the number from which on documents are missing.
func (sh *shadow) next() uint32 {
	if len(sh.segs) == 0 {
		return 0
	}
	docs := sh.segs[len(sh.segs)-1].docs
	return docs[len(docs)-1].number + 1
}

// follow removes and touches what a change removes and touches; byID has the
// documents before it.
func (sh *shadow) follow(c *change, byID map[string]*docRecord) {
	next := sh.next()
	for _, d := range c.gone {
		if d.number < next {
			sh.contents.remove(d)
		}
	}
	for _, d := range c.touched {
		if d.number < next {
			sh.contents.touch(byID[d.info.ID], d)
		}
	}
}

// vector returns a copy of the vector of a row, nil if there is none.
func (sh *shadow) vector(row uint32) []float32 {
	if !sh.contents.live.Contains(row) {
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
func (sh *shadow) missing(v *view, vectors []index.Embedded) ([]segSource, error) {
	var docs []segSource
	for r := range v.docsFrom(sh.next()) {
		d, err := v.doc(r)
		if err != nil {
			return nil, err
		}
		n := d.info.Passages
		if n == 0 {
			docs = append(docs, segSource{doc: d})
			continue
		}
		if len(vectors) == 0 {
			return docs, nil
		}
		if n > len(vectors) {
			return nil, fmt.Errorf("%d vectors for the %d passages of %s", len(vectors), n, d.info.ID)
		}
		src := r.seg.source(d, r.position())
		for i, e := range vectors[:n] {
			if want := d.first + uint32(i); e.ID != passageID(want) {
				return nil, fmt.Errorf("a vector of passage %s, where that of passage %d is the next", e.ID, want)
			}
			src.vectors = append(src.vectors, e.Vector)
		}
		docs, vectors = append(docs, src), vectors[n:]
	}
	if len(vectors) > 0 {
		return nil, fmt.Errorf("passage %s: %w that has no vector yet", vectors[0].ID, index.ErrNoPassage)
	}
	return docs, nil
}

// addShadow writes documents into the shadow.
func (w *writer) addShadow(docs []segSource) (err error) {
	defer catchFault(&err)()
	sh := w.shadow
	seg, err := w.addSegment(docs, sh.embedder.Dim)
	if err != nil {
		return err
	}
	sh.segs = append(sh.segs, seg)
	for _, d := range docs {
		sh.contents.add(d.doc)
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
func releaseRemoved(segs []*segment) error {
	for _, s := range segs {
		s.remove()
	}
	return releaseSegments(segs)
}
