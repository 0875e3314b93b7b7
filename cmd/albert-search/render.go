package main

import (
	"fmt"
	"io"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/internal/snippet"
)

// vimgrepFlag declares --vimgrep, which oneForm goes with.
func vimgrepFlag(to *bool) cli.Flag {
	return cli.Flag{Name: "vimgrep", Setting: cli.Unconfigured, Group: cli.GroupOutput, To: cli.Bool(to),
		Usage: "print path:line:col:text, one line for each result"}
}

// oneForm refuses two forms of output.
func oneForm(c *cli.Call) error {
	if c.Given("json") && c.Given("vimgrep") {
		return c.Usagef("--json and --vimgrep: the output can have one form only")
	}
	return nil
}

// place is where a citation points to: "notes/gears.md:12", "gears.pdf, page 3",
// "gears.html#ratios, line 40".
func (s *session) place(c albertsearch.Citation) string {
	return s.Style(term.Place).On(s.Name(c.ID, c.Path)+term.OneLine(c.At())) + s.condition(c)
}

// condition says behind a place that its file is not what it was.
func (s *session) condition(c albertsearch.Citation) string {
	switch {
	case c.Gone:
		return s.Style(term.Dim).On(" (no longer there)")
	case c.Changed:
		return s.Style(term.Dim).On(" (changed since it was indexed)")
	}
	return ""
}

// headings prints the title of a document and the headings that lead to a
// citation, shortened at the outer end.
func (s *session) headings(w io.Writer, indent int, c albertsearch.Citation) {
	var names []string
	for _, h := range c.Heading {
		names = append(names, term.OneLine(h))
	}
	width := s.Columns - indent
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
		fmt.Fprintf(w, "%*s%s\n", indent, "", s.Style(term.Dim).On(term.Cut(text, width)))
	}
}

// head prints where something stands and under which headings.
func (s *session) head(w io.Writer, indent int, c albertsearch.Citation) {
	fmt.Fprintf(w, "%*s%s\n", indent, "", s.place(c))
	s.headings(w, indent, c)
}

// paragraph prints text of a format with the ranges in the style.
func (s *session) paragraph(w io.Writer, indent int, format, text string, ranges []term.Range, st term.Style) {
	text, ranges = snippet.Flow(format, text, ranges)
	for _, row := range term.Wrap(text, ranges, s.Style(st), s.Columns-indent) {
		fmt.Fprintf(w, "%*s%s\n", indent, "", row.Text)
	}
}

// vimgrep prints a line that editors jump to: path:line:col:text. Where there
// are no lines it points to the beginning of the file and names the page.
func (s *session) vimgrep(w io.Writer, c albertsearch.Citation, text string) {
	text = term.OneLine(text)
	if c.Line == 0 {
		if where := c.Where(); where != "" {
			text = where + ": " + text
		}
		c.Line, c.Column = 1, 1
	}
	fmt.Fprintf(w, "%s:%d:%d:%s\n", s.Path(c.Path), c.Line, max(c.Column, 1), text)
}

// coverage says how much of the collection could not be read: "" if nothing.
func coverage(c albertsearch.Coverage) string {
	var text string
	documents := cli.Plural(c.Documents, "document")
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
