package local

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/bitcode"
)

// Nearest returns the passages whose vectors are nearest by cosine. Where
// segments have codes, these say which vectors to compare with; the scores are
// those of the vectors, and few of the nearest are missed (docs/design.md says
// how few). Where there are none, or few passages pass the filter, it compares
// with all vectors. The result does not depend on the number of processors.
func (s *Store) Nearest(ctx context.Context, r index.Request) ([]index.Hit, error) {
	return s.nearest(ctx, r, true)
}

// nearest is Nearest, with or without the codes.
func (s *Store) nearest(ctx context.Context, r index.Request, codes bool) ([]index.Hit, error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	if err := checkLimit(r); err != nil {
		return nil, err
	}
	dim := v.schema.settings.Dim
	if len(r.Vector) != dim || dim == 0 {
		return nil, fmt.Errorf("query vector of length %d in an index of length %d", len(r.Vector), dim)
	}
	set, err := v.filterSet(ctx, r.Filter)
	if err != nil {
		return nil, err
	}
	if rows, err := s.restrictRows(ctx, v, r.Query, set.rows); err != nil {
		return nil, err
	} else if rows != set.rows {
		set = v.newRowSet(rows)
	}
	return newScan(v, r.Vector, set, r.Limit, codes).run(ctx)
}

func checkLimit(r index.Request) error {
	if r.Limit <= 0 {
		return fmt.Errorf("limit of %d hits; it must be positive", r.Limit)
	}
	return nil
}

// rescored is how many of the passages that look nearest by their codes are
// compared by their vectors, for a number of hits.
func rescored(limit int) int {
	if limit > math.MaxInt/16 {
		return limit
	}
	return 200 + 10*limit
}

const (
	chunkRows = 2048 // that one processor scans at a time, a multiple of 64
	chunkDots = 64   // vectors that one processor compares at a time
)

// scan is one search of the vectors of a view. Passages go by their place:
// their position in a segment, counted on from the segment before.
type scan struct {
	view    *view
	q       []float32
	set     *rowSet
	limit   int
	starts  []uint32         // the place of the first passage of each segment
	queries []*bitcode.Query // for each segment; nil to compare with its vectors
	chunks  []chunk
}

// chunk is a part of a segment.
type chunk struct {
	seg, from, to int // positions
}

func newScan(v *view, q []float32, set *rowSet, limit int, codes bool) *scan {
	sc := &scan{view: v, q: q, set: set, limit: limit,
		starts: make([]uint32, len(v.segs)), queries: make([]*bitcode.Query, len(v.segs))}
	// Comparing a vector costs as much as some thirty codes; but of the codes
	// all in a block are read, whatever the filter.
	codes = codes && set.count > 2*rescored(limit)
	var prepared bitcode.Prepared
	var start uint32
	for i, s := range v.segs {
		sc.starts[i] = start
		start += uint32(len(s.rows))
		if set.counts[i] == 0 {
			continue
		}
		if codes && s.codes != nil {
			if prepared == nil {
				prepared = bitcode.Prepare(q)
			}
			sc.queries[i] = s.codes.Query(prepared)
		}
		for at := 0; at < len(s.rows); at += chunkRows {
			sc.chunks = append(sc.chunks, chunk{i, at, min(at+chunkRows, len(s.rows))})
		}
	}
	return sc
}

// worker is what each processor has for itself during a scan.
type worker struct {
	scan   *scan
	top    topK
	likely candidates
	scores []float32
	found  []uint16
}

func (sc *scan) run(ctx context.Context) ([]index.Hit, error) {
	workers := make([]worker, min(runtime.GOMAXPROCS(0), max(1, len(sc.chunks))))
	for i := range workers {
		workers[i] = worker{scan: sc, top: topK{limit: sc.limit}, likely: candidates{limit: rescored(sc.limit)}}
	}
	err := share(ctx, workers, len(sc.chunks), func(s *worker, n int) { s.scanChunk(sc.chunks[n]) })
	if err != nil {
		return nil, err
	}
	likely := &workers[0].likely
	for i := range workers[1:] {
		for _, k := range workers[1+i].likely.keys {
			likely.add(k)
		}
	}
	keys := likely.best()
	err = share(ctx, workers, (len(keys)+chunkDots-1)/chunkDots, func(s *worker, n int) {
		for _, k := range keys[n*chunkDots : min((n+1)*chunkDots, len(keys))] {
			s.compare(k.place())
		}
	})
	if err != nil {
		return nil, err
	}
	all := &workers[0].top
	for i := range workers[1:] {
		for _, h := range workers[1+i].top.hits {
			all.add(h)
		}
	}
	return all.sorted(), nil
}

