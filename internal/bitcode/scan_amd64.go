package bitcode

import "golang.org/x/sys/cpu"

var wide = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPOPCNTDQ

func scan(q *Query, blocks []uint64, floor float32, scores []float32, found []uint16) {
	if !wide {
		scanPlain(q, blocks, floor, scores, found)
		return
	}
	scanWide(blocks, q.planes, (1<<planes-1)*q.dim, q.step, q.base, floor, scores, found)
}
