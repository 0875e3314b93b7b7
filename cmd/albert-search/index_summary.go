package main

import (
	"fmt"
	"io"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/ingest"
)

// troublesShown is how many documents that could not be read are listed.
const troublesShown = 20

// showSummary prints what a run has done, also one that was interrupted.
func (r *indexRun) showSummary() error {
	if r.JSON {
		return r.PrintJSON(r.summary)
	}
	r.listTroubles()
	for _, h := range r.summary.Held {
		r.Remark("%s", r.held(h))
	}
	if r.Quiet {
		return nil
	}
	if r.o.Report == "-" { // which has standard output
		r.summarize(r.Stderr)
		return nil
	}
	return r.Print(r.summarize)
}

// summarize prints the numbers of a run.
func (r *indexRun) summarize(w io.Writer) {
	sum := r.summary
	if sum.Reembedding != nil {
		showReembedding(w, *sum.Reembedding)
	}
	if len(r.Args) > 0 && (sum.Reembedding == nil || sum.Reembedding.Complete) {
		fmt.Fprintf(w, "%d indexed, %d unchanged, %d skipped, %d failed, %d removed\n",
			sum.Indexed, sum.Unchanged, sum.Skipped, sum.Failed, sum.Removed)
		if sum.Partial > 0 {
			fmt.Fprintf(w, "%d of them read only in part\n", sum.Partial)
		}
		fmt.Fprintf(w, "%s: %d embedded, %d reused; %s of text%s\n", cli.Plural(sum.Embedded+sum.Reused, "passage"),
			sum.Embedded, sum.Reused, cli.Size(sum.Bytes), took(sum.Took.Duration()))
	}
	fmt.Fprintf(w, "index: %s\n", r.Path(r.index))
}

// held says why documents that were not found are still in the index.
func (r *indexRun) held(h ingest.Held) string {
	root := r.Path(h.Root)
	if id, err := ingest.ParseID(h.Root); err == nil {
		root = r.Path(ingest.PrintablePath(id.File))
	}
	kept := cli.Plural(h.Documents, "document") + " kept in the index: "
	switch h.Reason {
	case ingest.DoubtRootGone:
		kept += root + " is not there"
	case ingest.DoubtRootEmpty:
		kept += root + " is empty"
	case ingest.DoubtRootUnreadable:
		kept += root + " cannot be read"
	case ingest.DoubtDevice:
		kept += "nothing was found of the disk that they were on"
	case ingest.DoubtTooMany:
		kept += "they were not found, and are more than half of all"
	}
	return kept + "; --prune removes them"
}

// took says how long a run took, if it came to its end.
func took(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(", in %v", d.Round(10*time.Millisecond))
}

// trouble is an outcome for people, of a document that was not read or not all
// of it.
func trouble(o albertsearch.Outcome) string {
	if o == albertsearch.OutcomeIndexed || o == albertsearch.OutcomeUnchanged {
		return "in part"
	}
	return string(o)
}

// listTroubles names the documents that failed or were read in part, and with
// --verbose those that were skipped, on standard error.
func (r *indexRun) listTroubles() {
	listed, left := 0, 0
	for _, f := range r.summary.Unread {
		switch {
		case f.Outcome == albertsearch.OutcomeSkipped && !r.Verbose:
		case listed == troublesShown && !r.Verbose:
			left++
		default:
			listed++
			r.Remark("%s: %s: %s", trouble(f.Outcome), r.Name(f.ID, f.Path), term.OneLine(f.Reason))
		}
	}
	if left > 0 {
		r.Remark("and %d more; --report FILE lists all", left)
	}
}
