package builtin_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
)

// What is written are the same models, to the last weight.
func TestCopy(t *testing.T) {
	for name, files := range map[string]fs.FS{"embedder": builtin.Embedder(), "reader": builtin.Reader()} {
		dir := filepath.Join(t.TempDir(), name)
		if err := builtin.Copy(files, dir); err != nil {
			t.Fatal(err)
		}
		if got, want := id(t, os.DirFS(dir)), id(t, files); got != want {
			t.Errorf("the %s has the ID %s, the built-in one %s", name, got, want)
		}
	}
}

func id(t *testing.T, files fs.FS) string {
	t.Helper()
	m, err := albert.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return m.ID()
}

func TestCopyFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "model.safetensors"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := builtin.Copy(builtin.Embedder(), dir); err == nil {
		t.Error("no error where a folder is in the way")
	}
}
