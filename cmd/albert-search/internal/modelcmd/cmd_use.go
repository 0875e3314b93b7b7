package modelcmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/ingest"
)

// useOptions are the flags of use: one for each role that a model can be chosen
// for.
type useOptions struct {
	models []options.Model
	As     albert.Role
}

func (o *useOptions) Flags() []cli.Flag {
	o.models, o.As = nil, ""
	for _, role := range albert.ChosenRoles() {
		o.models = append(o.models, options.Model{Role: role})
	}
	var flags []cli.Flag
	for i := range o.models {
		f := o.models[i].Flag()
		f.Default, f.Setting = "as before", cli.Unconfigured
		flags = append(flags, f)
	}
	return append(flags, cli.Flag{
		Name: "as", Setting: cli.Unconfigured, To: cli.Choice(&o.As, albert.ChosenRoles()), Default: "what it was trained for",
		Usage: "use NAME as `ROLE`: " + cli.OneOf(albert.ChosenRoles()),
	})
}

func useCommand() *cli.Command {
	o := &useOptions{}
	return &cli.Command{
		Name: "use", Usage: "choose the models that index, search and ask use", Args: "[NAME]",
		Description: `NAME is used for what it was trained for, or for the ROLE of --as; builtin goes back to the
models in the program. Without NAME and flags it says which are in use. An index is embedded
by one model: after choosing another embedder, albert-search index --re-embed gives it the
vectors of that one.`,
		Examples: []string{
			`albert-search model use mine`,
			`albert-search model use mine --as embedder`,
			`albert-search model use --embedder mine --reader albert-base-v2-squad2`,
			`albert-search model use builtin`,
		},
		Options: o,
		// A configuration's models are not those that are to be chosen.
		Unconfigured: true,
		Run:          func(ctx context.Context, c *cli.Call) error { return use(ctx, c, o) },
	}
}

// inUse is the names of the models in use, by role, without the roles whose work
// the model of another one does. It is what model use --json prints.
type inUse map[albert.Role]string

func newInUse(c modelstore.Choice) inUse {
	all := inUse{}
	for _, role := range albert.ChosenRoles() {
		if info, _ := role.Info(); info.With == "" || c.Of(role) != modelstore.Builtin {
			all[role] = c.Of(role)
		}
	}
	return all
}

// asked returns the models that the command line asks for, by role.
func (s *session) asked(o *useOptions) (inUse, error) {
	asked := inUse{}
	for _, m := range o.models {
		if m.Name != "" {
			asked[m.Role] = m.Name
		}
	}
	switch {
	case len(s.Args) > 1:
		return nil, s.Usagef("name one model; albert-search model list lists them")
	case len(s.Args) == 0 && o.As != "":
		return nil, s.Usagef("name the model that is to be used as %s", o.As)
	case len(s.Args) == 0:
		return asked, nil
	}
	name := s.Args[0]
	switch {
	case name == "":
		return nil, s.Usagef("the name of the model is empty")
	case len(asked) > 0:
		return nil, s.Usagef("%s and a flag both name a model: leave one of them out", name)
	case o.As != "":
		return inUse{o.As: name}, nil
	case name == modelstore.Builtin:
		for _, role := range albert.ChosenRoles() {
			asked[role] = name
		}
		return asked, nil
	}
	r, err := s.store.Get(name)
	if err != nil {
		return nil, err
	}
	role, ok := r.BestRole()
	if !ok {
		return nil, s.Usagef("say what %s is to be used as, with --as: %s; it is for: %s", name, cli.OneOf(albert.ChosenRoles()), usesOf(r))
	}
	return inUse{role: name}, nil
}

func use(ctx context.Context, c *cli.Call, o *useOptions) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	asked, err := s.asked(o)
	if err != nil {
		return err
	}
	// All are checked before any is chosen.
	roles := slices.Sorted(maps.Keys(asked))
	for _, role := range roles {
		if err := s.checkUse(role, asked[role]); err != nil {
			return err
		}
	}
	for _, role := range roles {
		if err := s.store.Use(ctx, role, asked[role]); err != nil {
			return err
		}
	}
	choice, err := s.store.Choice()
	if err != nil {
		return err
	}
	out := newInUse(choice)
	if s.JSON {
		return s.PrintJSON(out)
	}
	if asked[albert.RoleEmbedder] != "" {
		s.Remark("An index that was made with another embedder has to be embedded again: albert-search index --re-embed")
	}
	return s.Print(func(w io.Writer) {
		for _, role := range albert.ChosenRoles() {
			if name, ok := out[role]; ok {
				fmt.Fprintf(w, "%-9s %s\n", role, name)
			}
		}
	})
}

// checkUse makes sure that a model can have the role, and says what to know
// about that.
func (s *session) checkUse(role albert.Role, name string) error {
	if err := s.store.CheckUse(role, name); err != nil || name == modelstore.Builtin {
		return err
	}
	r, err := s.store.Get(name)
	if err != nil {
		return err
	}
	switch role {
	case albert.RoleReranker:
		s.Remark("How much its judgement counts was fitted for the built-in reader.")
	case albert.RoleReader:
		s.Remark("How sure an answer is was fitted for the built-in reader; albert-search eval ask --fit fits it for this one.")
	case albert.RoleEmbedder:
		if most := cmp.Or(r.Window, r.Positions) - 2; most < ingest.DefaultSplitTokens {
			s.Remark("%s reads the first %d tokens of a passage, which has up to %d: what stands behind is found by its words only.", name, most, ingest.DefaultSplitTokens)
		}
		if !slices.Contains(r.Uses, string(role)) {
			s.Remark("%s was not made to embed texts (it is for: %s); the mean of its last hidden states is used.", name, usesOf(r))
		}
	}
	return nil
}
