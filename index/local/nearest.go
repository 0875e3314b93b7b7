package local

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
)

// Nearest returns the passages whose vectors are nearest by cosine. It compares
// with every vector, so that the result is exact.
func (s *Store) Nearest(ctx context.Context, r index.Request) ([]index.Hit, error) {
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
	allowed, err := v.filterRows(ctx, r.Filter)
	if err != nil {
		return nil, err
	}
	if allowed, err = s.restrictRows(ctx, v, r.Query, allowed); err != nil {
		return nil, err
	}
	return v.scan(ctx, r.Vector, allowed, r.Limit)
}

func checkLimit(r index.Request) error {
	if r.Limit <= 0 {
		return fmt.Errorf("limit of %d hits; it must be positive", r.Limit)
	}
	return nil
}

// chunk is a part of a segment that one processor scans at a time.
type chunk struct {
	seg      *segment
	from, to int // positions
}

// scan compares q with the vectors of the allowed rows, or of all live ones
// when allowed is nil, on all processors.
func (v *view) scan(ctx context.Context, q []float32, allowed *roaring.Bitmap, limit int) ([]index.Hit, error) {
	const chunkRows = 4096
	var chunks []chunk
	for _, s := range v.segs {
		for at := 0; at < len(s.rows); at += chunkRows {
			chunks = append(chunks, chunk{s, at, min(at+chunkRows, len(s.rows))})
		}
	}
	workers := min(runtime.GOMAXPROCS(0), len(chunks))
	tops := make([]topK, workers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for i := range tops {
		tops[i] = topK{limit: limit}
		wg.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= len(chunks) {
					return
				}
				v.scanChunk(chunks[n], q, allowed, &tops[i])
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := topK{limit: limit}
	for i := range tops {
		for _, h := range tops[i].hits {
			all.add(h)
		}
	}
	return all.sorted(), nil
}

func (v *view) scanChunk(c chunk, q []float32, allowed *roaring.Bitmap, top *topK) {
	rows := c.seg.rows[c.from:c.to]
	if allowed == nil {
		allowed = v.live
		first, last := uint64(rows[0]), uint64(rows[len(rows)-1])
		if live := v.live.Rank(uint32(last)); first > 0 && live-v.live.Rank(uint32(first-1)) == uint64(len(rows)) ||
			first == 0 && live == uint64(len(rows)) {
			allowed = nil // every row of the chunk is live: no need to ask each time
		}
	}
	for i, row := range rows {
		if allowed != nil && !allowed.Contains(row) {
			continue
		}
		top.add(index.Hit{ID: index.PassageID(row), Score: float64(vek32.Dot(q, c.seg.vector(c.from+i)))})
	}
}
