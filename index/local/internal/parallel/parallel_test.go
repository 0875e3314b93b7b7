package parallel

import (
	"context"
	"errors"
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
