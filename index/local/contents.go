package local

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
)

// contents says which documents and rows are live, and sums them up.
type contents struct {
	// deleted has the numbers of documents that are still in a segment but
	// were deleted or replaced.
	deleted *roaring.Bitmap
	// live has the rows of all other documents.
	live    *roaring.Bitmap
	lengths [numFields]fieldLength
	// stats has the counts only: Documents, Partial, Failed, Skipped,
	// Passages and TextBytes.
	stats index.Stats
}

func newContents(deleted *roaring.Bitmap) contents {
	return contents{deleted: deleted, live: roaring.New()}
}

func (c *contents) clone() contents {
	n := *c
	n.deleted, n.live = c.deleted.Clone(), c.live.Clone()
	return n
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
