package index_test

import (
	"errors"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// named is a Backend that knows only where it is.
type named struct {
	index.Backend
	scheme, rest string
}

func TestSchemes(t *testing.T) {
	open := func(scheme string) func(string) (index.Backend, error) {
		return func(rest string) (index.Backend, error) { return named{scheme: scheme, rest: rest}, nil }
	}
	s := index.Schemes{"": open(""), "far": open("far"), "c": open("never")}
	for address, want := range map[string]named{
		"/home/ada": {rest: "/home/ada"}, "index": {rest: "index"}, "a:b/c": {rest: "a:b/c"}, "other:x": {rest: "other:x"},
		`c:\index`: {rest: `c:\index`}, "far:host/x:y": {scheme: "far", rest: "host/x:y"}, "far:": {scheme: "far"}, ":x": {rest: ":x"},
	} {
		if got, err := s.Open(address); err != nil || got != want {
			t.Errorf("%q opens %+v, %v, want %+v", address, got, err, want)
		}
	}
	if _, err := s.Open(""); err == nil {
		t.Error("an empty address is accepted")
	}
	delete(s, "")
	if _, err := s.Open("near:x"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an unknown scheme: %v", err)
	}
}
