//go:build !amd64

package bitcode

func scan(q *Query, blocks []uint64, floor float32, scores []float32, found []uint16) {
	scanPlain(q, blocks, floor, scores, found)
}
