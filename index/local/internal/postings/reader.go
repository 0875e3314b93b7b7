package postings

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	bleve "github.com/blevesearch/bleve_index_api"
	scorchapi "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Number is Bleve's number of a passage, which it has in one Reader only.
type Number uint32

// Reader is the postings between two batches. It never changes, and may be used by
// several goroutines at once.
type Reader struct {
	snapshot *scorch.IndexSnapshot
	passages int
	lengths  Lengths
	firsts   []Number    // of each of Bleve's segments
	rows     []*rowTable // of the same
	scorers  *sync.Pool  // of *scorer, for whatever Reader
}

// rowTable has the rows of the passages of one of Bleve's segments, as far as they
// are known.
type rowTable struct {
	once sync.Once
	rows []atomic.Uint32 // row+1
}

// Reader returns the postings as they are, which must be closed. They are of so
// many passages, with fields of these lengths in all. What another Reader, if it
// is not nil, has found out about segments that both have is known here too.
func (p *Store) Reader(passages int, lengths Lengths, before *Reader) (*Reader, error) {
	r, err := p.scorch.Reader()
	if err != nil {
		return nil, err
	}
	s, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return nil, errors.Join(fmt.Errorf("postings %s: unexpected reader %T", p.dir, r), r.Close())
	}
	out := &Reader{snapshot: s, passages: passages, lengths: lengths, scorers: new(sync.Pool)}
	known := make(map[scorchapi.Segment]*rowTable)
	if before != nil {
		out.scorers = before.scorers
		for i, seg := range before.snapshot.Segments() {
			known[seg.Segment()] = before.rows[i]
		}
	}
	first := Number(0)
	for _, seg := range s.Segments() {
		out.firsts = append(out.firsts, first)
		out.rows = append(out.rows, cmp.Or(known[seg.Segment()], new(rowTable)))
		first += Number(seg.FullSize())
	}
	return out, nil
}

// Snapshot is what Bleve has of it, to compare with.
func (r *Reader) Snapshot() *scorch.IndexSnapshot { return r.snapshot }

// Close frees the Reader; its Store may be closed before.
func (r *Reader) Close() error { return r.snapshot.Close() }

// Count is the number of passages that have postings, as Bleve counts them.
func (r *Reader) Count() (uint64, error) { return r.snapshot.DocCount() }

// Batch returns the number of the last batch.
func (r *Reader) Batch() (uint64, error) {
	b, err := r.snapshot.GetInternal(batchKey)
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, nil // a new index
	}
	return binary.BigEndian.Uint64(b), nil
}

// Numbers is how many numbers Bleve uses, those of deleted passages included.
func (r *Reader) Numbers() int {
	n := 0
	for _, s := range r.snapshot.Segments() {
		n += int(s.FullSize())
	}
	return n
}

// Row returns the row of a number. Reading it from Bleve costs more than scoring a
// posting, so it is kept.
func (r *Reader) Row(number Number) (segment.Row, error) {
	i, found := slices.BinarySearch(r.firsts, number)
	if !found {
		i--
	}
	if i < 0 {
		return 0, noPassage(number)
	}
	rows, at := r.table(i), int(number-r.firsts[i])
	if at >= len(rows) {
		return 0, noPassage(number)
	}
	if row := rows[at].Load(); row != 0 {
		return segment.Row(row - 1), nil
	}
	key, err := r.snapshot.ExternalID(bleve.NewIndexInternalID(nil, uint64(number)))
	if err != nil {
		return 0, err
	}
	row, err := parseRowKey(key)
	if err != nil {
		return 0, err
	}
	rows[at].Store(uint32(row) + 1)
	return row, nil
}

// table returns the rows of the i-th of Bleve's segments.
func (r *Reader) table(i int) []atomic.Uint32 {
	t := r.rows[i]
	t.once.Do(func() { t.rows = make([]atomic.Uint32, r.snapshot.Segments()[i].FullSize()) })
	return t.rows
}

func noPassage(number Number) error {
	return fmt.Errorf("%w: the postings have no passage %d", segment.ErrRecord, number)
}

// Rows returns the rows of numbers.
func (r *Reader) Rows(numbers *roaring.Bitmap) (*roaring.Bitmap, error) {
	rows := roaring.New()
	for it := numbers.Iterator(); it.HasNext(); {
		row, err := r.Row(Number(it.Next()))
		if err != nil {
			return nil, err
		}
		rows.Add(uint32(row))
	}
	return rows, nil
}

// All returns the rows of all passages that have postings.
func (r *Reader) All() (*roaring.Bitmap, error) {
	ids, err := r.snapshot.DocIDReaderAll()
	if err != nil {
		return nil, err
	}
	rows := roaring.New()
	for {
		id, err := ids.Next()
		if err != nil || id == nil {
			return rows, errors.Join(err, ids.Close())
		}
		key, err := r.snapshot.ExternalID(id)
		if err != nil {
			return nil, errors.Join(err, ids.Close())
		}
		row, err := parseRowKey(key)
		if err != nil {
			return nil, errors.Join(err, ids.Close())
		}
		rows.Add(uint32(row))
	}
}
