package options

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// ModelsVariable names the folder of the models that users bring.
const ModelsVariable = "ALBERT_SEARCH_MODELS"

// Model names the model that has a role.
type Model struct {
	Role albert.Role
	Name string
}

// Embedder, Reader and Reranker are the models of the roles.
func Embedder() Model { return Model{Role: albert.RoleEmbedder} }
func Reader() Model   { return Model{Role: albert.RoleReader} }
func Reranker() Model { return Model{Role: albert.RoleReranker} }

// Flag declares the flag that has the name of the role.
func (o *Model) Flag() cli.Flag {
	info, _ := o.Role.Info()
	f := cli.Flag{
		Name: string(o.Role), Setting: cli.Configured, Group: groupModels, Recorded: true, To: cli.String(&o.Name),
		Usage: info.Done + " by the model `NAME`, or builtin (see albert-search model)", Default: "what model use has chosen",
	}
	if info.With != "" {
		f.Default += fmt.Sprintf(", else by the %s", info.With)
	}
	return f
}

// ModelStore is the folder of the models: the one that the environment names,
// else the user's.
func ModelStore() (*modelstore.Store, error) {
	if dir := os.Getenv(ModelsVariable); dir != "" {
		dir, err := filepath.Abs(dir)
		return modelstore.Open(dir), err
	}
	data, err := cli.DataFolder()
	if err != nil {
		return nil, fmt.Errorf("%w; name a folder for the models in %s", err, ModelsVariable)
	}
	return modelstore.Open(filepath.Join(data, "models")), nil
}

// Apply has the engine use the model.
func (o *Model) Apply(to *albertsearch.Options) error {
	m, err := o.Files()
	if err != nil {
		return err
	}
	if m == nil {
		delete(to.Models, o.Role)
		return nil
	}
	if to.Models == nil {
		to.Models = albertsearch.Models{}
	}
	to.Models[o.Role] = m
	return nil
}

// Files is the model: the one that is named, else the one that "model use" has
// chosen. It is nil for the built-in one.
func (o *Model) Files() (*albertsearch.ModelFiles, error) {
	name := o.Name
	if name == modelstore.Builtin {
		return nil, nil
	}
	store, err := ModelStore()
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
		if name = choice.Of(o.Role); name == modelstore.Builtin {
			return nil, nil
		}
	}
	r, err := store.Get(name)
	switch {
	case errors.Is(err, modelstore.ErrUnknown) && chosen:
		return nil, fmt.Errorf("the %s that was chosen is gone: %w; albert-search model use --%s builtin goes back to the one in the program", o.Role, err, o.Role)
	case err != nil:
		return nil, fmt.Errorf("the %s: %w", o.Role, err)
	}
	return modelFiles(store, r), nil
}

func modelFiles(store *modelstore.Store, r *modelstore.Record) *albertsearch.ModelFiles {
	return &albertsearch.ModelFiles{
		Name: "model " + r.Name, Files: store.Files(r.Name), Window: r.Window, Pooling: albertsearch.Pooling(r.Pooling),
		Float32: r.Precision == albert.Float32.String(), Languages: r.Languages,
	}
}

// EmbedderName says which of the models here has the ID that an index has, and
// under which name --embedder knows it; both are "" where none has.
func EmbedderName(id string) (what, name string) {
	if m, err := albert.Load(builtin.Embedder()); err == nil && m.ID() == id {
		return "the built-in embedder", modelstore.Builtin
	}
	store, err := ModelStore()
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
		if own, err := EmbedderID(r); err == nil && own == id {
			return "the model " + name, name
		}
	}
	return "", ""
}

// EmbedderID is the ID that an index has for the model as an embedder.
func EmbedderID(r *modelstore.Record) (string, error) {
	return albertsearch.EmbedderID(r.ID, r.Positions, albertsearch.Pooling(r.Pooling), r.Window)
}

// ModelJSON is a model in use as --json prints it.
type ModelJSON struct {
	Name   string `json:"name"`
	ID     string `json:"id"`
	Layers int    `json:"layers"`
	Hidden int    `json:"hidden_size"`
	Vocab  int    `json:"vocab_size"`
}

// NewModelJSON describes the model that has the role.
func NewModelJSON(role albert.Role, m *albert.Model) ModelJSON {
	config := m.Config()
	return ModelJSON{
		Name: string(role), ID: m.ID(), Layers: config.Layers, Hidden: config.HiddenSize, Vocab: config.VocabSize,
	}
}

// String is the model without its name.
func (m ModelJSON) String() string {
	return fmt.Sprintf("%.12s, %d layers of %d, %d tokens", m.ID, m.Layers, m.Hidden, m.Vocab)
}
