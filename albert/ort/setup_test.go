package ort

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var library = []byte("\x7fELF, or so it says")

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func wheel(t *testing.T, member string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(member)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tgz(t *testing.T, member string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range []tar.Header{
		{Name: "package/README.md", Size: 3, Mode: 0o644},
		{Name: member, Size: int64(len(content)), Mode: 0o644},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content[:h.Size]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// machine is an installer whose sources are served from memory.
type machine struct {
	installer
	fetched atomic.Int32
}

// newMachine offers a wheel and a package that carry the library, in that
// order; archives replaces what a source sends, nil lets it fail.
func newMachine(t *testing.T, archives map[source][]byte) *machine {
	t.Helper()
	const member = "package/lib/libonnxruntime.so.1"
	good := map[source][]byte{fromPip: wheel(t, member, library), fromNPM: tgz(t, "./"+member, library)}
	m := &machine{}
	m.path = filepath.Join(t.TempDir(), "onnxruntime", "1", "libonnxruntime.so")
	for _, s := range []source{fromPip, fromNPM} {
		m.artifacts = append(m.artifacts, artifact{
			source: s, member: member, sha256: checksum(good[s]), librarySHA256: checksum(library),
		})
	}
	m.fetch = func(a artifact, ctx context.Context, dir string) (string, error) {
		m.fetched.Add(1)
		data := good[a.source]
		if other, replaced := archives[a.source]; replaced {
			data = other
		}
		if data == nil {
			return "", errors.New("cannot be reached")
		}
		name := filepath.Join(dir, map[source]string{fromPip: "x.whl", fromNPM: "x.tgz"}[a.source])
		return name, os.WriteFile(name, data, 0o644)
	}
	m.probe = func(string) (string, error) { return "1.30.0", nil }
	m.log = func(string) {}
	return m
}

// content returns what is installed, and fails if anything else was left.
func (m *machine) content(t *testing.T) []byte {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(m.path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(m.path) {
			t.Errorf("%s was left behind", e.Name())
		}
	}
	data, err := os.ReadFile(m.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return data
}

func TestSetupTakesTheFirstSourceThatWorks(t *testing.T) {
	other := wheel(t, "package/lib/libonnxruntime.so.1", []byte("something else"))
	for _, c := range []struct {
		name     string
		archives map[source][]byte
		fetches  int32
	}{
		{"the first", nil, 1},
		{"first cannot be reached", map[source][]byte{fromPip: nil}, 2},
		{"first is another archive", map[source][]byte{fromPip: other}, 2},
		{"first is no archive", map[source][]byte{fromPip: []byte("<html>")}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, c.archives)
			if _, err := m.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := m.content(t); !bytes.Equal(got, library) {
				t.Errorf("installed %q", got)
			}
			if _, err := m.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := m.fetched.Load(); n != c.fetches {
				t.Errorf("%d fetches in two runs, want %d", n, c.fetches)
			}
		})
	}
}

func TestSetupRefusesWhatIsNotPinned(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(a *artifact)
		want   string
	}{
		{"archive", func(a *artifact) { a.sha256 = checksum([]byte("x")) }, "thrown away"},
		{"library", func(a *artifact) { a.librarySHA256 = checksum([]byte("x")) }, "thrown away"},
		{"member", func(a *artifact) { a.member = "elsewhere" }, "unpack elsewhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, nil)
			for i := range m.artifacts {
				c.change(&m.artifacts[i])
			}
			_, err := m.run(t.Context())
			var failed *SetupError
			if !errors.As(err, &failed) || len(failed.Attempts) != 2 {
				t.Fatalf("error %v, want a SetupError with both sources", err)
			}
			for _, want := range []string{c.want, string(fromPip), string(fromNPM), PathVariable} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message does not have %q:\n%v", want, err)
				}
			}
			if got := m.content(t); got != nil {
				t.Errorf("installed %q", got)
			}
		})
	}
}

func TestSetupMovesOnWhenTheLibraryCannotBeLoaded(t *testing.T) {
	m := newMachine(t, nil)
	refused := loadError("x.so", "version `GLIBC_2.38' not found")
	tries := 0
	m.probe = func(string) (string, error) {
		if tries++; tries == 1 {
			return "", refused
		}
		return "1.30.0", nil
	}
	if _, err := m.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	m = newMachine(t, nil)
	m.probe = func(string) (string, error) { return "", refused }
	if _, err := m.run(t.Context()); !errors.Is(err, refused) || m.content(t) != nil {
		t.Fatalf("error %v", err)
	}
}

