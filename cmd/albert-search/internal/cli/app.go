package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	urfave "github.com/urfave/cli/v2"
)

// App is the program.
type App struct {
	Name, Usage, UsageText, Description, Version string
	Commands                                     []*Command
	Stdin                                        io.Reader
	Stdout, Stderr                               io.Writer
	// Explain names the kind of an error, for --json, and says what to do about
	// it where the error does not say it itself. The call is nil if no command
	// ran.
	Explain func(err error, c *Call) (kind string, hints []string)
}

// run is one run of the program.
type run struct {
	*App
	args     []string
	commands []*command
	call     *Call // nil before a command runs
}

// Run runs the command that the arguments name, of which the first is the name
// of the program. It returns the exit code.
func (a *App) Run(ctx context.Context, args []string) Exit {
	r := &run{App: a, args: args, commands: build(a.Commands, "")}
	// A variable that is set to nothing is one that is not set, for the packages
	// that read it themselves as well.
	for _, f := range allFlags(r.commands) {
		if f.Env != "" && os.Getenv(f.Env) == "" {
			_ = os.Unsetenv(f.Env) // fails for names with '=' only
		}
	}
	err := r.run(ctx)
	return finish(ctx, err, a.Stderr, wantsJSON(args), func(err error) (string, []string) { return a.Explain(err, r.call) })
}

func (r *run) run(ctx context.Context) error {
	args := r.args
	if len(args) > 0 && args[len(args)-1] != completionFlag {
		var err error
		if args, err = arrange(args, r.commands); err != nil {
			return err
		}
	}
	return r.urfave().RunContext(ctx, args)
}

// urfave is the program as the parser knows it.
func (r *run) urfave() *urfave.App {
	return &urfave.App{
		Name: r.Name, Usage: r.Usage, UsageText: r.UsageText, Description: r.Description, Version: r.Version,
		Reader: r.Stdin, Writer: r.Stdout, ErrWriter: r.Stderr,
		EnableBashCompletion: true,
		BashComplete:         func(*urfave.Context) { r.complete(nil, r.commands) },
		ExitErrHandler:       func(*urfave.Context, error) {},
		OnUsageError:         func(_ *urfave.Context, err error, _ bool) error { return &UsageError{Err: err} },
		Action:               func(c *urfave.Context) error { return r.noCommand(c, "", r.commands, urfave.ShowAppHelp) },
		Commands:             r.urfaveCommands(r.commands),
	}
}

func (r *run) urfaveCommands(commands []*command) []*urfave.Command {
	var out []*urfave.Command
	for _, c := range commands {
		u := &urfave.Command{
			Name: c.decl.Name, Usage: c.decl.Usage, ArgsUsage: c.decl.Args, Description: c.decl.description(),
			HideHelpCommand: true, // "search help" searches for help
			OnUsageError: func(_ *urfave.Context, err error, _ bool) error {
				return &UsageError{Command: c.fullName, Err: r.cause(c, err)}
			},
			BashComplete: func(*urfave.Context) { r.complete(c.flags, c.commands) },
		}
		for _, f := range c.flags {
			u.Flags = append(u.Flags, f)
		}
		if len(c.flags) > 0 { // the library adds it too late for --help with groups
			u.Flags = append(u.Flags, urfave.HelpFlag)
		}
		if len(c.commands) > 0 {
			u.Subcommands = r.urfaveCommands(c.commands)
			u.Action = func(ctx *urfave.Context) error {
				return r.noCommand(ctx, c.fullName, c.commands, urfave.ShowSubcommandHelp)
			}
		} else {
			u.Action = func(ctx *urfave.Context) error { return r.action(ctx, c) }
		}
		out = append(out, u)
	}
	return out
}

// cause is why the parser failed: the error of the flag whose value was refused,
// of which the parser has only the text.
func (r *run) cause(c *command, err error) error {
	for _, f := range c.flags {
		if f.failure == nil {
			continue
		}
		if f.failure.from == fromCommandLine {
			f.failure.name = (&arranger{typed: r.args}).asTyped(f.Names()...)
		}
		return f.failure
	}
	return err
}

// action runs a command whose flags have been parsed.
func (r *run) action(ctx *urfave.Context, c *command) error {
	r.call = &Call{Stdin: r.Stdin, Args: ctx.Args().Slice(), command: c}
	if c.decl.Check != nil {
		if err := c.decl.Check(r.call); err != nil {
			return err
		}
	}
	if !c.decl.Unconfigured {
		if err := configure(c.flags, settings(r.commands)); err != nil {
			return err
		}
	}
	r.call.Printer = newPrinter(c.output, r.Stdout, r.Stderr)
	return c.decl.Run(ctx.Context, r.call)
}

// noCommand runs when no command was named, or none that there is.
func (r *run) noCommand(ctx *urfave.Context, group string, commands []*command, help func(*urfave.Context) error) error {
	name := ctx.Args().First()
	if name == "" {
		return help(ctx)
	}
	err := fmt.Errorf("there is no command %q", name)
	var names []string
	for _, c := range commands {
		names = append(names, c.decl.Name)
	}
	if near := nearest(name, names); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return &UsageError{Command: group, Err: err}
}

// fish returns a completion script for the shell fish.
func (a *App) fish() (string, error) {
	r := &run{App: a, commands: build(a.Commands, "")}
	app := r.urfave()
	app.Setup()
	return app.ToFishCompletion()
}

// Visit calls f with each command that has none below it, its name with those
// above it, and its flags with those that all commands have.
func (a *App) Visit(f func(name string, c *Command, flags []Flag)) { visit(build(a.Commands, ""), f) }

func visit(commands []*command, f func(string, *Command, []Flag)) {
	for _, c := range commands {
		if len(c.commands) > 0 {
			visit(c.commands, f)
			continue
		}
		var flags []Flag
		for _, p := range c.flags {
			flags = append(flags, p.Flag)
		}
		f(c.fullName, c.decl, flags)
	}
}
