package parallel

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestShare(t *testing.T) {
	workers := []int{0, 1, 2, 3}
	for _, n := range []int{0, 1, 3, 1000} {
		done := make([]atomic.Int64, n)
		if err := Share(t.Context(), workers, n, func(_ int, i int) error {
			done[i].Add(1)
			return nil
		}); err != nil {
			t.Error(err)
		}
		for i := range done {
			if c := done[i].Load(); c != 1 {
				t.Errorf("piece %d of %d was done %d times", i, n, c)
			}
		}
	}
	failure := errors.New("out of order")
	if err := Share(t.Context(), workers, 1000, func(_ int, i int) error {
		if i == 500 {
			return failure
		}
		return nil
	}); err != failure {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := Share(ctx, workers, 1000, func(_ int, i int) error {
		if i == 500 {
			cancel()
		}
		return nil
	}); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	var prepared atomic.Bool
	if err := PrepareAndShare(t.Context(), workers, func() int {
		time.Sleep(time.Millisecond) // longer than workers look
		prepared.Store(true)
		return 1000
	}, func(int, int) error {
		if !prepared.Load() {
			return errors.New("a piece of work before it was prepared")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	func() {
		defer func() {
			if r := recover(); r != "unprepared" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = PrepareAndShare(t.Context(), workers, func() int { panic("unprepared") }, func(int, int) error {
			t.Error("a piece of work that does not exist")
			return nil
		})
	}()
	defer func() {
		if r := recover(); r != "a fault" {
			t.Errorf("recovered %v", r)
		}
	}()
	_ = Share(t.Context(), workers, 1000, func(_ int, i int) error {
		if i == 500 {
			panic("a fault")
		}
		return nil
	})
	t.Error("share went on after a panic")
}

// What shares does not wait for workers that get no processor before all is done.
func TestShareWaitsForNoWorker(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the second worker waits for the first
	var seen atomic.Int64
	workers := []*atomic.Int64{new(atomic.Int64), new(atomic.Int64)}
	for range 100 {
		if err := Share(t.Context(), workers, 10, func(w *atomic.Int64, _ int) error {
			w.Add(1)
			seen.Add(1)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		// Now they are the caller's again, whoever has come by since.
		if n := workers[0].Swap(0) + workers[1].Swap(0); n != 10 {
			t.Fatalf("%d tasks of 10 were done when Share returned", n)
		}
	}
	if seen.Load() != 1000 {
		t.Errorf("%d tasks", seen.Load())
	}
}
