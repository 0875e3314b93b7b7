// Package orttest gives tests the ONNX Runtime that the program would use.
package orttest

import (
	"os"
	"path/filepath"
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

// Library finds ONNX Runtime as the program does. In a clone of the source
// whose own cache folder (.cache, where make setup puts it) has the library,
// that one is used, so that tests do not depend on what else is installed.
// Without a library the test fails.
func Library(t testing.TB) ort.Library {
	t.Helper()
	lib, err := find()
	if err != nil {
		t.Fatalf("this test needs ONNX Runtime; run `make setup` once.\n%v", err)
	}
	return lib
}

func find() (ort.Library, error) {
	if os.Getenv(ort.PathVariable) == "" && os.Getenv(ort.CacheVariable) == "" {
		if root, ok := moduleRoot(); ok {
			lib, err := ort.Find(ort.FindOptions{CacheDir: filepath.Join(root, ".cache")})
			if err == nil {
				return lib, nil
			}
		}
	}
	return ort.Find(ort.FindOptions{})
}

// moduleRoot is the folder of the go.mod at or above the working folder, which
// for a test is the folder of its package.
func moduleRoot() (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
