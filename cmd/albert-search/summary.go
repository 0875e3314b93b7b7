package main

import (
	"fmt"
	"io"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// indexJSON is what index --json prints.
type indexJSON struct {
	Index       string `json:"index"`
	Interrupted bool   `json:"interrupted"`
	Indexed     int    `json:"indexed"`
	Unchanged   int    `json:"unchanged"`
	Skipped     int    `json:"skipped"`
	Failed      int    `json:"failed"`
	Removed     int    `json:"removed"`
	Passages    int    `json:"passages"`
	Bytes       int64  `json:"bytes"`
	TookMS      int64  `json:"took_ms"`
	// Partial counts those of Indexed and Unchanged that were read only in part.
	Partial int `json:"partial"`
	// Reembedding is there when --re-embed is given and there was an index.
	Reembedding *reembeddingJSON `json:"reembedding,omitempty"`
	// Unread has the documents that were skipped, failed or read only in part.
	Unread []albertsearch.FileReport `json:"unread"`
}

// partial reports whether some of an indexed document could not be read.
func partial(f albertsearch.FileReport) bool {
	return (f.Outcome == albertsearch.OutcomeIndexed || f.Outcome == albertsearch.OutcomeUnchanged) && f.Reason != ""
}

// troublesShown is how many documents that could not be read are listed.
const troublesShown = 20

// showSummary prints what a run has done, also one that was interrupted.
func (r *indexRun) showSummary(interrupted bool) error {
	partly := 0
	for _, f := range r.troubles {
		if partial(f) {
			partly++
		}
	}
	sum, reembedded := r.summary, r.reembedded
	if r.JSON {
		return r.PrintJSON(indexJSON{
			Index: r.index, Interrupted: interrupted,
			Indexed: sum.Indexed, Unchanged: sum.Unchanged, Skipped: sum.Skipped, Failed: sum.Failed, Removed: sum.Removed,
			Passages: sum.Passages, Bytes: sum.Bytes, TookMS: sum.Took.Milliseconds(), Partial: partly,
			Reembedding: newReembeddingJSON(reembedded), Unread: append([]albertsearch.FileReport{}, r.troubles...),
		})
	}
	r.listTroubles()
	if r.Quiet {
		return nil
	}
	print := r.Print
	if r.o.Report == "-" {
		print = func(f func(io.Writer)) error { f(r.Stderr); return nil }
	}
	return print(func(w io.Writer) {
		if reembedded != nil {
			showReembedding(w, *reembedded)
		}
		if len(r.Args) > 0 && (reembedded == nil || reembedded.Complete) {
			fmt.Fprintf(w, "%d indexed, %d unchanged, %d skipped, %d failed, %d removed\n",
				sum.Indexed, sum.Unchanged, sum.Skipped, sum.Failed, sum.Removed)
			if partly > 0 {
				fmt.Fprintf(w, "%d of them read only in part\n", partly)
			}
			fmt.Fprintf(w, "%s, %s of text%s\n", cli.Plural(sum.Passages, "new passage"), cli.Size(sum.Bytes), took(sum.Took))
		}
		fmt.Fprintf(w, "index: %s\n", r.Path(r.index))
	})
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
	for _, f := range r.troubles {
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
