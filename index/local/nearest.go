package local

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/parallel"
	"github.com/albert-search/albert-search/internal/bitcode"
)

// Nearest returns the passages whose vectors are nearest by cosine. Where
// segments have codes, these say which vectors to compare with; the scores are
// those of the vectors, and few of the nearest are missed (docs/design.md says
// how few). Where there are none, or few passages pass the filter, it compares
// with all vectors. The result does not depend on the number of processors.
func (s *snapshot) Nearest(ctx context.Context, r index.Request) ([]index.Hit, error) {
	return s.nearest(ctx, r, true)
}

// nearest is Nearest, with or without the codes.
func (s *snapshot) nearest(ctx context.Context, r index.Request, codes bool) (hits []index.Hit, err error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	defer catchFault(&err)()
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
	found, err := newScan(v, r.Vector, set, r.Limit, codes).run(ctx)
	if err != nil {
		return nil, err
	}
	return v.hits(found), nil
}

func checkLimit(r index.Request) error {
	if r.Limit <= 0 {
		return fmt.Errorf("limit of %d hits; it must be positive", r.Limit)
	}
	return nil
}

// Of the passages that look nearest by their codes some are compared by their
// vectors whatever comes out, and as many as seedCount says. What this shows of
// the error of the estimates says how far to go on, up to poolCount of them: a
// passage is left out when its estimate is more than maxError errors, as a root
// mean square, below the last score that would make a hit. A fixed number would
// be too few where many are equally near, as with more passages, shorter
// vectors or more hits.
const maxError = 2.5

func seedCount(limit int) int { return 100 + 2*min(limit, 1<<20) }
func poolCount(limit int) int { return 500 + 25*min(limit, 1<<20) }

const (
	chunkRows = 2048 // that one processor scans at a time, a multiple of bitcode.Block
	chunkDots = 128  // vectors that one processor compares at a time
	sampled   = 32   // one block of so many is in the sample

	chunkBlocks = chunkRows / bitcode.Block

	// Up to here two processors are no quicker than one, since one has to be woken
	// (BenchmarkAlone): bytes of codes or vectors to scan, and vectors here and
	// there to compare.
	aloneBytes = 8 << 20
	aloneDots  = 1000
)

// scan is one search of the vectors of a view. They go by their place: counted
// from 0 in a file, and on from the file before.
type scan struct {
	view    *view
	q       []float32
	set     *rowSet
	limit   int
	starts  []scanPlace      // the place of the first vector of each file
	coded   []bool           // for each file whether its codes are scanned, or its vectors
	queries []*bitcode.Query // for each file that is coded, once they are prepared
	chunks  []chunk
	bytes   int // that the chunks have
	// aloneBytes and aloneDots are the constants but in tests.
	aloneBytes, aloneDots int
}

// chunk is a part of a file: of its blocks that have something in the set.
type chunk struct {
	file, from, to int
}

func newScan(v *view, q []float32, set *rowSet, limit int, codes bool) *scan {
	sc := &scan{view: v, q: q, set: set, limit: limit,
		starts: make([]scanPlace, len(v.vecs)), coded: make([]bool, len(v.vecs)), queries: make([]*bitcode.Query, len(v.vecs)),
		aloneBytes: aloneBytes, aloneDots: aloneDots}
	codes = codes && set.count > 2*poolCount(limit) // else comparing with all is less work
	var start scanPlace
	for i, s := range v.vecs {
		sc.starts[i] = start
		start += scanPlace(len(s.Rows))
		if set.counts[i] == 0 {
			continue
		}
		n := sc.blocks(i)
		for at := 0; at < n; at += chunkBlocks {
			sc.chunks = append(sc.chunks, chunk{i, at, min(at+chunkBlocks, n)})
		}
		if sc.coded[i] = codes && s.codes != nil; sc.coded[i] {
			sc.bytes += n * bitcode.BlockWords(s.Dim) * 8
		} else {
			sc.bytes += set.counts[i] * s.Dim * 4
		}
	}
	return sc
}

