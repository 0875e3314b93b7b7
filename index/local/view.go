package local

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// view is the state of the index between two batches. It never changes, so
// that a search sees the same documents, passages, vectors and postings all
// through.
type view struct {
	contents
	segs     []*segReader // ascending by rows
	vecs     []viewVectors
	postings *postings.Reader
	updated  time.Time
	schema   *schema
	scanners *sync.Pool // of *scanner, for whatever view
	sets     rowSets
	refs     atomic.Int32

	findLanguages  sync.Once
	queryLanguages analysis.Query // once they are wanted
	languagesErr   error
}

// viewVectors are vectors with the rows for which others count.
type viewVectors struct {
	*vectors
	hidden *roaring.Bitmap // nil when there are none
}

// vectorCount is the number of passages that have a vector.
func (v *view) vectorCount() int {
	if v.schema.settings.Dim == 0 {
		return 0
	}
	n := v.stats.Passages
	for _, s := range v.segs {
		if s.bare != nil {
			n -= int(s.bare.AndCardinality(v.live))
		}
	}
	return n
}

// newView makes a view. It takes over the caller's references to the segments
// and to the reader, also when it fails. Room that searches of before, if it is not
// nil, have needed is used again.
func newView(c contents, segs []*segReader, reader *postings.Reader, updated time.Time, made *schema, before *view) (*view, error) {
	v := &view{contents: c, segs: segs, postings: reader, updated: updated, schema: made, scanners: new(sync.Pool)}
	if before != nil {
		v.scanners = before.scanners
	}
	v.refs.Store(1)
	for _, s := range segs {
		for i, file := range s.vecs {
			v.vecs = append(v.vecs, viewVectors{file, s.hidden[i]})
		}
	}
	n, err := reader.Count()
	if err == nil && n != v.live.GetCardinality() {
		err = fmt.Errorf("has postings of %d passages instead of %d", n, v.live.GetCardinality())
	}
	if err != nil {
		return nil, errors.Join(err, v.release())
	}
	return v, nil
}

// reader is nil of a nil view.
func (v *view) reader() *postings.Reader {
	if v == nil {
		return nil
	}
	return v.postings
}

// docRef says where a document is: the i-th of a segment.
type docRef struct {
	seg *segReader
	i   int
}

// position is that of the document's first passage.
func (r docRef) position() segment.Position { return r.seg.At(r.i) }

// docs iterates over the documents that are not deleted, in order of number.
func (v *view) docs() iter.Seq2[*segment.Doc, error] {
	return func(yield func(*segment.Doc, error) bool) {
		for r := range v.docsFrom(0) {
			if !yield(v.doc(r)) {
				return
			}
		}
	}
}

// docsFrom iterates over the documents of that number and above that are not
// deleted.
func (v *view) docsFrom(number segment.DocNumber) iter.Seq[docRef] {
	return func(yield func(docRef) bool) {
		for _, s := range v.segs {
			first, _ := s.Find(number)
			for i := first; i < s.Docs(); i++ {
				if r := (docRef{s, i}); !v.isDeleted(r) && !yield(r) {
					return
				}
			}
		}
	}
}

// doc reads a document, with the Info that counts.
func (c *contents) doc(r docRef) (*segment.Doc, error) {
	if t := c.touched[r.seg.Number(r.i)]; t != nil {
		return t, nil
	}
	return r.seg.Doc(r.i)
}

// peek is as doc, but what it returns may be in scratch, and its strings are
// valid for as long as the view is.
func (c *contents) peek(r docRef, scratch *segment.Doc) (*segment.Doc, error) {
	if t := c.touched[r.seg.Number(r.i)]; t != nil {
		return t, nil
	}
	return scratch, r.seg.Peek(r.i, scratch)
}

// find returns the segment and the position of a live row.
func (v *view) find(row segment.Row) (*segReader, segment.Position, bool) {
	if !v.live.Contains(uint32(row)) {
		return nil, 0, false
	}
	return findRow(v.segs, row)
}

// compareRows orders rows by the IDs of their documents, then by where they begin,
// so that the order does not depend on when documents were put.
func (v *view) compareRows(a, b segment.Row) int {
	return compareOrder(v.order(a), v.order(b))
}

// rowOrder is what rows are ordered by; doc is valid for as long as the view is.
type rowOrder struct {
	doc   string
	start int
	row   segment.Row
}

// order returns what a row of the view is ordered by.
func (v *view) order(row segment.Row) rowOrder {
	o := rowOrder{row: row}
	if seg, pos, ok := findRow(v.segs, row); ok {
		o.doc, o.start = seg.DocID(seg.DocOf(row)), seg.start(pos)
	}
	return o
}

func compareOrder(a, b rowOrder) int {
	return cmp.Or(strings.Compare(a.doc, b.doc), cmp.Compare(a.start, b.start), cmp.Compare(a.row, b.row))
}

// best orders hits, of which those with higher scores come first, as searches
// return them, and returns the first limit. Where they stand is looked up once for
// each of those that have equal scores, of which there may be many.
func (v *view) best(hits []hit, limit int) []hit {
	for from := 0; from < min(limit, len(hits)); {
		to := from + 1
		for to < len(hits) && hits[to].score == hits[from].score {
			to++
		}
		if to-from > 1 {
			orders := make([]rowOrder, to-from)
			for i, h := range hits[from:to] {
				orders[i] = v.order(h.row)
			}
			slices.SortFunc(orders, compareOrder)
			for i, o := range orders {
				hits[from+i].row = o.row
			}
		}
		from = to
	}
	return hits[:min(limit, len(hits))]
}

// hits returns what was found as searches return it. IDs are copied, because they
// are used after the segment is unmapped: all into one string, which is a good
// deal faster than a copy for each.
func (v *view) hits(found []hit) []index.Hit {
	if len(found) == 0 {
		return nil
	}
	out := make([]index.Hit, len(found))
	size := 0
	for i, h := range found {
		out[i].Score = h.score
		at := v.order(h.row)
		out[i].Doc, out[i].Start = at.doc, at.start
		size += len(out[i].Doc) + longestID
	}
	var ids strings.Builder
	ids.Grow(size)
	var scratch [longestID]byte
	for i, h := range found {
		at := ids.Len()
		ids.Write(strconv.AppendUint(scratch[:0], uint64(h.row), 10))
		id := ids.Len()
		ids.WriteString(out[i].Doc)
		all := ids.String()
		out[i].ID, out[i].Doc = index.PassageID(all[at:id]), all[id:]
	}
	return out
}

// longestID is the length of the longest passage ID.
const longestID = len("4294967295")

// findRow returns the segment that has a row, and the row's position there.
func findRow(segs []*segReader, row segment.Row) (*segReader, segment.Position, bool) {
	i, _ := slices.BinarySearchFunc(segs, row, func(s *segReader, row segment.Row) int {
		if s.End() <= uint64(row) {
			return -1
		}
		return 1
	})
	if i == len(segs) {
		return nil, 0, false
	}
	pos, ok := segs[i].Position(row)
	return segs[i], pos, ok
}

// release frees the view when nobody uses it any more.
func (v *view) release() error {
	if v.refs.Add(-1) > 0 {
		return nil
	}
	return errors.Join(v.postings.Close(), releaseSegments(v.segs))
}
