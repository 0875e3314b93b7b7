// Package bitcode estimates dot products of vectors from codes of one bit a
// dimension, a thirtieth of the vectors' size. It is RaBitQ (Gao & Long,
// SIGMOD 2024): vectors are centred and turned by a random rotation, and a code
// has the signs of what comes out; a query is treated alike but kept with four
// bits a dimension, as bit planes, so that the product of both is counted in
// the bits that differ. Two numbers for each vector correct for its distance
// from the centre and for how well its signs stand for it, which makes the
// estimate free of bias.
//
// Codes are the same on every processor, bit for bit, and so are estimates.
package bitcode

import (
	"math"
	"math/bits"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

//go:generate go -C ../tools/bitcodeasm run . -out ../../bitcode/scan_amd64.s -stubs ../../bitcode/stub_amd64.go -pkg bitcode

// Version changes whenever the same vectors would get other codes.
const Version = 1

// Block is the number of vectors whose codes are interleaved.
const Block = 16

// planes is the number of bits of a query in each dimension.
const planes = 4

// Codes are the codes of some vectors, in blocks of Block vectors. A block is,
// for each 64 dimensions, a word of each vector; then for each vector the two
// corrections, as the upper halves of float32: the factor in the upper half of
// 32 bits, the summand in the lower.
type Codes struct {
	// Dim is the length of a vector.
	Dim int
	// Rows is the number of vectors.
	Rows int
	// Centre is the mean of the vectors, rotated.
	Centre []float32
	// Blocks are Blocks(Rows) * BlockWords(Dim) words. What follows the last
	// vector in the last block is zero.
	Blocks []uint64
}

// Blocks returns the number of blocks that rows vectors take.
func Blocks(rows int) int { return (rows + Block - 1) / Block }

// BlockWords returns the number of words of 64 bits of a block of vectors of
// length dim.
func BlockWords(dim int) int { return words(dim)*Block + Block/2 }

func words(dim int) int { return (dim + 63) / 64 }

// Encode makes the codes of rows vectors of length dim, which vector returns
// by number; it is called by several goroutines. Vectors must be finite. What
// vector panics with, Encode does; a fault of memory is a panic all the same.
func Encode(dim, rows int, vector func(int) []float32) *Codes {
	c := &Codes{Dim: dim, Rows: rows, Centre: make([]float32, dim)}
	c.Blocks = make([]uint64, Blocks(rows)*BlockWords(dim))
	rot := NewRotation(dim)
	sum := make([]float64, dim)
	for i := range rows {
		for j, x := range vector(i) {
			sum[j] += float64(x)
		}
	}
	for j, x := range sum {
		c.Centre[j] = float32(x / float64(max(1, rows)))
	}
	rot.apply(c.Centre)

	const batch = 64 // blocks
	var next atomic.Int64
	var wg sync.WaitGroup
	panics := make([]any, min(runtime.GOMAXPROCS(0), (Blocks(rows)+batch-1)/batch))
	for i := range panics {
		wg.Go(func() {
			// Vectors may be in a mapped file, which the caller sees to.
			debug.SetPanicOnFault(true)
			defer func() { panics[i] = recover() }()
			turned := make([]float32, dim)
			for {
				from := (int(next.Add(1)) - 1) * batch * Block
				if from >= rows {
					return
				}
				for i := from; i < min(from+batch*Block, rows); i++ {
					copy(turned, vector(i))
					rot.apply(turned)
					c.put(i, turned)
				}
			}
		})
	}
	wg.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return c
}

// put writes the code of a rotated vector. The conversions keep the compiler
// from fusing multiplications with additions, which would round differently.
func (c *Codes) put(row int, turned []float32) {
	block := c.Blocks[row/Block*BlockWords(c.Dim):][:BlockWords(c.Dim)]
	lane := row % Block
	var norm, length, dot float64 // |o|², |o|₁ and o·c of the centred vector o
	for j, x := range turned {
		o := float64(x - c.Centre[j])
		norm += float64(o * o)
		length += math.Abs(o)
		dot += float64(o * float64(c.Centre[j]))
		if o > 0 {
			block[j/64*Block+lane] |= 1 << (j % 64)
		}
	}
	var factor float64
	if length > 0 {
		factor = norm / length
	}
	both := uint64(half(factor))<<16 | uint64(half(dot))
	block[words(c.Dim)*Block+lane/2] |= both << (lane % 2 * 32)
}

// half rounds to the upper half of a float32.
func half(x float64) uint32 {
	b := math.Float32bits(float32(x))
	return (b + 0x7fff + b>>16&1) >> 16
}

// Query is a vector prepared for comparison with the codes of Codes.
type Query struct {
	// planes has for each 64 dimensions one word for each bit, the lowest first.
	planes []uint64
	dim    int32
	// step is half the distance of two values that a dimension can take.
	step float32
	// base is the part of the estimate that is the same for all vectors.
	base float32
}

const levels = 1 << planes

// spread has the bits of a level 16 bits apart: a plane each. What rounding puts
// above the highest level is that one.
var spread = func() (t [2 * levels]uint64) {
	for n := range t {
		for p := range planes {
			t[n] |= uint64(min(n, levels-1)>>p&1) << (16 * p)
		}
	}
	return t
}()

// Query prepares a query, rotated, for comparison with c. It panics when the query
// is of another dimension.
func (c *Codes) Query(turned []float32) *Query {
	if len(turned) != c.Dim {
		panic("bitcode: a query of another dimension")
	}
	q := &Query{planes: make([]uint64, words(c.Dim)*planes), dim: int32(c.Dim)}
	centre := c.Centre[:c.Dim]
	var highest float32
	q.base, highest = against(turned, centre)
	q.step = highest / levels
	if !(q.step >= 1e-30) { // nothing is left of the query, or no number: a step has to have a reciprocal
		q.step = 0
		return q
	}
	perLevel := 1 / (2 * q.step)
	// Level n stands for (2n-15) steps. The sum is not negative, so that the
	// conversion rounds down.
	level := func(x, o float32) uint64 {
		return spread[int32(float32((x-o)*perLevel)+levels/2)&(2*levels-1)]
	}
	for from := 0; from < len(turned); from += 16 {
		var bits uint64 // 16 of each plane
		x, o := turned[from:min(from+16, len(turned))], centre[from:]
		j := 0
		for ; j+4 <= len(x); j += 4 {
			x, o := (*[4]float32)(x[j:]), (*[4]float32)(o[j:])
			bits |= (level(x[0], o[0]) | level(x[1], o[1])<<1 | level(x[2], o[2])<<2 | level(x[3], o[3])<<3) << (j & 15)
		}
		for ; j < len(x); j++ {
			bits |= level(x[j], o[j]) << (j & 15)
		}
		w, shift := q.planes[from/64*planes:][:planes], from%64
		for p := range w {
			w[p] |= bits >> (16 * p) & 0xffff << (shift & 63)
		}
	}
	return q
}

// against returns the dot product of a query with a centre and the greatest
// difference of two elements. Four sums do not wait for one another; the
// conversions are as in put.
func against(x, o []float32) (dot, highest float32) {
	var s0, s1, s2, s3 float32
	var h0, h1, h2, h3 uint32 // bits of numbers that are not negative are in the same order
	j := 0
	for ; j+4 <= len(x); j += 4 {
		x, o := (*[4]float32)(x[j:]), (*[4]float32)(o[j:])
		s0 += float32(x[0] * o[0])
		s1 += float32(x[1] * o[1])
		s2 += float32(x[2] * o[2])
		s3 += float32(x[3] * o[3])
		h0 = max(h0, math.Float32bits(x[0]-o[0])&^(1<<31))
		h1 = max(h1, math.Float32bits(x[1]-o[1])&^(1<<31))
		h2 = max(h2, math.Float32bits(x[2]-o[2])&^(1<<31))
		h3 = max(h3, math.Float32bits(x[3]-o[3])&^(1<<31))
	}
	for ; j < len(x); j++ {
		s0 += float32(x[j] * o[j])
		h0 = max(h0, math.Float32bits(x[j]-o[j])&^(1<<31))
	}
	return s0 + s1 + (s2 + s3), math.Float32frombits(max(h0, h1, h2, h3))
}

// Scan estimates the dot products of a query with the vectors of some blocks,
// given by number. It puts them into scores, Block for each block, and into
// found, for each block, a bit for each vector whose estimate is not below floor;
// the bits of rows that are not there are clear. It panics when a block is not
// there or the query is of another dimension.
func (c *Codes) Scan(q *Query, blocks []uint32, floor float32, scores []float32, found []uint16) {
	if len(blocks) == 0 {
		return
	}
	all := Blocks(c.Rows)
	// The scans in assembly check nothing.
	if len(q.planes) != words(c.Dim)*planes || int(q.dim) != c.Dim {
		panic("bitcode: a query for codes of another dimension")
	}
	for _, b := range blocks {
		if int(b) >= all {
			panic("bitcode: a block that is not there")
		}
	}
	fastest.scan(q, c.Blocks[:all*BlockWords(c.Dim)], blocks, floor, scores[:len(blocks)*Block], found[:len(blocks)])
	if rest := c.Rows - (all-1)*Block; rest < Block {
		for n, b := range blocks {
			if int(b) == all-1 {
				found[n] &= 1<<rest - 1
			}
		}
	}
}

// scanner is a form of the scan: what Scan does for whole blocks of the data,
// those of the given numbers.
type scanner struct {
	name string
	scan func(q *Query, data []uint64, blocks []uint32, floor float32, scores []float32, found []uint16)
}

var fastest = scans()[0]

// scanPlain is the scan for all processors.
func scanPlain(q *Query, data []uint64, blocks []uint32, floor float32, scores []float32, found []uint16) {
	words := len(q.planes) / planes
	size := words*Block + Block/2
	for n, b := range blocks {
		block := data[int(b)*size:][:size]
		var differ [Block]int32 // sum over the planes of bits that differ, times 2 to the plane
		for w := range words {
			p := (*[planes]uint64)(q.planes[w*planes:])
			for i, x := range (*[Block]uint64)(block[w*Block:]) {
				differ[i] += int32(bits.OnesCount64(x^p[0]) + bits.OnesCount64(x^p[1])<<1 +
					bits.OnesCount64(x^p[2])<<2 + bits.OnesCount64(x^p[3])<<3)
			}
		}
		var mask uint16
		for i := range differ {
			both := uint32(block[words*Block+i/2] >> (i % 2 * 32))
			factor, summand := math.Float32frombits(both&0xffff0000), math.Float32frombits(both<<16)
			signed := float32((1<<planes-1)*q.dim-2*differ[i]) * q.step
			s := float32(float32(factor*signed)+summand) + q.base
			scores[n*Block+i] = s
			if s >= floor {
				mask |= 1 << i
			}
		}
		found[n] = mask
	}
}
