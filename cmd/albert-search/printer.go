package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/index"
)

// printer writes results to standard output and remarks to standard error.
type printer struct {
	stdout         io.Writer
	stderr         io.Writer
	json           bool
	quiet, verbose bool
	colored        bool
	columns        int
	cwd            string
	printing       *bufio.Writer // of print, while that runs
}

func newPrinter(p *program, c *cli.Context) printer {
	when := c.String("color")
	cwd, _ := os.Getwd() // without it paths are shown whole
	return printer{
		stdout: p.stdout, stderr: p.stderr,
		json: c.Bool("json"), quiet: c.Bool("quiet"), verbose: c.Bool("verbose"),
		colored: when == "always" || when == "auto" && term.IsTerminal(p.stdout) && !noColor(),
		columns: term.Columns(p.stdout),
		cwd:     cwd,
	}
}

// print calls f with a buffered standard output.
func (p *printer) print(f func(w io.Writer)) error {
	b := bufio.NewWriter(p.stdout)
	p.printing = b
	f(b)
	p.printing = nil
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// printJSON writes v, whose schema docs/cli.md has.
func (p *printer) printJSON(v any) error {
	if err := writeJSON(p.stdout, v); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// remark writes a line for people to standard error, unless they want quiet.
func (p *printer) remark(format string, args ...any) {
	if !p.quiet && !p.json {
		if p.printing != nil {
			_ = p.printing.Flush() // what comes before stands before; print notices the error
		}
		// There is nowhere to say that standard error cannot be written to.
		_, _ = fmt.Fprintf(p.stderr, format+"\n", args...)
	}
}

func (p *printer) style(st term.Style) term.Style {
	if p.colored {
		return st
	}
	return term.Plain
}

// name is how a document is shown: by its path, and a record of a file by its
// ID, too.
func (p *printer) name(id, path string) string {
	if strings.HasPrefix(id, path+"#") {
		return p.path(id)
	}
	return p.path(path)
}

// path is how a document's path is shown: relative below the working folder.
func (p *printer) path(path string) string {
	if rel, err := filepath.Rel(p.cwd, filepath.FromSlash(path)); p.cwd != "" && err == nil && filepath.IsLocal(rel) {
		path = rel
	}
	return term.Escape(path)
}

// place is where a citation points to: "notes/gears.md:12", "gears.pdf, page 3".
func (p *printer) place(c albertsearch.Citation) string {
	place := p.name(c.ID, c.Path)
	switch {
	case c.Line > 0:
		place += fmt.Sprintf(":%d", c.Line)
	case c.Page > 0:
		place += fmt.Sprintf(", page %d", c.Page)
	}
	return p.style(term.Place).On(place)
}

// headings prints the title of a document and the headings that lead to a
// citation, shortened at the outer end.
func (p *printer) headings(w io.Writer, indent int, c albertsearch.Citation) {
	var names []string
	for _, h := range c.Heading {
		names = append(names, term.OneLine(h))
	}
	width := p.columns - indent
	text := strings.Join(names, " > ")
	title := term.OneLine(c.Title)
	switch {
	case text == "":
		text = title
	case title == "" || strings.Contains(strings.ToLower(title), strings.ToLower(names[0])):
	case term.Width(title+" > "+text) <= width:
		text = title + " > " + text
	}
	for term.Width(text) > width && len(names) > 1 {
		names = names[1:]
		text = "… > " + strings.Join(names, " > ")
	}
	if text != "" {
		fmt.Fprintf(w, "%*s%s\n", indent, "", p.style(term.Dim).On(term.Cut(text, width)))
	}
}

// head prints where something stands and under which headings.
func (p *printer) head(w io.Writer, indent int, c albertsearch.Citation) {
	fmt.Fprintf(w, "%*s%s\n", indent, "", p.place(c))
	p.headings(w, indent, c)
}

// paragraph prints text of a format with the ranges in the style.
func (p *printer) paragraph(w io.Writer, indent int, format, text string, ranges []term.Range, st term.Style) {
	if !preformatted(format) {
		text, ranges = term.Reflow(text, ranges, ownLine(format))
	}
	for _, row := range term.Wrap(text, ranges, p.style(st), p.columns-indent) {
		fmt.Fprintf(w, "%*s%s\n", indent, "", row.Text)
	}
}

// vimgrep prints a line that editors jump to: path:line:col:text. Where there
// are no lines it points to the beginning of the file and names the page.
func (p *printer) vimgrep(w io.Writer, c albertsearch.Citation, text string) {
	text = term.OneLine(text)
	if c.Line == 0 {
		c.Line, c.Column = 1, 1
		if c.Page > 0 {
			text = fmt.Sprintf("page %d: %s", c.Page, text)
		}
	}
	fmt.Fprintf(w, "%s:%d:%d:%s\n", p.path(c.Path), c.Line, max(c.Column, 1), text)
}

func ranges(in []index.Range) []term.Range {
	out := make([]term.Range, len(in))
	for i, r := range in {
		out[i] = term.Range{Start: r.Start, End: r.End}
	}
	return out
}

// clip returns the ranges that lie in the part, relative to its beginning.
func clip(in []term.Range, part term.Range) []term.Range {
	var out []term.Range
	for _, r := range in {
		if r.Start < part.End && r.End > part.Start {
			out = append(out, term.Range{
				Start: max(r.Start, part.Start) - part.Start,
				End:   min(r.End, part.End) - part.Start,
			})
		}
	}
	return out
}

// escapeLines escapes what may be printed, but keeps the lines.
func escapeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = term.Escape(line)
	}
	return strings.Join(lines, "\n")
}

// coverage says how much of the collection could not be read: "" if nothing.
func coverage(c albertsearch.Coverage) string {
	var text string
	documents := plural(c.Documents, "document")
	switch {
	case c.Unread > 0 && c.Partial > 0:
		text = fmt.Sprintf("%d of %s could not be read, %d only in part", c.Unread, documents, c.Partial)
	case c.Unread > 0:
		text = fmt.Sprintf("%d of %s could not be read", c.Unread, documents)
	case c.Partial > 0:
		text = fmt.Sprintf("%d of %s could be read only in part", c.Partial, documents)
	default:
		return ""
	}
	return text + " (albert-search status lists them)"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
