// Package evalcmd has the commands that measure: eval retrieval, eval reading
// and eval ask.
package evalcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
)

// Command is the group of commands that measure.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "eval",
		Usage: "measure how well passages are found and questions answered, on questions of your own",
		Args:  "COMMAND",
		Examples: []string{
			`albert-search eval retrieval beir/scifact`,
			`albert-search eval reading dev-v2.0.json`,
			`albert-search eval ask questions.json --collection ~/Documents --fit calibration.json`,
		},
		Commands: []*cli.Command{retrievalCommand(), readingCommand(), askCommand()},
	}
}

// measuring is the options that all commands have.
type measuring struct {
	Sample           int
	Seed             uint64
	Run              string
	PerQuery         string
	Compare          string
	Work             string
	Embedder, Reader options.Model
	Precision        precision
	options.Compute
}

// precision is what models calculate in.
type precision string

const (
	int8Precision precision = "int8"
	fp32Precision precision = "fp32"
)

// The headings of --help.
const (
	groupQuestions = "QUESTIONS"
	groupResults   = "RESULTS"
	groupModels    = "MODELS"
)

func (o *measuring) flags() []cli.Flag {
	o.Seed, o.Precision, o.Embedder, o.Reader = 1, int8Precision, options.Embedder(), options.Reader()
	file := func(name, usage string, to *string) cli.Flag {
		return cli.Flag{Name: name, Setting: cli.Unconfigured, Group: groupResults, Path: true, Usage: usage, To: cli.String(to)}
	}
	model := func(o *options.Model, usage string) cli.Flag {
		f := o.Flag()
		f.Usage = usage + " (see albert-search model), or that in a folder, in Hugging Face layout"
		return f
	}
	precisions := []precision{int8Precision, fp32Precision}
	return append([]cli.Flag{
		{Name: "sample", Setting: cli.Unconfigured, Group: groupQuestions, Recorded: true, Default: "all", To: cli.Int(&o.Sample, cli.AtLeast(1)),
			Usage: "ask only `N` questions of each file or folder, drawn by the seed"},
		{Name: "seed", Setting: cli.Unconfigured, Group: groupQuestions, Recorded: true, To: cli.Int(&o.Seed, cli.AtLeast(0)),
			Usage: "the seed of all that is drawn is `N`"},
		file("run", "write what was found to `FILE`, for --compare and other programs", &o.Run),
		file("per-query", "write a JSON line with the measures of each query to `FILE`", &o.PerQuery),
		file("compare", "test the difference to the run in `FILE`, which --run has written", &o.Compare),
		file("work", "keep the indexes in the folder `DIR`, and embed only what it does not have yet", &o.Work),
		model(&o.Embedder, "embed with the model `NAME`"),
		model(&o.Reader, "read with the model `NAME`"),
		{Name: "precision", Setting: cli.Unconfigured, Group: groupModels, Recorded: true, To: cli.Choice(&o.Precision, precisions),
			Usage: "the models of --embedder and --reader calculate in `TYPE`: " + cli.OneOf(precisions)},
	}, o.Compute.Flags()...)
}

// evaluation is a run of one of the commands that measure. Its models are loaded
// once, and what is asked for again is not embedded or read again.
type evaluation struct {
	*cli.Call
	o        *measuring
	models   *albertsearch.Engine // has no index
	embedder embed.Embedder
	// documents is the embedder for what is indexed.
	documents embed.Embedder
	reader    *albertsearch.Reader
	// forget says that documents and passages are embedded and read once
	// anyway: remembering them would take much memory.
	forget bool
	// readerName is what the reader is called, "" if it is the built-in one.
	readerName string
	relevance  bool   // whether the reader judges it
	dir        string // of the indexes
	indexed    map[string]bool
	run        *output
	perQuery   *output
}

