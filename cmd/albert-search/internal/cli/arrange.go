package cli

import (
	"slices"
	"strings"
)

// arrange moves flags between the command's name and its other arguments,
// because the parser stops at the first argument that is no flag and people
// write `search "gear ratio" -m 5`. Flags before the command's name become the
// command's. "--" ends the flags. The error is a *UsageError that says which
// flag there is not, or which lacks its value.
func arrange(args []string, commands []*command) ([]string, error) {
	out, err := (&arranger{typed: args}).arrange(args, commands, "")
	return out, err
}

// arranger is the work of arrange.
type arranger struct {
	typed []string // the whole command line
}

func (a *arranger) arrange(args []string, commands []*command, above string) ([]string, error) {
	if len(args) == 0 {
		return args, nil
	}
	all := allFlags(commands)
	before, name, after := cutCommand(args[1:], all)
	c := named(commands, name)
	switch {
	case name == "":
		return args, a.onlyFlags(before, all, above)
	case c == nil: // no flag before it hides that
		return append(append([]string{args[0], name}, before...), after...), nil
	case len(c.commands) > 0:
		rest, err := a.arrange(slices.Concat([]string{name}, before, after), c.commands, c.fullName+" ")
		return append([]string{args[0]}, rest...), err
	}
	flags, positional, err := a.part(before, after, c)
	out := append([]string{args[0], name}, flags...)
	if len(positional) > 0 {
		out = append(append(out, "--"), positional...)
	}
	return out, err
}

// onlyFlags checks flags that no command's name follows.
func (a *arranger) onlyFlags(args []string, flags []*parsed, above string) error {
	if len(args) == 0 || args[0] == "--" {
		return nil
	}
	name, group := bare(args[0]), strings.TrimSuffix(above, " ")
	switch {
	case isHelp(name), group == "" && (name == "version" || name == "v"):
		return nil
	case find(flags, name) != nil:
		return Usagef(group, "%s is a flag of commands: name one", a.asTyped(name))
	}
	return a.unknown(args[0], nil, group)
}

// part returns the flags of a command, one to an argument and its value behind
// it, and the other arguments.
func (a *arranger) part(before, after []string, c *command) (flags, positional []string, err error) {
	args := slices.Concat(before, after)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			positional = append(positional, args[i+1:]...)
			break
		}
		if !isFlag(arg) {
			positional = append(positional, arg)
			continue
		}
		words := spread(arg, c.flags)
		flags = append(flags, words...)
		last := words[len(words)-1]
		f := find(c.flags, bare(last))
		switch {
		case f == nil && !isHelp(bare(last)):
			return nil, nil, a.unknown(last, c.flags, c.fullName)
		case f != nil && f.valueFollows(last):
			if i++; i == len(args) {
				return nil, nil, Usagef(c.fullName, "%s needs a value", a.asTyped(bare(last)))
			}
			flags = append(flags, args[i])
		}
	}
	return flags, positional, nil
}

// unknown is the error for a flag that the command does not have.
func (a *arranger) unknown(arg string, flags []*parsed, command string) error {
	suggestion := "words that begin with - go behind --"
	if near := nearest(bare(arg), longNames(flags)); near != "" {
		suggestion = "did you mean --" + near + "?"
	}
	return Usagef(command, "there is no flag %s; %s", a.asTyped(bare(arg)), suggestion)
}

// asTyped is the flag of one of the names as it stands in the command line.
func (a *arranger) asTyped(names ...string) string {
	for _, arg := range a.typed {
		if isFlag(arg) && slices.Contains(names, bare(arg)) {
			flag, _, _ := strings.Cut(arg, "=")
			return flag
		}
	}
	if len(names[0]) == 1 {
		return "-" + names[0]
	}
	return "--" + names[0]
}

// allFlags are the flags of the commands and of those below them.
func allFlags(commands []*command) []*parsed {
	var all []*parsed
	for _, c := range commands {
		all = append(append(all, c.flags...), allFlags(c.commands)...)
	}
	return all
}

// cutCommand splits the arguments around the first that is neither a flag nor
// the value of one.
func cutCommand(args []string, flags []*parsed) (before []string, name string, after []string) {
	for i := 0; i < len(args); i++ {
		switch f := find(flags, bare(args[i])); {
		case args[i] == "--":
			return args, "", nil
		case !isFlag(args[i]):
			return args[:i], args[i], args[i+1:]
		case f != nil && f.valueFollows(args[i]):
			i++
		}
	}
	return args, "", nil
}

// isFlag is not true of "-", which stands for standard input.
func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

func isHelp(name string) bool { return name == "help" || name == "h" }

// valueFollows reports whether the value of the flag is the argument behind arg.
func (f *parsed) valueFollows(arg string) bool {
	return f.TakesValue() && !strings.Contains(arg, "=")
}

// spread parts flags of one letter that are written together, and their value:
// -qm5 is -q -m 5.
func spread(arg string, flags []*parsed) []string {
	name := bare(arg)
	if strings.HasPrefix(arg, "--") || len(name) < 2 || find(flags, name) != nil {
		return []string{arg}
	}
	var out []string
	for i, letter := range arg[1:] {
		f := find(flags, string(letter))
		if f == nil && letter != 'h' {
			return []string{arg}
		}
		out = append(out, "-"+string(letter))
		if f != nil && f.TakesValue() {
			if value := strings.TrimPrefix(arg[1+i+1:], "="); value != "" {
				out[len(out)-1] += "=" + value
			}
			return out
		}
	}
	return out
}

// named returns the command of the name; nil where there is none.
func named(commands []*command, name string) *command {
	for _, c := range commands {
		if c.decl.Name == name {
			return c
		}
	}
	return nil
}