// prepare makes the queries for codes.
func (sc *scan) prepare() {
	var turned []float32
	for i, coded := range sc.coded {
		if !coded {
			continue
		}
		codes := sc.view.vecs[i].codes
		if turned == nil {
			turned = codes.rotation.Apply(sc.q)
		}
		sc.queries[i] = codes.Query(turned)
	}
}

// blocks is how many blocks of a file have something in the set.
func (sc *scan) blocks(file int) int {
	if sc.set.blocks[file] == nil {
		return bitcode.Blocks(len(sc.view.vecs[file].Rows))
	}
	return len(sc.set.blocks[file])
}

// scanner is what each processor has for itself during a scan.
type scanner struct {
	scan   *scan
	top    topK
	likely candidates
	// numbers are blocks to be scanned, passing which of a block's vectors are in
	// the set; scores and found are what comes out.
	numbers []uint32
	passing []uint16
	scores  []float32
	found   []uint16
}

// keptKeys is for how many candidates a scanner keeps room.
const keptKeys = 1 << 13

// scanner returns one that keeps limit candidates. What it needs room for is what
// an earlier search left, if there is any.
func (sc *scan) scanner(limit int) *scanner {
	w, _ := sc.view.scanners.Get().(*scanner)
	if w == nil {
		w = &scanner{
			numbers: make([]uint32, chunkBlocks), passing: make([]uint16, chunkBlocks),
			scores: make([]float32, chunkRows), found: make([]uint16, chunkBlocks),
		}
	}
	w.scan, w.top = sc, topK{limit: sc.limit, compareRows: sc.view.compareRows}
	w.likely = candidates{limit: limit, keys: w.likely.keys[:0]}
	return w
}

// free leaves the scanner to the next search.
func (w *scanner) free() {
	v := w.scan.view
	w.scan, w.top = nil, topK{}
	if cap(w.likely.keys) > keptKeys {
		w.likely.keys = nil
	}
	v.scanners.Put(w)
}

func (sc *scan) run(ctx context.Context) ([]hit, error) {
	hits, sure, err := sc.try(ctx, func() candidate {
		sc.prepare()
		return sc.sample()
	})
	if err == nil && !sure {
		hits, _, err = sc.try(ctx, func() candidate { return 0 })
	}
	return hits, err
}

// try searches, leaving out what looks no nearer than what prepare returns. It
// tells whether that has not changed the result.
func (sc *scan) try(ctx context.Context, prepare func() candidate) (hits []hit, sure bool, err error) {
	pool := poolCount(sc.limit)
	alone := sc.bytes < sc.aloneBytes
	useful := max(1, len(sc.chunks), pool/chunkDots)
	if alone && pool < sc.aloneDots {
		useful = 1
	}
	workers := make([]*scanner, min(useful, runtime.GOMAXPROCS(0)))
	for i := range workers {
		workers[i] = sc.scanner(pool)
	}
	defer func() {
		for _, w := range workers {
			w.free()
		}
	}()
	scanning := workers[:max(1, min(len(workers), len(sc.chunks)))]
	if alone {
		scanning = workers[:1]
	}
	var least candidate
	if err := parallel.PrepareAndShare(ctx, scanning, func() int {
		least = prepare()
		for _, w := range scanning {
			w.likely.least = least
		}
		return len(sc.chunks)
	}, func(w *scanner, n int) error {
		w.scanChunk(sc.chunks[n])
		return nil
	}); err != nil {
		return nil, false, err
	}
	all, keys := &workers[0].top, workers[0].likely.keys
	gather := func() {
		for i := range workers[1:] {
			for _, h := range workers[1+i].top.hits {
				all.add(h)
			}
			workers[1+i].top.hits = nil
		}
	}
	for i := range workers[1:] {
		keys = append(keys, workers[1+i].likely.keys...)
	}
	workers[0].likely.keys = keys // for the room
	// Those with the highest estimates are in the pool; of them the highest are
	// compared in any case.
	seed := min(seedCount(sc.limit), len(keys))
	partition(keys, seed)
	// In the order of their places, so that the sum of the errors is the same each
	// time, and what lies together is read together.
	slices.SortFunc(keys[:seed], func(a, b candidate) int { return cmp.Compare(a.place(), b.place()) })
	errs := make([]float64, seed)
	if err := sc.compareAll(ctx, workers, keys[:seed], errs); err != nil {
		return nil, false, err
	}
	gather()
	floor := math.Inf(-1)
	if len(all.hits) == sc.limit {
		floor = all.hits[0].score - maxError*rootMeanSquare(errs)
	}
	if least > 0 && len(keys) < pool && floor <= float64(least.score()) {
		return nil, false, nil
	}
	rest := slices.DeleteFunc(keys[seed:], func(k candidate) bool { return float64(k.score()) < floor })
	if n := max(0, pool-seed); len(rest) > n {
		partition(rest, n)
		rest = rest[:n]
	}
	if err := sc.compareAll(ctx, workers, rest, nil); err != nil {
		return nil, false, err
	}
	gather()
	return all.sorted(), true, nil
}

