package local

import (
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// segReader is a segment with the vectors and annotations that belong to it. It
// never changes: with more vectors or annotations there is another segReader of
// the same segment file. The methods may be called by several goroutines.
type segReader struct {
	*segment.File
	vecs []*vectors // of several for one passage the last counts
	// hidden are for each of vecs the rows for which a later one counts, nil if
	// there are none.
	hidden []*roaring.Bitmap
	// bare are the rows that have no vector, nil if all have one.
	bare   *roaring.Bitmap
	anns   []*segment.Annotations // in the order in which they were made
	totals totals                 // of all documents
	order  *docOrder              // of all readers of the segment file
	texts  *textOrder             // of all readers of the segment file
	refs   atomic.Int32
}

// openSegReader opens a segment with what belongs to it, all in the folder dir.
func openSegReader(dir string, m segmentManifest) (_ *segReader, err error) {
	s := &segReader{order: new(docOrder), texts: new(textOrder)}
	if s.File, err = segment.Open(filepath.Join(dir, filepath.Base(m.Name)), s.totals.add); err != nil {
		return nil, err
	}
	s.refs.Store(1)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if v := s.InFile(); v != nil {
		s.vecs = append(s.vecs, newVectors(v))
	}
	for _, name := range m.Vectors {
		v, err := segment.OpenVectors(filepath.Join(dir, filepath.Base(name)), s.File)
		if err != nil {
			return nil, err
		}
		s.vecs = append(s.vecs, newVectors(v))
	}
	for _, name := range m.Annotations {
		a, err := segment.OpenAnnotations(filepath.Join(dir, filepath.Base(name)), s.File)
		if err != nil {
			return nil, err
		}
		s.anns = append(s.anns, a)
	}
	s.cover()
	return s, nil
}

// with returns a reader of the same segment with other vectors and annotations.
// It has references of its own.
func (s *segReader) with(vecs []*vectors, anns []*segment.Annotations) *segReader {
	n := &segReader{File: s.File, vecs: vecs, anns: anns, totals: s.totals, order: s.order, texts: s.texts}
	n.Retain()
	for _, v := range vecs {
		v.retain()
	}
	for _, a := range anns {
		a.Retain()
	}
	n.refs.Store(1)
	n.cover()
	return n
}

// cover finds out which rows have vectors.
func (s *segReader) cover() {
	covered := roaring.New()
	s.hidden = make([]*roaring.Bitmap, len(s.vecs))
	for i, v := range slices.Backward(s.vecs) {
		if !covered.IsEmpty() {
			s.hidden[i] = covered.Clone()
		}
		if v.All {
			covered = nil
			for k := range i {
				s.hidden[k] = v.rowSet()
			}
			break
		}
		covered.Or(v.rowSet())
	}
	if covered == nil || len(s.Rows()) == 0 {
		return
	}
	s.bare = rowsOf(s.Rows())
	s.bare.AndNot(covered)
	if s.bare.IsEmpty() {
		s.bare = nil
	}
}

// rowsOf makes a bitmap of rows.
func rowsOf(rows []segment.Row) *roaring.Bitmap {
	b := roaring.New()
	addRows(b, rows)
	return b
}

// addRows adds rows, which mostly follow each other, to a bitmap.
func addRows(b *roaring.Bitmap, rows []segment.Row) {
	for at := 0; at < len(rows); {
		end := at + 1
		for end < len(rows) && rows[end] == rows[end-1]+1 {
			end++
		}
		b.AddRange(uint64(rows[at]), uint64(rows[end-1])+1)
		at = end
	}
}

// start is where in its document the passage at a position begins.
func (s *segReader) start(pos segment.Position) int { return s.Start(pos) }

// passage reads the passage at a position.
func (s *segReader) passage(pos segment.Position) (document.Passage, error) {
	return s.Passage(pos, s.anns)
}

// vector returns the vector at a position, nil if there is none; it lives as long
// as the reader.
func (s *segReader) vector(pos segment.Position) []float32 {
	for _, v := range slices.Backward(s.vecs) {
		if v.All {
			return v.At(int(pos))
		}
		if i, ok := v.Find(s.Rows()[pos]); ok {
			return v.At(i)
		}
	}
	return nil
}

// source is a document of a segment on its way into another; d is its record,
// first the position of its first passage. The vectors stay behind.
func (s *segReader) source(d *segment.Doc, first segment.Position) (segment.Source, error) {
	src := segment.Source{Doc: d}
	for pos := first; pos < first+segment.Position(d.Info.Passages); pos++ {
		record, err := s.Record(pos, s.anns)
		if err != nil {
			return src, err
		}
		src.Records = append(src.Records, record)
	}
	return src, nil
}

// vectorsOf returns the vectors of n passages.
func (s *segReader) vectorsOf(first segment.Position, n int) [][]float32 {
	if len(s.vecs) == 0 {
		return nil
	}
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = s.vector(first + segment.Position(i))
	}
	return vectors
}

// files iterates over the paths of all files of the segment that a generation
// must have; codes are the file's that they belong to.
func (s *segReader) files() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(s.Path) {
			return
		}
		for _, v := range s.vecs {
			if v.Path != s.Path && !yield(v.Path) {
				return
			}
			if v.codes != nil && !yield(v.codesPath()) {
				return
			}
		}
		for _, a := range s.anns {
			if !yield(a.Path) {
				return
			}
		}
	}
}

func (s *segReader) retain() { s.refs.Add(1) }

// release closes the files when nobody uses them any more.
func (s *segReader) release() error {
	if s.refs.Add(-1) > 0 {
		return nil
	}
	var err error
	for _, v := range s.vecs {
		err = errors.Join(err, v.release())
	}
	for _, a := range s.anns {
		err = errors.Join(err, a.Release())
	}
	return errors.Join(err, s.Release())
}

func releaseSegments(segs []*segReader) (err error) {
	for _, s := range segs {
		err = errors.Join(err, s.release())
	}
	return err
}

// segmentManifest names the files of a segment.
type segmentManifest struct {
	Name string `json:"name"`
	// Vectors are the files that have vectors of passages; of several for one
	// passage the last counts.
	Vectors []string `json:"vectors,omitempty"`
	// Annotations are the files of annotations that were made after the segment
	// was written, in the order in which they were made.
	Annotations []string `json:"annotations,omitempty"`
}

// manifest is how a MANIFEST names the segment.
func (s *segReader) manifest() segmentManifest {
	m := segmentManifest{Name: s.Name}
	for _, v := range s.vecs {
		m.Vectors = append(m.Vectors, v.Name)
	}
	for _, a := range s.anns {
		m.Annotations = append(m.Annotations, a.Name)
	}
	return m
}

func (m segmentManifest) equal(o segmentManifest) bool {
	return m.Name == o.Name && slices.Equal(m.Vectors, o.Vectors) && slices.Equal(m.Annotations, o.Annotations)
}

// names iterates over the names of the files.
func (m segmentManifest) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range slices.Concat([]string{m.Name}, m.Vectors, m.Annotations) {
			if !yield(name) {
				return
			}
		}
	}
}

func manifestsOf(segs []*segReader) []segmentManifest {
	list := make([]segmentManifest, 0, len(segs))
	for _, s := range segs {
		list = append(list, s.manifest())
	}
	return list
}
