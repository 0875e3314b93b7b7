package evalcmd

import (
	"fmt"
	"io"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/internal/eval"
)

func (r *askRun) show(w io.Writer) {
	for i, c := range r.out.Collections {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s", c.Name)
		if c.Kept == string(half) {
			fmt.Fprint(w, ", half of the paragraphs taken out")
		}
		fmt.Fprintf(w, ": %s\n", cli.Plural(c.Confidence.Questions, "question"))
		a := c.Answers
		fmt.Fprintf(w, "  %s with an answer: exact match %.1f, F1 %.1f; own paragraph among the first 1: %.1f, 5: %.1f, 10: %.1f, 20: %.1f\n",
			cli.Plural(a.Total, "question"), a.Exact, a.F1, a.Recall1, a.Recall5, a.Recall10, a.Recall20)
		r.showConfidence(w, c.Confidence)
	}
	if f := r.out.Fit; f != nil {
		k := f.Calibration
		fmt.Fprintf(w, "\nFitted on %d answers, %d of them right, and written to %s.\n", f.Examples, f.Right, r.Path(f.File))
		fmt.Fprintf(w, "  weight of retrieval %g, of relevance %g; bias %.3f, weights %.3f, threshold %.3f\n",
			k.FusedWeight, k.RelevanceWeight, k.Bias, k.Weights, k.Threshold)
		if r.Verbose {
			for _, s := range f.Weights {
				fmt.Fprintf(w, "  weight of retrieval %g, of relevance %g: exact match %.1f, F1 %.1f\n", s.FusedWeight, s.RelevanceWeight, s.Exact, s.F1)
			}
		}
		fmt.Fprintln(w, "  On articles that it was not fitted on:")
		r.showConfidence(w, f.Judged)
	}
	if f := r.out.Reranking; f != nil {
		k := f.Calibration
		fmt.Fprintf(w, "\nReranking fitted on %s and written to %s.\n", cli.Plural(k.Provenance.Questions, "question"), r.Path(f.File))
		fmt.Fprintf(w, "  weight of relevance %g, slope %.3f, shift %.3f\n", k.Weight, k.Slope, k.Shift)
		fmt.Fprintf(w, "  mean reciprocal rank of the own paragraph: %.4f before, %.4f reranked, %.4f by fits to other questions\n",
			f.Before, f.MRR, f.CrossFitted)
	}
	showComparisons(w, r.out.Comparisons)
}

// showConfidence prints how well it is known which answers are right.
func (r *askRun) showConfidence(w io.Writer, s eval.ConfidenceScores) {
	fmt.Fprintf(w, "  %s\n", r.Style(term.Bold).On(promise(s)))
	fmt.Fprintf(w, "  own paragraph there: %d answered of %d, of those %d right; not there: %d answered of %d, of those %d right\n",
		s.WithAnswered, s.With, s.WithRight, s.WithoutAnswered, s.Without, s.WithoutRight)
	fmt.Fprintf(w, "  AUC %.3f, AURC %.3f, calibration error %.3f (10 bins of equal width), Brier score %.3f\n",
		s.AUC, s.AURC, s.CalibrationError, s.Brier)
	for _, at := range []struct {
		percent int
		eval.CurvePoint
	}{{80, s.At80}, {90, s.At90}} {
		if at.Coverage == 0 {
			fmt.Fprintf(w, "  coverage at %d %% right: none\n", at.percent)
			continue
		}
		fmt.Fprintf(w, "  coverage at %d %% right: %.1f %%, from confidence %.2f on\n", at.percent, 100*at.Coverage, at.Confidence)
	}
	fmt.Fprintf(w, "  best threshold %.2f (F1 %.1f, a missing answer being right where there is none)\n", s.BestThreshold, s.BestF1)
	if !r.Verbose {
		return
	}
	for _, b := range s.Bins {
		if b.Answers > 0 {
			fmt.Fprintf(w, "  confidence %.1f to %.1f: %4d answers, %.2f right, mean confidence %.2f\n",
				b.From, b.To, b.Answers, float64(b.Right)/float64(b.Answers), b.Confidence)
		}
	}
}

// promise says in a sentence what users can expect.
func promise(s eval.ConfidenceScores) string {
	if s.Answered == 0 {
		return fmt.Sprintf("Answers none of %s (confidence at least %.2f).", cli.Plural(s.Questions, "question"), s.Threshold)
	}
	share := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	return fmt.Sprintf("Answers %.0f of 100 questions, of those %.0f of 100 right (confidence at least %.2f).",
		share(s.Answered, s.Questions), share(s.Right, s.Answered), s.Threshold)
}
