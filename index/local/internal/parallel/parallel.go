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
// tasks there are. The workers are woken meanwhile: that takes as long as a good
// part of a search.
//
// It returns when the tasks are done, not when each worker had its turn: while
// something else has the other processors, one worker does all of them, and those
// that come later find nothing to do.
func PrepareAndShare[W any](ctx context.Context, workers []W, prepare func() int, do func(w W, n int) error) error {
	var next, tasks atomic.Int64
	tasks.Store(-1) // until they are prepared
	prepared := make(chan struct{})
	at := gate{over: make(chan struct{})}
	errs := make([]error, len(workers))
	panics := make([]any, len(workers))
	work := func(i int) {
		if !at.enter() {
			return
		}
		defer at.leave()
		panics[i] = panicOf(func() {
			for errs[i] == nil {
				n := next.Add(1) - 1
				if n >= tasks.Load() {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = do(workers[i], int(n))
				}
			}
		})
	}
	if len(workers) > 1 {
		// The last too, although the caller could do its work: another processor
		// takes over the goroutine that was started last only after some 50 µs,
		// in the hope that this one comes to wait and runs it, as it does here.
		for i := range workers {
			go func() {
				for n := 0; n < spins && tasks.Load() < 0; n++ {
				}
				<-prepared
				work(i)
			}()
		}
	}
	func() {
		n := 0 // after a panic
		defer func() {
			tasks.Store(int64(n))
			close(prepared)
		}()
		n = prepare()
	}()
	switch len(workers) {
	case 0:
		return nil
	case 1:
		work(0)
	default:
		<-at.over
	}
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return cmp.Or(errs...)
}

// gate lets workers in until those who were in have all left.
type gate struct {
	mu     sync.Mutex
	within int
	closed bool
	over   chan struct{} // closed with the gate
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.within++
	}
	return !g.closed
}

// leave is called by a worker that has found no further task, or has failed.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.within--; g.within == 0 {
		g.closed = true
		close(g.over)
	}
}

// panicOf runs f, with faults as panics, and returns what it panics with.
// Goroutines that help with a search have the caller deal with it.
func panicOf(f func()) (panicked any) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { panicked = recover() }()
	f()
	return nil
}
