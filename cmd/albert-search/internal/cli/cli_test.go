package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// findOptions have a flag of each kind.
type findOptions struct {
	Index   string
	Most    int
	Size    int64
	Least   float64
	Mode    mode
	Types   []string
	Paths   []string
	Meta    map[string]string
	After   time.Time
	Explain bool
	Library string
}

type mode string

func (o *findOptions) Flags() []cli.Flag {
	*o = findOptions{Most: 10, Size: 20 << 20, Mode: "hybrid"}
	above := func(x float64) error {
		if x > 0 {
			return nil
		}
		return errors.New("it must be above 0")
	}
	return []cli.Flag{
		{Name: "index", Env: "TEST_INDEX", Setting: cli.Configured, Path: true, Usage: "in `DIR`", To: cli.String(&o.Index)},
		{Name: "most", Short: "m", Env: "TEST_MOST", Setting: cli.Configured, Recorded: true, To: cli.Int(&o.Most, cli.AtLeast(1))},
		{Name: "size", Setting: cli.Configured, To: cli.Units(&o.Size, 1<<20, cli.Between(1, 99))},
		{Name: "least", Setting: cli.Unconfigured, To: cli.Float(&o.Least, above)},
		{Name: "mode", Setting: cli.Configured, Recorded: true, To: cli.Choice(&o.Mode, []mode{"hybrid", "keyword"})},
		{Name: "type", Setting: cli.Unconfigured, To: cli.Choices(&o.Types, []string{"pdf", "html"})},
		{Name: "path", Setting: cli.Configured, To: cli.List(&o.Paths)},
		{Name: "meta", Setting: cli.Unconfigured, To: cli.Pairs(&o.Meta)},
		{Name: "after", Setting: cli.Unconfigured, To: cli.Date(&o.After)},
		{Name: "explain", Setting: cli.Unconfigured, To: cli.Bool(&o.Explain)},
		{Name: "library", Setting: cli.UserConfigured, To: cli.String(&o.Library)},
	}
}

// result is one run of a program that has such a command.
type result struct {
	findOptions
	command        string // that ran
	args           []string
	record         []string
	typed          bool // --most
	exit           cli.Exit
	stdout, stderr string
}

// run runs the command line "albert-search ARGS".
func run(t *testing.T, args ...string) result {
	t.Helper()
	var r result
	var stdout, stderr bytes.Buffer
	o := &findOptions{}
	ran := func(_ context.Context, c *cli.Call) error {
		r.command, r.args, r.record, r.findOptions = c.Command(), c.Args, c.Record(), *o
		_, r.typed = c.Typed("most")
		if c.JSON {
			return c.PrintJSON(map[string]int{"hits": 0})
		}
		return nil
	}
	find := func(name string, options cli.Options) *cli.Command {
		return &cli.Command{Name: name, Usage: "find things", Options: options, Run: ran, Examples: []string{"albert-search " + name}}
	}
	app := &cli.App{
		Name: "albert-search", Version: "1", Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Explain: func(err error, _ *cli.Call) (string, []string) {
			if usage := (*cli.UsageError)(nil); errors.As(err, &usage) {
				return usage.ErrorKind(), []string{"see " + usage.Command}
			}
			return "other", []string{"do this", "or that"}
		},
		Commands: []*cli.Command{
			find("search", o), find("status", nil),
			{Name: "eval", Usage: "measure", Commands: []*cli.Command{find("ask", nil)}},
			{Name: "fail", Run: func(context.Context, *cli.Call) error { return errors.New(strings.Repeat("é", 1<<20)) }},
			{Name: "none", Run: func(context.Context, *cli.Call) error { return cli.NotFound }},
		},
	}
	r.exit = app.Run(t.Context(), append([]string{"albert-search"}, args...))
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// away is in a folder and a home that have no configuration.
func away(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "user"))
	return dir
}

