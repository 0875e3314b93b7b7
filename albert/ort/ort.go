// Package ort finds, obtains and opens ONNX Runtime, the library that the
// models run on. It is loaded while the program runs, so that the program can
// be built, and used for everything that needs no model, without it.
//
// Find looks for a library, Setup obtains one into the cache folder, Open
// loads it. Only this package and package albert know of ONNX Runtime.
//
// Its telemetry is off: Find, Setup and Open set the environment variable
// ORT_DISABLE_TELEMETRY of the process before they load a library.
package ort

import (
	"errors"
	"fmt"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// Library is an ONNX Runtime library that was found and looked at.
type Library struct {
	// Path is what the system's loader is given: the path of a file, or for
	// the system's own library its bare name.
	Path string
	// Version is what the library says of itself, as "1.30.0".
	Version string
	// Source says where it was found: "flag", "environment", "beside the
	// program", "cache" or "system".
	Source string
}

// ErrOtherLibrary is returned by Open while a different library is open.
var ErrOtherLibrary = errors.New("another ONNX Runtime library is open in this process")

// environment is ONNX Runtime's own state, of which a process has one. The
// binding keeps it in package variables, hence so does this package: it counts
// who uses it.
var environment struct {
	sync.Mutex
	path  string
	users int
}

// Runtime is an open ONNX Runtime. All Runtimes of a process share one
// environment.
type Runtime struct {
	library Library
	close   func() error
}

// Load opens the library that Find finds.
func Load(o FindOptions) (*Runtime, error) {
	lib, err := Find(o)
	if err != nil {
		return nil, err
	}
	return Open(lib)
}

// Open loads the library and initialises the environment of the process, or
// shares it when the same library is open already. While another library is
// open the error is ErrOtherLibrary.
func Open(lib Library) (*Runtime, error) {
	environment.Lock()
	defer environment.Unlock()
	if environment.users > 0 {
		if environment.path != lib.Path {
			return nil, fmt.Errorf("open ONNX Runtime %s: %w: %s", lib.Path, ErrOtherLibrary, environment.path)
		}
	} else {
		// The binding would dereference what an unsuitable library gives it,
		// and the library would print to standard error: look first.
		version, err := probe(lib.Path)
		if err != nil {
			return nil, fmt.Errorf("open ONNX Runtime %s: %w", lib.Path, err)
		}
		lib.Version = version
		onnx.SetSharedLibraryPath(lib.Path)
		if err := onnx.InitializeEnvironment(onnx.WithLogLevelError()); err != nil {
			return nil, fmt.Errorf("open ONNX Runtime %s: %w", lib.Path, err)
		}
		// For a library that does not know the variable that probe sets.
		if err := onnx.DisableTelemetry(); err != nil {
			return nil, errors.Join(fmt.Errorf("open ONNX Runtime %s: %w", lib.Path, err), onnx.DestroyEnvironment())
		}
		environment.path = lib.Path
	}
	environment.users++
	lib.Version = onnx.GetVersion()
	return &Runtime{library: lib, close: sync.OnceValue(release)}, nil
}

// release gives up one use of the environment and frees it with the last.
func release() error {
	environment.Lock()
	defer environment.Unlock()
	environment.users--
	if environment.users > 0 {
		return nil
	}
	if err := onnx.DestroyEnvironment(); err != nil {
		return fmt.Errorf("close ONNX Runtime: %w", err)
	}
	return nil
}

// Close frees the environment when no other Runtime uses it. Sessions must be
// closed before. Calling Close again does nothing.
func (r *Runtime) Close() error { return r.close() }

// Version returns the version of the library, as "1.30.0".
func (r *Runtime) Version() string { return r.library.Version }

// Library returns what was opened.
func (r *Runtime) Library() Library { return r.library }
