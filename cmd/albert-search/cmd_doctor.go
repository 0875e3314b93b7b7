package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/index"
)

func (p *program) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check that everything the program needs is there",
		Description: `Reports ONNX Runtime, the processor, the models and the index, and what to do about what
is wrong. The exit code is 2 when something is; that there is no index yet is not wrong.

Examples:
   albert-search doctor
   albert-search doctor --onnxruntime /opt/onnxruntime/lib`,
		Flags:  flags(indexFlags(), embedderFlags(), readerFlags(), modelFlags()),
		Action: p.doctor,
	}
}

// errUnwell ends the program with exitError after doctor has said what is
// wrong.
var errUnwell = errors.New("something is wrong, see above")

// doctorJSON is what doctor --json prints.
type doctorJSON struct {
	OK      bool        `json:"ok"`
	Program versionJSON `json:"program"`
	// CPU has the processor's features that matter for speed.
	CPU         []string     `json:"cpu"`
	ONNXRuntime *libraryJSON `json:"onnxruntime,omitempty"`
	// NeedsRuntime tells whether a model needs ONNX Runtime on this processor.
	NeedsRuntime bool        `json:"needs_onnxruntime"`
	Models       []modelJSON `json:"models"`
	Index        indexState  `json:"index"`
	// Problems say what is wrong and what to do about it.
	Problems []string `json:"problems"`

	spared   bool   // ONNX Runtime is not there and need not be
	embedder string // what an index knows the embedder by
	reembed  string // the command that embeds the index with it
}

type modelJSON struct {
	Name   string `json:"name"`
	ID     string `json:"id"`
	Layers int    `json:"layers"`
	Hidden int    `json:"hidden_size"`
	Vocab  int    `json:"vocab_size"`
}

func newModelJSON(role modelstore.Role, m *albert.Model) modelJSON {
	config := m.Config()
	return modelJSON{
		Name: string(role), ID: m.ID(), Layers: config.Layers, Hidden: config.HiddenSize, Vocab: config.VocabSize,
	}
}

// String is the model without its name.
func (m modelJSON) String() string {
	return fmt.Sprintf("%.12s, %d layers of %d, %d pieces", m.ID, m.Layers, m.Hidden, m.Vocab)
}

type indexState struct {
	Path string `json:"path"`
	// State is "usable", "missing" or "unusable".
	State     string `json:"state"`
	Documents int    `json:"documents"`
	Passages  int    `json:"passages"`
}

func (p *program) doctor(c *cli.Context) error {
	s, err := p.open(c)
	if err != nil {
		return err
	}
	if err := noArguments(c); err != nil {
		return err
	}
	d := doctorJSON{Program: version(), CPU: ort.CPUFeatures(), Models: []modelJSON{}, Problems: []string{}}
	if d.CPU == nil {
		d.CPU = []string{}
	}
	d.checkModel(c, modelstore.Embedder, builtin.Embedder())
	d.checkModel(c, modelstore.Reader, builtin.Reader())
	d.checkRuntime(runtimeLibrary(c))
	d.Index.Path, d.reembed = s.index, s.reembedCommand()
	if err := s.withEngine(func(e *albertsearch.Engine) error { return d.checkIndex(c, e) }); err != nil {
		return err
	}
	d.OK = len(d.Problems) == 0
	if s.json {
		err = s.printJSON(d)
	} else {
		err = s.print(func(w io.Writer) { s.showDoctor(w, d) })
	}
	if err == nil && !d.OK {
		err = errUnwell
	}
	return err
}

// checkRuntime opens the library, because one that is found may still not
// start. That there is none is wrong only where it would be loaded.
func (d *doctorJSON) checkRuntime(o ort.FindOptions) {
	lib, err := ort.Find(o)
	if err != nil {
		// Of a model that was not loaded nobody knows.
		if d.spared = len(d.Models) == 2 && !d.NeedsRuntime && !o.Named(); !d.spared {
			d.problem(err)
		}
		return
	}
	found := libraryJSON(lib)
	d.ONNXRuntime = &found
	rt, err := ort.Open(lib)
	if err != nil {
		d.problem(err)
		return
	}
	if err := rt.Close(); err != nil {
		d.problem(err)
	}
}

