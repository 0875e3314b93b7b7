package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
)

// program is what all commands share.
type program struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

func (p *program) run(ctx context.Context, args []string) int {
	p.args = args
	app := p.app()
	err := app.RunContext(ctx, arrange(args, app.Commands))
	return finish(ctx, err, p.stderr, wantsJSON(args))
}

func (p *program) app() *cli.App {
	app := &cli.App{
		Name:      "albert-search",
		Usage:     "search a folder of documents, and ask it questions",
		UsageText: "albert-search COMMAND [FLAGS] [ARGUMENTS]   (flags may follow arguments)",
		Description: "Reads documents into an index on this machine, finds passages by their words and by\n" +
			"their meaning, and answers questions with the words of the documents. Offline.",
		Version:                   version().String(),
		Reader:                    p.stdin,
		Writer:                    p.stdout,
		ErrWriter:                 p.stderr,
		EnableBashCompletion:      true,
		DisableSliceFlagSeparator: true, // globs and metadata have commas
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return &usageError{err: explain(err, p.args, nil)}
		},
		Action: unknownCommand,
		Commands: []*cli.Command{
			p.indexCommand(), p.searchCommand(), p.askCommand(), p.statusCommand(), p.checkCommand(), p.removeCommand(), p.modelCommand(),
			p.evalCommand(), p.setupCommand(), p.doctorCommand(), p.versionCommand(), p.completionCommand(),
		},
	}
	p.prepare(app.Commands)
	return app
}

// prepare gives the commands what all have in common.
func (p *program) prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.HideHelpCommand = true // "search help" searches for help
		c.OnUsageError = func(ctx *cli.Context, err error, _ bool) error {
			return &usageError{command: fullName(ctx), err: explain(err, p.args, ctx.Command.Flags)}
		}
		c.BashComplete = p.complete(c)
		if len(c.Subcommands) > 0 {
			c.Action = unknownSubcommand
			p.prepare(c.Subcommands)
			continue
		}
		if c.Before == nil {
			c.Before = configure
		}
	}
}

// fullName is the name of the running command with those above it, as "eval
// ask".
func fullName(c *cli.Context) string {
	return strings.TrimPrefix(c.Command.HelpName, c.App.Name+" ")
}

// unknownCommand runs when no command was named, or none that there is.
func unknownCommand(c *cli.Context) error {
	name := c.Args().First()
	if name == "" {
		return cli.ShowAppHelp(c)
	}
	return &usageError{err: noCommand(name, c.App.Commands)}
}

// unknownSubcommand is unknownCommand for commands that have others below them.
func unknownSubcommand(c *cli.Context) error {
	name := c.Args().First()
	if name == "" {
		return cli.ShowSubcommandHelp(c)
	}
	return &usageError{command: fullName(c), err: noCommand(name, c.Command.Subcommands)}
}

// noCommand says that there is no such command among those.
func noCommand(name string, commands []*cli.Command) error {
	err := fmt.Errorf("there is no command %q", name)
	var names []string
	for _, command := range commands {
		names = append(names, command.Name)
	}
	if near := nearest(name, names); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return err
}

// session is one run of a command.
type session struct {
	*cli.Context
	printer
	args  []string // the command line
	index string   // the folder of the index
}

// open prepares a session of a command that has the common flags.
func (p *program) open(c *cli.Context) (*session, error) {
	s := &session{Context: c, printer: newPrinter(p, c), args: p.args}
	var err error
	s.index, err = indexFolder(c.String("index"))
	return s, err
}

// engine opens the index.
func (s *session) engine() (*albertsearch.Engine, error) {
	k, err := calibration(s.Context)
	if err != nil {
		return nil, err
	}
	r, err := reranking(s.Context)
	if err != nil {
		return nil, err
	}
	o := albertsearch.Options{
		Dir:         s.index,
		ONNXRuntime: runtimeLibrary(s.Context).Path,
		Threads:     s.Int("threads"),
		Calibration: k,
		Threshold:   s.Float64("threshold"),
		Reranking:   r,
	}
	// Words alone are found without an embedder.
	if hasFlag(s.Command, "embedder") && albertsearch.Mode(s.String("mode")) != albertsearch.Keyword {
		if o.EmbedderModel, err = chosenModel(s.Context, modelstore.Embedder); err != nil {
			return nil, err
		}
	}
	if hasFlag(s.Command, "reader") {
		if o.ReaderModel, err = chosenModel(s.Context, modelstore.Reader); err != nil {
			return nil, err
		}
	}
	return albertsearch.Open(o)
}

// withEngine calls f with the opened index and closes it.
func (s *session) withEngine(f func(*albertsearch.Engine) error) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	err = f(e)
	if err != nil && (albertsearch.KindOf(err) == albertsearch.KindUsage || len(albertsearch.HintsOf(err)) > 0) {
		err = &commandError{error: err, command: fullName(s.Context), reembed: s.reembedCommand()}
	}
	if closed := e.Close(); closed != nil {
		return errors.Join(err, closed)
	}
	return err
}

// runtimeLibrary says where to look for ONNX Runtime.
func runtimeLibrary(c *cli.Context) ort.FindOptions {
	path := c.String("onnxruntime")
	if path == os.Getenv(ort.PathVariable) {
		return ort.FindOptions{} // it looks into the environment itself, and says so
	}
	return ort.FindOptions{Path: path}
}
