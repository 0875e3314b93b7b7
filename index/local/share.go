package local

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
)

// share has the workers do n pieces of work, each worker on a processor of its own
// and each piece by one of them. It ends with the first error of each worker's, or
// ctx's; which of several is returned depends on chance. A panic of one, as over a
// file that is damaged or cannot be read, is one of the caller's.
func share[W any](ctx context.Context, workers []W, n int, do func(w W, n int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(len(workers), n))
	panics := make([]any, len(errs))
	for i := range errs {
		loop := func() {
			for errs[i] == nil {
				at := int(next.Add(1)) - 1
				if at >= n {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = do(workers[i], at)
				}
			}
		}
		work := func() { panics[i] = panicOf(loop) }
		if i == len(errs)-1 {
			work() // there is a goroutine already
		} else {
			wg.Go(work)
		}
	}
	wg.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return cmp.Or(errs...)
}
