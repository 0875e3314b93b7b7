package cli

import (
	"context"
	"io"
	"path/filepath"
	"strings"
)

// Command is a command of the program, or a group of commands.
type Command struct {
	Name  string
	Usage string // in a few words, for the list of commands
	Args  string // what its arguments are, as "PATH..."
	// Description is the text of --help, wrapped; Examples are lines below it.
	Description string
	Examples    []string
	// Options is nil for a command that has no flags of its own.
	Options Options
	// Check refuses flags that do not go together. It sees what the command
	// line and the environment set, and not yet what a configuration does.
	Check func(c *Call) error
	// Unconfigured commands disregard the configuration files.
	Unconfigured bool
	Run          func(ctx context.Context, c *Call) error
	// Commands are those of a group, which has no Options and no Run.
	Commands []*Command
}

// command is a Command of one run of the program.
type command struct {
	decl     *Command
	fullName string // with those above it, as "eval ask"
	output   output
	flags    []*parsed
	commands []*command
}

// build makes what a run needs of the commands.
func build(decls []*Command, above string) []*command {
	var out []*command
	for _, d := range decls {
		c := &command{decl: d, fullName: above + d.Name}
		if len(d.Commands) > 0 {
			c.commands = build(d.Commands, c.fullName+" ")
		} else {
			c.declareFlags()
		}
		out = append(out, c)
	}
	return out
}

func (c *command) declareFlags() {
	var own []Flag
	if c.decl.Options != nil {
		own = c.decl.Options.Flags()
	}
	for _, f := range append(own, c.output.Flags()...) {
		c.flags = append(c.flags, &parsed{Flag: f})
	}
}

// description is the text of --help.
func (c *Command) description() string {
	var parts []string
	if c.Description != "" {
		parts = append(parts, c.Description)
	}
	if len(c.Examples) > 0 {
		parts = append(parts, "Examples:\n   "+strings.Join(c.Examples, "\n   "))
	}
	return strings.Join(parts, "\n\n")
}

// Call is one run of a command.
type Call struct {
	Printer
	Stdin io.Reader
	// Args are the arguments that are no flags.
	Args    []string
	command *command
}

// Command is the name of the running command, with those above it: "eval ask".
// That of a nil Call is empty.
func (c *Call) Command() string {
	if c == nil {
		return ""
	}
	return c.command.fullName
}

// Given reports whether the command line, the environment or a configuration
// sets the flag.
func (c *Call) Given(flag string) bool {
	f := find(c.command.flags, flag)
	return f != nil && f.source != fromNowhere
}

// Typed returns the value that the command line gives a flag, if it does.
func (c *Call) Typed(flag string) (value string, ok bool) {
	if c == nil {
		return "", false
	}
	f := find(c.command.flags, flag)
	if f == nil || f.source != fromCommandLine {
		return "", false
	}
	return f.To.get(), true
}

// Usagef is an error about the command line of this run.
func (c *Call) Usagef(format string, args ...any) error {
	return Usagef(c.Command(), format, args...)
}

// NoArguments refuses arguments of a command that takes none.
func (c *Call) NoArguments() error {
	if len(c.Args) > 0 {
		return c.Usagef("%s takes no arguments: %q", c.Command(), c.Args[0])
	}
	return nil
}

// Record is the flags of this run that are Recorded, as they may be typed
// again, with files by their last names. Others are those that belong to it
// though nothing sets them.
func (c *Call) Record(others ...string) []string {
	var words []string
	for _, f := range c.command.flags {
		if !f.Recorded {
			continue
		}
		set := f.source != fromNowhere
		for _, name := range others {
			set = set || f.Name == name
		}
		if set {
			words = append(words, "--"+f.Name, filepath.Base(f.To.get()))
		}
	}
	return words
}
