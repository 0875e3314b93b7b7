package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/modelcmd"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"albert-search": main, "index-quickly": indexQuickly, "stat-walk": statWalk})
}

// TestScripts runs the transcripts in testdata/script. The program runs as a
// process of its own, in an empty home folder.
func TestScripts(t *testing.T) {
	library := orttest.Library(t)
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	checkpoints, err := filepath.Abs("../../albert/testdata/checkpoints")
	if err != nil {
		t.Fatal(err)
	}
	hub := newTestHub(checkpoints)
	t.Cleanup(hub.Close)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("TESTDATA", testdata)
			env.Setenv(ort.PathVariable, library.Path)
			env.Setenv(options.IndexVariable, filepath.Join(env.WorkDir, "the index"))
			env.Setenv("CHECKPOINTS", checkpoints)
			env.Setenv(modelcmd.EndpointVariable, hub.URL)
			return os.WriteFile(filepath.Join(env.WorkDir, "evil.bin"), []byte(evilPickle), 0o644)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root": // may read everything
				return os.Getuid() == 0, nil
			case "kernels": // this processor runs the built-in models by itself
				reader, err := albert.Load(builtin.Reader())
				return err == nil && !reader.NeedsRuntime(albert.Int8), err
			case "relevance": // the built-in reader judges it
				reader, err := albert.Load(builtin.Reader())
				return err == nil && reader.HasHead(albert.SpanRelevance), err
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "hashed": hashed, "begun": begun, "hostile": hostile,
		},
	})
}

// exits CODE COMMAND... runs a command that must end with the exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// hashed DIM PATH makes "the index" with another embedder than the program's,
// whose vectors have the length DIM.
func hashed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hashed DIM PATH")
	}
	dim, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(indexHashed(ts.MkAbs("the index"), dim, ts.MkAbs(args[1])))
}

func indexHashed(dir string, dim int, docs string) error {
	x := formats.New(extract.Options{})
	defer x.Close()
	source, err := source.Files([]string{docs}, source.FileOptions{Extractor: x})
	if err != nil {
		return err
	}
	e, err := albertsearch.Open(albertsearch.Options{Dir: dir, Embedder: embedtest.Hash{Dimension: dim}})
	if err != nil {
		return err
	}
	_, err = e.Index(context.Background(), albertsearch.IndexRequest{Sources: []ingest.Source{source}})
	return errors.Join(err, e.Close())
}

// begun DIM begins to re-embed "the index" for such an embedder, and leaves
// all documents but the first as they are.
func begun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: begun DIM")
	}
	dim, err := strconv.Atoi(args[0])
	ts.Check(err)
	ctx := context.Background()
	backend := local.New(ts.MkAbs("the index"), local.Options{})
	var st index.Stats
	ts.Check(index.Read(ctx, backend, func(s index.Snapshot) (err error) {
		st, err = s.Stats(ctx)
		return err
	}))
	w, err := backend.Create(ctx, st.Settings)
	ts.Check(err)
	shadow, err := w.(index.Reembedder).Reembed(ctx, index.Embedder{ID: embedtest.Hash{Dimension: dim}.ID(), Dim: dim})
	ts.Check(err)
	var vectors []index.Embedded
	var first *index.Info
	for p, err := range shadow.Passages(ctx) {
		ts.Check(err)
		if first == nil {
			first = p.Doc
		}
		if p.Doc == first {
			vectors = append(vectors, index.Embedded{ID: p.ID, Vector: make([]float32, dim)})
		}
	}
	ts.Check(shadow.Add(ctx, vectors))
	ts.Check(errors.Join(w.Close(), backend.Close()))
}
