package local

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

func TestShare(t *testing.T) {
	workers := []int{0, 1, 2, 3}
	for _, n := range []int{0, 1, 3, 1000} {
		done := make([]atomic.Int64, n)
		if err := share(t.Context(), workers, n, func(_ int, i int) error {
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
	if err := share(t.Context(), workers, 1000, func(_ int, i int) error {
		if i == 500 {
			return failure
		}
		return nil
	}); err != failure {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := share(ctx, workers, 1000, func(_ int, i int) error {
		if i == 500 {
			cancel()
		}
		return nil
	}); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	defer func() {
		if r := recover(); r != "a fault" {
			t.Errorf("recovered %v", r)
		}
	}()
	_ = share(t.Context(), workers, 1000, func(_ int, i int) error {
		if i == 500 {
			panic("a fault")
		}
		return nil
	})
	t.Error("share went on after a panic")
}
