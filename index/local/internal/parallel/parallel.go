// Package parallel divides a search among processors.
package parallel

import (
	"cmp"
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Share divides n tasks among the workers, each of which has a processor of its
// own. Each worker ends with its first error, or with ctx's; which of several errors
// is returned depends on chance. A worker's panic, such as over a file that is damaged
// or cannot be read, becomes the caller's.
func Share[W any](ctx context.Context, workers []W, n int, do func(w W, n int) error) error {
	return PrepareAndShare(ctx, workers[:min(len(workers), n)], func() int { return n }, do)
}

// spins is how often a worker looks whether its work is prepared before it
// sleeps, for some tens of microseconds: as long as it takes to wake it. It spins
// only on a processor that had nothing else to do when it was woken.
const spins = 1 << 15

// PrepareAndShare is Share with something to be done before, which says how many
// pieces there are. The workers are woken meanwhile: that takes as long as a good
// part of a search.
func PrepareAndShare[W any](ctx context.Context, workers []W, prepare func() int, do func(w W, n int) error) error {
	var next, pieces atomic.Int64
	pieces.Store(-1) // until they are prepared
	prepared := make(chan struct{})
	var wg sync.WaitGroup
	errs := make([]error, len(workers))
	panics := make([]any, len(workers))
	work := func(i int) {
		panics[i] = panicOf(func() {
			for errs[i] == nil {
				at := next.Add(1) - 1
				if at >= pieces.Load() {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = do(workers[i], int(at))
				}
			}
		})
	}
	defer wg.Wait() // after a panic of prepare, too
	if len(workers) > 1 {
		// The last too, although the caller could do its work: another processor
		// takes over the goroutine that was started last only after some 50 µs,
		// in the hope that this one comes to wait and runs it, as it does here.
		for i := range workers {
			wg.Go(func() {
				for n := 0; n < spins && pieces.Load() < 0; n++ {
				}
				<-prepared
				work(i)
			})
		}
	}
	func() {
		n := 0 // after a panic
		defer func() {
			pieces.Store(int64(n))
			close(prepared)
		}()
		n = prepare()
	}()
	if len(workers) == 1 {
		work(0)
	}
	wg.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return cmp.Or(errs...)
}

// panicOf runs f, with faults as panics, and returns what it panics with.
// Goroutines that help with a search have the caller deal with it.
func panicOf(f func()) (panicked any) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { panicked = recover() }()
	f()
	return nil
}
