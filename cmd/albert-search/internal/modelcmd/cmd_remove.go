package modelcmd

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

func removeCommand() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "delete models", Args: "NAME...",
		Description: `Roles that used a removed model fall back to the built-in one. If any NAME is unknown,
nothing is removed.`,
		Examples: []string{`albert-search model remove mine`},
		Run:      remove,
	}
}

// RemoveJSON is what model remove --json prints.
type RemoveJSON struct {
	Removed []string `json:"removed"`
	// BackToBuiltin are the roles that one of them had.
	BackToBuiltin []albert.Role `json:"back_to_builtin"`
}

func remove(ctx context.Context, c *cli.Call) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	if len(c.Args) == 0 {
		return c.Usagef("name the models to delete; albert-search model list lists them")
	}
	names := c.Args
	back, err := s.store.Remove(ctx, names...)
	if err != nil {
		return err
	}
	out := RemoveJSON{names, append([]albert.Role{}, back...)}
	if s.JSON {
		return s.PrintJSON(out)
	}
	return s.Print(func(w io.Writer) {
		fmt.Fprintf(w, "removed %s\n", strings.Join(out.Removed, ", "))
		for _, role := range out.BackToBuiltin {
			fmt.Fprintf(w, "the %s is the built-in one again\n", role)
		}
	})
}
