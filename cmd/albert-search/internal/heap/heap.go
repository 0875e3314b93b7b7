// Package heap paces the garbage collector of commands that hold much for a
// short time.
package heap

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// usualMemory is what the Go part of the program gets along with, but for large
// indexes.
const usualMemory = 512 << 20

// Pace keeps the heap close to live memory, by moving the collector's limit with
// it, until stop is called. Without it the heap of an indexing grows to several
// times what is in use after a document of megabytes. A limit that GOMEMLIMIT
// sets is left as it is.
func Pace() (stop func()) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	before := debug.SetMemoryLimit(usualMemory)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		limit := int64(usualMemory)
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				metrics.Read(live)
				used := int64(live[0].Value.Uint64())
				if used < limit/2 || used > limit/5*4 {
					limit = max(usualMemory, used/4*5)
					debug.SetMemoryLimit(limit)
				}
			}
		}
	})
	return func() {
		close(done)
		watching.Wait()
		debug.SetMemoryLimit(before)
	}
}

// tightPercent keeps the heap near what is in use.
const tightPercent = 10

// Tight collects often until stop is called, for work whose memory is a few
// large blocks that come and go, such as the tensors of a model: collecting costs
// next to nothing there, and a heap twice as large as the model would be much.
func Tight() (stop func()) {
	before := debug.SetGCPercent(tightPercent)
	return func() { debug.SetGCPercent(before) }
}
