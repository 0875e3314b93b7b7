package bitcode

import "golang.org/x/sys/cpu"

// scans returns the forms of the scan that this processor can run, the fastest
// first.
func scans() []scanner {
	forms := []scanner{{"plain", scanPlain}}
	form := func(name string, scan func(data, planes []uint64, blocks []uint32, all int32, step, base, floor float32, scores []float32, found []uint16)) {
		forms = append([]scanner{{name, func(q *Query, data []uint64, blocks []uint32, floor float32, scores []float32, found []uint16) {
			scan(data, q.planes, blocks, (1<<planes-1)*q.dim, q.step, q.base, floor, scores, found)
		}}}, forms...)
	}
	if cpu.X86.HasAVX2 {
		form("AVX2", scanAVX2)
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPOPCNTDQ {
		form("AVX-512", scanAVX512)
	}
	return forms
}
