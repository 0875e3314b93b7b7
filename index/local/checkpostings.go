package local

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"path/filepath"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	scorchapi "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/albert-search/albert-search/index/analysis"

	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// postings compares Bleve's postings with the passages. For every passage the
// hashes of all its postings, in all fields, are added up; the words of its
// text, analysed anew, must give the same sum. So each list of postings and
// each passage is read once, whatever their number.
func (c *checker) postings(path string, v *view) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.problem(path, "cannot be read: %v", r)
		}
	}()
	defer catchFault(&err)()
	p := &postingSums{seed: maphash.MakeSeed()}
	found, err := p.read(c, v)
	if err != nil {
		c.problem(path, "cannot be read: %v", err)
		return c.ctx.Err()
	}
	seen := roaring.New()
	for _, number := range found.numbers {
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		row, err := v.row(number)
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
		want := p.words(v.schema.analyzer(&d.Info, &passage), fieldValues(&d.Info, &passage, matchText(c.o, passage.Text)))
		if found.sums[number] != want {
			c.problem(path, "has other words for passage %d, of %s, than its text", row, filepath.Base(d.Info.Path))
		}
	}
	if n := v.live.GetCardinality() - seen.GetCardinality(); n > 0 {
		c.problem(path, "lacks %d passages", n)
	}
	return nil
}

// postingSums hashes postings.
type postingSums struct {
	seed maphash.Seed
	buf  []byte
}

// add returns the hash of one posting: a term in a field of a passage that is
// tokens long, at the given positions.
func (p *postingSums) add(f field, term []byte, tokens int, positions []uint64) uint64 {
	b := append(p.buf[:0], byte(f))
	b = binary.AppendUvarint(b, uint64(tokens))
	for _, at := range positions {
		b = binary.AppendUvarint(b, at)
	}
	b = append(b, 0)
	p.buf = append(b, term...)
	return maphash.Bytes(p.seed, p.buf)
}

// foundPostings are the sums by Bleve's number, and the numbers that are not
// deleted.
type foundPostings struct {
	sums    []uint64
	numbers []uint64
}

// read adds up all postings of a view. It reads Bleve's segments one by one: for
// all of them together Bleve has goroutines of its own, in which a file that
// cannot be read ends the program.
func (p *postingSums) read(c *checker, v *view) (*foundPostings, error) {
	found := &foundPostings{sums: make([]uint64, v.postingDocs())}
	offset := uint64(0)
	for _, seg := range v.postings.Segments() {
		deleted, n := seg.Deleted(), uint64(seg.FullSize())
		for i := range n {
			if deleted == nil || !deleted.Contains(uint32(i)) {
				found.numbers = append(found.numbers, offset+i)
			}
		}
		for f := range numFields {
			if err := p.readField(c, seg, f, found.sums[offset:offset+n]); err != nil {
				return nil, fmt.Errorf("field %s: %w", f, err)
			}
		}
		offset += n
	}
	return found, nil
}

// readField adds the postings of a field in a segment to the sums of its
// passages.
func (p *postingSums) readField(c *checker, seg *scorch.SegmentSnapshot, f field, sums []uint64) error {
	dict, err := seg.Segment().Dictionary(f.String())
	if err != nil {
		return err
	}
	terms := dict.AutomatonIterator(nil, nil, nil)
	var list scorchapi.PostingsList
	var it scorchapi.PostingsIterator
	var positions []uint64
	for {
		entry, err := terms.Next()
		if err != nil || entry == nil {
			return err
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		term := []byte(entry.Term)
		if list, err = dict.PostingsList(term, seg.Deleted(), list); err != nil {
			return err
		}
		it = list.Iterator(true, true, true, it)
		for {
			next, err := it.Next()
			if err != nil {
				return err
			}
			if next == nil {
				break
			}
			positions = positions[:0]
			for _, at := range next.Locations() {
				positions = append(positions, at.Pos())
			}
			number := next.Number()
			if number >= uint64(len(sums)) {
				return fmt.Errorf("%w: passage %d of %d", segment.ErrRecord, number, len(sums))
			}
			sums[number] += p.add(f, term, int(math.Round(1/(next.Norm()*next.Norm()))), positions)
		}
	}
}

// words returns the sum of the postings that a passage should have.
func (p *postingSums) words(a *analysis.Analyzer, values [numFields]string) uint64 {
	var sum uint64
	for f, value := range values {
		tokens := a.Analyze(field(f), value)
		positions := make(map[string][]uint64)
		for _, t := range tokens {
			positions[string(t.Term)] = append(positions[string(t.Term)], uint64(t.Position))
		}
		for term, at := range positions {
			sum += p.add(field(f), []byte(term), len(tokens), at)
		}
	}
	return sum
}
