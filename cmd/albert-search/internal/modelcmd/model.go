// Package modelcmd has the commands about models that users bring: model import,
// pull, list, info, use, verify, remove and quantize.
package modelcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/ingest"
)

// Command is the group of commands about models.
func Command() *cli.Command {
	return &cli.Command{
		Name:        "model",
		Usage:       "bring other models: any ALBERT or BERT in the layout of Hugging Face",
		Args:        "COMMAND",
		Description: `The models are kept in the user's data folder; ` + options.ModelsVariable + ` names another.`,
		Examples: []string{
			`albert-search model import ~/models/my-albert --name mine`,
			`albert-search model pull twmkn9/albert-base-v2-squad2`,
			`albert-search model use albert-base-v2-squad2`,
			`albert-search model use --embedder builtin`,
			`albert-search model list`,
		},
		Commands: []*cli.Command{
			importCommand(), pullCommand(), listCommand(), infoCommand(),
			useCommand(), verifyCommand(), removeCommand(), quantizeCommand(),
		},
	}
}

// session is one run of a command about models.
type session struct {
	*cli.Call
	store *modelstore.Store
}

func open(c *cli.Call) (*session, error) {
	store, err := options.ModelStore()
	return &session{c, store}, err
}

// openNamed begins a command that takes the name of one model.
func openNamed(c *cli.Call) (*session, string, error) {
	s, err := open(c)
	if err == nil && len(c.Args) != 1 {
		err = c.Usagef("name one model; albert-search model list lists them")
	}
	if err != nil {
		return nil, "", err
	}
	return s, c.Args[0], nil
}

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
		Folder: s.store.Dir(), Embedder: choice.Of(modelstore.Embedder), Reader: choice.Of(modelstore.Reader), InUse: newInUse(choice),
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
		for _, role := range modelstore.ChosenRoles() {
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
	for _, role := range modelstore.ChosenRoles() {
		if options.BuiltinModel(role) != nil {
			own = append(own, string(role))
		}
	}
	fmt.Fprintf(w, "%-*s  %s; part of the program%s\n", width, modelstore.Builtin, strings.Join(own, ", "), used(modelstore.Builtin))
	for _, r := range l.Models {
		fmt.Fprintf(w, "%-*s  %s; %s, %s%s\n", width, r.Name, usesOf(r), r.Precision, cli.Size(r.Size()), used(r.Name))
	}
}

func usesOf(r *modelstore.Record) string {
	return term.Escape(cmp.Or(strings.Join(r.Uses, ", "), "nothing"))
}

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
	for _, role := range modelstore.ChosenRoles() {
		files := options.BuiltinModel(role)
		if files == nil {
			continue
		}
		m, err := albert.Load(files)
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

// RecordJSON is what the commands print that are about one model.
type RecordJSON struct {
	*modelstore.Record
	Path string `json:"path"`
	// EmbedderID is what an index that it embeds for knows it by.
	EmbedderID string `json:"embedder_id"`
}

// showRecord prints a model.
func (s *session) showRecord(r *modelstore.Record) error {
	id, err := options.EmbedderID(r)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.PrintJSON(RecordJSON{r, s.modelPath(r.Name), id})
	}
	return s.Print(func(w io.Writer) { s.showRecordText(w, r) })
}

func (s *session) modelPath(name string) string {
	return filepath.Join(s.store.Dir(), name)
}

func (s *session) showRecordText(w io.Writer, r *modelstore.Record) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, term.Escape(fmt.Sprintf(format, args...)))
	}
	line("name", "%s", r.Name)
	line("for", "%s", usesOf(r))
	if len(r.Languages) > 0 {
		line("languages", "%s", strings.Join(r.Languages, ", "))
	}
	kind := cmp.Or(r.Architecture, "ALBERT")
	if r.Converted != "" {
		kind += ", converted to ALBERT"
	}
	line("model", "%s", kind)
	weights := fmt.Sprintf("%.1f million", float64(r.Parameters)/1e6)
	if r.Parameters < 1e6 {
		weights = fmt.Sprint(r.Parameters)
	}
	line("size", "%s weights in %s, %s", weights, r.Precision, cli.Size(r.Size()))
	line("shape", "%d passes over %s, hidden size %d, embeddings %d, %d tokens, %d positions",
		r.Layers, cli.Plural(r.Groups, "group"), r.Hidden, r.Embedding, r.Vocab, r.Positions)
	if r.Pooling != "" {
		window := "all positions"
		if r.Window > 0 {
			window = cli.Plural(r.Window, "token")
		}
		line("embeds", "by %s, windows of %s", r.Pooling, window)
	}
	source := r.Source
	if r.Revision != "" {
		source += " at " + r.Revision
	}
	line("from", "%s", source)
	line("imported", "%s", r.Imported.Local().Format(time.DateTime))
	line("content", "%s", r.ID)
	line("folder", "%s", s.modelPath(r.Name))
	for _, note := range r.Notes {
		line("note", "%s", note)
	}
}

