// Command asm writes the AVX-512 and the AVX2 form of package bitcode's scan:
//
//	go run . -out ../../bitcode/scan_amd64.s -stubs ../../bitcode/stub_amd64.go -pkg bitcode
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A block is 16 words for each 64 dimensions, and 16 pairs of corrections.
const (
	planes = 4
	word   = 16 * 8 // bytes of a block for 64 dimensions

	signature = "func(data, planes []uint64, blocks []uint32, all int32, step, base, floor float32, scores []float32, found []uint16)"
)

func main() {
	avx512()
	avx2()
	Generate()
}

// arguments are those of both functions in registers.
type arguments struct {
	data, query, end, scores, found GPVirtual
	blocks, n                       GPVirtual // the numbers that are left
	size                            GPVirtual // bytes of a block
	block                           GPVirtual // where in the present one
	coming                          GPVirtual // where in one that comes soon
}

// ahead is how many blocks before it is read the memory of one is asked for:
// blocks that do not follow one another are not foreseen by the processor.
const ahead = 4

func load() (a arguments) {
	a.data = Load(Param("data").Base(), GP64()).(GPVirtual)
	a.blocks = Load(Param("blocks").Base(), GP64()).(GPVirtual)
	a.n = Load(Param("blocks").Len(), GP64()).(GPVirtual)
	a.query = Load(Param("planes").Base(), GP64()).(GPVirtual)
	length := Load(Param("planes").Len(), GP64())
	a.scores = Load(Param("scores").Base(), GP64()).(GPVirtual)
	a.found = Load(Param("found").Base(), GP64()).(GPVirtual)
	a.end = GP64()
	LEAQ(Mem{Base: a.query, Index: length, Scale: 8}, a.end)
	a.size, a.block, a.coming = GP64(), GP64(), GP64()
	MOVQ(length, a.size) // planes words for 64 dimensions, which are word bytes
	SHLQ(U8(5), a.size)
	ADDQ(U8(64), a.size)
	return a
}

// next goes to the next block, or to the label done.
func (a arguments) next() {
	TESTQ(a.n, a.n)
	JZ(LabelRef("done"))
	MOVL(Mem{Base: a.blocks}, a.block.As32())
	IMULQ(a.size, a.block)
	ADDQ(a.data, a.block)
	LEAQ(Mem{Base: a.blocks, Disp: 4 * ahead}, a.coming)
	CMPQ(a.n, U8(ahead))
	CMOVQLE(a.blocks, a.coming) // there is none: nothing is asked for that is not there
	MOVL(Mem{Base: a.coming}, a.coming.As32())
	IMULQ(a.size, a.coming)
	ADDQ(a.data, a.coming)
	ADDQ(U8(4), a.blocks)
	DECQ(a.n)
}

