//go:build !windows

package ort_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
)

func TestOpenSharesOneEnvironment(t *testing.T) {
	first := orttest.Runtime(t)
	second, err := ort.Open(first.Library())
	if err != nil {
		t.Fatal(err)
	}
	if first.Version() == "" || second.Version() != first.Version() {
		t.Errorf("versions %q and %q", first.Version(), second.Version())
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	third, err := ort.Open(first.Library())
	if err != nil {
		t.Fatalf("the environment is gone although one of two users has it: %v", err)
	}
	if err := third.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesAnotherLibrary(t *testing.T) {
	rt := orttest.Runtime(t)
	other := rt.Library()
	other.Path = filepath.Join(t.TempDir(), "other.so")
	if _, err := ort.Open(other); !errors.Is(err, ort.ErrOtherLibrary) {
		t.Fatalf("error %v, want ErrOtherLibrary", err)
	}
}

func TestOpenAgainAfterClose(t *testing.T) {
	lib := orttest.Runtime(t).Library()
	for range 3 {
		rt, err := ort.Open(lib)
		if err != nil {
			t.Fatal(err)
		}
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFindNamesWhatWasTried(t *testing.T) {
	empty := t.TempDir()
	junk := filepath.Join(empty, "libonnxruntime.so")
	if err := os.WriteFile(junk, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ort.Find(ort.FindOptions{Path: junk})
	var notFound *ort.NotFoundError
	if !errors.As(err, &notFound) {
		t.Fatalf("error %v, want NotFoundError", err)
	}
	t.Log(err)
}