// useOptions are the flags of use: one for each role that a model can be chosen
// for.
type useOptions struct {
	models []options.Model
	As     modelstore.Role
}

func (o *useOptions) Flags() []cli.Flag {
	o.models, o.As = nil, ""
	for _, role := range modelstore.ChosenRoles() {
		o.models = append(o.models, options.Model{Role: role})
	}
	var flags []cli.Flag
	for i := range o.models {
		f := o.models[i].Flag()
		f.Default, f.Setting = "as before", cli.Unconfigured
		flags = append(flags, f)
	}
	return append(flags, cli.Flag{
		Name: "as", Setting: cli.Unconfigured, To: cli.Choice(&o.As, modelstore.ChosenRoles()), Default: "what it was trained for",
		Usage: "use NAME as `ROLE`: " + cli.OneOf(modelstore.ChosenRoles()),
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

// inUse is the names of the models in use, by role. It is what model use --json
// prints.
type inUse map[modelstore.Role]string

func newInUse(c modelstore.Choice) inUse {
	all := inUse{}
	for _, role := range modelstore.ChosenRoles() {
		all[role] = c.Of(role)
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
		for _, role := range modelstore.ChosenRoles() {
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
		return nil, s.Usagef("say what %s is to be used as, with --as: %s; it is for: %s", name, cli.OneOf(modelstore.ChosenRoles()), usesOf(r))
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
	if asked[modelstore.Embedder] != "" {
		s.Remark("An index that was made with another embedder has to be embedded again: albert-search index --re-embed")
	}
	return s.Print(func(w io.Writer) {
		for _, role := range modelstore.ChosenRoles() {
			fmt.Fprintf(w, "%-9s %s\n", role, out[role])
		}
	})
}

// checkUse makes sure that a model can have the role, and says what to know
// about that.
func (s *session) checkUse(role modelstore.Role, name string) error {
	if err := s.store.CheckUse(role, name); err != nil || name == modelstore.Builtin {
		return err
	}
	r, err := s.store.Get(name)
	if err != nil {
		return err
	}
	switch role {
	case modelstore.Reader:
		s.Remark("How sure an answer is was fitted for the built-in reader; albert-search eval ask --fit fits it for this one.")
	case modelstore.Embedder:
		if most := cmp.Or(r.Window, r.Positions) - 2; most < ingest.DefaultSplitTokens {
			s.Remark("%s reads the first %d tokens of a passage, which has up to %d: what stands behind is found by its words only.", name, most, ingest.DefaultSplitTokens)
		}
		if !slices.Contains(r.Uses, string(role)) {
			s.Remark("%s was not made to embed texts (it is for: %s); the mean of its last hidden states is used.", name, usesOf(r))
		}
	}
	return nil
}

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "compare models with what was imported", Args: "[NAME...]",
		Description: `Compares the checksums of all files and reads all weights; without names of all models. The
exit code is 2 when something is wrong.`,
		Examples: []string{
			`albert-search model verify`,
			`albert-search model verify mine`,
		},
		Run: verify,
	}
}

// VerifyJSON is an element of what model verify --json prints.
type VerifyJSON struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Problem says what is wrong.
	Problem string `json:"problem,omitempty"`
}

func verify(ctx context.Context, c *cli.Call) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	names := c.Args
	if len(names) == 0 {
		if names, err = s.store.Names(); err != nil {
			return err
		}
	}
	out := []VerifyJSON{}
	var failed error
	for _, name := range names {
		err := s.store.Verify(ctx, name)
		if err != nil && ctx.Err() != nil {
			return err
		}
		v := VerifyJSON{Name: name, OK: err == nil}
		if err != nil {
			v.Problem = err.Error()
			failed = errors.Join(failed, err)
		}
		out = append(out, v)
	}
	if s.JSON {
		err = s.PrintJSON(out)
		if err == nil && failed != nil {
			err = cli.Failed
		}
		return err
	}
	err = s.Print(func(w io.Writer) {
		for _, v := range out {
			if v.OK {
				fmt.Fprintf(w, "%s: as it was imported\n", v.Name)
			}
		}
		if len(out) == 0 {
			fmt.Fprintln(w, "There are no models to verify.")
		}
	})
	return errors.Join(err, failed)
}

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
	BackToBuiltin []modelstore.Role `json:"back_to_builtin"`
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
	out := RemoveJSON{names, append([]modelstore.Role{}, back...)}
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
