package options_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/extract"
)

// parse fills the options from a command line. It returns what the program says
// if it refuses it.
func parse(t *testing.T, o cli.Options, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", dir)
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", options.IndexVariable, options.ModelsVariable, ort.PathVariable} {
		t.Setenv(name, "")
	}
	var stderr bytes.Buffer
	app := &cli.App{
		Name: "albert-search", Stdout: &stderr, Stderr: &stderr,
		Explain:  func(error, *cli.Call) (string, []string) { return "", nil },
		Commands: []*cli.Command{{Name: "run", Options: o, Run: func(context.Context, *cli.Call) error { return nil }}},
	}
	if app.Run(t.Context(), append([]string{"albert-search", "run"}, args...)) == cli.Done {
		return ""
	}
	return stderr.String()
}

func TestFilter(t *testing.T) {
	var o options.Filter
	text := parse(t, &o, "--path", "a", "--path", "b,c", "--not-path", "d", "--type", "pdf,HTML", "--type", "code",
		"--meta", "author=me", "--meta", "k=v=w", "--after", "2024-03", "--before", "2025")
	want := index.Filter{
		Paths: []string{"a", "b,c"}, NotPaths: []string{"d"}, Types: []string{"pdf", "html", "code"},
		Metadata: map[string]string{"author": "me", "k": "v=w"},
		After:    time.Date(2024, 3, 1, 0, 0, 0, 0, time.Local), Before: time.Date(2025, 1, 1, 0, 0, 0, 0, time.Local),
	}
	if text != "" || !reflect.DeepEqual(o.Filter, want) {
		t.Errorf("%+v, want %+v: %s", o.Filter, want, text)
	}
}

func TestLimits(t *testing.T) {
	var o options.Limits
	if text := parse(t, &o); text != "" || o.Limits != extract.DefaultLimits() {
		t.Errorf("%+v: %s", o.Limits, text)
	}
	if text := parse(t, &o, "--max-text", "3", "--max-time", "7", "--max-ratio", "9"); text != "" ||
		o.TextBytes != 3<<20 || o.Time != 7*time.Second || o.Ratio != 9 {
		t.Errorf("%+v: %s", o.Limits, text)
	}
	for _, value := range []string{"0", "-1", "1073741825", "x"} {
		if text := parse(t, &o, "--max-pages", value); !strings.Contains(text, "--max-pages") {
			t.Errorf("%s: %q", value, text)
		}
	}
}

func TestIndexAddress(t *testing.T) {
	var o options.Index
	if text := parse(t, &o); text != "" {
		t.Fatal(text)
	}
	dir, err := filepath.EvalSymlinks(os.Getenv("HOME"))
	if err != nil {
		t.Fatal(err)
	}
	folder := func() string {
		t.Helper()
		got, err := o.Address()
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(dir, got)
		if err != nil {
			t.Fatal(err)
		}
		return rel
	}
	if got := folder(); got != ".local/share/albert-search/index" {
		t.Errorf("the user's is %s", got)
	}
	if err := os.Mkdir(".albert-search", 0o755); err != nil {
		t.Fatal(err)
	}
	if got := folder(); got != ".albert-search/index" {
		t.Errorf("the project's is %s", got)
	}
	o.Named = "mine"
	if got := folder(); got != "mine" {
		t.Errorf("the one named is %s", got)
	}
	if err := os.Mkdir("far:there", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"far:there", "./far:away", `C:\index`, "a b:c"} {
		if o.Named = path; folder() != filepath.Clean(path) {
			t.Errorf("%s is taken for %s", path, folder())
		}
	}
	for _, address := range []string{"file:x", "file:///x"} {
		o.Named = address
		if got, err := o.Address(); got != address || err != nil {
			t.Errorf("%s is taken for %s, %v", address, got, err)
		}
	}
	for _, unknown := range []string{"far:away", "far://host/away"} {
		o.Named = unknown
		if got, err := o.Address(); err == nil || albertsearch.KindOf(err) != albertsearch.KindUsage || !strings.Contains(err.Error(), "only file: and folders") {
			t.Errorf("%s is taken for %s, %v", unknown, got, err)
		}
	}
}

func TestModel(t *testing.T) {
	var o modelOptions
	if text := parse(t, &o, "--reader", "nobody"); text != "" || o.Name != "nobody" {
		t.Fatalf("%q: %s", o.Name, text)
	}
	if _, err := o.Files(); err == nil || !strings.Contains(err.Error(), "the reader: ") {
		t.Errorf("a model that is not there: %v", err)
	}
	for _, name := range []string{"", "builtin"} {
		o.Name = name
		var to albertsearch.Options
		if err := options.Apply(&to, &o); err != nil || len(to.Models) != 0 {
			t.Errorf("%q: %v, %v", name, to.Models, err)
		}
	}
}

type modelOptions struct{ options.Model }

func (o *modelOptions) Flags() []cli.Flag {
	o.Model = options.Reader()
	return []cli.Flag{o.Flag()}
}

func TestCalibrationFiles(t *testing.T) {
	var o options.Answers
	if text := parse(t, &o, "--calibration", "nowhere.json", "--threshold", "0.5"); text != "" {
		t.Fatal(text)
	}
	var to albertsearch.Options
	if err := options.Apply(&to, &o); err == nil || !strings.Contains(err.Error(), "read the calibration") {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile("nowhere.json", []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := options.Apply(&to, &o); err == nil || !strings.Contains(err.Error(), "nowhere.json") {
		t.Errorf("a file that is no calibration: %v", err)
	}
	for _, value := range []string{"0", "1.1", "-0.5", "NaN", "x"} {
		if text := parse(t, &o, "--threshold", value); !strings.Contains(text, "--threshold") {
			t.Errorf("%s: %q", value, text)
		}
	}
}
