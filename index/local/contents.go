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
	live    *roaring.Bitmap
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

// current returns a segment's document with the Info that counts.
func (c *contents) current(d *docRecord) *docRecord {
	if t := c.touched[d.number]; t != nil {
		return t
	}
	return d
}

// add counts a document that is in a segment now.
func (c *contents) add(d *docRecord) {
	c.live.AddRange(uint64(d.first), uint64(d.first)+uint64(d.info.Passages))
	c.stats.Passages += d.info.Passages
	c.stats.TextBytes += int64(d.info.Bytes)
	*c.state(d)++
	if d.info.Partial() {
		c.stats.Partial++
	}
	for f, l := range d.lengths {
		c.lengths[f].Passages += l.Passages
		c.lengths[f].Tokens += l.Tokens
	}
}

// remove marks a document as deleted.
func (c *contents) remove(d *docRecord) {
	c.deleted.Add(d.number)
	delete(c.touched, d.number)
	c.live.RemoveRange(uint64(d.first), uint64(d.first)+uint64(d.info.Passages))
	c.stats.Passages -= d.info.Passages
	c.stats.TextBytes -= int64(d.info.Bytes)
	*c.state(d)--
	if d.info.Partial() {
		c.stats.Partial--
	}
	for f, l := range d.lengths {
		c.lengths[f].Passages -= l.Passages
		c.lengths[f].Tokens -= l.Tokens
	}
}

// touch puts d in the place of old, which is the same document but for the
// Info.
func (c *contents) touch(old, d *docRecord) {
	c.remove(old)
	c.deleted.Remove(d.number)
	c.add(d)
	c.touched[d.number] = d
}

func (c *contents) state(d *docRecord) *int {
	switch d.info.State {
	case index.Failed:
		return &c.stats.Failed
	case index.Skipped:
		return &c.stats.Skipped
	}
	return &c.stats.Documents
}

// documents is the number of live documents of all states.
func (c *contents) documents() int { return c.stats.Documents + c.stats.Failed + c.stats.Skipped }
