package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/modelstore"
)

// modelsVariable names the folder of the models that users bring.
const modelsVariable = "ALBERT_SEARCH_MODELS"

func embedderFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: "embedder", DefaultText: "what model use has chosen",
		Usage: "texts become vectors by the model `NAME`, or builtin (see albert-search model)",
	}}
}

func readerFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: "reader", DefaultText: "what model use has chosen",
		Usage: "passages are read by the model `NAME`, or builtin (see albert-search model)",
	}}
}

// modelStore is the folder of the models: the one that the environment names,
// else the user's.
func modelStore() (*modelstore.Store, error) {
	if dir := os.Getenv(modelsVariable); dir != "" {
		dir, err := filepath.Abs(dir)
		return modelstore.Open(dir), err
	}
	data, err := xdgFolder("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return nil, fmt.Errorf("%w; name a folder for the models in %s", err, modelsVariable)
	}
	return modelstore.Open(filepath.Join(data, "albert-search", "models")), nil
}

// chosenModel is the model for a role: the one that the flag or a
// configuration names, else the one that "model use" has chosen. It is nil for
// the built-in one.
func chosenModel(c *cli.Context, role modelstore.Role) (*albertsearch.ModelFiles, error) {
	name := c.String(string(role))
	if name == modelstore.Builtin {
		return nil, nil
	}
	store, err := modelStore()
	if err != nil {
		// Without a home folder nothing can have been chosen.
		if name == "" {
			return nil, nil
		}
		return nil, err
	}
	chosen := name == ""
	if chosen {
		choice, err := store.Choice()
		if err != nil {
			return nil, err
		}
		if name = choice.Of(role); name == modelstore.Builtin {
			return nil, nil
		}
	}
	r, err := store.Get(name)
	switch {
	case errors.Is(err, modelstore.ErrUnknown) && chosen:
		return nil, fmt.Errorf("the %s that was chosen is gone: %w; albert-search model use --%s builtin goes back to the one in the program", role, err, role)
	case err != nil:
		return nil, fmt.Errorf("the %s: %w", role, err)
	}
	return modelFiles(store, r), nil
}

func modelFiles(store *modelstore.Store, r *modelstore.Record) *albertsearch.ModelFiles {
	return &albertsearch.ModelFiles{
		Name: "model " + r.Name, Files: store.Files(r.Name), Window: r.Window, Pooling: albertsearch.Pooling(r.Pooling),
		Float32: r.Precision == albert.Float32.String(),
	}
}

// embedderName says which of the models here has the ID that an index has, and
// under which name --embedder knows it; both are "" where none has.
func embedderName(id string) (what, name string) {
	if m, err := albert.Load(builtin.Embedder()); err == nil && m.ID() == id {
		return "the built-in embedder", modelstore.Builtin
	}
	store, err := modelStore()
	if err != nil {
		return "", ""
	}
	names, err := store.Names()
	if err != nil {
		return "", ""
	}
	for _, name := range names {
		r, err := store.Get(name)
		if err != nil {
			continue // model list tells of it
		}
		if own, err := recordEmbedderID(r); err == nil && own == id {
			return "the model " + name, name
		}
	}
	return "", ""
}

// recordEmbedderID is the ID that an index has for the model as an embedder.
func recordEmbedderID(r *modelstore.Record) (string, error) {
	return albertsearch.EmbedderID(r.ID, r.Positions, albertsearch.Pooling(r.Pooling), r.Window)
}

// otherEmbedderHint says which of the models here made the vectors of an index,
// if one did.
func otherEmbedderHint(id string) string {
	what, name := embedderName(id)
	if what == "" {
		return ""
	}
	return "the vectors of the index are those of " + what + ": --embedder " + name + " searches it as it is"
}