// Flags stand before the command, behind it and behind arguments.
func TestFlagsStandAnywhere(t *testing.T) {
	away(t)
	for line, want := range map[string]string{
		"search x":                        "search [x] m=10",
		"search x y -m 5":                 "search [x y] m=5",
		"search -m 5 x":                   "search [x] m=5",
		"search x --most=5 y":             "search [x y] m=5",
		"search x --path *.md y":          "search [x y] m=10 path=[*.md]",
		"search x -- -m 5":                "search [x -m 5] m=10",
		"search -- x":                     "search [x] m=10",
		"--index dir -m5 search x":        "search [x] m=5 index=dir",
		"--index status search":           "search [] m=10 index=status",
		"search -":                        "search [-] m=10",
		"search a -":                      "search [a -] m=10",
		"search help":                     "search [help] m=10",
		"search x -m5":                    "search [x] m=5",
		"search x -qvm5":                  "search [x] m=5",
		"search x -qm 5":                  "search [x] m=5",
		"search x -qm=5":                  "search [x] m=5",
		"search x -mode keyword":          "search [x] m=10 mode=keyword",
		"search x --explain=false y":      "search [x y] m=10",
		"search x --explain":              "search [x] m=10 explain",
		"eval ask x --verbose":            "eval ask [x] m=10",
		"-v eval ask x":                   "eval ask [x] m=10",
		"eval -v ask x":                   "eval ask [x] m=10",
		"search --type pdf,HTML --type x": `--type "x": it must be one of pdf, html`,
		"search --type pdf,HTML":          "search [] m=10 type=[pdf html]",
		"search --size 3":                 "search [] m=10 size=3145728",
		"search --size 0":                 "--size 0: it must be at least 1 and at most 99",
		"search --size 100":               "--size 100: it must be at least 1 and at most 99",
		"search -m 0":                     "-m 0: it must be at least 1",
		"search --most many":              `--most "many": it must be a whole number`,
		"search -qm5x":                    `--most "5x": it must be a whole number`,
		"search --least x":                `--least "x": it must be a number`,
		"search --least -1":               "--least -1: it must be above 0",
		"search --mode psychic":           `--mode "psychic": it must be one of hybrid, keyword`,
		"search --explain=3":              `--explain "3": it must be true or false`,
		"search --index=":                 `--index "": it is empty`,
		"search --meta author":            `--meta "author": give it as KEY=VALUE`,
		"search --meta a=b=c":             "search [] m=10 meta=map[a:b=c]",
		"search --after yesterday":        `--after "yesterday": it is no date`,
		"search x -m":                     "-m needs a value",
		"search --zzzz x":                 "there is no flag --zzzz; words that begin with - go behind --",
		"search --expl x":                 "there is no flag --expl; did you mean --explain?",
		"search x -qz":                    "there is no flag -qz;",
		"search ---m":                     "there is no flag ---m;",
		"serach x":                        `there is no command "serach"; did you mean "search"?`,
		"--index dir serach x":            `there is no command "serach"; did you mean "search"?`,
		"eval aks x --json":               `there is no command \"aks\"; did you mean \"ask\"?`,
		"--nope":                          "there is no flag --nope",
		"--most":                          "--most is a flag of commands: name one",
		"eval --verbose":                  "--verbose is a flag of commands: name one",
		"status --most 5":                 "there is no flag --most",
	} {
		r := run(t, strings.Fields(line)...)
		if r.exit != cli.Done {
			if !strings.Contains(r.stderr, want) || r.exit != cli.Failed || r.command != "" {
				t.Errorf("%q: exit code %d, %s, want %s", line, r.exit, r.stderr, want)
			}
			continue
		}
		if got := r.String(); got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

// String is what is not as it is without flags.
func (r result) String() string {
	text := fmt.Sprintf("%s %v m=%d", r.command, r.args, r.Most)
	for _, f := range []struct {
		name    string
		value   any
		changed bool
	}{
		{"index", r.Index, r.Index != ""}, {"size", r.Size, r.Size != 0 && r.Size != 20<<20}, {"mode", r.Mode, r.Mode != "" && r.Mode != "hybrid"},
		{"type", r.Types, r.Types != nil}, {"path", r.Paths, r.Paths != nil}, {"meta", r.Meta, r.Meta != nil},
	} {
		if f.changed {
			text += fmt.Sprintf(" %s=%v", f.name, f.value)
		}
	}
	if r.Explain {
		text += " explain"
	}
	return text
}

func TestDates(t *testing.T) {
	away(t)
	local := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.Local) }
	for in, want := range map[string]time.Time{
		"2024":                 local(2024, 1, 1),
		"2024-03":              local(2024, 3, 1),
		"2024-03-15":           local(2024, 3, 15),
		"2024-03-15T14:30:00Z": time.Date(2024, 3, 15, 14, 30, 0, 0, time.UTC),
	} {
		if r := run(t, "search", "--after", in); r.exit != cli.Done || !r.After.Equal(want) {
			t.Errorf("%s: %v, %s", in, r.After, r.stderr)
		}
	}
	for _, in := range []string{"", "24", "2024-13", "2024-02-30", "15.3.2024"} {
		if r := run(t, "search", "--after", in); r.exit != cli.Failed {
			t.Errorf("%q: %v", in, r.After)
		}
	}
}

