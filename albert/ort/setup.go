//go:build !windows

package ort

import (
	"context"
	"errors"
)

// Version is the release of ONNX Runtime that Setup obtains.
const Version = "1.30.0"

// SetupOptions says where Setup puts the library.
type SetupOptions struct {
	// CacheDir is the program's cache folder; CacheDir() when empty.
	CacheDir string
	// Log is told what is being done, a line at a time; nil for silence.
	Log func(line string)
}

// Setup obtains the library.
func Setup(ctx context.Context, o SetupOptions) (Library, error) {
	return Library{}, errors.New("not there yet")
}
