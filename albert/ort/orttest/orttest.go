// Package orttest gives tests the ONNX Runtime that the program would use.
package orttest

import (
	"testing"

	"github.com/albert-search/albert-search/albert/ort"
)

// Runtime opens ONNX Runtime as the program does and closes it after the test.
// Without a library the test fails.
func Runtime(t testing.TB) *ort.Runtime {
	t.Helper()
	rt, err := ort.Open(Library(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return rt
}

// Library finds ONNX Runtime as the program does. Without a library the test
// fails.
func Library(t testing.TB) ort.Library {
	t.Helper()
	lib, err := ort.Find(ort.FindOptions{})
	if err != nil {
		t.Fatalf("this test needs ONNX Runtime; run `make setup` once.\n%v", err)
	}
	return lib
}
