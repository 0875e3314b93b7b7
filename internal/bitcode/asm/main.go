// Command asm writes the AVX-512 form of package bitcode's scan:
//
//	go run . -out ../scan_amd64.s -stubs ../stub_amd64.go -pkg bitcode
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A block is a row of 16 words, two registers, for each 64 dimensions, and 16
// pairs of corrections, one register.
const (
	planes = 4
	word   = 2 * 64 // bytes of a block for 64 dimensions
)

func main() {
	TEXT("scanWide", NOSPLIT, "func(blocks, planes []uint64, all int32, step, base, floor float32, scores []float32, found []uint16)")
	Doc("scanWide is scanPlain with VPOPCNTQ; all is dim times the highest value of the planes.")
	block := Load(Param("blocks").Base(), GP64())
	query := Load(Param("planes").Base(), GP64())
	queryLen := Load(Param("planes").Len(), GP64())
	scores := Load(Param("scores").Base(), GP64())
	found := Load(Param("found").Base(), GP64())
	n := Load(Param("found").Len(), GP64())

	broadcast := func(name string) VecVirtual {
		z := ZMM()
		a, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		VBROADCASTSS(a.Addr, z)
		return z
	}
	all, step, base, floor := broadcast("all"), broadcast("step"), broadcast("base"), broadcast("floor")

	end := GP64()
	LEAQ(Mem{Base: query, Index: queryLen, Scale: 8}, end)

	Label("block")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	// One sum for each plane and register.
	var sums [planes][2]VecVirtual
	for p := range sums {
		for h := range sums[p] {
			sums[p][h] = ZMM()
			VPXORQ(sums[p][h], sums[p][h], sums[p][h])
		}
	}
	at := GP64()
	MOVQ(query, at)
	Label("word")
	CMPQ(at, end)
	JAE(LabelRef("sum"))
	codes := [2]VecVirtual{ZMM(), ZMM()}
	for h, c := range codes {
		VMOVDQU64(Mem{Base: block, Disp: 64 * h}, c)
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
	ADDQ(Imm(word), block)
	ADDQ(Imm(8*planes), at)
	JMP(LabelRef("word"))

	Label("sum")
	// Horner's rule, from the highest plane down; then 2*differ as 16 int32.
	total := ZMM()
	var halves [2]VecVirtual
	for h := range halves {
		acc := sums[planes-1][h]
		for p := planes - 2; p >= 0; p-- {
			VPSLLQ(Imm(1), acc, acc)
			VPADDQ(sums[p][h], acc, acc)
		}
		y := YMM()
		VPMOVQD(acc, y)
		halves[h] = y
	}
	VINSERTI64X4(Imm(1), halves[1], halves[0].AsZ(), total)
	VPSLLD(Imm(1), total, total)
	VPSUBD(total, all, total)
	signed := ZMM()
	VCVTDQ2PS(total, signed)
	VMULPS(step, signed, signed)
	both, factor, summand := ZMM(), ZMM(), ZMM()
	VMOVDQU64(Mem{Base: block}, both)
	VPSRLD(Imm(16), both, factor)
	VPSLLD(Imm(16), factor, factor)
	VPSLLD(Imm(16), both, summand)
	VMULPS(factor, signed, signed)
	VADDPS(summand, signed, signed)
	VADDPS(base, signed, signed)
	VMOVUPS(signed, Mem{Base: scores})
	k, mask := K(), GP32()
	VCMPPS(Imm(13), floor, signed, k) // not less, and ordered
	KMOVW(k, mask)
	MOVW(mask.As16(), Mem{Base: found})
	ADDQ(Imm(64), block)
	ADDQ(Imm(64), scores)
	ADDQ(Imm(2), found)
	DECQ(n)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
	Generate()
}
