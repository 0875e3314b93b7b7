package ort

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/internal/errkind"
)

// PathVariable is the environment variable that names the library, or the
// folder that holds it.
const PathVariable = "ALBERT_SEARCH_ONNXRUNTIME"

// The sources of a library that is named explicitly. The first is called after
// what it most often comes from.
const (
	FromOptions     = "flag"
	FromEnvironment = "environment"
)

// FindOptions says where to look for the library.
type FindOptions struct {
	// Path names the library, or the folder that holds it. When empty, the
	// environment variable PathVariable does.
	Path string
	// CacheDir is the program's cache folder; CacheDir() when empty.
	CacheDir string
}

// Named reports whether the options or the environment name a library.
func (o FindOptions) Named() bool { return o.Path != "" || os.Getenv(PathVariable) != "" }

// Attempt is one place where Find looked, and why that did not do.
type Attempt struct {
	Source string // as in Library
	Path   string
	Err    error
}

// NotFoundError says that no suitable library was found. Its message lists
// what was tried.
type NotFoundError struct {
	Attempts []Attempt
}

func (e *NotFoundError) Error() string {
	var b strings.Builder
	b.WriteString("ONNX Runtime " + MinVersion + " or later was not found. Tried:\n")
	for _, a := range e.Attempts {
		reason := "not there"
		if !errors.Is(a.Err, fs.ErrNotExist) {
			reason = a.Err.Error()
		}
		fmt.Fprintf(&b, "  %s: %s: %s\n", a.Source, a.Path, reason)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// ErrorKind is the kind of the error for programs.
func (*NotFoundError) ErrorKind() string { return errkind.NoRuntime }

// Unwrap returns the errors of all attempts.
func (e *NotFoundError) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// Find looks for a library that can be opened: the one that is named by the
// options or the environment, else beside the program, in the cache folder and
// where the system's loader looks. A library that is named explicitly and
// cannot be used is an error at once. The error is a *NotFoundError.
func Find(o FindOptions) (Library, error) {
	source, path := FromOptions, o.Path
	if path == "" {
		source, path = FromEnvironment, os.Getenv(PathVariable)
	}
	var places []Attempt
	if path != "" {
		places = append(places, Attempt{Source: source, Path: path})
	} else {
		var err error
		if places, err = usualPlaces(o.CacheDir); err != nil {
			return Library{}, err
		}
	}
	for i, p := range places {
		lib, err := try(p)
		if err == nil {
			return lib, nil
		}
		places[i].Err = err
	}
	return Library{}, &NotFoundError{Attempts: places}
}

// usualPlaces lists where libraries are looked for when none is named, in
// order.
func usualPlaces(cacheDir string) ([]Attempt, error) {
	var places []Attempt
	if program, err := os.Executable(); err == nil {
		if target, err := filepath.EvalSymlinks(program); err == nil {
			program = target
		}
		places = append(places, Attempt{Source: "beside the program", Path: filepath.Dir(program)})
	}
	installed, err := installedPath(cacheDir)
	if err != nil {
		return nil, err
	}
	places = append(places, Attempt{Source: "cache", Path: installed})
	for _, name := range systemNames() {
		places = append(places, Attempt{Source: "system", Path: name})
	}
	return places, nil
}

// systemNames are the names that the system's loader is asked for.
func systemNames() []string {
	if runtime.GOOS == "darwin" {
		// The loader does not look where Homebrew installs on arm64.
		return []string{"libonnxruntime.dylib", "/opt/homebrew/lib/libonnxruntime.dylib"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so"}
}

// try looks at one place. A bare name is left to the system's loader, except
// when it names a file or folder of the working folder explicitly.
func try(p Attempt) (Library, error) {
	path := p.Path
	if p.Source != "system" {
		var err error
		if path, err = libraryFile(path); err != nil {
			return Library{}, err
		}
	}
	version, err := probe(path)
	if err != nil {
		return Library{}, err
	}
	return Library{Path: path, Version: version, Source: p.Source}, nil
}

// libraryFile returns the absolute path of the library that path names itself
// or that lies in the folder that path names.
func libraryFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return path, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	var names []string
	for _, e := range entries {
		if isLibraryName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return "", &fs.PathError{Op: "look for " + libraryName() + " in", Path: path, Err: fs.ErrNotExist}
	}
	// Shortest first: libonnxruntime.so before libonnxruntime.so.1.30.0, which
	// it usually is a link to.
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return filepath.Join(path, names[0]), nil
}

// libraryName is the library's file name on this system.
func libraryName() string {
	if runtime.GOOS == "darwin" {
		return "libonnxruntime.dylib"
	}
	return "libonnxruntime.so"
}

// isLibraryName reports whether a file name is the library's, with or without
// its version.
func isLibraryName(name string) bool {
	if runtime.GOOS == "darwin" {
		return strings.HasPrefix(name, "libonnxruntime.") && strings.HasSuffix(name, ".dylib")
	}
	return name == "libonnxruntime.so" || strings.HasPrefix(name, "libonnxruntime.so.")
}
