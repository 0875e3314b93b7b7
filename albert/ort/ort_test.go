package ort_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

func TestFindOrder(t *testing.T) {
	found := orttest.Runtime(t).Library()
	named, folder, cache := t.TempDir(), t.TempDir(), t.TempDir()
	file := filepath.Join(named, filepath.Base(found.Path))
	link(t, found.Path, file)
	link(t, found.Path, filepath.Join(folder, filepath.Base(found.Path)))
	link(t, found.Path, filepath.Join(cache, "onnxruntime", ort.Version, filepath.Base(found.Path)))

	for _, c := range []struct {
		name, variable string
		options        ort.FindOptions
		source, path   string
	}{
		{"flag over environment", folder, ort.FindOptions{Path: file, CacheDir: cache}, "flag", file},
		{"environment over cache", file, ort.FindOptions{CacheDir: cache}, "environment", file},
		{"folder", folder, ort.FindOptions{}, "environment", filepath.Join(folder, filepath.Base(found.Path))},
		{"cache", "", ort.FindOptions{CacheDir: cache}, "cache", filepath.Join(cache, "onnxruntime", ort.Version, filepath.Base(found.Path))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(ort.PathVariable, c.variable)
			lib, err := ort.Find(c.options)
			if err != nil {
				t.Fatal(err)
			}
			if lib.Source != c.source || lib.Path != c.path || lib.Version != found.Version {
				t.Errorf("found %+v, want %s from %s", lib, c.path, c.source)
			}
		})
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func TestFindNamesWhatWasTried(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.so")
	if err := os.WriteFile(junk, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, want string
	}{
		{"junk", junk, "refuses it"},
		{"missing", filepath.Join(dir, "missing.so"), "not there"},
		{"folder without one", dir, "not there"},
		{"another library", compile(t, "int answer(void) { return 42; }"), "no OrtGetApiBase"},
		{"without version", compile(t, "void *OrtGetApiBase(void) { return 0; }"), "does not say which version"},
		{"too old", compile(t, fakeRuntime("1.20.1")), "version 1.20.1, and 1.29 or a later 1.x is needed"},
		{"too new", compile(t, fakeRuntime("2.0.0")), "version 2.0.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ort.Find(ort.FindOptions{Path: c.path})
			var notFound *ort.NotFoundError
			if !errors.As(err, &notFound) {
				t.Fatalf("error %v, want a NotFoundError", err)
			}
			for _, want := range []string{c.want, c.path} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message does not have %q:\n%v", want, err)
				}
			}
			if source := notFound.Attempts[0].Source; source != ort.FromOptions {
				t.Errorf("it was named by %q", source)
			}
			if _, err := ort.Open(ort.Library{Path: c.path}); err == nil {
				t.Error("and Open takes it")
			}
		})
	}
	t.Run("environment", func(t *testing.T) {
		t.Setenv(ort.PathVariable, junk)
		_, err := ort.Find(ort.FindOptions{})
		var notFound *ort.NotFoundError
		if !errors.As(err, &notFound) || notFound.Attempts[0].Source != ort.FromEnvironment || !strings.Contains(err.Error(), junk) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("none is named", func(t *testing.T) {
		err := &ort.NotFoundError{Attempts: []ort.Attempt{{Source: "cache", Path: junk, Err: fs.ErrNotExist}}}
		if !strings.Contains(err.Error(), "cache: "+junk+": not there") || strings.Contains(err.Error(), "--") {
			t.Errorf("the message does not say what was tried, or names a flag:\n%v", err)
		}
	})
	t.Run("version is typed", func(t *testing.T) {
		_, err := ort.Find(ort.FindOptions{Path: compile(t, fakeRuntime("1.20.1"))})
		var version *ort.VersionError
		if !errors.As(err, &version) || version.Version != "1.20.1" {
			t.Errorf("error %v, want a VersionError", err)
		}
	})
}

// fakeRuntime is a library that says it is ONNX Runtime of that version and
// has nothing else, so that a caller that goes on crashes.
func fakeRuntime(version string) string {
	return fmt.Sprintf(`
static const char *version(void) { return %q; }
static struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { 0, version };
const void *OrtGetApiBase(void) { return &base; }
`, version)
}

// compile makes a library with the C compiler that built this package.
func compile(t *testing.T, source string) string {
	t.Helper()
	cc, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "lib.c"), filepath.Join(dir, "lib.so")
	if err := os.WriteFile(in, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	command := append(strings.Fields(string(cc)), "-shared", "-fPIC", "-o", out, in)
	if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return out
}

func TestCPUFeaturesAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range ort.CPUFeatures() {
		if name == "" || seen[name] {
			t.Errorf("%q is named twice, or not", name)
		}
		seen[name] = true
	}
}