// checkModel loads the model that has the role: the built-in one, or the one
// that was chosen instead.
func (d *doctorJSON) checkModel(c *cli.Context, role modelstore.Role, files fs.FS) {
	what, precision := "the built-in "+string(role), albert.Int8
	chosen, err := chosenModel(c, role)
	if err != nil {
		d.problem(err)
		return
	}
	if chosen != nil {
		files, what = chosen.Files, fmt.Sprintf("the %s, %s", role, chosen.Name)
		if chosen.Float32 {
			precision = albert.Float32
		}
	}
	m, err := albert.Load(files)
	if err != nil {
		d.problem(fmt.Errorf("%s: %w", what, err))
		return
	}
	d.NeedsRuntime = d.NeedsRuntime || m.NeedsRuntime(precision)
	if role == modelstore.Embedder {
		d.embedder = m.ID()
		if chosen != nil {
			if d.embedder, err = albertsearch.EmbedderID(m.ID(), m.Config().MaxPositions, chosen.Pooling, chosen.Window); err != nil {
				d.problem(fmt.Errorf("%s: %w", what, err))
			}
		}
	}
	d.Models = append(d.Models, newModelJSON(role, m))
}

func (d *doctorJSON) checkIndex(c *cli.Context, e *albertsearch.Engine) error {
	st, err := e.Status(c.Context)
	switch {
	case c.Context.Err() != nil:
		return err
	case errors.Is(err, index.ErrNotFound):
		d.Index.State = "missing"
	case err != nil:
		d.Index.State = "unusable"
		d.problem(err)
	default:
		d.Index.State = "usable"
		d.Index.Documents, d.Index.Passages = st.Documents, st.Passages
		d.checkEmbedder(st.Settings.Embedder)
	}
	return nil
}

// checkEmbedder checks that the index was made with the model that this
// program has.
func (d *doctorJSON) checkEmbedder(id string) {
	if d.embedder != "" && d.embedder != id {
		other := "another embedding model"
		if known, _ := embedderName(id); known != "" {
			other = known
		}
		d.problem(fmt.Errorf("the index was made with %s (%.12s), not with the model in use (%.12s)\n%s embeds its passages with this one", other, id, d.embedder, d.reembed))
	}
}

// problem notes what is wrong, with the hint.
func (d *doctorJSON) problem(err error) {
	text := err.Error()
	d.Problems = append(d.Problems, strings.Join(append([]string{text}, hints(err)...), "\n"))
}

func (s *session) showDoctor(w io.Writer, d doctorJSON) {
	fmt.Fprintf(w, "program       %s\n", d.Program)
	fmt.Fprintf(w, "processor     %s\n", cmp.Or(strings.Join(d.CPU, " "), "no features that matter for speed"))
	library := "not usable"
	switch l := d.ONNXRuntime; {
	case l != nil:
		library = fmt.Sprintf("%s, %s (%s)", l.Version, s.path(l.Path), l.Source)
	case d.spared:
		library = "none that can be used, and none is needed: this processor runs the models without"
	}
	fmt.Fprintf(w, "ONNX Runtime  %s\n", library)
	for _, m := range d.Models {
		fmt.Fprintf(w, "%-12s  %s\n", m.Name, m)
	}
	fmt.Fprintf(w, "index         %s, %s", s.path(d.Index.Path), d.Index.State)
	if d.Index.State == "usable" {
		fmt.Fprintf(w, ": %s, %s", plural(d.Index.Documents, "document"), plural(d.Index.Passages, "passage"))
	}
	fmt.Fprintln(w)
	if d.OK {
		fmt.Fprintln(w, "\nEverything that is needed is there.")
	}
	for _, problem := range d.Problems {
		fmt.Fprintf(w, "\nproblem: %s\n", strings.ReplaceAll(escapeLines(problem), "\n", "\n  "))
	}
}
