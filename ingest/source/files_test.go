package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/source"
)

// verbatim is an Extractor that takes every file as text.
type verbatim struct{}

func (verbatim) Extract(_ context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	if strings.HasSuffix(name, ".bin") {
		return nil, &extract.UnsupportedError{Kind: "a binary file"}
	}
	b, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	return &extract.Text{Body: string(b), Type: "text", Verbatim: true}, err
}

// tree makes files in a new folder: name to content. A name that ends with a
// slash is a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o777))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o777))
		must(t, os.WriteFile(path, []byte(content), 0o666))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func entries(t *testing.T, s ingest.Source) []ingest.Entry {
	t.Helper()
	var out []ingest.Entry
	for e, err := range s.Entries(t.Context()) {
		must(t, err)
		out = append(out, e)
	}
	return out
}

// listed returns the paths that Files offers in dir, relative to it; those
// that are not to be read with the reason.
func listed(t *testing.T, dir string, o source.FileOptions, roots ...string) []string {
	t.Helper()
	if len(roots) == 0 {
		roots = []string{dir}
	}
	o.Extractor = verbatim{}
	s, err := source.Files(roots, o)
	must(t, err)
	out := []string{}
	for _, e := range entries(t, s) {
		name := strings.TrimPrefix(e.Path, filepath.ToSlash(dir)+"/")
		if e.Skip != nil {
			name += ": " + e.Skip.Error()
		}
		out = append(out, name)
	}
	return out
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// gone reports whether a document that was indexed is taken for gone.
func gone(l *ingest.Listing, id string) bool {
	p := l.Plan(slices.Values([]*document.Info{{ID: id}}), ingest.PlanOptions{})
	return len(p.Gone) == 1
}

func TestFilesInLexicalOrder(t *testing.T) {
	dir := tree(t, map[string]string{"b.txt": "", "a/z": "", "a.txt": "", "a/b/c": "", "empty/": "", "B": ""})
	expect(t, listed(t, dir, source.FileOptions{}), "B", "a/b/c", "a/z", "a.txt", "b.txt")
	expect(t, listed(t, dir, source.FileOptions{}, dir, filepath.Join(dir, "a"), dir, filepath.Join(dir, "b.txt")),
		"B", "a.txt", "a/b/c", "a/z", "b.txt")
}

func TestFilesLeavesOut(t *testing.T) {
	dir := tree(t, map[string]string{
		".hidden/a": "", ".b": "", "c": "",
		".git/config": "", "sub/.git/config": "", "sub/d": "",
		"node_modules/e": "", "idx/f": "", ".albert-search/g": "",
	})
	skip := func(path string) bool { return filepath.Base(path) == "idx" }
	expect(t, listed(t, dir, source.FileOptions{SkipDir: skip}), "c", "sub/d")
	expect(t, listed(t, dir, source.FileOptions{SkipDir: skip}, filepath.Join(dir, "idx")))
	expect(t, listed(t, dir, source.FileOptions{SkipDir: skip, Hidden: true, NoIgnore: true}),
		".b", ".hidden/a", "c", "node_modules/e", "sub/d")
	expect(t, listed(t, dir, source.FileOptions{}, filepath.Join(dir, ".hidden")), ".hidden/a")
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	expect(t, listed(t, link, source.FileOptions{SkipDir: skip}), "c", "sub/d")
}

func TestGlobs(t *testing.T) {
	dir := tree(t, map[string]string{"a.md": "", "b.txt": "", "x/c.md": "", "x/y/d.md": "", "build/e.md": "", "x/build": ""})
	for _, c := range []struct {
		o    source.FileOptions
		want []string
	}{
		{source.FileOptions{Include: []string{"*.md"}}, []string{"a.md", "build/e.md", "x/c.md", "x/y/d.md"}},
		{source.FileOptions{Include: []string{"*.{md,txt}"}, Exclude: []string{"build/"}}, []string{"a.md", "b.txt", "x/c.md", "x/y/d.md"}},
		{source.FileOptions{Exclude: []string{"build", "*.txt"}}, []string{"a.md", "x/c.md", "x/y/d.md"}},
		{source.FileOptions{Include: []string{"x/*"}}, []string{"x/build", "x/c.md"}},
		{source.FileOptions{Include: []string{"x/**/*.md"}}, []string{"x/c.md", "x/y/d.md"}},
		{source.FileOptions{Include: []string{filepath.ToSlash(dir) + "/*.md"}}, []string{"a.md"}},
		{source.FileOptions{Exclude: []string{"x/y"}, Include: []string{"d.md", "c.md"}}, []string{"x/c.md"}},
	} {
		expect(t, listed(t, dir, c.o), c.want...)
	}
	if _, err := source.Files(nil, source.FileOptions{Include: []string{"[a"}}); err == nil {
		t.Error("a broken glob was taken")
	}
}

func TestIgnoreFiles(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		roots []string
		want  []string
	}{
		"negation": {map[string]string{".gitignore": "*.log\n!keep.log\n", "a.log": "", "keep.log": "", "s/keep.log": "", "s/b.log": ""}, nil,
			[]string{"keep.log", "s/keep.log"}},
		"a file in an ignored folder cannot come back": {map[string]string{".gitignore": "d/\n!d/a\n", "d/a": "", "e": ""}, nil, []string{"e"}},
		"anchored": {map[string]string{".gitignore": "/a\nx/b\n", "a": "", "s/a": "", "x/b": "", "s/x/b": ""}, nil, []string{"s/a", "s/x/b"}},
		"folders":  {map[string]string{".gitignore": "d/\n", "d/a": "", "s/d": ""}, nil, []string{"s/d"}},
		"two stars": {map[string]string{".gitignore": "**/t1\nb/**\nc/**/d\n", "t1": "", "x/t1": "", "b/1": "", "b/2/3": "", "c/d": "", "c/x/y/d": "", "d": ""}, nil,
			[]string{"d"}},
		"nested overrules":     {map[string]string{".gitignore": "*.a\n", "s/.gitignore": "!x.a\n", "x.a": "", "s/x.a": "", "s/y.a": ""}, nil, []string{"s/x.a"}},
		"ours overrules git's": {map[string]string{".gitignore": "a\nb\n", source.IgnoreFile: "!a\nc\n", "a": "", "b": "", "c": ""}, nil, []string{"a"}},
		"parents up to the repository": {map[string]string{".gitignore": "x\n", "r/.git/HEAD": "", "r/.gitignore": "y\n", "r/s/x": "", "r/s/y": "", "r/s/z": ""},
			[]string{"r/s"}, []string{"r/s/x", "r/s/z"}},
		"another repository within": {map[string]string{".git/HEAD": "", ".gitignore": "x\n", source.IgnoreFile: "y\n", "r/.git/HEAD": "", "r/x": "", "r/y": "", "x": ""}, nil,
			[]string{"r/x"}},
		"exclude file":  {map[string]string{".git/info/exclude": "x\n", "x": "", "y": ""}, nil, []string{"y"}},
		"a named root":  {map[string]string{".git/HEAD": "", ".gitignore": "x/\n*.b\n", "x/a": "", "x/b.b": "", "c.b": ""}, []string{"x", "c.b"}, []string{"c.b", "x/a"}},
		"comments":      {map[string]string{".gitignore": "# a\n\\#b\n\\!c\n\n", "# a": "", "#b": "", "!c": "", "d": ""}, nil, []string{"# a", "d"}},
		"spaces":        {map[string]string{".gitignore": "a \nb\\ \nc\r\n", "a": "", "b ": "", "b": "", "c": ""}, nil, []string{"b"}},
		"braces":        {map[string]string{".gitignore": "{a,b}\n", "a": "", "{a,b}": ""}, nil, []string{"a"}},
		"classes":       {map[string]string{".gitignore": "[!a]1\n[[:digit:]]2\n[]x]3\n", "a1": "", "b1": "", "32": "", "x2": "", "]3": "", "x3": "", "y3": ""}, nil, []string{"a1", "x2", "y3"}},
		"byte order":    {map[string]string{".gitignore": "\ufeffa\nb", "a": "", "b": "", "c": ""}, nil, []string{"c"}},
		"broken":        {map[string]string{".gitignore": "[a\n\\\n!\n/\n", "a": "", "[a": ""}, nil, []string{"[a", "a"}},
		"no name again": {map[string]string{".gitignore": "node_modules\n", "p/node_modules/a": "", "p/b": ""}, nil, []string{"p/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, c.files)
			var roots []string
			for _, r := range c.roots {
				roots = append(roots, filepath.Join(dir, r))
			}
			expect(t, listed(t, dir, source.FileOptions{}, roots...), c.want...)
		})
	}
}

