package ort

/*
#cgo LDFLAGS: -ldl

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// open_library returns the library, or NULL and a copy of why not, which the
// caller frees. One function, because what dlerror says is of the calling
// thread, and a goroutine may go on in another between two calls into C.
static void *open_library(const char *path, char **reason) {
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		*reason = strdup(dlerror());
	return library;
}

// The one struct of ONNX Runtime's C interface that never changes: it is how
// a program asks a library for a version of all the others.
typedef struct {
	const void *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
} api_base;

static const char *library_version(void *get_api_base) {
	const api_base *base = ((const api_base *(*)(void))get_api_base)();
	return base ? base->get_version() : NULL;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unsafe"
)

// MinVersion is the oldest ONNX Runtime whose C interface has what the binding
// asks for (its ORT_API_VERSION is 29).
const MinVersion = "1.29"

// VersionError says that a library is an ONNX Runtime that is too old, or not
// of the major version that this program knows.
type VersionError struct {
	Version string
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("it is version %s, and %s or a later 1.x is needed", e.Version, MinVersion)
}

// probe loads the library at path and returns its version. The library stays
// mapped until the process ends, even after an error: it has threads and
// thread-local state that unloading would pull the code from under.
func probe(path string) (string, error) {
	if err := disableTelemetry(); err != nil {
		return "", err
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var reason *C.char
	handle := C.open_library(name, &reason)
	if handle == nil {
		defer C.free(unsafe.Pointer(reason))
		return "", loadError(path, C.GoString(reason))
	}
	symbol := C.CString("OrtGetApiBase")
	defer C.free(unsafe.Pointer(symbol))
	getBase := C.dlsym(handle, symbol)
	if getBase == nil {
		return "", errors.New("it is a library, but not ONNX Runtime (it has no OrtGetApiBase)")
	}
	version := C.library_version(getBase)
	if version == nil {
		return "", errors.New("it does not say which version of ONNX Runtime it is")
	}
	v := C.GoString(version)
	if !supported(v) {
		return v, &VersionError{Version: v}
	}
	return v, nil
}

// disableTelemetry tells ONNX Runtime, before it is loaded, to collect nothing.
// Otherwise the library, when its environment is made, writes an identity of
// the machine and a database of events into the user's cache folder, and
// crashes when the command line of the process is long. Its function
// DisableTelemetryEvents can be called only after that.
func disableTelemetry() error {
	const variable = "ORT_DISABLE_TELEMETRY"
	if os.Getenv(variable) == "1" {
		return nil // changing it while the library's threads read it would be a race
	}
	if err := os.Setenv(variable, "1"); err != nil { // C's environment, too
		return fmt.Errorf("turn the telemetry of ONNX Runtime off: %w", err)
	}
	return nil
}

// supported reports whether a library of version v, as "1.30.0", has the C
// interface of MinVersion.
func supported(v string) bool {
	major, minor, ok := majorMinor(v)
	minMajor, minMinor, _ := majorMinor(MinVersion)
	return ok && major == minMajor && minor >= minMinor
}

func majorMinor(v string) (major, minor int, ok bool) {
	a, rest, _ := strings.Cut(v, ".")
	b, _, _ := strings.Cut(rest, ".")
	major, errMajor := strconv.Atoi(a)
	minor, errMinor := strconv.Atoi(b)
	return major, minor, errMajor == nil && errMinor == nil
}

// loadError is the message of the system's loader about the library at path,
// with what it usually means.
func loadError(path, message string) error {
	if strings.HasPrefix(message, path+": cannot open shared object file: No such file") {
		return fs.ErrNotExist
	}
	for _, known := range []struct{ has, hint string }{
		{"GLIBC_", "this system's C library is too old for it: a newer system, or a library built for this one, is needed"},
		{"GLIBCXX_", "this system's libstdc++ is too old for it: a newer one, or a library built for this system, is needed"},
		{"ld-linux", "it is built for glibc and this system has another C library (musl?): a library built for this system is needed"},
		{"__vsnprintf_chk", "it is built for glibc and this system has another C library (musl?): a library built for this system is needed"},
		{"libstdc++", "it needs libstdc++, which the system's package manager has"},
		{"wrong ELF class", "it is built for another processor"},
		{"incompatible architecture", "it is built for another processor"},
		{"invalid ELF header", "it is not a library of this system, or was cut off"},
		{"file too short", "it is empty or was cut off"},
	} {
		if strings.Contains(message, known.has) {
			return fmt.Errorf("the system's loader refuses it: %s (%s)", message, known.hint)
		}
	}
	return fmt.Errorf("the system's loader refuses it: %s", message)
}
