package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli/hint"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/index"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	options.Index
	Embedder, Reader options.Model
	options.Compute
}

func (o *doctorOptions) Flags() []cli.Flag {
	o.Embedder, o.Reader = options.Embedder(), options.Reader()
	return cli.Join(o.Index.Flags(), []cli.Flag{o.Embedder.Flag(), o.Reader.Flag()}, o.Compute.Flags())
}

func doctorCommand() *cli.Command {
	o := &doctorOptions{}
	return &cli.Command{
		Name:  "doctor",
		Usage: "check that everything the program needs is there",
		Description: `Reports ONNX Runtime, the processor, the models and the index, and what to do about what
is wrong. The exit code is 2 when something is; that there is no index yet is not wrong.`,
		Examples: []string{
			`albert-search doctor`,
			`albert-search doctor --onnxruntime /opt/onnxruntime/lib`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return doctor(ctx, c, o) },
	}
}

// doctorJSON is what doctor --json prints.
type doctorJSON struct {
	OK      bool        `json:"ok"`
	Program versionJSON `json:"program"`
	// CPU has the processor's features that matter for speed.
	CPU         []string     `json:"cpu"`
	ONNXRuntime *libraryJSON `json:"onnxruntime,omitempty"`
	// NeedsRuntime reports whether a model needs ONNX Runtime on this processor.
	NeedsRuntime bool                `json:"needs_onnxruntime"`
	Models       []options.ModelJSON `json:"models"`
	Index        indexState          `json:"index"`
	// Problems say what is wrong and what to do about it.
	Problems []string `json:"problems"`

	spared   bool   // ONNX Runtime is not there and need not be
	embedder string // what an index knows the embedder by
	call     *cli.Call
}

type indexState struct {
	Path string `json:"path"`
	// State is "usable", "missing" or "unusable".
	State     string `json:"state"`
	Documents int    `json:"documents"`
	Passages  int    `json:"passages"`
}

func doctor(ctx context.Context, c *cli.Call, o *doctorOptions) error {
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	if err := c.NoArguments(); err != nil {
		return err
	}
	d := doctorJSON{Program: version(), CPU: append([]string{}, ort.CPUFeatures()...), Models: []options.ModelJSON{}, Problems: []string{}, call: c}
	for _, m := range []*options.Model{&o.Embedder, &o.Reader} {
		d.checkModel(m, albertsearch.BuiltinModel(m.Role).Files)
	}
	d.checkRuntime(o.Find())
	d.Index.Path = s.index
	err = s.withEngine(func(e *albertsearch.Engine) error { return d.checkIndex(ctx, e) }, &o.Embedder, &o.Reader, &o.Compute)
	if err != nil {
		return err
	}
	d.OK = len(d.Problems) == 0
	if s.JSON {
		err = s.PrintJSON(d)
	} else {
		err = s.Print(func(w io.Writer) { s.showDoctor(w, d) })
	}
	switch {
	case err != nil || d.OK:
		return err
	case s.JSON:
		return cli.Failed
	}
	return errors.New("something is wrong, see above")
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
func (d *doctorJSON) checkModel(o *options.Model, files fs.FS) {
	role := o.Role
	what, precision := "the built-in "+string(role), albert.Int8
	chosen, err := o.Files()
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
	if role == albert.RoleEmbedder {
		d.embedder = m.ID()
		if chosen != nil {
			if d.embedder, err = albertsearch.EmbedderID(m.ID(), m.Config().MaxPositions, chosen.Pooling, chosen.Window); err != nil {
				d.problem(fmt.Errorf("%s: %w", what, err))
			}
		}
	}
	d.Models = append(d.Models, options.NewModelJSON(role, m))
}

func (d *doctorJSON) checkIndex(ctx context.Context, e *albertsearch.Engine) error {
	st, err := e.Status(ctx)
	switch {
	case ctx.Err() != nil:
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
		if known, _ := options.EmbedderName(id); known != "" {
			other = known
		}
		d.problem(fmt.Errorf("the index was made with %s (%.12s), not with the model in use (%.12s)\n%s embeds its passages with this one", other, id, d.embedder, hint.Reembed(d.call)))
	}
}

// problem notes what is wrong, with the hint.
func (d *doctorJSON) problem(err error) {
	d.Problems = append(d.Problems, strings.Join(append([]string{err.Error()}, hint.Of(err, d.call)...), "\n"))
}

func (s *session) showDoctor(w io.Writer, d doctorJSON) {
	fmt.Fprintf(w, "program       %s\n", d.Program)
	fmt.Fprintf(w, "processor     %s\n", cmp.Or(strings.Join(d.CPU, " "), "no features that matter for speed"))
	library := "not usable"
	switch l := d.ONNXRuntime; {
	case l != nil:
		library = fmt.Sprintf("%s, %s (%s)", l.Version, s.Path(l.Path), l.Source)
	case d.spared:
		library = "none that can be used, and none is needed: this processor runs the models without"
	}
	fmt.Fprintf(w, "ONNX Runtime  %s\n", library)
	for _, m := range d.Models {
		fmt.Fprintf(w, "%-12s  %s\n", m.Name, m)
	}
	fmt.Fprintf(w, "index         %s, %s", s.Path(d.Index.Path), d.Index.State)
	if d.Index.State == "usable" {
		fmt.Fprintf(w, ": %s, %s", cli.Plural(d.Index.Documents, "document"), cli.Plural(d.Index.Passages, "passage"))
	}
	fmt.Fprintln(w)
	if d.OK {
		fmt.Fprintln(w, "\nEverything that is needed is there.")
	}
	for _, problem := range d.Problems {
		fmt.Fprintf(w, "\nproblem: %s\n", strings.ReplaceAll(cli.EscapeLines(problem), "\n", "\n  "))
	}
}