// evaluate prepares an evaluation, calls f with it and tidies up. The parts are
// those of the engine that the command has flags for.
func evaluate(c *cli.Call, o *measuring, f func(*evaluation) error, parts ...options.Part) (err error) {
	e := &evaluation{Call: c, o: o}
	if e.dir = o.Work; e.dir == "" {
		if e.dir, err = os.MkdirTemp("", "albert-search-eval-"); err != nil {
			return fmt.Errorf("make a folder for the indexes: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(e.dir)) }()
	}
	if err := e.openModels(append(parts, &o.Compute)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.models.Close()) }()
	// What cannot be written is to be known before the hours of measuring.
	return withOutputs([]string{o.Run, o.PerQuery}, func(to []*output) error {
		e.run, e.perQuery = to[0], to[1]
		return f(e)
	})
}

// openModels opens the engine that the models come from.
func (e *evaluation) openModels(parts []options.Part) (err error) {
	o := albertsearch.Options{Dir: filepath.Join(e.dir, "none")}
	if err := options.Apply(&o, parts...); err != nil {
		return err
	}
	o.Models = albertsearch.Models{}
	for _, named := range []*options.Model{&e.o.Embedder, &e.o.Reader} {
		m, err := e.model(named)
		if err != nil {
			return err
		}
		if m != nil {
			o.Models[named.Role] = m
		}
	}
	if m := o.Models[albert.RoleReader]; m != nil {
		e.readerName = strings.TrimPrefix(m.Name, "model ")
		if dir := e.o.Reader.Name; dir != "" {
			e.readerName = filepath.Base(dir)
		}
	}
	if e.o.Precision == fp32Precision && len(o.Models) == 0 {
		return e.Usagef("--precision fp32: the built-in models are int8; name others with --embedder and --reader")
	}
	e.models, err = albertsearch.Open(o)
	return err
}

// measured says that what was found is complete.
func (e *evaluation) measured() { e.run.done, e.perQuery.done = true, true }

// model is the model in the folder that the flag names, else the one in the store
// that it names or that "model use" has chosen; nil for the built-in one.
func (e *evaluation) model(o *options.Model) (*albertsearch.ModelFiles, error) {
	dir, fp32 := o.Name, e.o.Precision == fp32Precision
	if info, err := os.Stat(dir); dir == "" || err != nil || !info.IsDir() {
		m, err := o.Files()
		if m != nil && fp32 {
			m.Float32 = true
		}
		return m, err
	}
	if _, err := os.Stat(filepath.Join(dir, "modules.json")); err != nil {
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil {
			return nil, fmt.Errorf("--%s %s is no model in Hugging Face layout: %w", o.Role, dir, err)
		}
	}
	files, pooling, window, err := modelstore.Folder(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", o.Role, dir, err)
	}
	return &albertsearch.ModelFiles{
		Name: "model in " + dir, Files: files, Pooling: albertsearch.Pooling(pooling), Window: window, Float32: fp32,
	}, nil
}

// loadEmbedder loads the embedder.
func (e *evaluation) loadEmbedder(ctx context.Context) error {
	if e.embedder != nil {
		return nil
	}
	loaded, err := e.models.Embedder(ctx)
	if err != nil {
		return err
	}
	e.embedder = eval.RememberVectors(loaded)
	e.documents = e.embedder
	if e.forget {
		e.documents = loaded
	}
	return nil
}

// loadReader loads the reader.
func (e *evaluation) loadReader(ctx context.Context) error {
	if e.reader != nil {
		return nil
	}
	loaded, err := e.models.Reader(ctx)
	if err != nil {
		return err
	}
	spans := loaded.Spans
	if !e.forget {
		spans = eval.Remember(spans)
	}
	e.relevance = qa.New(spans, loaded.Tokenizer, loaded.Options).HasRelevance()
	e.reader = &albertsearch.Reader{Spans: spans, Tokenizer: loaded.Tokenizer, Options: loaded.Options, Reranking: loaded.Reranking}
	return nil
}

// threshold is the confidence from which answers are given.
func (e *evaluation) threshold() float64 {
	return qa.New(e.reader.Spans, e.reader.Tokenizer, e.reader.Options).Threshold()
}

// squadFiles reads the arguments as SQuAD files.
func (e *evaluation) squadFiles() ([]squadFile, error) {
	if len(e.Args) == 0 {
		return nil, e.Usagef("name a file with questions, in the format of SQuAD")
	}
	var out []squadFile
	for _, path := range e.Args {
		set, err := eval.ReadSQuAD(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		for _, other := range out {
			if other.name == name {
				return nil, e.Usagef("two files are called %s: their results could not be told apart", name)
			}
		}
		out = append(out, squadFile{path, name, set.Sample(e.o.Sample, e.o.Seed)})
	}
	return out, nil
}

// squadFile is a file of questions.
type squadFile struct {
	path, name string
	*eval.SQuAD
}

// count shows a bar while n things are done.
func (e *evaluation) count(what string, n int, f func(tick func()) error) error {
	bar := e.Count(what, int64(n))
	defer bar.Done()
	return f(bar.Tick)
}