// sample returns a candidate that about half as many again as are wanted exceed,
// which spares the scan most of what it would else have to take up and throw
// away; 0 if there are too few to say.
func (sc *scan) sample() candidate {
	w := sc.scanner(3 * poolCount(sc.limit) / 2 / sampled)
	defer w.free()
	for i, coded := range sc.coded {
		if !coded {
			continue
		}
		for block := sampled / 2; block < sc.blocks(i); block += sampled * chunkBlocks {
			w.scanBlocks(i, block, sc.blocks(i), sampled)
		}
	}
	w.likely.best()
	if len(w.likely.keys) < w.likely.limit {
		return 0
	}
	return w.likely.least
}

// compareAll compares the vectors of candidates. It puts the errors of their
// estimates into errs if that is not nil.
func (sc *scan) compareAll(ctx context.Context, workers []*scanner, keys []candidate, errs []float64) error {
	if len(keys) < sc.aloneDots {
		workers = workers[:1]
	}
	return parallel.Share(ctx, workers, (len(keys)+chunkDots-1)/chunkDots, func(w *scanner, n int) error {
		for i := n * chunkDots; i < min((n+1)*chunkDots, len(keys)); i++ {
			score := w.compare(keys[i].place())
			if errs != nil {
				errs[i] = score - float64(keys[i].score())
			}
		}
		return nil
	})
}

func rootMeanSquare(x []float64) float64 {
	var sum float64
	for _, x := range x {
		sum += x * x
	}
	return math.Sqrt(sum / float64(max(1, len(x))))
}

func (w *scanner) scanChunk(c chunk) {
	if w.scan.coded[c.file] {
		w.scanBlocks(c.file, c.from, c.to, 1)
	} else {
		w.scanVectors(c)
	}
}

// scanVectors compares with the vectors of a chunk.
func (w *scanner) scanVectors(c chunk) {
	file, blocks, passing := w.scan.view.vecs[c.file], w.scan.set.blocks[c.file], w.scan.set.passing[c.file]
	if blocks == nil {
		for pos := c.from * bitcode.Block; pos < min(c.to*bitcode.Block, len(file.Rows)); pos++ {
			w.add(file.vectors, pos)
		}
		return
	}
	for i := c.from; i < c.to; i++ {
		for m := passing[i]; m != 0; m &= m - 1 {
			w.add(file.vectors, int(blocks[i])*bitcode.Block+bits.TrailingZeros16(m))
		}
	}
}

// add compares with the i-th vector of a file.
func (w *scanner) add(file *vectors, i int) float64 {
	score := float64(vek32.Dot(w.scan.q, file.At(i)))
	w.top.add(hit{file.Rows[i], score})
	return score
}

// compare compares with the vector at a place.
func (w *scanner) compare(at scanPlace) float64 {
	i, found := slices.BinarySearch(w.scan.starts, at)
	if !found {
		i--
	}
	return w.add(w.scan.view.vecs[i].vectors, int(at-w.scan.starts[i]))
}

