package albertsearch

import (
	"context"
	"errors"
	"testing"
)

// Who waits for a model that somebody else loads gives up when his own context
// ends, and loads it himself when the other one fails.
func TestLazyWaitersHaveTheirOwnContext(t *testing.T) {
	var l lazy[int]
	began, end := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	go func() {
		_, err := l.get(t.Context(), func() (int, error) {
			close(began)
			<-end
			return 0, errors.New("given up")
		})
		first <- err
	}()
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.get(ctx, func() (int, error) { panic("twice at once") }); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	second := make(chan int)
	go func() {
		v, _ := l.get(t.Context(), func() (int, error) { return 7, nil })
		second <- v
	}()
	close(end)
	if err := <-first; err == nil {
		t.Error("the first one did not fail")
	}
	if v := <-second; v != 7 {
		t.Errorf("the second one got %d", v)
	}
	if v, err := l.get(t.Context(), func() (int, error) { panic("made twice") }); v != 7 || err != nil {
		t.Errorf("kept is %d, %v", v, err)
	}
}

// A panic while a value is made leaves it unmade, and nobody waiting.
func TestLazyPanic(t *testing.T) {
	var l lazy[int]
	func() {
		defer func() { _ = recover() }()
		_, _ = l.get(t.Context(), func() (int, error) { panic("no") })
	}()
	if v, err := l.get(t.Context(), func() (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}
