package local

import (
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// mergeWidth is how many segments of like size are written as one. Each row is
// rewritten once for each power of mergeWidth in the size of the index, and
// there are at most mergeWidth segments for each. The same holds for the files
// of vectors and those of annotations of one segment.
const mergeWidth = 8

// compact merges segments when they pile up and rewrites one of which more
// than half is deleted. Rows and document numbers stay what they are. It takes
// over the references to segs, which have vectors of length dim, and returns
// the segments to go on with, which after an error are those of before.
func (w *writer) compact(segs []*segReader, c *contents, dim int) ([]*segReader, error) {
	sizes := make([]int, len(segs))
	for i, s := range segs {
		sizes[i] = s.size()
	}
	from, to := mergeRange(sizes)
	if from == to {
		from, to = mostlyDeleted(segs, c.deleted)
	}
	if from == to {
		return segs, nil
	}
	var docs []segment.Source
	dropped := roaring.New()
	for _, s := range segs[from:to] {
		for i := range s.Docs() {
			if number := uint32(s.Number(i)); c.deleted.Contains(number) {
				dropped.Add(number)
				continue
			}
			d, err := c.doc(docRef{s, i})
			if err != nil {
				return segs, err
			}
			src, err := s.source(d, s.At(i))
			if err != nil {
				return segs, err
			}
			src.Vectors = s.vectorsOf(s.At(i), d.Info.Passages)
			docs = append(docs, src)
		}
	}
	var merged []*segReader
	if len(docs) > 0 {
		seg, err := w.addSegment(docs, dim)
		if err != nil {
			return segs, err
		}
		merged = []*segReader{seg}
	}
	old := slices.Clone(segs[from:to])
	segs = slices.Replace(segs, from, to, merged...)
	c.deleted.AndNot(dropped)
	for _, d := range docs {
		delete(c.touched, d.Doc.Number)
	}
	for _, s := range old {
		s.remove()
	}
	return segs, releaseSegments(old)
}

// size is what a segment counts in merges.
func (s *segReader) size() int { return len(s.Rows()) + s.Docs() }

// mergeRange returns which of what has these sizes should become one: those at
// the end, after the last of a higher tier, once mergeWidth of them are of the
// same. The larger ones before are left alone, or each few batches would rewrite
// them.
func mergeRange(sizes []int) (from, to int) {
	from, to = len(sizes), len(sizes)
	count := make(map[int]int) // behind i by tier
	highest := 0
	for i, n := range slices.Backward(sizes) {
		highest = max(highest, tier(n))
		count[tier(n)]++
		if count[highest] >= mergeWidth {
			from = i
		}
	}
	return from, to
}

// tier is the power of mergeWidth in a size. The smallest sizes are one tier:
// merging them costs nothing.
func tier(size int) int {
	const smallest = 256
	return bits.Len(uint(size/smallest)) / bits.Len(uint(mergeWidth-1))
}

// mostlyDeleted returns a segment of which more than half is deleted.
func mostlyDeleted(segs []*segReader, deleted *roaring.Bitmap) (from, to int) {
	for i, s := range segs {
		gone := 0
		for i := range s.Numbered(deleted) {
			gone += 1 + s.Passages(i)
		}
		if 2*gone > s.size() {
			return i, i + 1
		}
	}
	return 0, 0
}