func TestSetupReplacesADamagedLibrary(t *testing.T) {
	m := newMachine(t, nil)
	if err := os.MkdirAll(filepath.Dir(m.path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.path, library[:4], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := m.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.content(t); !bytes.Equal(got, library) {
		t.Errorf("installed %q", got)
	}
}

func TestSetupAtTheSameTime(t *testing.T) {
	m := newMachine(t, nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := m.run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := m.content(t); !bytes.Equal(got, library) {
		t.Errorf("installed %q", got)
	}
}

func TestSetupIsCancelled(t *testing.T) {
	m := newMachine(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	m.fetch = func(a artifact, ctx context.Context, dir string) (string, error) {
		cancel()
		return "", ctx.Err()
	}
	if _, err := m.run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if got := m.content(t); got != nil {
		t.Errorf("installed %q", got)
	}
}

func TestSetupForAnUnknownSystem(t *testing.T) {
	m := newMachine(t, nil)
	m.artifacts = nil
	_, err := m.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), PathVariable) {
		t.Fatalf("error %v does not say what to do", err)
	}
}

func TestEveryPlatformHasEverySource(t *testing.T) {
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64"} {
		var sources []source
		for _, a := range pinned {
			if a.platform != platform {
				continue
			}
			sources = append(sources, a.source)
			for _, sum := range []string{a.sha256, a.librarySHA256} {
				if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size {
					t.Errorf("%s, %s: %q is no SHA-256", platform, a.source, sum)
				}
			}
		}
		if len(sources) != 3 || sources[0] != fromRelease || sources[1] != fromPip || sources[2] != fromNPM {
			t.Errorf("%s: sources %v", platform, sources)
		}
	}
}

func TestUnpackIsLimited(t *testing.T) {
	if err := copyLibrary(io.Discard, zeroes{}); err == nil {
		t.Error("an endless library was unpacked")
	}
}

type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) { return len(b), nil }

func TestFetchRelease(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(bytes.Repeat([]byte("x"), 100_000))
	}))
	defer server.Close()

	t.Run("whole", func(t *testing.T) {
		a := artifact{source: fromRelease, origin: server.URL + "/there", size: 100_000}
		file, err := a.fetch(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Size() != 100_000 {
			t.Errorf("got %v, %v", info, err)
		}
	})
	t.Run("longer than it should be", func(t *testing.T) {
		a := artifact{source: fromRelease, origin: server.URL + "/there", size: 10}
		file, err := a.fetch(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Size() != 11 {
			t.Errorf("got %v, %v", info, err)
		}
	})
	t.Run("missing", func(t *testing.T) {
		a := artifact{source: fromRelease, origin: server.URL + "/gone", size: 10}
		if _, err := a.fetch(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("error %v", err)
		}
	})
}

// program puts a shell script of that name into a folder that becomes the
// only one in PATH beside the system's.
func program(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/bin:/usr/bin")
}

func TestFetchThroughPackageManagers(t *testing.T) {
	for _, c := range []struct {
		name, program, script, want string
		source                      source
	}{
		{"pip", "python3", `while [ "$1" != --dest ]; do shift; done; echo x > "$2/a.whl"`, "", fromPip},
		{"npm", "npm", `while [ "$1" != --pack-destination ]; do shift; done; echo x > "$2/a.tgz"`, "", fromNPM},
		{"no pip", "python3", "echo; echo No module named pip >&2; exit 1", "No module named pip", fromPip},
		{"no file", "npm", "exit 0", "0 files", fromNPM},
	} {
		t.Run(c.name, func(t *testing.T) {
			program(t, c.program, c.script)
			file, err := artifact{source: c.source}.fetch(t.Context(), t.TempDir())
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := artifact{source: fromNPM}.fetch(t.Context(), t.TempDir())
		if err == nil || !strings.Contains(err.Error(), "no npm on this machine") {
			t.Fatalf("error %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		program(t, "npm", "exec sleep 60")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := (artifact{source: fromNPM}).fetch(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
	})
}
