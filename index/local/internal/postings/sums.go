package postings

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"

	"github.com/blevesearch/bleve/v2/index/scorch"
	scorchapi "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Sums hashes postings.
type Sums struct {
	seed maphash.Seed
	buf  []byte
}

// NewSums returns a Sums with a seed of its own.
func NewSums() *Sums { return &Sums{seed: maphash.MakeSeed()} }

// add returns the hash of one posting: a term in a field of a passage that is
// tokens long, at the given positions.
func (p *Sums) add(f analysis.Field, term []byte, tokens int, positions []uint64) uint64 {
	b := append(p.buf[:0], byte(f))
	b = binary.AppendUvarint(b, uint64(tokens))
	for _, at := range positions {
		b = binary.AppendUvarint(b, at)
	}
	b = append(b, 0)
	p.buf = append(b, term...)
	return maphash.Bytes(p.seed, p.buf)
}

// Found are the sums by Bleve's number, and the numbers that are not
// deleted.
type Found struct {
	Sums    []uint64
	Numbers []Number
}

// Read adds up all postings. It reads Bleve's segments one by one: for
// all of them together Bleve has goroutines of its own, in which a file that
// cannot be read ends the program.
func (p *Sums) Read(ctx context.Context, r *Reader) (*Found, error) {
	found := &Found{Sums: make([]uint64, r.Numbers())}
	offset := uint64(0)
	for _, seg := range r.snapshot.Segments() {
		deleted, n := seg.Deleted(), uint64(seg.FullSize())
		for i := range n {
			if deleted == nil || !deleted.Contains(uint32(i)) {
				found.Numbers = append(found.Numbers, Number(offset+i))
			}
		}
		for f := range analysis.NumFields {
			if err := p.readField(ctx, seg, f, found.Sums[offset:offset+n]); err != nil {
				return nil, fmt.Errorf("field %s: %w", f, err)
			}
		}
		offset += n
	}
	return found, nil
}

// readField adds the postings of a field in a segment to the sums of its
// passages.
func (p *Sums) readField(ctx context.Context, seg *scorch.SegmentSnapshot, f analysis.Field, sums []uint64) error {
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
		if err := ctx.Err(); err != nil {
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

// Words returns the sum of the postings that a passage should have.
func (p *Sums) Words(a *analysis.Analyzer, values [analysis.NumFields]string) uint64 {
	var sum uint64
	for f, value := range values {
		tokens := a.Analyze(analysis.Field(f), value)
		positions := make(map[string][]uint64)
		for _, t := range tokens {
			positions[string(t.Term)] = append(positions[string(t.Term)], uint64(t.Position))
		}
		for term, at := range positions {
			sum += p.add(analysis.Field(f), []byte(term), len(tokens), at)
		}
	}
	return sum
}
