package local

import (
	"path/filepath"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index/local/internal/postings"
)

// postings compares Bleve's postings with the passages. For every passage the
// hashes of all its postings, in all fields, are added up; the words of its
// text, analysed again, must give the same sum. So each list of postings and
// each passage is read once, whatever their number.
func (c *checker) postings(path string, v *view) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.problem(path, "cannot be read: %v", r)
		}
	}()
	defer catchFault(&err)()
	p := postings.NewSums()
	found, err := p.Read(c.ctx, v.postings)
	if err != nil {
		c.problem(path, "cannot be read: %v", err)
		return c.ctx.Err()
	}
	seen := roaring.New()
	for _, number := range found.Numbers {
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		row, err := v.postings.Row(number)
		if err != nil {
			c.problem(path, "has a passage without a number: %v", err)
			continue
		}
		seg, pos, ok := v.find(row)
		if !ok || !seen.CheckedAdd(uint32(row)) {
			c.problem(path, "has a passage %d that the index has not, or twice", row)
			continue
		}
		passage, err := seg.passage(pos)
		if err != nil {
			continue // which segment has said
		}
		d, err := v.doc(docRef{seg, seg.DocOf(row)})
		if err != nil {
			c.problem(seg.Path, "%s", plainDamage(err))
			continue
		}
		want := p.Words(v.schema.analyzer(&d.Info, &passage), fieldValues(&d.Info, &passage, matchText(c.o, passage.Text)))
		if found.Sums[number] != want {
			c.problem(path, "has other words for passage %d, of %s, than its text", row, filepath.Base(d.Info.Path))
		}
	}
	if n := v.live.GetCardinality() - seen.GetCardinality(); n > 0 {
		c.problem(path, "lacks %d passages", n)
	}
	return nil
}
