package local

import (
	"maps"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
)

// contents says which documents and rows are live, and sums them up.
type contents struct {
	// deleted has the numbers of documents that are still in a segment but
	// were deleted or replaced.
	deleted *roaring.Bitmap
	// touched has the documents whose Info is no longer what their segment
	// says, by number. None of them is in deleted.
	touched map[uint32]*docRecord
	// live has the rows of all documents that are not in deleted.
	live *roaring.Bitmap
	totals
}

// totals sums up documents.
type totals struct {
	lengths [numFields]fieldLength
	// stats has the counts only: Documents, Partial, Failed, Skipped,
	// Passages and TextBytes.
	stats index.Stats
}

func newContents(deleted *roaring.Bitmap, touched map[uint32]*docRecord) contents {
	return contents{deleted: deleted, touched: touched, live: roaring.New()}
}

func (c *contents) clone() contents {
	n := *c
	n.deleted, n.touched, n.live = c.deleted.Clone(), maps.Clone(c.touched), c.live.Clone()
	return n
}

// add counts a document that is in a segment now.
func (c *contents) add(d *docRecord) {
	c.live.AddRange(uint64(d.first), uint64(d.first)+uint64(d.info.Passages))
	c.totals.add(d)
}

// addSegment counts all documents of a segment that are not deleted.
func (c *contents) addSegment(s *segment) error {
	c.totals.merge(&s.totals)
	for at := 0; at < len(s.rows); {
		// Rows mostly follow each other, and a range is added at once.
		end := at + 1
		for end < len(s.rows) && s.rows[end] == s.rows[end-1]+1 {
			end++
		}
		c.live.AddRange(uint64(s.rows[at]), uint64(s.rows[end-1])+1)
		at = end
	}
	for i := range s.numbered(c.deleted) {
		d, err := s.doc(i)
		if err != nil {
			return err
		}
		c.totals.remove(d)
		c.live.RemoveRange(uint64(d.first), uint64(d.first)+uint64(d.info.Passages))
	}
	for number, t := range c.touched {
		i, ok := s.find(number)
		if !ok {
			continue
		}
		d, err := s.doc(i)
		if err != nil {
			return err
		}
		c.totals.remove(d)
		c.totals.add(t)
	}
	return nil
}

// remove marks a document as deleted.
func (c *contents) remove(d *docRecord) {
	c.deleted.Add(d.number)
	delete(c.touched, d.number)
	c.live.RemoveRange(uint64(d.first), uint64(d.first)+uint64(d.info.Passages))
	c.totals.remove(d)
}

// touch puts d in the place of old, which is the same document but for the
// Info.
func (c *contents) touch(old, d *docRecord) {
	c.remove(old)
	c.deleted.Remove(d.number)
	c.add(d)
	c.touched[d.number] = d
}

func (t *totals) add(d *docRecord) {
	t.stats.Passages += d.info.Passages
	t.stats.TextBytes += int64(d.info.Bytes)
	*t.state(d)++
	if d.info.Partial() {
		t.stats.Partial++
	}
	for f, l := range d.lengths {
		t.lengths[f].Passages += l.Passages
		t.lengths[f].Tokens += l.Tokens
	}
}

func (t *totals) remove(d *docRecord) {
	t.stats.Passages -= d.info.Passages
	t.stats.TextBytes -= int64(d.info.Bytes)
	*t.state(d)--
	if d.info.Partial() {
		t.stats.Partial--
	}
	for f, l := range d.lengths {
		t.lengths[f].Passages -= l.Passages
		t.lengths[f].Tokens -= l.Tokens
	}
}

// merge adds what another has summed up.
func (t *totals) merge(o *totals) {
	t.stats.Passages += o.stats.Passages
	t.stats.TextBytes += o.stats.TextBytes
	t.stats.Documents += o.stats.Documents
	t.stats.Failed += o.stats.Failed
	t.stats.Skipped += o.stats.Skipped
	t.stats.Partial += o.stats.Partial
	for f, l := range o.lengths {
		t.lengths[f].Passages += l.Passages
		t.lengths[f].Tokens += l.Tokens
	}
}

func (t *totals) state(d *docRecord) *int {
	switch d.info.State {
	case index.Failed:
		return &t.stats.Failed
	case index.Skipped:
		return &t.stats.Skipped
	}
	return &t.stats.Documents
}

// documents is the number of live documents of all states.
func (t *totals) documents() int { return t.stats.Documents + t.stats.Failed + t.stats.Skipped }