// TestIgnoreLikeGit compares with what git itself would add, on trees and
// ignore files made by chance.
func TestIgnoreLikeGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	name := func() string { return pick("a", "b", "ab", "a.b", "b.a", "c", "a b", "éé", "[a]", "{a,b}", "ba.c") }
	pattern := func() string {
		part := func() string {
			return pick("a", "b", "ab", "*", "?", "a*", "*b", "**", "*.b", "[ab]", "[!a]", "[a-b]*", "[[:alpha:]]", "a**b", "{a,b}", `\a`, `\[a]`, "c", "a b", "?b", "[^b]", "a.?")
		}
		p := pick("", "", "/", "!", "!/") + part()
		for rng.IntN(3) == 0 {
			p += "/" + part()
		}
		return p + pick("", "", "/", " ", "/**")
	}
	for i := range 40 {
		files := map[string]string{}
		for range 25 {
			path := name()
			for rng.IntN(2) == 0 {
				path += "/" + name()
			}
			clash := false
			for f := range files {
				clash = clash || strings.HasPrefix(f, path+"/") || strings.HasPrefix(path, f+"/")
			}
			if !clash {
				files[path] = ""
			}
		}
		for _, dir := range []string{"", "a/", "b/"} {
			if _, taken := files[strings.TrimSuffix(dir, "/")]; taken {
				continue
			}
			var rules strings.Builder
			for range 1 + rng.IntN(3) {
				fmt.Fprintln(&rules, pattern())
			}
			files[dir+".gitignore"] = rules.String()
		}
		dir := tree(t, files)
		git := func(args ...string) string {
			cmd := exec.Command("git", args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
			out, err := cmd.Output()
			must(t, err)
			return string(out)
		}
		git("init", "-q", "--template=")
		want := strings.FieldsFunc(git("ls-files", "-z", "--others", "--exclude-standard"), func(r rune) bool { return r == 0 })
		got := listed(t, dir, source.FileOptions{Hidden: true})
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("tree %d\nours %q\ngit  %q\n.gitignore %q\na/.gitignore %q\nb/.gitignore %q", i, got, want,
				files[".gitignore"], files["a/.gitignore"], files["b/.gitignore"])
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	dir := tree(t, map[string]string{"bad/a": "", "good/b": "", "x.bin": ""})
	// A folder whose rules are not known may hold what its owner wants hidden.
	must(t, os.Symlink(source.IgnoreFile, filepath.Join(dir, "bad", source.IgnoreFile)))
	missing := filepath.Join(dir, "missing")
	s, err := source.Files([]string{dir, missing}, source.FileOptions{Extractor: verbatim{}})
	must(t, err)
	c := ingest.NewListing(s)
	var seen []string
	for _, e := range entries(t, s) {
		if !c.Add(e) || c.Add(e) {
			t.Errorf("%s is not seen first, then again", e.ID)
		}
		seen = append(seen, strings.TrimPrefix(e.ID, filepath.ToSlash(dir)))
		if skip := (*ingest.SkipError)(nil); errors.As(e.Skip, &skip) {
			t.Errorf("%s is skipped, not failed", e.ID)
		}
	}
	expect(t, seen, "/bad/", "/good/b", "/x.bin", "/missing")
	id := func(p string) string { return filepath.ToSlash(filepath.Join(dir, p)) }
	for path, want := range map[string]bool{"bad/a": false, "missing/a": false, "missing": true, "good/b": false, "good/c": true, "bad2/a": true, "../else": false} {
		if got := gone(c, id(path)); got != want {
			t.Errorf("Gone(%s) = %v", path, got)
		}
	}
}

// A run takes for gone only what it would have found.
func TestCovers(t *testing.T) {
	dir := tree(t, map[string]string{"sub/a.md": "", "b.txt": "", "r.jsonl": `{"text": ""}`})
	id := func(p string) string { return filepath.ToSlash(dir) + p }
	for _, c := range []struct {
		name     string
		o        source.FileOptions
		root     string
		yes, not []string
	}{
		{"all", source.FileOptions{}, "", []string{"/x", "/sub/x", "/r.jsonl#1", "/r.jsonl:1", "/q.jsonl#a/b", "/sub/", "/", ""},
			[]string{"2/x", "/.x", "/.d/x", "/sub/.d/x", "/.d/"}},
		{"hidden", source.FileOptions{Hidden: true}, "", []string{"/.x", "/.d/x", "/.d/", "//x"}, nil},
		{"include", source.FileOptions{Include: []string{"*.md", "*.jsonl"}}, "", []string{"/x.md", "/sub/x.md", "/r.jsonl#x.pdf", `/q.jsonl\:7`, "/sub/"},
			[]string{"/x", "/sub/x.txt", "/r.ndjson#x.md"}},
		{"exclude", source.FileOptions{Exclude: []string{"sub/", "*.txt"}}, "", []string{"/x", "/x/sub"},
			[]string{"/sub/x", "/sub/", "/y/sub/x", "/x.txt", "/y/x.txt"}},
		{"a file", source.FileOptions{}, "b.txt", []string{"/b.txt", "/b.txt#1"}, []string{"/b.txt:1", "/b.txt/c", "/b.txt2", "/sub/a.md"}},
		{"records", source.FileOptions{}, "r.jsonl", []string{"/r.jsonl", "/r.jsonl#1", `/r.jsonl\:1`, "/r.jsonl:1"}, []string{"/r.jsonl2", "/b.txt"}},
		{"missing", source.FileOptions{}, "disk", []string{"/disk", "/disk/x"}, []string{"/b.txt"}},
	} {
		s, err := source.Files([]string{filepath.Join(dir, c.root)}, c.o)
		must(t, err)
		for want, paths := range map[bool][]string{true: c.yes, false: c.not} {
			for _, p := range paths {
				if got := s.Covers(id(p)); got != want {
					t.Errorf("%s: Covers(%s) = %v", c.name, p, got)
				}
			}
		}
	}
}

func TestLoad(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "text", "b.bin": "\x00"})
	s, err := source.Files([]string{dir}, source.FileOptions{Extractor: verbatim{}})
	must(t, err)
	list := entries(t, s)
	doc, err := list[0].Load(t.Context())
	must(t, err)
	sum, err := list[0].Hash(t.Context())
	must(t, err)
	if doc.Body != "text" || doc.Fingerprint.SHA256 != sum || doc.Fingerprint.Size != 4 || doc.Modified.IsZero() {
		t.Errorf("%+v", doc)
	}
	_, err = list[1].Load(t.Context())
	if skip := (*ingest.SkipError)(nil); !errors.As(err, &skip) {
		t.Errorf("a binary file: %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, "a.txt")))
	if _, err = list[0].Load(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

// writer is an Extractor that changes the file it reads, the first n times.
type writer struct {
	path string
	n    int
}

func (w *writer) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	if w.n--; w.n >= 0 {
		f, err := os.OpenFile(w.path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		fmt.Fprint(f, "more")
		f.Close()
	}
	return verbatim{}.Extract(ctx, name, r, size)
}

func TestChangedWhileRead(t *testing.T) {
	for n, want := range []error{nil, nil, ingest.ErrChanged} {
		path := filepath.Join(tree(t, map[string]string{"log": "text"}), "log")
		s, err := source.Files([]string{path}, source.FileOptions{Extractor: &writer{path, n}})
		must(t, err)
		doc, err := entries(t, s)[0].Load(t.Context())
		if !errors.Is(err, want) {
			t.Fatalf("changed %d times: %v", n, err)
		}
		if body := "text" + strings.Repeat("more", n); err == nil && doc.Body != body {
			t.Errorf("changed %d times: %q", n, doc.Body)
		}
	}
}

func TestCancelled(t *testing.T) {
	dir := tree(t, map[string]string{"a": "", "b": "", "c": ""})
	s, err := source.Files([]string{dir}, source.FileOptions{Extractor: verbatim{}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for e, err := range s.Entries(ctx) {
		if n++; n == 1 {
			cancel()
			if _, err := e.Load(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Load: %v", err)
			}
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("entry %d: %v", n, err)
		}
	}
	if n != 2 {
		t.Errorf("%d entries", n)
	}
}

// FuzzIgnore lists a folder under ignore rules of any kind: what is offered is
// there, and a rule that keeps everything, after them, brings all back.
func FuzzIgnore(f *testing.F) {
	for _, rules := range []string{"*.b\n!a.b\n", "/a/**\n**/b\n[[:alpha:]]*/\n", "[]\n[a-\n\\\n{a,b}\n!\n", strings.Repeat("**/", 40) + "x\n", strings.Repeat("*a", 60) + "\n"} {
		f.Add(rules)
	}
	dir := f.TempDir()
	all := []string{"a", "a.b", "b", strings.Repeat("a", 60)}
	deep := dir + strings.Repeat("/d", 30)
	for _, d := range []string{dir, deep} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			f.Fatal(err)
		}
		for _, name := range all {
			if err := os.WriteFile(filepath.Join(d, name), nil, 0o666); err != nil {
				f.Fatal(err)
			}
		}
	}
	f.Fuzz(func(t *testing.T, rules string) {
		must(t, os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(rules), 0o666))
		for _, name := range listed(t, dir, source.FileOptions{}) {
			if !slices.Contains(all, filepath.Base(name)) {
				t.Errorf("%q is offered", name)
			}
		}
		must(t, os.WriteFile(filepath.Join(dir, source.IgnoreFile), []byte("!*\n"), 0o666))
		if got := listed(t, dir, source.FileOptions{}); len(got) != 2*len(all) {
			t.Errorf("everything was brought back, and %q are offered", got)
		}
		must(t, os.Remove(filepath.Join(dir, source.IgnoreFile)))
	})
}
