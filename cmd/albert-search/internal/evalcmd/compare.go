package evalcmd

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/albert-search/albert-search/internal/eval"
)

// comparisonJSON is a paired test of one measure.
type comparisonJSON struct {
	// Collection is "all" for the mean over several.
	Collection string `json:"collection"`
	System     string `json:"system,omitempty"`
	Against    string `json:"against,omitempty"`
	Measure    string `json:"measure"`
	eval.Comparison
}

// scorePair is the measures of one query, before and now.
type scorePair struct {
	collection  string
	before, now eval.Scores
}

// compareScores tests each measure on each collection and on all together.
func compareScores(system, against string, pairs []scorePair, measures []string, seed uint64) []comparisonJSON {
	var collections []string
	for _, p := range pairs {
		if !slices.Contains(collections, p.collection) {
			collections = append(collections, p.collection)
		}
	}
	test := func(collection string, in func(scorePair) bool) (out []comparisonJSON) {
		for _, m := range measures {
			var of []eval.Pair
			for _, p := range pairs {
				if in(p) {
					of = append(of, eval.Pair{Before: p.before[m], Now: p.now[m], Group: p.collection})
				}
			}
			out = append(out, comparisonJSON{collection, system, against, m, eval.Compare(of, seed)})
		}
		return out
	}
	var out []comparisonJSON
	for _, c := range collections {
		out = append(out, test(c, func(p scorePair) bool { return p.collection == c })...)
	}
	if len(collections) > 1 {
		out = append(out, test("all", func(scorePair) bool { return true })...)
	}
	return out
}

// showComparisons prints a line a test.
func showComparisons(w io.Writer, all []comparisonJSON) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "\nDifferences, with 95 % intervals (bootstrap) and two-sided p (paired randomisation test):")
	t := newTable(w)
	t.row("collection", "system", "against", "measure", "before", "now", "difference", "interval", "p", "better", "worse")
	for _, c := range all {
		t.row(c.Collection, c.System, c.Against, c.Measure, fmt.Sprintf("%.4f", c.Before), fmt.Sprintf("%.4f", c.Now),
			fmt.Sprintf("%+.4f", c.Difference), fmt.Sprintf("%+.4f to %+.4f", c.Low, c.High), fmt.Sprintf("%.4f", c.P),
			strconv.Itoa(c.Better), strconv.Itoa(c.Worse))
	}
	t.flush()
}

// table aligns columns.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer) table { return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

// row writes a line. Errors of writing show where the output is flushed.
func (t table) row(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")) }

func (t table) flush() { _ = t.Flush() }
