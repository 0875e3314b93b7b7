package cli

import (
	stdflag "flag"
	"fmt"
	"os"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// Flag is the one declaration of a flag.
type Flag struct {
	Name string
	// Short is another name of one letter; empty for none.
	Short string
	// Env is the environment variable that sets the flag where the command line
	// does not; empty for none. A variable that is empty is not set.
	Env string
	// Usage is for --help, with the name of the value in backquotes.
	Usage string
	// Default says what leaving the flag out means where the value of the field
	// does not say it.
	Default string
	// Group is the heading under which --help lists the flag.
	Group string
	// Setting is whether a configuration file may set it.
	Setting Setting
	// Path says that the value names a file or a folder, which in a
	// configuration file is relative to that file.
	Path bool
	// Address reports whether a value of a Path flag is the address of something
	// that is not in the file system; nil where none is.
	Address func(value string) bool
	// Recorded flags belong to the command line that a fit records.
	Recorded bool
	// To is the field that the flag fills.
	To Value
}

// Setting says which configuration files may set a flag.
type Setting uint8

// A flag says one of the last three; a test sees to it.
const (
	Undeclared Setting = iota
	// Unconfigured flags belong to one run, not to a configuration.
	Unconfigured
	// Configured flags may stand in every configuration file.
	Configured
	// UserConfigured flags may not stand in a project's: whoever wrote a
	// folder's files would have their code run.
	UserConfigured
)

// Options are what the flags of a command fill.
type Options interface{ Flags() []Flag }

// Join is the flags of several groups.
func Join(groups ...[]Flag) []Flag {
	var all []Flag
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// source says where the value of a flag comes from.
type source uint8

const (
	fromNowhere source = iota
	fromConfiguration
	fromEnvironment
	fromCommandLine
)

// parsed is a flag of one run. It is an urfave.Flag.
type parsed struct {
	Flag
	source source
	// failure is why the last value was refused. The parser would make a text
	// of it.
	failure *ValueError
}

// set gives the field a value.
func (f *parsed) set(text string, from source) error {
	f.source = from
	if err := f.To.set(text); err != nil {
		f.failure = &ValueError{flag: f, from: from, text: text, err: err}
		return f.failure
	}
	return nil
}

// fromEnv sets the flag from its environment variable, if that is set.
func (f *parsed) fromEnv() error {
	if text := os.Getenv(f.Env); f.Env != "" && text != "" {
		return f.set(text, fromEnvironment)
	}
	return nil
}

// ValueError says that a flag does not take a value.
type ValueError struct {
	flag *parsed
	from source
	text string
	err  error
	name string // as it was typed
}

func (e *ValueError) Error() string {
	text := fmt.Sprintf("%q", e.text)
	if e.flag.To.number && isNumber(e.text) {
		text = e.text
	}
	switch {
	case e.from == fromEnvironment:
		return fmt.Sprintf("the environment variable %s is %s: %v", e.flag.Env, text, e.err)
	case e.from == fromConfiguration:
		return fmt.Sprintf("%s = %s: %v", e.flag.Name, text, e.err)
	case e.name != "":
		return fmt.Sprintf("%s %s: %v", e.name, text, e.err)
	}
	return fmt.Sprintf("--%s %s: %v", e.flag.Name, text, e.err)
}

func (e *ValueError) Unwrap() error { return e.err }

// Apply makes the flag known to the parser, and sets it from the environment.
func (f *parsed) Apply(set *stdflag.FlagSet) error {
	for _, name := range f.Names() {
		set.Var(onCommandLine{f}, name, "")
	}
	return f.fromEnv()
}

// onCommandLine is what the parser sets.
type onCommandLine struct{ *parsed }

func (f onCommandLine) Set(text string) error { return f.set(text, fromCommandLine) }
func (f onCommandLine) IsBoolFlag() bool      { return f.To.boolean }

// String is the value, which the parser copies to the other names of the flag.
func (f onCommandLine) String() string {
	if f.parsed == nil { // package flag makes a zero value and asks it
		return ""
	}
	return f.To.get()
}

// The rest is what urfave.Flag and its sisters want for --help.

func (f *parsed) Names() []string {
	if f.Short == "" {
		return []string{f.Name}
	}
	return []string{f.Name, f.Short}
}

func (f *parsed) String() string      { return urfave.FlagStringer(f) }
func (f *parsed) IsSet() bool         { return f.source != fromNowhere }
func (f *parsed) TakesValue() bool    { return !f.To.boolean }
func (f *parsed) GetUsage() string    { return f.Usage }
func (f *parsed) GetValue() string    { return f.To.get() }
func (f *parsed) GetCategory() string { return f.Group }
func (f *parsed) IsVisible() bool     { return true }

func (f *parsed) GetEnvVars() []string {
	if f.Env == "" {
		return nil
	}
	return []string{f.Env}
}

func (f *parsed) GetDefaultText() string {
	if f.Default != "" || f.To.boolean {
		return f.Default
	}
	return f.To.get()
}

// find returns the flag of the name; nil where there is none.
func find(flags []*parsed, name string) *parsed {
	for _, f := range flags {
		if f.Name == name || f.Short != "" && f.Short == name {
			return f
		}
	}
	return nil
}

// findLong is find by the long name only.
func findLong(flags []*parsed, name string) *parsed {
	if f := find(flags, name); f != nil && f.Name == name {
		return f
	}
	return nil
}

func longNames(flags []*parsed) []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Name)
	}
	return names
}

// bare is a flag without its dashes and its value: "max-results" of
// "--max-results=5".
func bare(arg string) string {
	name, _, _ := strings.Cut(arg, "=")
	return strings.TrimPrefix(strings.TrimPrefix(name, "-"), "-")
}
