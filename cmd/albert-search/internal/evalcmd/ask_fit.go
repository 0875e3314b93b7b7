package evalcmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
)

// fit fits a calibration on the questions of all files and writes it.
func (r *askRun) fit(ctx context.Context, to *output) error {
	pass := 0
	o := r.options()
	o.NoRank = true
	fit, err := eval.Calibrate(ctx, r.relevance, func(ctx context.Context, k *qa.Calibration) ([]eval.QuestionOutcome, error) {
		pass++
		var all []eval.QuestionOutcome
		for _, f := range r.files {
			outcomes, err := r.ask(ctx, f, half, k, fmt.Sprintf("fitting, pass %d", pass), o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.path, err)
			}
			for i := range outcomes {
				// Articles of different files are different ones.
				outcomes[i].Article = f.name + "\x00" + outcomes[i].Article
			}
			all = append(all, outcomes...)
		}
		return all, nil
	})
	if err != nil {
		return err
	}
	p := &fit.Calibration.Provenance
	p.Reader, p.Data, p.Command = r.provenance("--fit", to.path)
	r.out.Fit = &fitJSON{to.path, fit}
	r.curves = append(r.curves, eval.Series{
		Name: "fitted, each article by the others", Curve: eval.Curve(fit.Outcomes), Threshold: fit.Calibration.Threshold,
	})
	return to.write(func(w io.Writer) error { return cli.WriteJSON(w, fit.Calibration) })
}

// fitReranking fits the weight of the relevance on the questions of all files and
// writes it.
func (r *askRun) fitReranking(ctx context.Context, to *output) error {
	if err := r.loadReader(ctx); err != nil {
		return err
	}
	if !r.relevance {
		return fmt.Errorf("--fit-reranking: %w", qa.ErrNoRelevance)
	}
	var pools [][]eval.Candidate
	for _, f := range r.files {
		dir, err := r.indexParagraphs(ctx, f, r.more, whole)
		if err != nil {
			return err
		}
		err = r.withIndex(dir, nil, func(engine *albertsearch.Engine) error {
			return r.count(f.name+": reading candidates", len(f.Questions), func(tick func()) error {
				more, err := eval.Pools(ctx, engine, f.SQuAD, albertsearch.DefaultRerank, r.options(), tick)
				pools = append(pools, more...)
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
	}
	fit, err := eval.FitReranking(pools)
	if err != nil {
		return err
	}
	p := &fit.Calibration.Provenance
	p.Reader, p.Data, p.Command = r.provenance("--fit-reranking", to.path)
	r.out.Reranking = &rerankFitJSON{to.path, fit}
	return to.write(func(w io.Writer) error { return cli.WriteJSON(w, fit.Calibration) })
}

// provenance is how a fit was made.
func (r *askRun) provenance(flag, path string) (reader string, data []string, command string) {
	reader = cmp.Or(r.readerName, "built-in reader")
	words := []string{"albert-search", "eval", "ask", flag, filepath.Base(path)}
	var others []string
	if r.Given("sample") {
		others = append(others, "seed") // which draws the sample
	}
	words = append(words, r.Record(others...)...)
	for _, f := range r.files {
		data = append(data, filepath.Base(f.path))
	}
	return reader, data, strings.Join(append(words, data...), " ")
}
