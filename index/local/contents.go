package local

import (
	"maps"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// contents says which documents and rows are live, and sums them up.
type contents struct {
	// deleted has the numbers of documents that are still in a segment but
	// were deleted or replaced.
	deleted *roaring.Bitmap
	// touched has the documents whose Info is no longer what their segment
	// says, by number. None of them is in deleted.
	touched map[segment.DocNumber]*segment.Doc
	// live has the rows of all documents that are not in deleted.
	live *roaring.Bitmap
	totals
}

// totals sums up documents.
type totals struct {
	lengths [numFields]segment.FieldLength
	// stats has the counts only: Documents, Partial, Failed, Skipped,
	// Passages and TextBytes.
	stats index.Stats
}

func newContents(deleted *roaring.Bitmap, touched map[segment.DocNumber]*segment.Doc) contents {
	return contents{deleted: deleted, touched: touched, live: roaring.New()}
}

func (c *contents) clone() contents {
	n := *c
	n.deleted, n.touched, n.live = c.deleted.Clone(), maps.Clone(c.touched), c.live.Clone()
	return n
}

// add counts a document that is in a segment now.
func (c *contents) add(d *segment.Doc) {
	c.live.AddRange(uint64(d.First), uint64(d.First)+uint64(d.Info.Passages))
	c.totals.add(d)
}

// addSegment counts all documents of a segment that are not deleted.
func (c *contents) addSegment(s *segReader) error {
	c.totals.merge(&s.totals)
	addRows(c.live, s.Rows())
	for i := range s.Numbered(c.deleted) {
		d, err := s.Doc(i)
		if err != nil {
			return err
		}
		c.totals.remove(d)
		c.live.RemoveRange(uint64(d.First), uint64(d.First)+uint64(d.Info.Passages))
	}
	for number, t := range c.touched {
		i, ok := s.Find(number)
		if !ok {
			continue
		}
		d, err := s.Doc(i)
		if err != nil {
			return err
		}
		c.totals.remove(d)
		c.totals.add(t)
	}
	return nil
}

// remove marks a document as deleted.
func (c *contents) remove(d *segment.Doc) {
	c.deleted.Add(uint32(d.Number))
	delete(c.touched, d.Number)
	c.live.RemoveRange(uint64(d.First), uint64(d.First)+uint64(d.Info.Passages))
	c.totals.remove(d)
}

// touch puts d in the place of old, which is the same document but for the
// Info.
func (c *contents) touch(old, d *segment.Doc) {
	c.remove(old)
	c.deleted.Remove(uint32(d.Number))
	c.add(d)
	c.touched[d.Number] = d
}

func (t *totals) add(d *segment.Doc) {
	t.stats.Passages += d.Info.Passages
	t.stats.TextBytes += int64(d.Info.Bytes)
	*t.state(d)++
	if d.Info.Partial() {
		t.stats.Partial++
	}
	for f, l := range d.Lengths {
		t.lengths[f].Passages += l.Passages
		t.lengths[f].Tokens += l.Tokens
	}
}

func (t *totals) remove(d *segment.Doc) {
	t.stats.Passages -= d.Info.Passages
	t.stats.TextBytes -= int64(d.Info.Bytes)
	*t.state(d)--
	if d.Info.Partial() {
		t.stats.Partial--
	}
	for f, l := range d.Lengths {
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

func (t *totals) state(d *segment.Doc) *int {
	switch d.Info.State {
	case index.Failed:
		return &t.stats.Failed
	case index.Skipped:
		return &t.stats.Skipped
	}
	return &t.stats.Documents
}

// documents is the number of live documents of all states.
func (t *totals) documents() int { return t.stats.Documents + t.stats.Failed + t.stats.Skipped }