// share has the workers do n pieces of work, each on a processor of its own.
func share(ctx context.Context, workers []worker, n int, work func(s *worker, n int)) error {
	var next atomic.Int64
	do := func(s *worker) {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			work(s, i)
		}
	}
	var wg sync.WaitGroup
	for i := 1; i < min(len(workers), n); i++ {
		wg.Go(func() { do(&workers[i]) })
	}
	do(&workers[0])
	wg.Wait()
	return ctx.Err()
}

func (s *worker) scanChunk(c chunk) {
	if s.scan.queries[c.seg] != nil {
		s.scanCodes(c)
	} else {
		s.scanVectors(c)
	}
}

// scanVectors compares with the vectors of a chunk.
func (s *worker) scanVectors(c chunk) {
	seg, mask := s.scan.view.segs[c.seg], s.scan.set.masks[c.seg]
	if mask == nil {
		for pos := c.from; pos < c.to; pos++ {
			s.add(seg, pos)
		}
		return
	}
	for w := c.from / 64; w < (c.to+63)/64; w++ {
		for m := mask[w]; m != 0; m &= m - 1 {
			s.add(seg, w*64+bits.TrailingZeros64(m))
		}
	}
}

// add compares with the vector at a position of a segment.
func (s *worker) add(seg *segment, pos int) {
	s.top.add(index.Hit{ID: index.PassageID(seg.rows[pos]), Score: float64(vek32.Dot(s.scan.q, seg.vector(pos)))})
}

// compare compares with the vector at a place.
func (s *worker) compare(place uint32) {
	i, found := slices.BinarySearch(s.scan.starts, place)
	if !found {
		i--
	}
	for len(s.scan.view.segs[i].rows) == 0 { // starts where the next does
		i++
	}
	s.add(s.scan.view.segs[i], int(place-s.scan.starts[i]))
}

// scanCodes adds the vectors of a chunk that look near to the candidates.
func (s *worker) scanCodes(c chunk) {
	const chunkBlocks = chunkRows / bitcode.Block
	if s.scores == nil {
		s.scores, s.found = make([]float32, chunkRows), make([]uint16, chunkBlocks)
	}
	mask := s.scan.set.masks[c.seg]
	first, end := c.from/bitcode.Block, bitcode.Blocks(c.to)
	if mask == nil {
		s.scanBlocks(c.seg, first, end, nil)
		return
	}
	for from := first; from < end; {
		if blockMask(mask, from) == 0 {
			from++
			continue
		}
		to := from + 1
		for to < end && blockMask(mask, to) != 0 {
			to++
		}
		s.scanBlocks(c.seg, from, to, mask)
		from = to
	}
}

// scanBlocks is scanCodes for consecutive blocks; a mask of nil lets all pass.
func (s *worker) scanBlocks(seg, from, to int, mask []uint64) {
	s.scan.view.segs[seg].codes.Scan(s.scan.queries[seg], from, to, s.likely.floor(), s.scores, s.found)
	for n, m := range s.found[:to-from] {
		if m != 0 && mask != nil {
			m &= blockMask(mask, from+n)
		}
		for ; m != 0; m &= m - 1 {
			i := bits.TrailingZeros16(m)
			s.likely.add(newCandidate(s.scores[n*bitcode.Block+i], s.scan.starts[seg]+uint32((from+n)*bitcode.Block+i)))
		}
	}
}

// blockMask returns the bits of a block.
func blockMask(mask []uint64, block int) uint16 {
	const blocks = 64 / bitcode.Block // in a word
	return uint16(mask[block/blocks] >> (block % blocks * bitcode.Block))
}

// rowSet is some of the live rows of a view.
type rowSet struct {
	// rows is nil when all live rows are meant.
	rows *roaring.Bitmap
	// masks has for each segment a bit for each position; nil where all
	// positions, or none, are in the set.
	masks  [][]uint64
	counts []int // in each segment
	count  int
}

// newRowSet makes the set of the rows, or of all live ones if they are nil.
func (v *view) newRowSet(rows *roaring.Bitmap) *rowSet {
	set := &rowSet{rows: rows, masks: make([][]uint64, len(v.segs)), counts: make([]int, len(v.segs))}
	if rows == nil {
		rows = v.live
	}
	it := rows.Iterator()
	for i, s := range v.segs {
		n := len(s.rows)
		if n == 0 {
			continue
		}
		first, last := s.rows[0], s.rows[n-1]
		in := rows.Rank(last)
		if first > 0 {
			in -= rows.Rank(first - 1)
		}
		set.counts[i] = int(in)
		set.count += int(in)
		if in == 0 || in == uint64(n) {
			continue
		}
		mask := make([]uint64, (n+63)/64)
		pos := 0
		for it.AdvanceIfNeeded(first); it.HasNext() && it.PeekNext() <= last; {
			row := it.Next()
			if int(row-first) < n && s.rows[row-first] == row {
				pos = int(row - first)
			} else {
				for s.rows[pos] < row {
					pos++
				}
			}
			mask[pos/64] |= 1 << (pos % 64)
		}
		set.masks[i] = mask
	}
	return set
}