// The command line goes before the environment, that before the project's
// configuration, that before the user's.
func TestWhereValuesComeFrom(t *testing.T) {
	dir := away(t)
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	user, project := filepath.Join(dir, "user", "albert-search", "config.toml"), filepath.Join(dir, ".albert-search.toml")
	want := func(what string, most int, args ...string) result {
		t.Helper()
		r := run(t, append([]string{"search"}, args...)...)
		if r.exit != cli.Done || r.Most != most {
			t.Errorf("%s: %d, want %d: %s", what, r.Most, most, r.stderr)
		}
		return r
	}
	fails := func(what, text string) {
		t.Helper()
		if r := run(t, "search"); r.exit != cli.Failed || !strings.Contains(r.stderr, text) {
			t.Errorf("%s: %s, want %s", what, r.stderr, text)
		}
	}
	want("nothing said", 10)
	write(user, "most = 2\npath = [\"a\", \"b\"]\nlibrary = \"x.so\"\n")
	if r := want("user", 2); fmt.Sprint(r.Paths) != "[a b]" || r.Library != "x.so" || r.typed {
		t.Errorf("%+v", r)
	}
	write(project, "most = 3\nindex = \"mine\"\nmode = \"keyword\"\n")
	if r := want("project", 3); r.Index != filepath.Join(dir, "mine") || fmt.Sprint(r.record) != "[--most 3 --mode keyword]" {
		t.Errorf("%+v", r)
	}
	t.Setenv("TEST_MOST", "4")
	want("environment", 4)
	if r := want("command line", 5, "-m", "5"); !r.typed {
		t.Error("it was typed")
	}
	t.Setenv("TEST_MOST", "many")
	fails("environment", `the environment variable TEST_MOST is "many": it must be a whole number`)
	t.Setenv("TEST_MOST", "")
	want("empty variable", 3)
	if r := run(t, "status"); r.exit != cli.Done {
		t.Errorf("a command without these flags: %s", r.stderr)
	}
	for text, message := range map[string]string{
		"most = \"some\"":    `most = "some": it must be a whole number`,
		"most = 0":           "most = 0: it must be at least 1",
		"index = \"\"":       `index = "": it is empty`,
		"least = 1":          `there is no setting "least"; the settings are index, most`,
		"m = 1":              `there is no setting "m"`,
		"most = three":       "read the configuration",
		"library = \"x.so\"": "library names code that is run, which a project may not",
	} {
		write(project, text)
		fails(text, message)
	}
}

func TestExitCodesAndErrors(t *testing.T) {
	away(t)
	if r := run(t, "none"); r.exit != cli.NotFound || r.stderr != "" {
		t.Errorf("%d, %s", r.exit, r.stderr)
	}
	for _, args := range [][]string{{"fail"}, {"fail", "--json"}} {
		r := run(t, args...)
		if r.exit != cli.Failed || len(r.stderr) > 17<<10 || !strings.Contains(r.stderr, "bytes more") || strings.ContainsRune(r.stderr, '\uFFFD') {
			t.Errorf("%v: exit code %d, %d bytes", args, r.exit, len(r.stderr))
		}
	}
	var e cli.ErrorJSON
	if r := run(t, "search", "--nope", "--json"); json.Unmarshal([]byte(r.stderr), &e) != nil || e.Error.Kind != "usage" ||
		e.Error.Hint != "see search" {
		t.Errorf("%s", r.stderr)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cli.ErrInterrupted)
	var stderr bytes.Buffer
	app := &cli.App{Name: "albert-search", Stdout: io.Discard, Stderr: &stderr, Commands: []*cli.Command{{
		Name: "wait", Run: func(ctx context.Context, _ *cli.Call) error { return context.Cause(ctx) },
	}}}
	if exit := app.Run(ctx, []string{"albert-search", "wait"}); exit != cli.Interrupted || stderr.String() != "albert-search: interrupted\n" {
		t.Errorf("%d, %s", exit, stderr.String())
	}
}

func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"":                  "search status eval fail none",
		"eval":              "ask",
		"search --m":        "--most --mode --meta",
		"search --mode":     "hybrid keyword",
		"search x --mode":   "hybrid keyword",
		"search -m 5 --ty":  "--type",
		"search --type":     "pdf html",
		"search --most --m": "--mode --meta",
		"search -":          "--help -h --index --most -m --size --least --mode --type --path --meta --after --explain --library --json --color --quiet -q --verbose -v",
	} {
		r := run(t, append(strings.Fields(line), "--generate-bash-completion")...)
		if got := strings.Join(strings.Fields(r.stdout), " "); got != want || r.exit != cli.Done {
			t.Errorf("%q: %s, want %s (%s)", line, got, want, r.stderr)
		}
	}
}

func TestHelp(t *testing.T) {
	r := run(t, "search", "--help")
	for _, want := range []string{"--most value, -m value", "(default: 10)", "--index DIR", "[$TEST_INDEX]", "(default: hybrid)", "Examples:\n      albert-search search"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is not in the help:\n%s", want, r.stdout)
		}
	}
	if r.exit != cli.Done || r.command != "" {
		t.Errorf("exit code %d, %q ran", r.exit, r.command)
	}
}

func FuzzRun(f *testing.F) {
	for _, seed := range []string{"", "search x -m 5", "-- -", "--index", "search --path -- -m", "- - - search", "-\xec \x92 \xbe", "search -qm=", "eval --help"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Fields(line)
		r := run(t, args...)
		if r.exit != cli.Done && r.exit != cli.Failed && r.exit != cli.NotFound {
			t.Fatalf("exit code %d: %s", r.exit, r.stderr)
		}
		if r.exit == cli.Failed && r.stderr == "" {
			t.Fatal("it failed without a word")
		}
		// Arguments come through in their order and are not made up.
		for _, arg := range r.args {
			i := 0
			for i < len(args) && args[i] != arg {
				i++
			}
			if i == len(args) {
				t.Fatalf("%q is not among %q", arg, args)
			}
			args = args[i+1:]
		}
	})
}
