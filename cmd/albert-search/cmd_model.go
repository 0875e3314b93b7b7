package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/ingest"
)

func (p *program) modelCommand() *cli.Command {
	return &cli.Command{
		Name:      "model",
		Usage:     "bring other models: any ALBERT or BERT in the layout of Hugging Face",
		ArgsUsage: "COMMAND",
		Description: `The models are kept in the user's data folder; ` + modelsVariable + ` names another.

Examples:
   albert-search model import ~/models/my-albert --name mine
   albert-search model pull twmkn9/albert-base-v2-squad2
   albert-search model use --reader albert-base-v2-squad2
   albert-search model use --embedder builtin
   albert-search model list`,
		Subcommands: []*cli.Command{
			p.modelImportCommand(), p.modelPullCommand(), p.modelListCommand(), p.modelInfoCommand(),
			p.modelUseCommand(), p.modelVerifyCommand(), p.modelRemoveCommand(), p.modelQuantizeCommand(),
		},
	}
}

// modelSession is one run of a command about models.
type modelSession struct {
	*cli.Context
	printer
	store *modelstore.Store
}

func (p *program) openModels(c *cli.Context) (*modelSession, error) {
	store, err := modelStore()
	return &modelSession{c, newPrinter(p, c), store}, err
}

func (p *program) modelListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list the models: the built-in ones, and those that have been brought",
		Description: `The "models" of the JSON are those that have been brought, without the built-in ones.

Examples:
   albert-search model list
   albert-search model list --json | jq -r '.models[].name'`,
		Flags:  flags(),
		Action: p.modelList,
	}
}

// modelListJSON is what model list --json prints.
type modelListJSON struct {
	Folder string `json:"folder"`
	// Embedder and Reader are the models in use.
	Embedder string               `json:"embedder"`
	Reader   string               `json:"reader"`
	Models   []*modelstore.Record `json:"models"`
	// Problems are about models whose record cannot be read.
	Problems []string `json:"problems"`
}

