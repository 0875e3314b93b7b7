package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"albert-search": main})
}

// TestScripts runs the transcripts in testdata/script. The program runs as a
// process of its own, in an empty home folder.
func TestScripts(t *testing.T) {
	library := orttest.Library(t)
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("TESTDATA", testdata)
			env.Setenv(ort.PathVariable, library.Path)
			env.Setenv(indexVariable, filepath.Join(env.WorkDir, "the index"))
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root": // may read everything
				return os.Getuid() == 0, nil
			case "relevance": // the built-in reader judges it
				reader, err := albert.Load(builtin.Reader())
				return err == nil && reader.HasHead(albert.SpanRelevance), err
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
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
