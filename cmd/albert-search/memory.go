package main

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

// saveMemory keeps what the garbage collector has yet to free, and to give back,
// from being several times what is in use, as after a document of megabytes. It
// goes on until stop is called. What is in use may be as much as it needs: the
// limit follows it when it gets near. A limit that GOMEMLIMIT sets is left as it
// is.
func saveMemory() (stop func()) {
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