func (p *program) modelList(c *cli.Context) error {
	s, err := p.openModels(c)
	if err != nil {
		return err
	}
	if err := noArguments(c); err != nil {
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
	out := modelListJSON{
		Folder: s.store.Dir(), Embedder: choice.Of(modelstore.Embedder), Reader: choice.Of(modelstore.Reader),
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
	if s.json {
		return s.printJSON(out)
	}
	for _, problem := range out.Problems {
		s.remark("%s", escapeLines(problem))
	}
	return s.print(func(w io.Writer) { s.showList(w, out) })
}

func (s *modelSession) showList(w io.Writer, l modelListJSON) {
	used := func(name string) string {
		var roles []string
		if l.Embedder == name {
			roles = append(roles, "embedder")
		}
		if l.Reader == name {
			roles = append(roles, "reader")
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
	fmt.Fprintf(w, "%-*s  embedder, reader; part of the program%s\n", width, modelstore.Builtin, used(modelstore.Builtin))
	for _, r := range l.Models {
		fmt.Fprintf(w, "%-*s  %s; %s, %s%s\n", width, r.Name, usesOf(r), r.Precision, size(r.Size()), used(r.Name))
	}
}

func usesOf(r *modelstore.Record) string {
	return term.Escape(cmp.Or(strings.Join(r.Uses, ", "), "nothing"))
}

func (p *program) modelInfoCommand() *cli.Command {
	return &cli.Command{
		Name: "info", Usage: "say what a model is and where it comes from", ArgsUsage: "NAME",
		Description: `Examples:
   albert-search model info mine
   albert-search model info builtin`,
		Flags: flags(),
		Action: func(c *cli.Context) error {
			s, name, err := p.openModel(c)
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

// modelBuiltinJSON is what model info --json prints of the built-in models.
type modelBuiltinJSON struct {
	Name string `json:"name"`
	// Models are the embedder and the reader.
	Models []modelJSON `json:"models"`
}

// showBuiltin prints the models that are part of the program.
func (s *modelSession) showBuiltin() error {
	out := modelBuiltinJSON{Name: modelstore.Builtin}
	for _, b := range []struct {
		role  modelstore.Role
		files fs.FS
	}{{modelstore.Embedder, builtin.Embedder()}, {modelstore.Reader, builtin.Reader()}} {
		m, err := albert.Load(b.files)
		if err != nil {
			return fmt.Errorf("the built-in %s: %w", b.role, err)
		}
		out.Models = append(out.Models, newModelJSON(b.role, m))
	}
	if s.json {
		return s.printJSON(out)
	}
	return s.print(func(w io.Writer) {
		fmt.Fprintf(w, "%-12s %s\n%-12s part of the program\n", "name", out.Name, "from")
		for _, m := range out.Models {
			fmt.Fprintf(w, "%-12s %s\n", m.Name, m)
		}
	})
}

// openModel begins a command that takes the name of one model.
func (p *program) openModel(c *cli.Context) (*modelSession, string, error) {
	s, err := p.openModels(c)
	if err == nil && c.NArg() != 1 {
		err = usagef(fullName(c), "name one model; albert-search model list lists them")
	}
	return s, c.Args().First(), err
}

// modelRecordJSON is what the commands print that are about one model.
type modelRecordJSON struct {
	*modelstore.Record
	Path string `json:"path"`
	// EmbedderID is what an index that it embeds for knows it by.
	EmbedderID string `json:"embedder_id"`
}

// showRecord prints a model.
func (s *modelSession) showRecord(r *modelstore.Record) error {
	id, err := recordEmbedderID(r)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(modelRecordJSON{r, s.modelPath(r.Name), id})
	}
	return s.print(func(w io.Writer) { s.showRecordText(w, r) })
}

func (s *modelSession) modelPath(name string) string {
	return filepath.Join(s.store.Dir(), name)
}

func (s *modelSession) showRecordText(w io.Writer, r *modelstore.Record) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, term.Escape(fmt.Sprintf(format, args...)))
	}
	line("name", "%s", r.Name)
	line("for", "%s", usesOf(r))
	kind := cmp.Or(r.Architecture, "ALBERT")
	if r.Converted != "" {
		kind += ", converted to ALBERT"
	}
	line("model", "%s", kind)
	weights := fmt.Sprintf("%.1f million", float64(r.Parameters)/1e6)
	if r.Parameters < 1e6 {
		weights = fmt.Sprint(r.Parameters)
	}
	line("size", "%s weights in %s, %s", weights, r.Precision, size(r.Size()))
	line("shape", "%d passes over %s, hidden size %d, embeddings %d, %d pieces, %d positions",
		r.Layers, plural(r.Groups, "group"), r.Hidden, r.Embedding, r.Vocab, r.Positions)
	if r.Pooling != "" {
		window := "all positions"
		if r.Window > 0 {
			window = plural(r.Window, "piece")
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

func (p *program) modelUseCommand() *cli.Command {
	return &cli.Command{
		Name: "use", Usage: "choose the models that index, search and ask use",
		Description: `Without flags it says which are in use. An index is embedded by one model: after choosing
another embedder, albert-search index --re-embed makes its vectors anew.

Examples:
   albert-search model use --embedder mine
   albert-search model use --reader albert-base-v2-squad2
   albert-search model use --embedder builtin --reader builtin`,
		Flags: flags([]cli.Flag{
			&cli.StringFlag{Name: "embedder", Usage: "texts become vectors by the model `NAME`, or builtin"},
			&cli.StringFlag{Name: "reader", Usage: "passages are read by the model `NAME`, or builtin"},
		}),
		// A configuration's embedder and reader are not what is to be chosen.
		Before: checkFlags,
		Action: p.modelUse,
	}
}

// modelUseJSON is what model use --json prints.
type modelUseJSON struct {
	Embedder string `json:"embedder"`
	Reader   string `json:"reader"`
}

func (p *program) modelUse(c *cli.Context) error {
	s, err := p.openModels(c)
	if err != nil {
		return err
	}
	if err := noArguments(c); err != nil {
		return err
	}
	roles := []modelstore.Role{modelstore.Embedder, modelstore.Reader}
	// All are checked before any is chosen.
	for _, role := range roles {
		if name := c.String(string(role)); name != "" && name != modelstore.Builtin {
			if err := s.checkUse(role, name); err != nil {
				return err
			}
		}
	}
	for _, role := range roles {
		if name := c.String(string(role)); name != "" {
			if err := s.store.Use(c.Context, role, name); err != nil {
				return err
			}
		}
	}
	choice, err := s.store.Choice()
	if err != nil {
		return err
	}
	out := modelUseJSON{choice.Of(modelstore.Embedder), choice.Of(modelstore.Reader)}
	if s.json {
		return s.printJSON(out)
	}
	if c.String("embedder") != "" {
		s.remark("An index that was made with another embedder has to be embedded anew: albert-search index --re-embed")
	}
	return s.print(func(w io.Writer) { fmt.Fprintf(w, "embedder  %s\nreader    %s\n", out.Embedder, out.Reader) })
}

// checkUse makes sure that a model can have the role.
func (s *modelSession) checkUse(role modelstore.Role, name string) error {
	r, err := s.store.Get(name)
	if err != nil {
		return err
	}
	if role == modelstore.Reader && !slices.Contains(r.Uses, string(role)) {
		return fmt.Errorf("%s cannot read: it has no weights that score the beginning and end of answers, as a model of the class AlbertForQuestionAnswering has; it is for: %s", name, usesOf(r))
	}
	if role == modelstore.Reader {
		s.remark("How sure an answer is was fitted for the built-in reader; albert-search eval ask --fit fits it for this one.")
		return nil
	}
	if most := cmp.Or(r.Window, r.Positions) - 2; most < ingest.DefaultSplitTokens {
		s.remark("%s reads the first %d pieces of a passage, which has up to %d: what stands behind is found by its words only.", name, most, ingest.DefaultSplitTokens)
	}
	if !slices.Contains(r.Uses, string(role)) {
		s.remark("%s was not made to embed texts (it is for: %s); the mean of its last hidden states is used.", name, usesOf(r))
	}
	return nil
}

func (p *program) modelVerifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "compare models with what was imported", ArgsUsage: "[NAME...]",
		Description: `Compares the checksums of all files and reads all weights; without names of all models. The
exit code is 2 when something is wrong.

Examples:
   albert-search model verify
   albert-search model verify mine`,
		Flags:  flags(),
		Action: p.modelVerify,
	}
}

// modelVerifyJSON is an element of what model verify --json prints.
type modelVerifyJSON struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Problem says what is wrong.
	Problem string `json:"problem,omitempty"`
}

func (p *program) modelVerify(c *cli.Context) error {
	s, err := p.openModels(c)
	if err != nil {
		return err
	}
	names := c.Args().Slice()
	if len(names) == 0 {
		if names, err = s.store.Names(); err != nil {
			return err
		}
	}
	out := []modelVerifyJSON{}
	var failed error
	for _, name := range names {
		err := s.store.Verify(c.Context, name)
		if err != nil && c.Context.Err() != nil {
			return err
		}
		v := modelVerifyJSON{Name: name, OK: err == nil}
		if err != nil {
			v.Problem = err.Error()
			failed = errors.Join(failed, err)
		}
		out = append(out, v)
	}
	if s.json {
		err = s.printJSON(out)
		if err == nil && failed != nil {
			err = errUnwell
		}
		return err
	}
	err = s.print(func(w io.Writer) {
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

func (p *program) modelRemoveCommand() *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "delete models", ArgsUsage: "NAME...",
		Description: `What used a removed model uses the built-in one from then on. Unless there are models of all
the names none is removed.

Examples:
   albert-search model remove mine`,
		Flags:  flags(),
		Action: p.modelRemove,
	}
}

// modelRemoveJSON is what model remove --json prints.
type modelRemoveJSON struct {
	Removed []string `json:"removed"`
	// BackToBuiltin are the roles that one of them had.
	BackToBuiltin []modelstore.Role `json:"back_to_builtin"`
}

func (p *program) modelRemove(c *cli.Context) error {
	s, err := p.openModels(c)
	if err != nil {
		return err
	}
	if c.NArg() == 0 {
		return usagef(fullName(c), "name the models to delete; albert-search model list lists them")
	}
	names := c.Args().Slice()
	roles, err := s.store.Remove(c.Context, names...)
	if err != nil {
		return err
	}
	out := modelRemoveJSON{names, append([]modelstore.Role{}, roles...)}
	if s.json {
		return s.printJSON(out)
	}
	return s.print(func(w io.Writer) {
		fmt.Fprintf(w, "removed %s\n", strings.Join(out.Removed, ", "))
		for _, role := range out.BackToBuiltin {
			fmt.Fprintf(w, "the %s is the built-in one again\n", role)
		}
	})
}
