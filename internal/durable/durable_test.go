package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/internal/durable"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// names lists the files of a folder.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// recorder notes the steps that are taken, and makes one of them fail.
type recorder struct {
	steps []string
	fail  int // the step that fails, counted from 1; 0 for none
}

var errDisk = errors.New("the disk is broken")

func (r *recorder) disk() durable.FS {
	return durable.FS{Before: func(op durable.Op, path string) error {
		r.steps = append(r.steps, fmt.Sprint(op, " ", filepath.Base(path)))
		if len(r.steps) == r.fail {
			return errDisk
		}
		return nil
	}}
}

// changes are the ways in which the content of a file is changed.
var changes = map[string]func(d durable.FS, path, content string) error{
	"replace": func(d durable.FS, path, content string) error {
		return d.Replace(path, []byte(content), 0o600)
	},
	"create": func(d durable.FS, path, content string) (err error) {
		f, err := d.Create(path, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Discard()) }()
		// Whether a write fails is left to Commit.
		_, _ = f.Write([]byte(content[:1]))
		_, _ = f.Write([]byte(content[1:]))
		return f.Commit()
	},
}

// TestOrder checks the steps that make a replacement survive a loss of power.
func TestOrder(t *testing.T) {
	for name, want := range map[string][]string{
		"replace": {"create f.tmp", "write f.tmp", "sync f.tmp", "close f.tmp", "rename f", "sync folder 001"},
		"create":  {"create f", "write T", "write T", "chmod T", "sync T", "close T", "rename f", "sync folder 001"},
	} {
		path := filepath.Join(t.TempDir(), "f")
		var r recorder
		must(t, changes[name](r.disk(), path, "new"))
		for i, step := range r.steps {
			if at := strings.Index(step, " .f."); at > 0 { // the name is random
				r.steps[i] = step[:at] + " T"
			}
		}
		want[len(want)-1] = "sync folder " + filepath.Base(filepath.Dir(path))
		if !slices.Equal(r.steps, want) {
			t.Errorf("%s: %q, want %q", name, r.steps, want)
		}
	}
}

// TestEveryFailure makes each step fail in turn: the old content stays until
// the new one is whole, and nothing else is left in the folder.
func TestEveryFailure(t *testing.T) {
	for name, change := range changes {
		for step := 1; ; step++ {
			path := filepath.Join(t.TempDir(), "f")
			must(t, os.WriteFile(path, []byte("old"), 0o640))
			r := recorder{fail: step}
			err := change(r.disk(), path, "new")
			if len(r.steps) < step {
				must(t, err)
				break
			}
			if !errors.Is(err, errDisk) {
				t.Errorf("%s: step %q failed, the error is %v", name, r.steps[step-1], err)
			}
			want := "old"
			if strings.HasPrefix(r.steps[step-1], "sync folder") {
				want = "new"
			}
			if got := read(t, path); got != want {
				t.Errorf("%s: after %q failed there is %q", name, r.steps[step-1], got)
			}
			if got := names(t, filepath.Dir(path)); !slices.Equal(got, []string{"f"}) {
				t.Errorf("%s: after %q failed there are %q", name, r.steps[step-1], got)
			}
		}
	}
}

func TestReplaceOverwritesWhatAKilledProcessLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	must(t, os.WriteFile(path+durable.TempSuffix, []byte("a part"), 0o600))
	must(t, durable.FS{}.Replace(path, []byte("new"), 0o600))
	if got := read(t, path); got != "new" {
		t.Errorf("there is %q", got)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
}

func TestCreateKeepsThePermissionsOfWhatItReplaces(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]fs.FileMode{"new": 0o644, "old": 0o600} {
		path := filepath.Join(dir, name)
		if name == "old" {
			must(t, os.WriteFile(path, nil, 0o600))
		}
		f, err := durable.FS{}.Create(path, 0o644)
		must(t, err)
		must(t, f.Commit())
		must(t, f.Discard())
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: mode %v, want %v", name, got, want)
		}
	}
}

// TestSideBySide has two writers of one file: the last one to commit wins.
func TestSideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	var made []*durable.File
	for range 2 {
		f, err := durable.FS{}.Create(path, 0o600)
		must(t, err)
		made = append(made, f)
	}
	for i, f := range made {
		_, err := fmt.Fprintf(f, "writer %d", i)
		must(t, err)
		must(t, f.Finish())
		if got := read(t, f.Name()); got != fmt.Sprint("writer ", i) {
			t.Errorf("finished, there is %q", got)
		}
	}
	must(t, made[1].Commit())
	must(t, made[0].Commit())
	if got := read(t, path); got != "writer 0" {
		t.Errorf("there is %q", got)
	}
}

func TestADiscardedFileCannotBeCommitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f, err := durable.FS{}.Create(path, 0o600)
	must(t, err)
	must(t, f.Discard())
	must(t, f.Discard())
	if err := f.Commit(); err == nil {
		t.Error("no error")
	}
	if got := names(t, filepath.Dir(path)); len(got) != 0 {
		t.Errorf("there are %q", got)
	}
}

func TestWriteNewRefusesAFileThatExists(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	must(t, durable.FS{}.WriteNew(path, []byte("first"), 0o600))
	if err := (durable.FS{}).WriteNew(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v", err)
	}
	if got := read(t, path); got != "first" {
		t.Errorf("there is %q", got)
	}
}

func TestMkdirAll(t *testing.T) {
	dir := t.TempDir()
	var r recorder
	d := r.disk()
	must(t, d.MkdirAll(filepath.Join(dir, "a", "b"), 0o700))
	if at := slices.Index(r.steps, "mkdir a"); at < 0 || !slices.Equal(r.steps[at:], []string{"mkdir a", "sync folder " + filepath.Base(dir), "mkdir b", "sync folder a"}) {
		t.Errorf("steps %q", r.steps)
	}
	r.steps = nil
	must(t, d.MkdirAll(filepath.Join(dir, "a", "b"), 0o700))
	if !slices.Equal(r.steps, []string{"sync folder a"}) {
		t.Errorf("for a folder that is there: %q", r.steps)
	}
	r = recorder{fail: 1}
	if err := r.disk().MkdirAll(filepath.Join(dir, "a", "c"), 0o700); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
}

// TestLink has a file system with hard links and one without.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "src")
	must(t, os.WriteFile(src, []byte("content"), 0o600))
	must(t, durable.FS{}.Link(src, filepath.Join(dir, "linked"), 0o600))
	r := recorder{fail: 1}
	must(t, r.disk().Link(src, filepath.Join(dir, "copied"), 0o600))
	if want := []string{"link copied", "sync src", "create copied", "write copied", "sync copied", "close copied"}; !slices.Equal(r.steps, want) {
		t.Errorf("steps %q, want %q", r.steps, want)
	}
	for name, same := range map[string]bool{"linked": true, "copied": false} {
		path := filepath.Join(dir, name)
		if got := read(t, path); got != "content" {
			t.Errorf("%s: %q", name, got)
		}
		a, err := os.Stat(src)
		must(t, err)
		b, err := os.Stat(path)
		must(t, err)
		if os.SameFile(a, b) != same {
			t.Errorf("%s: the same file: %v", name, !same)
		}
	}
	if err := (durable.FS{}).Link(src, filepath.Join(dir, "copied"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file that is there: %v", err)
	}
	for step := 1; step <= 4; step++ {
		r := recorder{fail: step}
		dst := filepath.Join(dir, fmt.Sprint("failed ", step))
		if err := r.disk().Copy(src, dst, 0o600); !errors.Is(err, errDisk) {
			t.Errorf("%q failed: %v", r.steps[step-1], err)
		}
		if _, err := os.Lstat(dst); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after %q failed there is a copy", r.steps[step-1])
		}
	}
}

func TestRenameOfAFolder(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "made", "model")
	must(t, os.MkdirAll(filepath.Join(old, "sub"), 0o700))
	must(t, os.WriteFile(filepath.Join(old, "sub", "f"), []byte("content"), 0o600))
	var r recorder
	d := r.disk()
	must(t, d.SyncTree(old))
	must(t, d.Rename(old, filepath.Join(dir, "model")))
	want := []string{"sync folder model", "sync folder sub", "sync f", "rename model", "sync folder made", "sync folder " + filepath.Base(dir)}
	if !slices.Equal(r.steps, want) {
		t.Errorf("steps %q, want %q", r.steps, want)
	}
	if got := read(t, filepath.Join(dir, "model", "sub", "f")); got != "content" {
		t.Errorf("there is %q", got)
	}
	r = recorder{fail: 1}
	if err := r.disk().Rename(filepath.Join(dir, "model"), filepath.Join(dir, "other")); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "model")); err != nil {
		t.Error(err)
	}
}
