package modelcmd

import (
	"context"
	"fmt"
	"io"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

func listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list the models: the built-in ones, and those that have been brought",
		Description: `The "models" of the JSON are those that have been brought, without the built-in ones.`,
		Examples: []string{
			`albert-search model list`,
			`albert-search model list --json | jq -r '.models[].name'`,
		},
		Run: list,
	}
}

// ListJSON is what model list --json prints.
type ListJSON struct {
	Folder string `json:"folder"`
	// Embedder and Reader are the models in use.
	Embedder string               `json:"embedder"`
	Reader   string               `json:"reader"`
	InUse    inUse                `json:"in_use"`
	Models   []*modelstore.Record `json:"models"`
	// Problems are about models whose record cannot be read.
	Problems []string `json:"problems"`
}

func list(_ context.Context, c *cli.Call) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	if err := c.NoArguments(); err != nil {
		return err
	}
	choice, err := s.store.Choice()
	if err != nil {
		return err
	}
	names, err := s.store.Names()
	if err != nil {
		return err
	}
	out := ListJSON{
		Folder: s.store.Dir(), Embedder: choice.Of(albert.RoleEmbedder), Reader: choice.Of(albert.RoleReader), InUse: newInUse(choice),
		Models: []*modelstore.Record{}, Problems: []string{},
	}
	for _, name := range names {
		r, err := s.store.Get(name)
		if err != nil {
			out.Problems = append(out.Problems, err.Error())
			continue
		}
		out.Models = append(out.Models, r)
	}
	if s.JSON {
		return s.PrintJSON(out)
	}
	for _, problem := range out.Problems {
		s.Remark("%s", cli.EscapeLines(problem))
	}
	return s.Print(func(w io.Writer) { s.showList(w, out) })
}

func (s *session) showList(w io.Writer, l ListJSON) {
	used := func(name string) string {
		var roles []string
		for _, role := range albert.ChosenRoles() {
			if l.InUse[role] == name {
				roles = append(roles, string(role))
			}
		}
		if len(roles) == 0 {
			return ""
		}
		return "  [in use: " + strings.Join(roles, ", ") + "]"
	}
	width := len(modelstore.Builtin)
	for _, r := range l.Models {
		width = max(width, len(r.Name))
	}
	var own []string
	for _, role := range albert.ChosenRoles() {
		if albertsearch.BuiltinModel(role) != nil {
			own = append(own, string(role))
		}
	}
	fmt.Fprintf(w, "%-*s  %s; part of the program%s\n", width, modelstore.Builtin, strings.Join(own, ", "), used(modelstore.Builtin))
	for _, r := range l.Models {
		fmt.Fprintf(w, "%-*s  %s; %s, %s%s\n", width, r.Name, usesOf(r), r.Precision, cli.Size(r.Size()), used(r.Name))
	}
}