// scanBlocks adds the vectors that look near to the candidates: those of every
// step-th of the blocks of a file that have something in the set, chunkBlocks
// of them at most.
func (w *scanner) scanBlocks(file, from, to, step int) {
	numbers, passing := w.numbers[:0], w.passing[:0]
	set := w.scan.set
	masked := set.blocks[file] != nil
	if masked && step == 1 {
		numbers, passing = set.blocks[file][from:to], set.passing[file][from:to]
	} else {
		for i := from; i < to && len(numbers) < chunkBlocks; i += step {
			if masked {
				numbers, passing = append(numbers, set.blocks[file][i]), append(passing, set.passing[file][i])
			} else {
				numbers = append(numbers, uint32(i))
			}
		}
	}
	w.scan.view.vecs[file].codes.Scan(w.scan.queries[file], numbers, w.likely.floor(), w.scores, w.found)
	start := w.scan.starts[file]
	for n, number := range numbers {
		m := w.found[n]
		if masked {
			m &= passing[n]
		}
		for ; m != 0; m &= m - 1 {
			i := bits.TrailingZeros16(m)
			w.likely.add(newCandidate(w.scores[n*bitcode.Block+i], start+scanPlace(number*bitcode.Block+uint32(i))))
		}
	}
}

// rowSet is some of the live rows of a view.
type rowSet struct {
	// rows is nil when all live rows are meant.
	rows *roaring.Bitmap
	// blocks are for each file of vectors the numbers of the blocks, of
	// bitcode.Block places, that have something in the set, and passing has a bit
	// for each place of these; nil where all places, or none, are in the set.
	blocks  [][]uint32
	passing [][]uint16
	counts  []int // in each file
	count   int
}

// blocksOf returns the numbers of the blocks that have something in a mask, which
// has a bit for each position, and what they have.
func blocksOf(mask []uint64) (numbers []uint32, passing []uint16) {
	for i, m := range mask {
		for n := uint32(i * 64 / bitcode.Block); m != 0; n++ {
			if bits := uint16(m); bits != 0 {
				numbers, passing = append(numbers, n), append(passing, bits)
			}
			m >>= bitcode.Block
		}
	}
	return slices.Clip(numbers), slices.Clip(passing)
}

// newRowSet makes the set of the rows, or of all live ones if they are nil.
func (v *view) newRowSet(rows *roaring.Bitmap) *rowSet {
	set := &rowSet{rows: rows, counts: make([]int, len(v.vecs)),
		blocks: make([][]uint32, len(v.vecs)), passing: make([][]uint16, len(v.vecs))}
	if rows == nil {
		rows = v.live
	}
	for i, f := range v.vecs {
		set.counts[i], set.blocks[i], set.passing[i] = f.among(rows)
		set.count += set.counts[i]
	}
	return set
}

// among returns how many of the vectors count and are of one of the rows, and
// the blocks that have them; none where all are.
func (f viewVectors) among(rows *roaring.Bitmap) (count int, blocks []uint32, passing []uint16) {
	n := len(f.Rows)
	if n == 0 {
		return 0, nil, nil
	}
	first, last := uint32(f.Rows[0]), uint32(f.Rows[n-1])
	in := rows.Rank(last)
	if first > 0 {
		in -= rows.Rank(first - 1)
	}
	if in == 0 {
		return 0, nil, nil
	}
	if f.All && f.hidden == nil { // then what is among its rows has a vector here
		if count = int(in); count == n {
			return count, nil, nil
		}
	}
	mask := make([]uint64, (n+63)/64)
	at, found := 0, 0
	it := rows.Iterator()
	for it.AdvanceIfNeeded(first); it.HasNext() && it.PeekNext() <= last; {
		row := it.Next()
		if k := row - first; int(k) < n && uint32(f.Rows[k]) == row {
			at = int(k)
		} else {
			for uint32(f.Rows[at]) < row {
				at++
			}
		}
		if uint32(f.Rows[at]) == row && (f.hidden == nil || !f.hidden.Contains(row)) {
			mask[at/64] |= 1 << (at % 64)
			found++
		}
	}
	if found == n {
		return n, nil, nil
	}
	blocks, passing = blocksOf(mask)
	return found, blocks, passing
}
