package main

import (
	"os"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
)

// What is written is the same model, to the last weight.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	if err := export(builtin.Embedder(), dir); err != nil {
		t.Fatal(err)
	}
	model, err := albert.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if id := model.ID(); id != builtin.EmbedderID {
		t.Errorf("the ID is %s, the built-in embedder's %s", id, builtin.EmbedderID)
	}
	if err := export(builtin.Reader(), dir+"/\x00"); err == nil {
		t.Error("no error for a folder that cannot be made")
	}
}
