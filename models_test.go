package albertsearch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// parity is a tiny checkpoint that package albert is tested with.
func parity(name string) *albertsearch.ModelFiles {
	return &albertsearch.ModelFiles{Name: name, Files: os.DirFS("albert/testdata/parity/" + name)}
}

// indexWith indexes a document with an embedder and asks a question.
func indexWith(t *testing.T, embedder, reader *albertsearch.ModelFiles) (id string, res *albertsearch.AskResult, err error) {
	t.Helper()
	docs := t.TempDir()
	if err := os.WriteFile(filepath.Join(docs, "a.txt"), []byte("word1 word2 word3 word4"), 0o644); err != nil {
		t.Fatal(err)
	}
	e, err := albertsearch.Open(albertsearch.Options{
		Dir: filepath.Join(t.TempDir(), "index"), ONNXRuntime: orttest.Runtime(t).Library().Path,
		Models: albertsearch.Models{albert.RoleEmbedder: embedder, albert.RoleReader: reader},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	x := formats.New(extract.Options{})
	defer x.Close()
	source, err := source.Files([]string{docs}, source.FileOptions{Extractor: x})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{source}}); err != nil {
		return "", nil, err
	}
	st, err := e.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, err = e.Ask(t.Context(), albertsearch.AskRequest{Question: "word3 word4?"})
	return st.Settings.Embedder, res, err
}

func TestModelsBroughtAlong(t *testing.T) {
	ids := make(map[string]albertsearch.Pooling)
	for _, pooling := range append(albertsearch.Poolings(), "") {
		embedder := parity("shared")
		embedder.Pooling = pooling
		id, res, err := indexWith(t, embedder, parity("groups"))
		if err != nil {
			t.Fatal(err)
		}
		if res.Read != 1 || len(res.Answers) == 0 {
			t.Errorf("%s: read %d passages, answers %v", pooling, res.Read, res.Answers)
		}
		if other, ok := ids[id]; ok && (pooling != "" || other != albertsearch.PoolMean) {
			t.Errorf("vectors of pooling %q and %q have one ID", pooling, other)
		}
		ids[id] = pooling
	}
	if len(ids) != len(albertsearch.Poolings()) {
		t.Errorf("IDs %v: no pooling is not the mean", ids)
	}
	short := parity("shared")
	short.Window = 8
	id, _, err := indexWith(t, short, parity("groups"))
	if _, ok := ids[id]; err != nil || ok {
		t.Errorf("a shorter window: ID %s, error %v", id, err)
	}
}

func TestModelsBroughtAlongAreChecked(t *testing.T) {
	for _, c := range []struct {
		embedder, reader *albertsearch.ModelFiles
		want             []string
	}{
		{&albertsearch.ModelFiles{Name: "mine", Files: os.DirFS(t.TempDir())}, parity("groups"), []string{"mine", "config.json"}},
		{&albertsearch.ModelFiles{Name: "mine", Files: parity("shared").Files, Pooling: "best"}, parity("groups"), []string{"mine", "best", "cls"}},
		{&albertsearch.ModelFiles{Name: "mine", Files: parity("shared").Files, Window: 41}, parity("groups"), []string{"mine", "41", "40 positions"}},
		{&albertsearch.ModelFiles{Name: "mine", Files: parity("shared").Files, Window: 4}, parity("groups"), []string{"mine", "too short"}},
		{parity("shared"), parity("bfloat"), []string{"bfloat", "qa_outputs"}},
	} {
		_, _, err := indexWith(t, c.embedder, c.reader)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not have %q", err, want)
			}
		}
	}
}
