package modelstore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
)

// roles lists the roles that a model can have; those that it was trained for
// have a star.
func roles(r *modelstore.Record) string {
	var all []string
	for _, info := range albert.Roles() {
		if c, ok := r.Capability(info.Role); ok && c.Trained {
			all = append(all, string(info.Role)+"*")
		} else if ok {
			all = append(all, string(info.Role))
		}
	}
	return strings.Join(all, " ")
}

// TestRoles imports a model of each kind.
func TestRoles(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	for name, want := range map[string]struct{ roles, best string }{
		"base":             {"embedder", ""},
		"answers":          {"embedder reader*", "reader"},
		"sequences":        {"embedder classifier*", ""},
		"tokens":           {"embedder tagger*", ""},
		"bertclasses":      {"embedder classifier*", ""},
		"sentencecls":      {"embedder*", "embedder"},
		"../parity/reader": {"embedder reader* reranker*", "reader"},
	} {
		local := filepath.Base(name)
		r, err := s.Import(t.Context(), os.DirFS(checkpoints+name), options(local))
		must(t, err)
		stored, err := s.Get(local)
		must(t, err)
		for _, r := range []*modelstore.Record{r, stored} {
			if got := roles(r); got != want.roles {
				t.Errorf("%s: roles %q, want %q", name, got, want.roles)
			}
			if best, ok := r.BestRole(); string(best) != want.best || ok != (want.best != "") {
				t.Errorf("%s: best is %q, %v", name, best, ok)
			}
		}
		for _, info := range albert.Roles() {
			_, can := r.Capability(info.Role)
			err := s.Use(t.Context(), info.Role, local)
			if ok := can && info.Chosen; (err == nil) != ok || !ok && !errors.Is(err, modelstore.ErrRole) {
				t.Errorf("%s as %s: %v", name, info.Role, err)
			}
		}
	}
	if err := s.Use(t.Context(), "singer", "answers"); !errors.Is(err, modelstore.ErrRole) {
		t.Errorf("a role that there is not: %v", err)
	}
	r, err := s.Get("tokens")
	must(t, err)
	if c, _ := r.Capability(albert.RoleTagger); !slices.Equal(c.Labels, []string{"LABEL_0", "LABEL_1", "LABEL_2"}) {
		t.Errorf("labels %q", c.Labels)
	}
}

func TestPromptsAndLanguagesAreRecorded(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	fsys := copyOf(t, "sentencemean")
	prompts := map[string]string{"query": "query: ", "passage": "passage: "}
	text, err := json.Marshal(map[string]any{"prompts": prompts})
	must(t, err)
	fsys["config_sentence_transformers.json"] = &fstest.MapFile{Data: text}
	fsys["README.md"] = &fstest.MapFile{Data: []byte("---\nlanguage:\n- de\n- tr\n---\n# A model\n")}
	_, err = s.Import(t.Context(), fsys, options("m"))
	must(t, err)
	r, err := s.Get("m")
	must(t, err)
	if c, _ := r.Capability(albert.RoleEmbedder); !maps.Equal(c.Prompts, prompts) {
		t.Errorf("prompts %q", c.Prompts)
	}
	if !slices.Equal(r.Languages, []string{"de", "tr"}) {
		t.Errorf("languages %q", r.Languages)
	}
}

// TestOldRecords reads records as they were written before there were roles.
func TestOldRecords(t *testing.T) {
	for _, c := range []struct{ uses, pooling, want string }{
		{`["embedder"]`, "", "embedder"},
		{`["embedder"]`, "mean", "embedder*"},
		{`["reader"]`, "", "embedder reader*"},
		{`["reader", "relevance"]`, "", "embedder reader* reranker*"},
		{`["classifier"]`, "", "embedder classifier*"},
		{`[]`, "", "embedder"},
	} {
		s := modelstore.Open(t.TempDir())
		must(t, os.Mkdir(filepath.Join(s.Dir(), "old"), 0o755))
		text := fmt.Sprintf(`{"format": 1, "name": "old", "uses": %s, "pooling": %q, "files": [], "of a newer program": {"kept": true}}`, c.uses, c.pooling)
		file := filepath.Join(s.Dir(), "old", "albert-search.json")
		must(t, os.WriteFile(file, []byte(text), 0o644))
		r, err := s.Get("old")
		must(t, err)
		if got := roles(r); got != c.want {
			t.Errorf("uses %s: roles %q, want %q", c.uses, got, c.want)
		}
		must(t, s.Use(t.Context(), albert.RoleEmbedder, "old"))
		if after, err := os.ReadFile(file); err != nil || string(after) != text {
			t.Errorf("the record was changed: %s, %v", after, err)
		}
	}
}

// TestAChoiceForAnUnknownRoleIsKept has a newer program choose for a role that
// this one does not have.
func TestAChoiceForAnUnknownRoleIsKept(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	_, err := s.Import(t.Context(), os.DirFS(checkpoints+"answers"), options("m"))
	must(t, err)
	file := filepath.Join(s.Dir(), "choice.json")
	must(t, os.WriteFile(file, []byte(`{"embedder": "m", "singer": {"name": "m", "voice": 3}}`), 0o644))
	must(t, s.Use(t.Context(), albert.RoleReader, "m"))
	text, err := os.ReadFile(file)
	must(t, err)
	var got map[string]any
	must(t, json.Unmarshal(text, &got))
	if singer, ok := got["singer"].(map[string]any); !ok || singer["voice"] != 3.0 || got["embedder"] != "m" || got["reader"] != "m" {
		t.Errorf("choice %s", text)
	}
	removed, err := s.Remove(t.Context(), "m")
	must(t, err)
	if !slices.Equal(removed, []albert.Role{albert.RoleEmbedder, albert.RoleReader}) {
		t.Errorf("it was in use as %v", removed)
	}
	must(t, os.WriteFile(file, []byte(`{"embedder": 3}`), 0o644))
	if _, err := s.Choice(); err == nil || !strings.Contains(err.Error(), "embedder") {
		t.Errorf("a name that is a number: %v", err)
	}
}
