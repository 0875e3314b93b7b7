package main

import (
	"context"
	"fmt"
	"io"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/index"
)

// checkOptions are the flags of check.
type checkOptions struct {
	Repair bool
	options.Index
	Embedder options.Model
	options.Compute
}

func (o *checkOptions) Flags() []cli.Flag {
	o.Embedder = options.Embedder()
	return cli.Join([]cli.Flag{
		{Name: "repair", Setting: cli.Unconfigured, Usage: "save what can be saved of a damaged index", To: cli.Bool(&o.Repair)},
	}, o.Index.Flags(), []cli.Flag{o.Embedder.Flag()}, o.Compute.Flags())
}

func checkCommand() *cli.Command {
	o := &checkOptions{}
	return &cli.Command{
		Name:  "check",
		Usage: "verify the index, and repair it",
		Description: `Reads all of the index and compares it: files with their checksums, counts with what is there,
passages with their vectors, and the words that searches look up with the texts. Searches and
indexing go on meanwhile. The exit code is 0 when the index is sound, 1 when it is not.

--repair saves all of it whose checksums hold and makes the rest from that. Documents that are
damaged themselves are dropped and named: index them again. The damaged index stays as it is
until what takes its place has been written and checked; that needs as much space again. The
exit code is then 1 if anything has to be indexed again.`,
		Examples: []string{
			`albert-search check`,
			`albert-search check --repair`,
			`albert-search check --json | jq -r '.problems[].path'`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return check(ctx, c, o) },
	}
}

func check(ctx context.Context, c *cli.Call, o *checkOptions) error {
	s, err := newBareSession(c, &o.Index)
	if err != nil {
		return err
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		bar := s.Bytes("checking")
		defer bar.Done()
		work := e.Check
		if o.Repair {
			work = e.Repair
		}
		r, err := work(ctx, bar.Set)
		bar.Done()
		if err != nil {
			if r != nil { // what is lost must be known all the same
				_ = s.showCheck(r, o.Repair) // of printing
			}
			return err
		}
		return s.showCheck(r, o.Repair)
	}, &o.Embedder, &o.Compute)
}

// showCheck prints the report. The exit code reports whether there is something left
// to do.
func (s *session) showCheck(r *albertsearch.CheckReport, repair bool) error {
	left := !r.Sound
	if r.Repair != nil {
		left = r.Repair.IndexAll || len(r.Repair.Lost) > 0
	}
	var err error
	switch {
	case s.JSON:
		err = s.PrintJSON(r)
	case s.Quiet && !left:
	case r.Repair != nil:
		err = s.Print(func(w io.Writer) { s.showRepair(w, r) })
	default:
		err = s.Print(func(w io.Writer) {
			s.showChecked(w, &r.CheckReport)
			switch {
			case r.Sound:
			case repair:
				s.Remark("Move away what is no part of the index.")
			default:
				s.Remark("albert-search check --repair saves what can be saved.")
			}
		})
	}
	if err == nil && left {
		return cli.NotFound
	}
	return err
}

// showChecked says what was checked, and what is wrong.
func (s *session) showChecked(w io.Writer, r *index.CheckReport) {
	fmt.Fprintf(w, "index      %s (generation %d)\n", s.Path(s.index), r.Generation)
	fmt.Fprintf(w, "checked    %s in %s", cli.Size(r.Bytes), cli.Plural(r.Files, "file"))
	if r.Documents > 0 || len(r.Problems) == 0 {
		fmt.Fprintf(w, ", %s in %s", cli.Plural(r.Documents, "document"), cli.Plural(r.Passages, "passage"))
	}
	fmt.Fprintln(w)
	for _, name := range r.Leftovers {
		fmt.Fprintf(w, "left over  %s, of a writer at work or one that was stopped\n", term.OneLine(name))
	}
	if len(r.Problems) == 0 {
		fmt.Fprintln(w, "sound")
		return
	}
	fmt.Fprintf(w, "damaged: %s\n", cli.Plural(len(r.Problems), "problem"))
	for i, p := range r.Problems {
		if i == troublesShown && !s.Verbose {
			fmt.Fprintf(w, "  and %d more (--verbose lists them)\n", len(r.Problems)-i)
			return
		}
		fmt.Fprintf(w, "  %s: it %s\n", s.Style(term.Place).On(term.OneLine(p.Path)), term.OneLine(p.What))
	}
}

func (s *session) showRepair(w io.Writer, now *albertsearch.CheckReport) {
	r := now.Repair
	s.showChecked(w, r.Before)
	fmt.Fprintf(w, "\nrepaired: %s in %s", cli.Plural(r.Documents, "document"), cli.Plural(r.Passages, "passage"))
	if r.After != nil {
		fmt.Fprintf(w, " (generation %d)", now.Generation)
	}
	fmt.Fprintln(w)
	if r.Reembedded > 0 {
		fmt.Fprintf(w, "%s embedded again\n", cli.Plural(r.Reembedded, "passage"))
	}
	if r.Vectorless > 0 {
		fmt.Fprintf(w, "%s without a vector, as theirs were damaged: searches by keywords find them, and \"albert-search index\" embeds them\n", cli.Plural(r.Vectorless, "passage"))
	}
	if r.Discarded > 0 {
		fmt.Fprintf(w, "%s of an unfinished re-embedding discarded\n", cli.Plural(r.Discarded, "vector"))
	}
	if r.Older {
		fmt.Fprintln(w, "The newest generation could not be read: this is the one before it.")
	}
	if r.Undeleted {
		fmt.Fprintln(w, "The list of deleted documents is lost: some may be back.")
	}
	if len(r.Unnamed) > 0 {
		fmt.Fprintf(w, "Documents in %s of the index are lost, and what they were called.\n", cli.Plural(len(r.Unnamed), "file"))
	}
	if len(r.Lost) > 0 {
		fmt.Fprintf(w, "\n%s lost:\n", cli.Plural(len(r.Lost), "document"))
	}
	for i, l := range r.Lost {
		if i == troublesShown && !s.Verbose {
			fmt.Fprintf(w, "  and %d more (--verbose lists them)\n", len(r.Lost)-i)
			break
		}
		fmt.Fprintf(w, "  %s: %s\n", s.Style(term.Place).On(s.Name(l.ID, l.Path)), term.OneLine(l.Why))
	}
	switch {
	case r.IndexAll:
		s.Remark("Index all your folders again: what is missing is added, what is gone is removed.")
	case len(r.Lost) > 0:
		s.Remark("Index these documents again.")
	}
}
