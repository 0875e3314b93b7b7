package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tree is the module as it is on this system: build constraints count.
type tree struct {
	packages []pack
	commands []command // of the Makefile and of documents
}

// pack is a package and the functions in its tests.
type pack struct {
	importPath                        string
	path                              string // from the root: ".", "index/local"
	tests, fuzz, benchmarks, examples []string
}

func (p pack) guarded() bool { return len(p.tests)+len(p.fuzz)+len(p.examples) > 0 }

func readTree() (*tree, error) {
	var t tree
	listed, err := goList("./...")
	if err != nil {
		return nil, err
	}
	for _, l := range listed {
		p := pack{importPath: l.ImportPath, path: l.path()}
		for _, name := range append(l.TestGoFiles, l.XTestGoFiles...) {
			if err := p.read(filepath.Join(l.Dir, name)); err != nil {
				return nil, err
			}
		}
		t.packages = append(t.packages, p)
	}
	t.commands, err = allCommands()
	return &t, err
}

// read adds the functions of a file that the Go command would run.
func (p *pack) read(name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil {
			continue
		}
		for prefix, list := range map[string]*[]string{
			"Test": &p.tests, "Fuzz": &p.fuzz, "Benchmark": &p.benchmarks, "Example": &p.examples,
		} {
			if strings.HasPrefix(f.Name.Name, prefix) && f.Name.Name != "TestMain" {
				*list = append(*list, f.Name.Name)
			}
		}
	}
	return nil
}

// listed is what the Go command says of a package.
type listed struct {
	Dir                       string
	ImportPath                string
	Module                    struct{ Path string }
	TestGoFiles, XTestGoFiles []string
}

func (l listed) path() string {
	if l.ImportPath == l.Module.Path {
		return "."
	}
	return strings.TrimPrefix(l.ImportPath, l.Module.Path+"/")
}

func goList(patterns ...string) ([]listed, error) {
	out, err := exec.Command("go", append([]string{"list", "-json=Dir,ImportPath,Module,TestGoFiles,XTestGoFiles"}, patterns...)...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("go list %s: %s", strings.Join(patterns, " "), bytes.TrimSpace(exit.Stderr))
		}
		return nil, err
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		err := d.Decode(&l)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
}

// counts are those that the sources tell.
func (t *tree) counts() ([]count, error) {
	var tests, fuzz, examples int
	for _, p := range t.packages {
		tests, fuzz, examples = tests+len(p.tests), fuzz+len(p.fuzz), examples+len(p.examples)
	}
	raced, racedTests := 0, 0
	seen := map[string]bool{}
	for _, c := range t.commands {
		if !c.has("-race") {
			continue
		}
		packages, err := t.match(c.packages)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			if p.guarded() && !seen[p.path] {
				seen[p.path] = true
				raced++
				racedTests += len(p.tests)
			}
		}
	}
	scripts, err := filepath.Glob("cmd/albert-search/testdata/script/*.txtar")
	if err != nil {
		return nil, err
	}
	ratios, err := guardedRatios()
	if err != nil {
		return nil, err
	}
	return []count{
		{name: "tests", n: tests}, {name: "examples", n: examples},
		{name: "transcripts of the command", n: len(scripts)}, {name: "fuzz targets", n: fuzz},
		{name: "packages raced", n: raced}, {name: "tests raced", n: racedTests}, {name: "guarded ratios", n: ratios},
	}, nil
}

// guardedRatios counts the recorded ratios of bench/ratios.json.
func guardedRatios() (int, error) {
	var file struct{ Ratios map[string]float64 }
	text, err := os.ReadFile("bench/ratios.json")
	if err != nil {
		return 0, err
	}
	err = json.Unmarshal(text, &file)
	return len(file.Ratios), err
}

// match returns the packages that patterns name, each of which must name one with
// tests.
func (t *tree) match(patterns []string) ([]pack, error) {
	var out []pack
	for _, pattern := range patterns {
		guarded := false
		clean := strings.TrimPrefix(filepath.ToSlash(pattern), "./")
		tree, all := strings.CutSuffix(clean, "...")
		tree = strings.TrimSuffix(tree, "/")
		for _, p := range t.packages {
			if p.path == clean || all && (tree == "" || p.path == tree || strings.HasPrefix(p.path, tree+"/")) {
				out = append(out, p)
				guarded = guarded || p.guarded() || len(p.benchmarks) > 0
			}
		}
		if !guarded {
			return nil, fmt.Errorf("%s names no package with tests", pattern)
		}
	}
	return out, nil
}

// allCommands returns what make would run and what the documents advise to run.
func allCommands() ([]command, error) {
	var all []command
	for _, target := range []string{"test", "race", "torture", "fuzz"} {
		out, err := exec.Command("make", "-n", target).Output()
		if err != nil {
			return nil, fmt.Errorf("make -n %s: %w", target, err)
		}
		all = append(all, commandsOf("make "+target, string(out))...)
	}
	if len(all) == 0 {
		return nil, errors.New("make test, race, torture and fuzz would run no go test")
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == ".git" || path == "bin" || d.Name() == "sample"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		all = append(all, commandsOf(path, codeOf(string(text)))...)
		return err
	})
	if err != nil {
		return nil, err
	}
	ratios, err := ratioCommands()
	return append(all, ratios...), err
}

// ratioCommands are the benchmarks of bench/ratios.json.
func ratioCommands() ([]command, error) {
	var file struct {
		Benchmarks []struct{ Package, Bench, Guard string }
	}
	text, err := os.ReadFile("bench/ratios.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if len(file.Benchmarks) == 0 {
		return nil, errors.New("bench/ratios.json has no benchmarks")
	}
	var all []command
	for _, b := range file.Benchmarks {
		for _, pattern := range []string{b.Bench, b.Guard} {
			if pattern != "" {
				all = append(all, command{
					from: "bench/ratios.json", packages: []string{b.Package}, flags: map[string]string{"-bench": pattern},
				})
			}
		}
	}
	return all, nil
}
