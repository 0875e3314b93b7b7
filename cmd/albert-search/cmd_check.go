package main

import (
	"context"
	"fmt"
	"io"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
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
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	if err := c.NoArguments(); err != nil {
		return err
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		bar := s.Bytes("checking")
		defer bar.Done()
		if o.Repair {
			r, err := e.Repair(ctx, bar.Set)
			bar.Done()
			if err != nil {
				if r != nil { // what is lost must be known all the same
					_ = s.showRepair(r) // of printing
				}
				return err
			}
			return s.showRepair(r)
		}
		r, err := e.Check(ctx, bar.Set)
		bar.Done()
		if err != nil {
			return err
		}
		return s.showCheck(r, false)
	}, &o.Embedder, &o.Compute)
}

// checkJSON is what check --json prints.
type checkJSON struct {
	Index      string        `json:"index"`
	Sound      bool          `json:"sound"`
	Generation uint64        `json:"generation"`
	Files      int           `json:"files"`
	Bytes      int64         `json:"bytes"`
	Documents  int           `json:"documents"`
	Passages   int           `json:"passages"`
	Problems   []problemJSON `json:"problems"`
	Leftovers  []string      `json:"leftovers"`
	// Repair is there with --repair, unless there was nothing to repair; the
	// rest is then of the repaired index, and Repair has what was wrong.
	Repair *repairJSON `json:"repair,omitempty"`
}

type problemJSON struct {
	Path string `json:"path"` // relative to the index
	What string `json:"what"`
}

type repairJSON struct {
	Problems   []problemJSON `json:"problems"`
	Documents  int           `json:"documents"`
	Passages   int           `json:"passages"`
	Reembedded int           `json:"reembedded"`
	Vectorless int           `json:"vectorless"`
	Lost       []lostJSON    `json:"lost"`
	// IndexAll says that documents are lost which cannot be named.
	IndexAll  bool `json:"index_all"`
	Discarded int  `json:"discarded"`
}

type lostJSON struct {
	ID   string `json:"id"`
	Path string `json:"path"`
	Why  string `json:"why"`
}

func newCheckJSON(dir string, r *albertsearch.CheckReport) checkJSON {
	return checkJSON{
		Index: dir, Sound: len(r.Problems) == 0, Generation: r.Generation, Files: r.Files, Bytes: r.Bytes,
		Documents: r.Documents, Passages: r.Passages, Problems: problems(r), Leftovers: append([]string{}, r.Leftovers...),
	}
}

func problems(r *albertsearch.CheckReport) []problemJSON {
	out := []problemJSON{}
	for _, p := range r.Problems {
		out = append(out, problemJSON{term.OneLine(p.Path), p.What})
	}
	return out
}

func (s *session) showCheck(r *albertsearch.CheckReport, repaired bool) error {
	var err error
	switch {
	case s.JSON:
		err = s.PrintJSON(newCheckJSON(s.index, r))
	case !s.Quiet || len(r.Problems) > 0:
		err = s.Print(func(w io.Writer) {
			s.showChecked(w, r)
			switch {
			case len(r.Problems) == 0:
			case repaired:
				s.Remark("Move away what is no part of the index.")
			default:
				s.Remark("albert-search check --repair saves what can be saved.")
			}
		})
	}
	if err == nil && len(r.Problems) > 0 {
		return cli.NotFound
	}
	return err
}

// showChecked says what was checked, and what is wrong.
func (s *session) showChecked(w io.Writer, r *albertsearch.CheckReport) {
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

func (s *session) showRepair(r *albertsearch.RepairReport) error {
	if r.After == nil && r.Documents == 0 && len(r.Lost) == 0 { // nothing that a repair could do
		return s.showCheck(r.Before, true)
	}
	all := len(r.Unnamed) > 0 || r.Undeleted || r.Older
	var err error
	if s.JSON {
		after := r.After
		if after == nil {
			after = r.Before
		}
		out := newCheckJSON(s.index, after)
		out.Repair = &repairJSON{
			Problems: problems(r.Before), Documents: r.Documents, Passages: r.Passages, Reembedded: r.Reembedded, Vectorless: r.Vectorless,
			Lost: []lostJSON{}, IndexAll: all, Discarded: r.Discarded,
		}
		for _, l := range r.Lost {
			out.Repair.Lost = append(out.Repair.Lost, lostJSON(l))
		}
		err = s.PrintJSON(out)
	} else if !s.Quiet || all || len(r.Lost) > 0 {
		err = s.Print(func(w io.Writer) {
			s.showChecked(w, r.Before)
			s.showSaved(w, r, all)
		})
	}
	if err == nil && (all || len(r.Lost) > 0) {
		return cli.NotFound
	}
	return err
}

func (s *session) showSaved(w io.Writer, r *albertsearch.RepairReport, all bool) {
	fmt.Fprintf(w, "\nrepaired: %s in %s", cli.Plural(r.Documents, "document"), cli.Plural(r.Passages, "passage"))
	if r.After != nil {
		fmt.Fprintf(w, " (generation %d)", r.After.Generation)
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
	case all:
		s.Remark("Index all your folders again: what is missing is added, what is gone is removed.")
	case len(r.Lost) > 0:
		s.Remark("Index these documents again.")
	}
}