// number returns where a number among the arguments is.
func number(name string) Op {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// fetch asks for the part of the coming block that the next step of the loop over
// its words has in the present one.
func (a arguments) fetch() {
	PREFETCHT0(Mem{Base: a.coming})
	PREFETCHT0(Mem{Base: a.coming, Disp: 64})
	ADDQ(Imm(word), a.coming)
}

func avx512() {
	TEXT("scanAVX512", NOSPLIT, signature)
	Pragma("noescape")
	Doc("scanAVX512 is scanPlain with VPOPCNTQ; all is dim times the highest value of the planes.")
	a := load()
	broadcast := func(name string) VecVirtual {
		z := ZMM()
		VBROADCASTSS(number(name), z)
		return z
	}
	all, step, base, floor := broadcast("all"), broadcast("step"), broadcast("base"), broadcast("floor")

	Label("block")
	a.next()
	var sums [planes][2]VecVirtual // of bits that differ, for each plane and 8 vectors
	for p := range sums {
		for h := range sums[p] {
			sums[p][h] = ZMM()
			VPXORQ(sums[p][h], sums[p][h], sums[p][h])
		}
	}
	at := GP64()
	MOVQ(a.query, at)
	Label("word")
	CMPQ(at, a.end)
	JAE(LabelRef("sum"))
	a.fetch()
	codes := [2]VecVirtual{ZMM(), ZMM()}
	for h, c := range codes {
		VMOVDQU64(Mem{Base: a.block, Disp: 64 * h}, c)
	}
	for p := range sums {
		plane := ZMM()
		VPBROADCASTQ(Mem{Base: at, Disp: 8 * p}, plane)
		for h, c := range codes {
			differ := ZMM()
			VPXORQ(c, plane, differ)
			VPOPCNTQ(differ, differ)
			VPADDQ(differ, sums[p][h], sums[p][h])
		}
	}
	ADDQ(Imm(word), a.block)
	ADDQ(Imm(8*planes), at)
	JMP(LabelRef("word"))

	Label("sum")
	PREFETCHT0(Mem{Base: a.coming})
	var halves [2]VecVirtual
	for h := range halves {
		acc := sums[planes-1][h] // Horner's rule
		for p := planes - 2; p >= 0; p-- {
			VPSLLQ(Imm(1), acc, acc)
			VPADDQ(sums[p][h], acc, acc)
		}
		halves[h] = YMM()
		VPMOVQD(acc, halves[h])
	}
	score := ZMM()
	VINSERTI64X4(Imm(1), halves[1], halves[0].AsZ(), score)
	VPSLLD(Imm(1), score, score)
	VPSUBD(score, all, score)
	VCVTDQ2PS(score, score)
	VMULPS(step, score, score)
	both, factor, summand := ZMM(), ZMM(), ZMM()
	VMOVDQU64(Mem{Base: a.block}, both)
	VPSRLD(Imm(16), both, factor)
	VPSLLD(Imm(16), factor, factor)
	VPSLLD(Imm(16), both, summand)
	VMULPS(factor, score, score)
	VADDPS(summand, score, score)
	VADDPS(base, score, score)
	VMOVUPS(score, Mem{Base: a.scores})
	k, mask := K(), GP32()
	VCMPPS(Imm(13), floor, score, k) // not less, and ordered
	KMOVW(k, mask)
	MOVW(mask.As16(), Mem{Base: a.found})
	ADDQ(Imm(64), a.scores)
	ADDQ(Imm(2), a.found)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

func avx2() {
	counts := GLOBL("counts", RODATA|NOPTR) // of the bits of 0 to 15, twice
	for i := range 32 {
		n := i&1 + i>>1&1 + i>>2&1 + i>>3&1
		DATA(i, U8(n))
	}
	nibbles := GLOBL("nibbles", RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(15))
	}
	TEXT("scanAVX2", NOSPLIT, signature)
	Pragma("noescape")
	Doc("scanAVX2 is scanPlain with the bits of half a byte looked up by VPSHUFB.")
	a := load()
	count, nibble, zero := YMM(), YMM(), YMM()
	VMOVDQU(counts, count)
	VMOVDQU(nibbles, nibble)
	VPXOR(zero, zero, zero)

	Label("block")
	a.next()
	var sums [4]VecVirtual // over the planes of bits that differ, for 4 vectors each
	for g := range sums {
		sums[g] = YMM()
		VPXOR(sums[g], sums[g], sums[g])
	}
	at := GP64()
	MOVQ(a.query, at)
	Label("word")
	CMPQ(at, a.end)
	JAE(LabelRef("sum"))
	a.fetch()
	var query [planes]VecVirtual
	for p := range query {
		query[p] = YMM()
		VPBROADCASTQ(Mem{Base: at, Disp: 8 * p}, query[p])
	}
	for g := range sums {
		// The sum over the planes is 8 * 15 at most in a byte.
		acc := YMM()
		for p := planes - 1; p >= 0; p-- {
			low, high := YMM(), YMM()
			VPXOR(Mem{Base: a.block, Disp: 32 * g}, query[p], low)
			VPSRLW(Imm(4), low, high)
			VPAND(nibble, low, low)
			VPAND(nibble, high, high)
			VPSHUFB(low, count, low)
			VPSHUFB(high, count, high)
			if p == planes-1 {
				VPADDB(low, high, acc)
				continue
			}
			VPADDB(acc, acc, acc)
			VPADDB(low, acc, acc)
			VPADDB(high, acc, acc)
		}
		VPSADBW(zero, acc, acc)
		VPADDQ(acc, sums[g], sums[g])
	}
	ADDQ(Imm(word), a.block)
	ADDQ(Imm(8*planes), at)
	JMP(LabelRef("word"))

	Label("sum")
	PREFETCHT0(Mem{Base: a.coming})
	masks := [2]GPVirtual{GP32(), GP32()}
	for h, mask := range masks {
		score, number8 := YMM(), YMM()
		VSHUFPS(Imm(0x88), sums[2*h+1], sums[2*h], score) // the lower halves of the words
		VPERMQ(Imm(0xd8), score, score)
		VPSLLD(Imm(1), score, score)
		VBROADCASTSS(number("all"), number8)
		VPSUBD(score, number8, score)
		VCVTDQ2PS(score, score)
		VBROADCASTSS(number("step"), number8)
		VMULPS(number8, score, score)
		both, factor, summand := YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: a.block, Disp: 32 * h}, both)
		VPSRLD(Imm(16), both, factor)
		VPSLLD(Imm(16), factor, factor)
		VPSLLD(Imm(16), both, summand)
		VMULPS(factor, score, score)
		VADDPS(summand, score, score)
		VBROADCASTSS(number("base"), number8)
		VADDPS(number8, score, score)
		VMOVUPS(score, Mem{Base: a.scores, Disp: 32 * h})
		VBROADCASTSS(number("floor"), number8)
		VCMPPS(Imm(13), number8, score, score) // not less, and ordered
		VMOVMSKPS(score, mask)
	}
	SHLL(Imm(8), masks[1])
	ORL(masks[1], masks[0])
	MOVW(masks[0].As16(), Mem{Base: a.found})
	ADDQ(Imm(64), a.scores)
	ADDQ(Imm(2), a.found)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}
