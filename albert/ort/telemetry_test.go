package ort_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
)

// The telemetry of ONNX Runtime writes into the user's folders and crashes
// when the command line is long.
func TestOpenWithoutTelemetry(t *testing.T) {
	const child = "ORT_TEST_CHILD"
	if os.Getenv(child) != "" {
		orttest.Runtime(t)
		return
	}
	library := orttest.Library(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no argument":       nil,
		"one long argument": {strings.Repeat("a", 100_000)},
		"many arguments":    strings.Fields(strings.Repeat("documents/letter.txt ", 3000)),
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			cmd := exec.Command(program, append([]string{"-test.run=^TestOpenWithoutTelemetry$", "--"}, args...)...)
			for _, v := range os.Environ() {
				// Looking for the library has set it in this process.
				if !strings.HasPrefix(v, "ORT_DISABLE_TELEMETRY=") {
					cmd.Env = append(cmd.Env, v)
				}
			}
			cmd.Env = append(cmd.Env, child+"=1", ort.PathVariable+"="+library.Path,
				"HOME="+home, "TMPDIR="+home, "XDG_CACHE_HOME="+filepath.Join(home, "cache"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %.2000s", err, out)
			}
			err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
				if path != home {
					t.Errorf("%s was written", path)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
