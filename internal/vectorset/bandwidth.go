package vectorset

import (
	"runtime"
	"sync"
	"time"

	"github.com/viterin/vek/vek32"
)

// Bandwidth measures how many bytes a second all processors together read of mb
// megabytes of memory: the best of five sums of all numbers and five dot products
// of the two halves.
func Bandwidth(mb int) float64 {
	data := vek32.Ones(mb << 20 / 4)
	half := len(data) / 2
	best := 0.0
	for range 5 {
		began := time.Now()
		Parallel(len(data), func(_, from, to int) { vek32.Sum(data[from:to]) })
		best = max(best, float64(4*len(data))/time.Since(began).Seconds())
		began = time.Now()
		Parallel(half, func(_, from, to int) { vek32.Dot(data[from:to], data[half+from:half+to]) })
		best = max(best, float64(4*len(data))/time.Since(began).Seconds())
	}
	return best
}

// Parallel divides n among all processors, each with a worker's number from 0.
func Parallel(n int, f func(worker, from, to int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() { f(w, n*w/workers, n*(w+1)/workers) })
	}
	wg.Wait()
}
