package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

func (p *program) evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "measure how well passages are found and questions answered, on questions of your own",
		ArgsUsage: "COMMAND",
		Description: `Examples:
   albert-search eval retrieval beir/scifact
   albert-search eval reading dev-v2.0.json
   albert-search eval ask questions.json --collection ~/Documents --fit calibration.json`,
		Subcommands: []*cli.Command{p.evalRetrievalCommand(), p.evalReadingCommand(), p.evalAskCommand()},
	}
}

// evalFlags are those of all commands that measure.
func evalFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.IntFlag{Name: "sample", Usage: "ask only `N` questions of each file or folder, drawn by the seed", DefaultText: "all"},
		&cli.IntFlag{Name: "seed", Value: 1, Usage: "the seed of all that is drawn is `N`"},
		&cli.StringFlag{Name: "run", Usage: "write what was found to `FILE`, for --compare and other programs"},
		&cli.StringFlag{Name: "per-query", Usage: "write a JSON line with the measures of each query to `FILE`"},
		&cli.StringFlag{Name: "compare", Usage: "test the difference to the run in `FILE`, which --run has written"},
		&cli.StringFlag{Name: "work", Usage: "keep the indexes in the folder `DIR`, and embed only what it does not have yet"},
		&cli.StringFlag{Name: "embedder", Usage: "embed with the model `NAME` (see albert-search model), or that in a folder, in Hugging Face layout", DefaultText: "what model use has chosen"},
		&cli.StringFlag{Name: "reader", Usage: "read with the model `NAME` (see albert-search model), or that in a folder, in Hugging Face layout", DefaultText: "what model use has chosen"},
		&cli.StringFlag{Name: "precision", Value: "int8", Usage: "the models of --embedder and --reader calculate in `TYPE`: " + list("precision")},
	}, modelFlags()...)
}

// answerFlags are those of commands that decide whether there is an answer.
func answerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "calibration", Usage: "work out the confidence with `FILE`, which eval ask --fit has written"},
		&cli.Float64Flag{Name: "threshold", Usage: "give answers from the confidence `X` on", DefaultText: "the calibration's"},
	}
}

// calibration reads the flag --calibration; nil without it.
func calibration(c *cli.Context) (*qa.Calibration, error) {
	path := c.String("calibration")
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the calibration: %w", err)
	}
	k, err := qa.ParseCalibration(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// rerankingFlag is that of commands that rerank.
func rerankingFlag() cli.Flag {
	return &cli.StringFlag{Name: "reranking", Usage: "reranking weighs the relevance as `FILE` says, which eval ask --fit-reranking has written"}
}

// reranking reads the flag --reranking; nil without it.
func reranking(c *cli.Context) (*rerank.Calibration, error) {
	path := c.String("reranking")
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the weights of reranking: %w", err)
	}
	k, err := rerank.ParseCalibration(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// evaluation is a run of one of the commands that measure. Its models are loaded
// once, and what is asked for again is not embedded or read again.
type evaluation struct {
	*session
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
	relevance  bool   // whether the reader tells it
	dir        string // of the indexes
	indexed    map[string]bool
	run        *output
	perQuery   *output
}

// evaluate prepares an evaluation, calls f with it and tidies up.
func (p *program) evaluate(c *cli.Context, f func(*evaluation) error) (err error) {
	e := &evaluation{session: &session{Context: c, printer: newPrinter(p, c)}}
	k, err := calibration(c)
	if err != nil {
		return err
	}
	r, err := reranking(c)
	if err != nil {
		return err
	}
	if e.dir = c.String("work"); e.dir == "" {
		if e.dir, err = os.MkdirTemp("", "albert-search-eval-"); err != nil {
			return fmt.Errorf("make a folder for the indexes: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(e.dir)) }()
	}
	options := albertsearch.Options{
		Dir: filepath.Join(e.dir, "none"), ONNXRuntime: runtimeLibrary(c).Path, Threads: c.Int("threads"),
		Calibration: k, Threshold: c.Float64("threshold"), Reranking: r,
	}
	if options.EmbedderModel, err = e.model(modelstore.Embedder); err != nil {
		return err
	}
	if options.ReaderModel, err = e.model(modelstore.Reader); err != nil {
		return err
	}
	if m := options.ReaderModel; m != nil {
		e.readerName = strings.TrimPrefix(m.Name, "model ")
		if dir := c.String("reader"); dir != "" {
			e.readerName = filepath.Base(dir)
		}
	}
	if c.String("precision") == "fp32" && options.EmbedderModel == nil && options.ReaderModel == nil {
		return usagef(fullName(c), "--precision fp32: the built-in models are int8; name others with --embedder and --reader")
	}
	if e.models, err = albertsearch.Open(options); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.models.Close()) }()
	// What cannot be written is to be known before the hours of measuring.
	if e.run, err = newOutput(c.String("run")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.run.close()) }()
	if e.perQuery, err = newOutput(c.String("per-query")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.perQuery.close()) }()
	return f(e)
}

// measured says that what was found is complete.
func (e *evaluation) measured() { e.run.done, e.perQuery.done = true, true }

// model is the model for the role: the one in the folder that the flag names,
// else the one in the store that it names or that "model use" has chosen; nil
// for the built-in one.
func (e *evaluation) model(role modelstore.Role) (*albertsearch.ModelFiles, error) {
	dir, fp32 := e.String(string(role)), e.String("precision") == "fp32"
	if info, err := os.Stat(dir); dir == "" || err != nil || !info.IsDir() {
		m, err := chosenModel(e.Context, role)
		if m != nil && fp32 {
			m.Float32 = true
		}
		return m, err
	}
	if _, err := os.Stat(filepath.Join(dir, "modules.json")); err != nil {
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil {
			return nil, fmt.Errorf("--%s %s is no model in Hugging Face layout: %w", role, dir, err)
		}
	}
	files, pooling, window, err := modelstore.Folder(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", role, dir, err)
	}
	return &albertsearch.ModelFiles{
		Name: "model in " + dir, Files: files, Pooling: albertsearch.Pooling(pooling), Window: window, Float32: fp32,
	}, nil
}

// loadEmbedder loads the embedder.
func (e *evaluation) loadEmbedder() error {
	if e.embedder != nil {
		return nil
	}
	loaded, err := e.models.Embedder(e.Context.Context)
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
func (e *evaluation) loadReader() error {
	if e.reader != nil {
		return nil
	}
	loaded, err := e.models.Reader(e.Context.Context)
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

// files reads the arguments as SQuAD files.
func (e *evaluation) files() ([]squadFile, error) {
	if e.NArg() == 0 {
		return nil, usagef(fullName(e.Context), "name a file with questions, in the format of SQuAD")
	}
	var out []squadFile
	for _, path := range e.Args().Slice() {
		set, err := eval.ReadSQuAD(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		for _, other := range out {
			if other.name == name {
				return nil, usagef(fullName(e.Context), "two files are called %s: their results could not be told apart", name)
			}
		}
		out = append(out, squadFile{path, name, set.Sample(e.Int("sample"), e.seed())})
	}
	return out, nil
}

// squadFile is a file of questions.
type squadFile struct {
	path, name string
	*eval.SQuAD
}

func (e *evaluation) seed() uint64 { return uint64(e.Int("seed")) }

// count shows a bar while n things are done.
func (e *evaluation) count(what string, n int, f func(tick func()) error) error {
	bar := newCounter(&e.printer, what, n)
	defer bar.finish()
	return f(bar.tick)
}
