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
// it, until stop is called. A limit that GOMEMLIMIT sets is left as it is.
//
// It pays where large documents come one after another: text files of 20 MB of
// very short words took at the most 655 MiB with it and 799 MiB without where
// eight threads ran Go code, 741 and 781 MiB with two, for a twentieth more
// processor time. Most collections stay below the limit, where it does nothing.
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
// large blocks that come and go, such as the tensors of a model. Importing a BERT
// of 344 MB as int8 took 152 MiB at the most with it and 210 MiB without, for
// a fifth of a second more processor time.
func Tight() (stop func()) {
	before := debug.SetGCPercent(tightPercent)
	return func() { debug.SetGCPercent(before) }
}
