package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/ingest"
)

// showOptions are the flags of show.
type showOptions struct {
	Context int
	LeftOut bool
	options.Index
}

func (o *showOptions) Flags() []cli.Flag {
	return cli.Join([]cli.Flag{
		{Name: "context", Setting: cli.Unconfigured, Usage: "print `N` lines before and behind the place", Default: "3 around lines, 0 around pages and anchors",
			To: cli.Int(&o.Context, cli.AtLeast(0))},
		{Name: "left-out", Setting: cli.Unconfigured, Usage: "say what of the file is not in the text, and how much, instead of printing it", To: cli.Bool(&o.LeftOut)},
	}, o.Index.Flags())
}

func showCommand() *cli.Command {
	o := &showOptions{}
	return &cli.Command{
		Name:  "show",
		Usage: "print the text of a document around a place",
		Args:  "PATH[:PLACE]",
		Description: `The text is that of the index, as it was read: the file need not be there any more.
PLACE is whatever stands behind the path where search and ask say where something is, or
a line (12, 12-14), a page (p7), an anchor (#install) or bytes of the text (@120-180).
Without it the whole text is printed. The exit code is 1 when the index has no such
document, or the document no such place.`,
		Examples: []string{
			`albert-search show notes/gears.md:12`,
			`albert-search show "manuals/press.pdf, page 7"`,
			`albert-search show manuals/press.html#inks --context 5`,
			`albert-search show --left-out manuals/press.html`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return show(ctx, c, o) },
	}
}

func show(ctx context.Context, c *cli.Call, o *showOptions) error {
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	if len(c.Args) != 1 || c.Args[0] == "" {
		return c.Usagef("say which document, as PATH or PATH:PLACE")
	}
	abs, err := filepath.Abs(c.Args[0])
	if err != nil {
		return fmt.Errorf("making %q absolute: %w", c.Args[0], err)
	}
	var request albertsearch.ShowRequest
	if c.Given("context") {
		request.Context = &o.Context
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		var res *albertsearch.ShowResult
		var err error
		// A file first, then what has no file: a stream, a record with a path of its own.
		for _, request.Document = range []string{ingest.PrintablePath(filepath.ToSlash(abs)), c.Args[0]} {
			if res, err = e.Show(ctx, request); !errors.Is(err, albertsearch.ErrNoDocument) {
				break
			}
		}
		switch {
		case errors.Is(err, albertsearch.ErrNoDocument), errors.Is(err, albertsearch.ErrNoPlace):
			s.Remark("%s.", term.OneLine(upperFirst(err.Error())))
			return cli.NotFound
		case err != nil:
			return err
		}
		return s.showShown(o, res)
	})
}

// upperFirst begins a sentence.
func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func (s *session) showShown(o *showOptions, res *albertsearch.ShowResult) error {
	switch {
	case s.JSON && o.LeftOut:
		res.Parts = []albertsearch.ShownPart{}
		return s.PrintJSON(res)
	case s.JSON:
		return s.PrintJSON(res)
	case o.LeftOut:
		return s.Print(func(w io.Writer) { s.leftOut(w, res) })
	}
	return s.Print(func(w io.Writer) {
		for i, p := range res.Parts {
			if i > 0 {
				fmt.Fprintln(w)
			}
			if whole := len(res.Parts) == 1 && p.Start == 0 && p.End == p.Asked.End; !whole && !s.Quiet {
				s.shownHead(w, res, p)
			}
			text := cli.EscapeLines(strings.ReplaceAll(p.Text, "\r\n", "\n"))
			fmt.Fprintln(w, strings.TrimRight(text, "\n"))
		}
	})
}

// shownHead says which part it is.
func (s *session) shownHead(w io.Writer, res *albertsearch.ShowResult, p albertsearch.ShownPart) {
	s.head(w, 0, albertsearch.Citation{
		ID: res.ID, Path: res.Path, Title: res.Title, Type: res.Type, Place: p.Place, Last: p.Last, Heading: p.Heading,
	})
}

// leftOut says what of a document is not in its text, or not as text.
func (s *session) leftOut(w io.Writer, res *albertsearch.ShowResult) {
	fmt.Fprintln(w, s.Style(term.Place).On(s.Name(res.ID, res.Path)))
	if len(res.LeftOut) == 0 && res.Note == "" && res.Furniture.Passages == 0 {
		fmt.Fprintln(w, "  nothing was left out")
	}
	for _, l := range res.LeftOut {
		fmt.Fprintf(w, "  left out: %s (%d, %s)\n", term.OneLine(l.What), l.Count, cli.Size(int64(l.Bytes)))
	}
	if f := res.Furniture; f.Passages > 0 {
		fmt.Fprintf(w, "  kept, and ranked low: navigation and the like (%s, %s)\n", cli.Plural(f.Passages, "passage"), cli.Size(int64(f.Bytes)))
	}
	if res.Note != "" {
		fmt.Fprintf(w, "  not read: %s\n", term.OneLine(res.Note))
	}
}
