package ort

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/albert-search/albert-search/internal/durable"
	"github.com/albert-search/albert-search/internal/errkind"
)

// SetupOptions says where Setup puts the library.
type SetupOptions struct {
	// CacheDir is the program's cache folder; CacheDir() when empty.
	CacheDir string
	// Log is told what is being done, a line at a time; nil for silence.
	Log func(line string)
}

// SetupError says that no source had the library.
type SetupError struct {
	Attempts []SetupAttempt
}

// SetupAttempt is one source that Setup tried.
type SetupAttempt struct {
	Source string
	Err    error
}

func (e *SetupError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ONNX Runtime %s for %s/%s could not be obtained.", Version, runtime.GOOS, runtime.GOARCH)
	if len(e.Attempts) == 0 {
		b.WriteString(" There is none to download for this system.\n")
	} else {
		b.WriteString(" Tried:\n")
	}
	for _, a := range e.Attempts {
		fmt.Fprintf(&b, "  %s: %v\n", a.Source, a.Err)
	}
	b.WriteString("Without a connection, put libonnxruntime " + MinVersion + " or later somewhere on this machine and name it\n" +
		"in the environment variable " + PathVariable + ".")
	return b.String()
}

// ErrorKind is the kind of the error for programs.
func (*SetupError) ErrorKind() string { return errkind.SetupFailed }

// Unwrap returns the errors of all attempts.
func (e *SetupError) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// Setup obtains ONNX Runtime of version Version into the cache folder: from
// its release, else through pip, else through npm. Archive and library are
// compared with the checksums that this program was built with. When the
// library is there already Setup only verifies it. Several processes may run
// Setup at once. An error that is not of the file system or the context is a
// *SetupError.
func Setup(ctx context.Context, o SetupOptions) (Library, error) {
	path, err := installedPath(o.CacheDir)
	if err != nil {
		return Library{}, err
	}
	in := installer{path: path, artifacts: forThisPlatform(pinned), fetch: artifact.fetch, probe: probe, log: o.Log}
	if in.log == nil {
		in.log = func(string) {}
	}
	version, err := in.run(ctx)
	if err != nil {
		return Library{}, err
	}
	return Library{Path: path, Version: version, Source: "cache"}, nil
}

// installer puts the library of one of the artifacts at path.
type installer struct {
	path      string
	artifacts []artifact
	fetch     func(a artifact, ctx context.Context, dir string) (string, error)
	probe     func(path string) (string, error)
	log       func(line string)
}

// run returns the version of the library that is at path afterwards.
func (in *installer) run(ctx context.Context) (string, error) {
	done, err := in.installed()
	if err != nil {
		return "", err
	}
	if done {
		in.log("ONNX Runtime is there already: " + in.path)
		return in.probe(in.path)
	}
	if err := os.MkdirAll(filepath.Dir(in.path), 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w; name another in the environment variable %s", err, CacheVariable)
	}
	failed := &SetupError{}
	for _, a := range in.artifacts {
		in.log(fmt.Sprintf("Fetching ONNX Runtime %s: %s (%d MB)", Version, a.source, (a.size+500_000)/1_000_000))
		version, err := in.install(ctx, a)
		if err == nil {
			in.log("Installed " + in.path)
			return version, nil
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("obtain ONNX Runtime: %w", context.Cause(ctx))
		}
		in.log("  did not work: " + err.Error())
		failed.Attempts = append(failed.Attempts, SetupAttempt{Source: string(a.source), Err: err})
	}
	return "", failed
}

// installed reports whether the library is there and is what it should be.
func (in *installer) installed() (bool, error) {
	sum, err := fileSHA256(in.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("verify the library in the cache: %w", err)
	}
	for _, a := range in.artifacts {
		if a.librarySHA256 == sum {
			return true, nil
		}
	}
	in.log("What is there is not what was installed, obtaining it again: " + in.path)
	return false, nil
}

// install obtains one artifact, verifies it and moves its library to path.
func (in *installer) install(ctx context.Context, a artifact) (version string, err error) {
	work, err := os.MkdirTemp("", "albert-search-setup-*")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	archive, err := in.fetch(a, ctx, work)
	if err != nil {
		return "", err
	}
	if err := verify(archive, a.sha256); err != nil {
		return "", err
	}
	out, err := durable.FS{}.Create(in.path, 0o644)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Discard()) }()
	if err := errors.Join(unpack(archive, a.member, out), out.Finish()); err != nil {
		return "", err
	}
	if err := verify(out.Name(), a.librarySHA256); err != nil {
		return "", err
	}
	if version, err = in.probe(out.Name()); err != nil {
		return "", err
	}
	return version, out.Commit()
}

func verify(name, sha256 string) error {
	sum, err := fileSHA256(name)
	if err != nil {
		return err
	}
	if sum != sha256 {
		return fmt.Errorf("%s is not what was expected and was thrown away: its SHA-256 is %s, not %s",
			filepath.Base(name), sum, sha256)
	}
	return nil
}
