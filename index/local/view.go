package local

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	bleve "github.com/blevesearch/bleve_index_api"
)

// view is the state of the index between two batches. It never changes, so
// that a search sees the same documents, passages, vectors and postings all
// through.
type view struct {
	contents
	segs     []*segment // ascending by rows
	postings *scorch.IndexSnapshot
	updated  time.Time
	schema   *schema
	rowCache func() []atomic.Uint32 // Bleve's document number to row+1
	refs     atomic.Int32
}

// newView makes a view. It takes over the caller's references to the segments
// and to the snapshot, also when it fails.
func newView(c contents, segs []*segment, snapshot *scorch.IndexSnapshot, updated time.Time, made *schema) (*view, error) {
	v := &view{contents: c, segs: segs, postings: snapshot, updated: updated, schema: made}
	v.rowCache = sync.OnceValue(func() []atomic.Uint32 { return make([]atomic.Uint32, v.postingDocs()) })
	v.refs.Store(1)
	n, err := snapshot.DocCount()
	if err == nil && n != v.live.GetCardinality() {
		err = fmt.Errorf("has postings of %d passages instead of %d", n, v.live.GetCardinality())
	}
	if err != nil {
		return nil, errors.Join(err, v.release())
	}
	return v, nil
}

// postingDocs is the number of document numbers that Bleve uses, those of
// deleted documents included.
func (v *view) postingDocs() uint64 {
	var n uint64
	for _, s := range v.postings.Segments() {
		n += uint64(s.FullSize())
	}
	return n
}

// docs iterates over the documents that are not deleted, in order of number.
func (v *view) docs() iter.Seq[*docRecord] {
	return func(yield func(*docRecord) bool) {
		for d := range v.docsFrom(0) {
			if !yield(d) {
				return
			}
		}
	}
}

// docsFrom iterates over the documents of that number and above that are not
// deleted, with the segment of each.
func (v *view) docsFrom(number uint32) iter.Seq2[*docRecord, *segment] {
	return func(yield func(*docRecord, *segment) bool) {
		for _, s := range v.segs {
			first, _ := slices.BinarySearchFunc(s.docs, number, func(d *docRecord, number uint32) int {
				return cmp.Compare(d.number, number)
			})
			for _, d := range s.docs[first:] {
				if !v.deleted.Contains(d.number) && !yield(v.current(d), s) {
					return
				}
			}
		}
	}
}

// find returns the segment and the position of a live row.
func (v *view) find(row uint32) (*segment, int, bool) {
	if !v.live.Contains(row) {
		return nil, 0, false
	}
	return findRow(v.segs, row)
}

// findRow returns the segment that has a row, and the row's position there.
func findRow(segs []*segment, row uint32) (*segment, int, bool) {
	i, _ := slices.BinarySearchFunc(segs, row, func(s *segment, row uint32) int {
		if s.end() <= uint64(row) {
			return -1
		}
		return 1
	})
	if i == len(segs) {
		return nil, 0, false
	}
	pos, ok := segs[i].position(row)
	return segs[i], pos, ok
}

// row returns the row of a Bleve document number. Reading it from Bleve costs
// more than scoring a posting, so it is kept.
func (v *view) row(number uint64) (uint32, error) {
	cache := v.rowCache()
	if number >= uint64(len(cache)) {
		return 0, fmt.Errorf("%w: the postings have no passage %d", errRecord, number)
	}
	if r := cache[number].Load(); r != 0 {
		return r - 1, nil
	}
	key, err := v.postings.ExternalID(bleve.NewIndexInternalID(nil, number))
	if err != nil {
		return 0, err
	}
	row, err := parseRowKey(key)
	if err != nil {
		return 0, err
	}
	cache[number].Store(row + 1)
	return row, nil
}

// release frees the view when nobody uses it any more.
func (v *view) release() error {
	if v.refs.Add(-1) > 0 {
		return nil
	}
	return errors.Join(v.postings.Close(), releaseSegments(v.segs))
}
