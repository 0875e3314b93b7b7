package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// output is what the flags say that all commands have.
type output struct {
	json, quiet, verbose bool
	color                string
}

// Flags declares them.
func (o *output) Flags() []Flag {
	o.color = "auto"
	return []Flag{
		{Name: "json", Usage: "print JSON, errors too", Group: GroupOutput, Setting: Unconfigured, To: Bool(&o.json)},
		{Name: "color", Usage: "colours: `WHEN` is auto, always or never", Group: GroupOutput, Setting: Configured,
			To: Choice(&o.color, []string{"auto", "always", "never"})},
		{Name: "quiet", Short: "q", Usage: "no progress and no remarks", Group: GroupOutput, Setting: Unconfigured, To: Bool(&o.quiet)},
		{Name: "verbose", Short: "v", Usage: "say more", Group: GroupOutput, Setting: Unconfigured, To: Bool(&o.verbose)},
	}
}

// GroupOutput is the heading of the flags about what is printed.
const GroupOutput = "OUTPUT"

// Printer writes results to standard output and remarks to standard error.
type Printer struct {
	Stdout         io.Writer
	Stderr         io.Writer
	JSON           bool
	Quiet, Verbose bool
	Columns        int
	colored        bool
	cwd            string
	printing       *bufio.Writer // of Print, while that runs
}

func newPrinter(o output, stdout, stderr io.Writer) Printer {
	cwd, _ := os.Getwd() // without it paths are shown whole
	return Printer{
		Stdout: stdout, Stderr: stderr,
		JSON: o.json, Quiet: o.quiet, Verbose: o.verbose,
		colored: o.color == "always" || o.color == "auto" && term.IsTerminal(stdout) && !noColor(),
		Columns: term.Columns(stdout),
		cwd:     cwd,
	}
}

// noColor is what the environment says about colours.
func noColor() bool { return os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" }

// Print calls f with a buffered standard output.
func (p *Printer) Print(f func(w io.Writer)) error {
	b := bufio.NewWriter(p.Stdout)
	p.printing = b
	f(b)
	p.printing = nil
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// PrintJSON writes v, whose schema docs/cli.md has.
func (p *Printer) PrintJSON(v any) error {
	if err := WriteJSON(p.Stdout, v); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// Remark writes a line for people to standard error, unless they want quiet.
func (p *Printer) Remark(format string, args ...any) {
	if !p.Quiet && !p.JSON {
		if p.printing != nil {
			_ = p.printing.Flush() // what comes before stands before; Print notices the error
		}
		// There is nowhere to say that standard error cannot be written to.
		_, _ = fmt.Fprintf(p.Stderr, format+"\n", args...)
	}
}

// Style returns the style where colours are wanted.
func (p *Printer) Style(st term.Style) term.Style {
	if p.colored {
		return st
	}
	return term.Plain
}

// Name is how a document is shown: by its path, and a record of a file by its
// ID.
func (p *Printer) Name(id, path string) string {
	if strings.HasPrefix(id, path+"#") {
		return p.Path(id)
	}
	return p.Path(path)
}

// Path is how a document's path is shown: relative below the working folder.
func (p *Printer) Path(path string) string {
	if rel, err := filepath.Rel(p.cwd, filepath.FromSlash(path)); p.cwd != "" && err == nil && filepath.IsLocal(rel) {
		path = rel
	}
	return term.Escape(path)
}

// EscapeLines escapes what may be printed, but keeps the lines.
func EscapeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = term.Escape(line)
	}
	return strings.Join(lines, "\n")
}

// Plural is a number of things: "1 passage", "2 passages".
func Plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Size is a number of bytes for people, in powers of 1000.
func Size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
