package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange moves flags between the command's name and its other arguments,
// because the parser stops at the first argument that is no flag and people
// write `search "gear ratio" -m 5`. Flags before the command's name become the
// command's. What is not known to be a flag stays where the parser complains
// about it. "--" ends the flags.
func arrange(args []string, commands []*cli.Command) []string {
	if len(args) == 0 || args[len(args)-1] == "--generate-bash-completion" {
		return args
	}
	before, name, after := cutCommand(args[1:], takesValue(allFlags(commands)))
	command := find(commands, name)
	switch {
	case name == "":
		return args
	case command == nil: // no flag before it hides that
		return append(append([]string{args[0], name}, before...), after...)
	case len(command.Subcommands) > 0:
		rest := slices.Concat([]string{name}, before, after)
		return append([]string{args[0]}, arrange(rest, command.Subcommands)...)
	}
	needsValue := takesValue(command.Flags)
	out := []string{args[0], name}
	for _, a := range before {
		out = append(out, spread(a, command.Flags)...)
	}
	var positional []string
	for i := 0; i < len(after); i++ {
		a := after[i]
		switch {
		case a == "--":
			positional = append(positional, after[i+1:]...)
			i = len(after)
		case !isFlag(a):
			positional = append(positional, a)
		default:
			words := spread(a, command.Flags)
			out = append(out, words...)
			if !needsValue(words[len(words)-1]) {
				break
			}
			if i++; i == len(after) {
				return out // the parser says that the value is missing
			}
			out = append(out, after[i])
		}
	}
	if len(positional) == 0 {
		return out
	}
	return append(append(out, "--"), positional...)
}

// allFlags are the flags of the commands and of those below them.
func allFlags(commands []*cli.Command) []cli.Flag {
	var all []cli.Flag
	for _, c := range commands {
		all = append(append(all, c.Flags...), allFlags(c.Subcommands)...)
	}
	return all
}

// cutCommand splits the arguments around the first that is neither a flag nor
// the value of one.
func cutCommand(args []string, needsValue func(string) bool) (before []string, name string, after []string) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return args, "", nil
		case !isFlag(args[i]):
			return args[:i], args[i], args[i+1:]
		case needsValue(args[i]):
			i++
		}
	}
	return args, "", nil
}

// isFlag is not true of "-", which stands for standard input.
func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// takesValue returns a function that tells whether the argument, a flag, has
// its value in the next argument.
func takesValue(flags []cli.Flag) func(string) bool {
	takes := map[string]bool{}
	for _, f := range flags {
		valued, ok := f.(cli.DocGenerationFlag)
		for _, name := range f.Names() {
			takes[name] = ok && valued.TakesValue()
		}
	}
	return func(arg string) bool {
		return takes[strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")]
	}
}

// spread parts flags of one letter that are written together, and their value:
// -qm5 is -q -m 5.
func spread(arg string, flags []cli.Flag) []string {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	if strings.HasPrefix(arg, "--") || len(name) < 2 || named(flags, name) != nil {
		return []string{arg}
	}
	var out []string
	for i, letter := range arg[1:] {
		f := named(flags, string(letter))
		if f == nil && letter != 'h' {
			return []string{arg}
		}
		out = append(out, "-"+string(letter))
		if valued, ok := f.(cli.DocGenerationFlag); ok && valued.TakesValue() {
			if value := strings.TrimPrefix(arg[1+i+1:], "="); value != "" {
				out[len(out)-1] += "=" + value
			}
			return out
		}
	}
	return out
}

// named returns the flag of the name; nil where there is none.
func named(flags []cli.Flag, name string) cli.Flag {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}
