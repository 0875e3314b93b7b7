package ort

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSupported(t *testing.T) {
	for version, want := range map[string]bool{
		"1.29.0": true, "1.30.1": true, "1.130.0": true, "1.29": true, "1.29.0-rc.1": true,
		"1.28.9": false, "0.30.0": false, "2.0.0": false, "": false, "1": false, "one.two": false,
	} {
		if got := supported(version); got != want {
			t.Errorf("supported(%q) = %v", version, got)
		}
	}
}

func TestLoadErrorExplains(t *testing.T) {
	for message, want := range map[string]string{
		"/lib/libc.so.6: version `GLIBC_2.38' not found":                        "C library is too old",
		"libstdc++.so.6: version `GLIBCXX_3.4.32' not found":                    "libstdc++ is too old",
		"Error loading shared library ld-linux-x86-64.so.2: No such file":       "musl",
		"Error relocating libonnxruntime.so: __vsnprintf_chk: symbol not found": "musl",
		"libonnxruntime.so: wrong ELF class: ELFCLASS32":                        "another processor",
		"libonnxruntime.so: invalid ELF header":                                 "cut off",
		"something nobody has seen before":                                      "something nobody has seen before",
	} {
		err := loadError("/opt/libonnxruntime.so", message).Error()
		if !strings.Contains(err, want) || !strings.Contains(err, message) {
			t.Errorf("%q has not %q and the loader's own words", err, want)
		}
	}
}

func TestLoadErrorTellsAMissingLibraryFromWhatItNeeds(t *testing.T) {
	const missing = ": cannot open shared object file: No such file or directory"
	if err := loadError("libonnxruntime.so", "libonnxruntime.so"+missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if err := loadError("libonnxruntime.so", "libstdc++.so.6"+missing); errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestProbeAlwaysSaysWhy(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.so")
	if err := os.WriteFile(junk, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 50 {
				if _, err := probe(junk); err == nil || !strings.Contains(err.Error(), junk) {
					t.Errorf("error %v does not have the loader's words", err)
					return
				}
			}
		})
	}
	all.Wait()
}
