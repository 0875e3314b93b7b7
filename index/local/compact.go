package local

import (
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// mergeWidth is how many segments of like size are written as one. Each row is
// rewritten once for each power of mergeWidth in the size of the index, and
// there are at most mergeWidth segments for each.
const mergeWidth = 8

// compact merges segments when they pile up and rewrites one of which more
// than half is deleted. Rows and document numbers stay what they are. It takes
// over the references to segs, which have vectors of length dim, and returns
// the segments to go on with, which after an error are those of before.
func (w *writer) compact(segs []*segment, c *contents, dim int) ([]*segment, error) {
	from, to := mergeRange(segs)
	if from == to {
		from, to = mostlyDeleted(segs, c.deleted)
	}
	if from == to {
		return segs, nil
	}
	var docs []segSource
	dropped := roaring.New()
	for _, s := range segs[from:to] {
		for i, e := range s.docs {
			if c.deleted.Contains(e.number) {
				dropped.Add(e.number)
				continue
			}
			d, err := c.doc(docRef{s, i})
			if err != nil {
				return segs, err
			}
			src := s.source(d, int(e.at))
			src.vectors = s.vectorsOf(int(e.at), d.info.Passages)
			docs = append(docs, src)
		}
	}
	var merged []*segment
	if len(docs) > 0 {
		seg, err := w.addSegment(docs, dim)
		if err != nil {
			return segs, err
		}
		merged = []*segment{seg}
	}
	old := slices.Clone(segs[from:to])
	segs = slices.Replace(segs, from, to, merged...)
	c.deleted.AndNot(dropped)
	for _, d := range docs {
		delete(c.touched, d.doc.number)
	}
	for _, s := range old {
		s.remove()
	}
	return segs, releaseSegments(old)
}

// source is a document of a segment on its way into another, yet without
// vectors; first is the position of its first passage.
func (s *segment) source(d *docRecord, first int) segSource {
	src := segSource{doc: d}
	for pos := first; pos < first+d.info.Passages; pos++ {
		src.records = append(src.records, s.record(pos))
	}
	return src
}

// vectorsOf returns the vectors of n passages, none when they have none.
func (s *segment) vectorsOf(first, n int) [][]float32 {
	if s.dim == 0 {
		return nil
	}
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = s.vector(first + i)
	}
	return vectors
}

// mergeRange returns the segments at the end that should become one: those
// after the last of a higher tier, once mergeWidth of them are of the same. The
// larger ones before are left alone, or each few batches would rewrite them.
func mergeRange(segs []*segment) (from, to int) {
	from, to = len(segs), len(segs)
	count := make(map[int]int) // segments behind i by tier
	highest := 0
	for i, s := range slices.Backward(segs) {
		highest = max(highest, s.tier())
		count[s.tier()]++
		if count[highest] >= mergeWidth {
			from = i
		}
	}
	return from, to
}

// tier is the power of mergeWidth in the size of a segment. The smallest sizes
// are one tier: merging them costs nothing.
func (s *segment) tier() int {
	const smallest = 256
	return bits.Len(uint((len(s.rows)+len(s.docs))/smallest)) / bits.Len(uint(mergeWidth-1))
}

// mostlyDeleted returns a segment of which more than half is deleted.
func mostlyDeleted(segs []*segment, deleted *roaring.Bitmap) (from, to int) {
	for i, s := range segs {
		gone := 0
		for i := range s.numbered(deleted) {
			gone += 1 + s.passages(i)
		}
		if 2*gone > len(s.rows)+len(s.docs) {
			return i, i + 1
		}
	}
	return 0, 0
}
