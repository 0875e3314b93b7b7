package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
)

// What is written are the same models, to the last weight.
func TestExport(t *testing.T) {
	for name, files := range map[string]fs.FS{"embedder": builtin.Embedder(), "reader": builtin.Reader()} {
		dir := filepath.Join(t.TempDir(), name)
		if err := export(files, dir); err != nil {
			t.Fatal(err)
		}
		if got, want := load(t, os.DirFS(dir)), load(t, files); got != want {
			t.Errorf("the %s has the ID %s, the built-in one %s", name, got, want)
		}
	}
}

func load(t *testing.T, files fs.FS) string {
	t.Helper()
	m, err := albert.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return m.ID()
}

func TestExportFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "model.safetensors"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := export(builtin.Embedder(), dir); err == nil {
		t.Error("no error where a folder is in the way")
	}
}
