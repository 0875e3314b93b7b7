package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/qa"
)

func actions(err error) []albertsearch.Action {
	var out []albertsearch.Action
	for _, h := range albertsearch.HintsOf(err) {
		out = append(out, h.Action)
	}
	return out
}

func TestKindsAndHints(t *testing.T) {
	embedder := &albertsearch.EmbedderError{
		Index: index.Embedder{ID: "old", Dim: 2}, Engine: index.Embedder{ID: "new", Dim: 3}, Done: 1, Passages: 4,
	}
	named := &ort.NotFoundError{Attempts: []ort.Attempt{{Source: ort.FromEnvironment, Path: "x", Err: fs.ErrNotExist}}}
	for _, c := range []struct {
		err  error
		kind albertsearch.Kind
		want []albertsearch.Action
	}{
		{errors.New("the disk is full"), albertsearch.KindOther, nil},
		{context.Canceled, albertsearch.KindInterrupted, nil},
		{index.ErrNotFound, albertsearch.KindNoIndex, []albertsearch.Action{albertsearch.ActionIndex, albertsearch.ActionOtherIndex}},
		{index.ErrNotIndex, albertsearch.KindNotAnIndex, []albertsearch.Action{albertsearch.ActionOtherIndex}},
		{index.ErrLocked, albertsearch.KindLocked, []albertsearch.Action{albertsearch.ActionWait}},
		{index.ErrUnreachable, albertsearch.KindUnreachable, []albertsearch.Action{albertsearch.ActionRetry, albertsearch.ActionOtherIndex}},
		{errors.ErrUnsupported, albertsearch.KindUnsupported, []albertsearch.Action{albertsearch.ActionOtherIndex}},
		{index.ErrNewerFormat, albertsearch.KindNewerFormat, []albertsearch.Action{albertsearch.ActionUpgrade, albertsearch.ActionOtherIndex}},
		{index.ErrModelMismatch, albertsearch.KindModelMismatch, []albertsearch.Action{albertsearch.ActionRecreate}},
		{embedder, albertsearch.KindModelMismatch, []albertsearch.Action{
			albertsearch.ActionReembed, albertsearch.ActionUseEmbedder, albertsearch.ActionKeywords}},
		{index.ErrDamaged, albertsearch.KindDamaged, []albertsearch.Action{albertsearch.ActionRepair}},
		{index.ErrBeyondRepair, albertsearch.KindDamaged, []albertsearch.Action{albertsearch.ActionRecreate}},
		{qa.ErrNoRelevance, albertsearch.KindNoRelevance, []albertsearch.Action{albertsearch.ActionNoRerank}},
		{index.ErrEmptyQuery, albertsearch.KindUsage, nil},
		{albertsearch.ErrClosed, albertsearch.KindClosed, nil},
		{&ort.NotFoundError{}, albertsearch.KindNoRuntime, []albertsearch.Action{
			albertsearch.ActionInstallRuntime, albertsearch.ActionKeywords}},
		{named, albertsearch.KindNoRuntime, []albertsearch.Action{albertsearch.ActionNameRuntime, albertsearch.ActionKeywords}},
	} {
		err := fmt.Errorf("doing something: %w", c.err)
		if got := albertsearch.KindOf(err); got != c.kind {
			t.Errorf("kind of %q is %s, want %s", err, got, c.kind)
		}
		if got := actions(err); !slices.Equal(got, c.want) {
			t.Errorf("hints for %q are %v, want %v", err, got, c.want)
		}
	}
	reembed := albertsearch.HintsOf(embedder)[0]
	if reembed.Done != 1 || reembed.Passages != 4 || reembed.Embedder.ID != "new" {
		t.Errorf("the hint %+v does not say how far the re-embedding is", reembed)
	}
	wait := albertsearch.HintsOf(&index.LockedError{Holder: index.Holder{PID: 7, Host: "h"}})[0]
	if wait.PID != 7 || wait.Host != "h" {
		t.Errorf("the hint %+v does not say who writes", wait)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	f := newFixture(t, "dough")
	f.write("bread.txt", bread)
	f.index()
	for name, do := range map[string]func() error{
		"no folder": func() error {
			_, err := albertsearch.Open(albertsearch.Options{})
			return err
		},
		"empty question": func() error {
			_, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: " "})
			return err
		},
		"empty query": func() error {
			_, err := f.Search(t.Context(), albertsearch.SearchRequest{Mode: albertsearch.Keyword})
			return err
		},
		"negative limit": func() error {
			_, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "bread", Limit: -1})
			return err
		},
		"unknown mode": func() error {
			_, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "bread", Mode: "psychic"})
			return err
		},
		"malformed glob": func() error {
			_, err := f.Search(t.Context(), albertsearch.SearchRequest{
				Query: "bread", Mode: albertsearch.Keyword, Filter: index.Filter{Paths: []string{"[a"}}})
			return err
		},
	} {
		if err := do(); err == nil || albertsearch.KindOf(err) != albertsearch.KindUsage {
			t.Errorf("%s: error %v, want one of the kind usage", name, err)
		}
	}
}

// What the library says is shown by programs that have no command line. Flags
// and commands are for the command to name.
func TestNoTextOfTheLibraryNamesAFlagOrACommand(t *testing.T) {
	commandLine := regexp.MustCompile(`[^-\w]--[a-z]|\balbert-search [a-z]`)
	others := []string{"cmd", "bench", "training", "testdata", ".git", ".ci", "scripts", filepath.Join("internal", "tools")}
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if slices.Contains(others, path) {
				return filepath.SkipDir
			}
			return nil
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && commandLine.MatchString(text) {
					t.Errorf("%s: %q names a flag or a command", set.Position(lit.Pos()), text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("looked at %d files: %v", files, err)
	}
}
