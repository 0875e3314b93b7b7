package modelcmd

import (
	"context"
	"fmt"
	"io"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
)

func infoCommand() *cli.Command {
	return &cli.Command{
		Name: "info", Usage: "say what a model is and where it comes from", Args: "NAME",
		Examples: []string{
			`albert-search model info mine`,
			`albert-search model info builtin`,
		},
		Run: func(_ context.Context, c *cli.Call) error {
			s, name, err := openNamed(c)
			if err != nil {
				return err
			}
			if name == modelstore.Builtin {
				return s.showBuiltin()
			}
			r, err := s.store.Get(name)
			if err != nil {
				return err
			}
			return s.showRecord(r)
		},
	}
}

// BuiltinJSON is what model info --json prints of the built-in models.
type BuiltinJSON struct {
	Name string `json:"name"`
	// Models are those of the roles that the program has a model for.
	Models []options.ModelJSON `json:"models"`
}

// showBuiltin prints the models that are part of the program.
func (s *session) showBuiltin() error {
	out := BuiltinJSON{Name: modelstore.Builtin}
	for _, role := range albert.ChosenRoles() {
		own := albertsearch.BuiltinModel(role)
		if own == nil {
			continue
		}
		m, err := albert.Load(own.Files)
		if err != nil {
			return fmt.Errorf("the built-in %s: %w", role, err)
		}
		out.Models = append(out.Models, options.NewModelJSON(role, m))
	}
	if s.JSON {
		return s.PrintJSON(out)
	}
	return s.Print(func(w io.Writer) {
		fmt.Fprintf(w, "%-12s %s\n%-12s part of the program\n", "name", out.Name, "from")
		for _, m := range out.Models {
			fmt.Fprintf(w, "%-12s %s\n", m.Name, m)
		}
	})
}
