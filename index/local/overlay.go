package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Vectors and annotations may follow the passages that they belong to. They get
// files of their own beside the segment, which stays as it is; when some have
// piled up they are written as one, and when the segment is written again, with
// it.

// addition is what follows for passages of an index, by row.
type addition struct {
	vectors     map[segment.Row][]float32
	annotations map[segment.Row]segment.Annotated
}

// add writes what belongs to the segments and returns those to go on with. It
// takes over the references to segs; after an error they are those of before.
func (w *writer) add(segs []*segReader, a addition, dim int) ([]*segReader, error) {
	for i, s := range segs {
		n, err := w.addTo(s, a, dim)
		if err != nil {
			return segs, err
		}
		if n != s {
			segs[i] = n
			if err := s.release(); err != nil {
				return segs, err
			}
		}
	}
	return segs, nil
}

// addTo returns a reader of a segment with what belongs to it, s itself if
// nothing does.
func (w *writer) addTo(s *segReader, a addition, dim int) (_ *segReader, err error) {
	vecs, anns := slices.Clone(s.vecs), slices.Clone(s.anns)
	var made []func() error // which release references that are not those of a reader
	defer func() { err = errors.Join(err, closeAll(made)) }()
	changed := false
	if has(s, a.vectors) {
		v, err := w.writeVectors(w.newFile(vecPrefix), s, dim, func(pos segment.Position) []float32 { return a.vectors[s.Rows()[pos]] })
		if err != nil {
			return nil, err
		}
		vecs, made, changed = append(vecs, v), append(made, v.release), true
	}
	if has(s, a.annotations) {
		f, err := w.writeAnnotations(s, func(pos segment.Position) (segment.Annotated, bool, error) {
			found, ok := a.annotations[s.Rows()[pos]]
			return found, ok, nil
		})
		if err != nil {
			return nil, err
		}
		anns, made, changed = append(anns, f), append(made, f.Release), true
	}
	if !changed {
		return s, nil
	}
	n := s.with(vecs, anns)
	merged, err := w.mergeAdditions(n, dim)
	if err != nil {
		return nil, errors.Join(err, n.release())
	}
	return merged, nil
}

// has reports whether something is for a passage of the segment.
func has[T any](s *segReader, byRow map[segment.Row]T) bool {
	for row := range byRow {
		if _, ok := s.Position(row); ok {
			return true
		}
	}
	return false
}

// mergeAdditions writes files of vectors and of annotations as one where they
// have piled up, and leaves out files of which no vector counts. It takes
// over the reference to s, but after an error.
func (w *writer) mergeAdditions(s *segReader, dim int) (*segReader, error) {
	vecs, anns := s.vecs, s.anns
	first := 0 // of the files of vectors that count
	for i, v := range vecs {
		if v.All {
			first = i
		}
	}
	vecs = vecs[first:]
	var made []func() error
	sizes := make([]int, len(vecs))
	for i, v := range vecs {
		sizes[i] = len(v.Rows)
	}
	if from, to := mergeRange(sizes); from < to {
		part := s.with(vecs[from:to], nil)
		v, err := w.writeVectors(w.newFile(vecPrefix), part, dim, part.vector)
		if err = errors.Join(err, part.release()); err != nil {
			return nil, err
		}
		vecs, made = append(slices.Clone(vecs[:from]), v), append(made, v.release)
	}
	sizes = sizes[:0]
	for _, a := range anns {
		sizes = append(sizes, a.N)
	}
	if from, to := mergeRange(sizes); from < to {
		part := anns[from:to]
		a, err := w.writeAnnotations(s, func(pos segment.Position) (segment.Annotated, bool, error) {
			return segment.AnnotatedLater(part, pos)
		})
		if err != nil {
			return nil, errors.Join(err, closeAll(made))
		}
		anns, made = append(slices.Clone(anns[:from]), a), append(made, a.Release)
	}
	if len(made) == 0 && first == 0 {
		return s, nil
	}
	n := s.with(vecs, anns)
	kept := make(map[string]bool)
	for path := range n.files() {
		kept[path] = true
	}
	for path := range s.files() {
		if !kept[path] {
			os.Remove(path) // views have it mapped, generations links of their own
		}
	}
	return n, errors.Join(closeAll(made), s.release())
}

func closeAll(made []func() error) (err error) {
	for _, c := range made {
		err = errors.Join(err, c())
	}
	return err
}

// newFile returns the path of another file in work.
func (w *writer) newFile(prefix string) string {
	path := filepath.Join(w.work, fileName(prefix, w.next.NextFile))
	w.next.NextFile++
	return path
}

// writeVectors writes vectors of a segment into a file of work and opens them.
// vector returns that at a position, nil if there is none.
func (w *writer) writeVectors(path string, s *segReader, dim int, vector func(segment.Position) []float32) (*vectors, error) {
	if err := segment.WriteVectors(path, s.File, dim, vector); err != nil {
		return nil, err
	}
	file, err := segment.OpenVectors(path, s.File)
	if err != nil {
		return nil, err
	}
	v := newVectors(file)
	if _, err := w.ensureCodes(context.Background(), v); err != nil {
		return nil, errors.Join(err, v.release())
	}
	return v, nil
}

// writeAnnotations writes annotations of a segment into work and opens them.
func (w *writer) writeAnnotations(s *segReader, annotated func(segment.Position) (segment.Annotated, bool, error)) (*segment.Annotations, error) {
	path := w.newFile(annPrefix)
	if err := segment.WriteAnnotations(path, s.File, annotated); err != nil {
		return nil, err
	}
	return segment.OpenAnnotations(path, s.File)
}
