package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

func (p *program) evalAskCommand() *cli.Command {
	return &cli.Command{
		Name:      "ask",
		Usage:     "measure how well questions are answered from a collection, and fit its confidence",
		ArgsUsage: "SQUAD.json...",
		Description: `All paragraphs of a file are indexed, and its questions asked as "ask" does. With
--remove-half half of the paragraphs are taken out, so that half of the questions have no
answer any more: how well does the program know? ` + squadLayout + `

Examples:
   albert-search eval ask questions.json --remove-half --plot risk.svg
   albert-search eval ask questions.json --collection ~/Documents --fit calibration.json
   albert-search ask "Who approved the budget?" --calibration calibration.json`,
		Flags: flags([]cli.Flag{
			&cli.StringFlag{Name: "collection", Usage: "the documents in `DIR` are in the collection, too"},
			&cli.StringFlag{Name: "distractors", Usage: "paragraphs of `FILE` are, too: one a line, as text or as JSON with a \"text\""},
			&cli.IntFlag{Name: "max-distractors", Usage: "at most `N` of them", DefaultText: "all"},
			&cli.BoolFlag{Name: "remove-half", Usage: "with every other paragraph taken out", DisableDefaultText: true},
			&cli.BoolFlag{Name: "whole", Usage: "with --remove-half or --fit: measure with all paragraphs, too", DisableDefaultText: true},
			&cli.StringFlag{Name: "fit", Usage: "fit the confidence on half of the paragraphs and write it to `FILE`"},
			&cli.StringFlag{Name: "fit-reranking", Usage: "fit how reranking weighs the relevance, on all paragraphs, and write it to `FILE`"},
			&cli.StringFlag{Name: "plot", Usage: "draw the risk-coverage curves into `FILE.svg`"},
			&cli.IntFlag{Name: "read", Usage: "read the best `N` passages", DefaultText: "as ask does"},
		}, answerFlags(), retrievalFlags(), evalFlags()),
		Action: p.evalAsk,
	}
}

// evalAskJSON is what eval ask --json prints.
type evalAskJSON struct {
	Collections []askedJSON      `json:"collections"`
	Fit         *fitJSON         `json:"fit,omitempty"`
	Reranking   *rerankFitJSON   `json:"reranking,omitempty"`
	Comparisons []comparisonJSON `json:"comparisons,omitempty"`
	TookMS      int64            `json:"took_ms"`
}

// askedJSON is how well the questions of a file were answered.
type askedJSON struct {
	Name        string                `json:"collection"`
	Path        string                `json:"path"`
	Kept        string                `json:"kept"` // of its paragraphs: "whole" or "half"
	Distractors int                   `json:"distractors"`
	Answers     eval.AnswerScores     `json:"answers"`
	Confidence  eval.ConfidenceScores `json:"confidence"`
}

type fitJSON struct {
	File string `json:"file"`
	*eval.Fit
}

type rerankFitJSON struct {
	File string `json:"file"`
	*eval.RerankingFit
}

// askLine is a line of a run of eval ask.
type askLine struct {
	Collection string `json:"collection"`
	Kept       string `json:"kept"`
	eval.Outcome
}

func (l askLine) key() lineKey { return lineKey{l.Collection + " " + l.Kept, l.ID} }

// part is which of a file's paragraphs are in the collection.
type part string

const (
	whole part = "whole"
	half  part = "half"
)

func (p part) keeps() func(int) bool {
	if p == half {
		return eval.Half
	}
	return eval.All
}

// askRun is the work of eval ask.
type askRun struct {
	*evaluation
	files       []squadFile
	distractors []string
	before      map[lineKey]askLine
	pairs       []scorePair
	curves      []eval.Series
	out         evalAskJSON
}

func (p *program) evalAsk(c *cli.Context) error {
	began := time.Now()
	return p.evaluate(c, func(e *evaluation) (err error) {
		r := &askRun{evaluation: e}
		plot, err := newOutput(c.String("plot"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, plot.close()) }()
		fit, err := newOutput(c.String("fit"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, fit.close()) }()
		reranking, err := newOutput(c.String("fit-reranking"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, reranking.close()) }()
		if err := r.prepare(); err != nil {
			return err
		}
		for _, kept := range r.parts() {
			for _, f := range r.files {
				if err := r.measure(f, kept); err != nil {
					return fmt.Errorf("%s: %w", f.path, err)
				}
			}
		}
		e.measured()
		if fit.wanted() {
			if err := r.fit(fit); err != nil {
				return err
			}
		}
		if reranking.wanted() {
			if err := r.fitReranking(reranking); err != nil {
				return err
			}
		}
		if r.before != nil {
			if len(r.pairs) == 0 {
				return errNoCommon(c)
			}
			r.out.Comparisons = compareScores("", "", r.pairs, []string{"exact", "f1", "recall@1", "recall@10"}, e.seed())
		}
		err = plot.write(func(w io.Writer) error {
			return eval.PlotRiskCoverage(w, "Risk and coverage", r.curves)
		})
		if err != nil {
			return err
		}
		r.out.TookMS = time.Since(began).Milliseconds()
		if e.json {
			return e.printJSON(r.out)
		}
		return e.print(r.show)
	})
}

// prepare reads all that is named, so that mistakes are found at once.
func (r *askRun) prepare() (err error) {
	if r.files, err = r.evaluation.files(); err != nil {
		return err
	}
	if r.before, err = readRun[askLine](r.String("compare")); err != nil {
		return err
	}
	if dir := r.String("collection"); dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("--collection %s: %w", dir, cause(err))
		}
	}
	path := r.String("distractors")
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the distractors: %w", err)
	}
	defer f.Close()
	if r.distractors, err = eval.DecodeDistractors(f, r.Int("max-distractors")); err != nil {
		return fmt.Errorf("read the distractors in %s: %w", path, err)
	}
	return nil
}

// parts are the collections that are measured.
func (r *askRun) parts() []part {
	var out []part
	removed := r.Bool("remove-half") || r.String("fit") != ""
	if r.Bool("whole") || !removed {
		out = append(out, whole)
	}
	if removed {
		out = append(out, half)
	}
	return out
}

// measure asks the questions of a file.
func (r *askRun) measure(f squadFile, kept part) error {
	outcomes, err := r.ask(f, kept, nil, "asking", r.options())
	if err != nil {
		return err
	}
	r.out.Collections = append(r.out.Collections, askedJSON{
		f.name, f.path, string(kept), len(r.distractors), eval.Answers(outcomes), eval.JudgeConfidence(outcomes, r.threshold()),
	})
	r.curves = append(r.curves, eval.Series{
		Name: fmt.Sprintf("%s (%s)", f.name, kept), Curve: eval.Curve(outcomes), Threshold: r.threshold(),
	})
	for i, o := range outcomes {
		line := askLine{f.name, string(kept), o}
		if err := r.noteLine(line, perQueryJSON{f.name, string(kept), o.ID, o.Scores()}); err != nil {
			return err
		}
		// The gold answers of now judge both; of questions that cannot be
		// answered there is nothing to compare.
		if old, ok := r.before[line.key()]; ok && o.InCollection {
			old.Exact, old.F1 = eval.Score(old.Text, f.Questions[i].Answers)
			r.pairs = append(r.pairs, scorePair{line.key().collection, old.Scores(), o.Scores()})
		}
	}
	return nil
}

// options are how the flags say that questions are asked.
func (r *askRun) options() eval.AskOptions {
	return eval.AskOptions{Mode: albertsearch.Mode(r.String("mode")), Fusion: rerank.Method(r.String("fusion")), Read: r.Int("read")}
}

// ask asks the questions of a file with a calibration; nil is the reader's.
func (r *askRun) ask(f squadFile, kept part, k *qa.Calibration, what string, o eval.AskOptions) (outcomes []eval.Outcome, err error) {
	dir, err := r.indexParagraphs(f, r.distractors, kept)
	if err != nil {
		return nil, err
	}
	if err := r.loadReader(); err != nil {
		return nil, err
	}
	err = r.withIndex(dir, k, func(ctx context.Context, engine *albertsearch.Engine) error {
		return r.count(f.name+": "+what, len(f.Questions), func(tick func()) (err error) {
			outcomes, err = eval.EndToEnd(ctx, engine, f.SQuAD, kept.keeps(), o, tick)
			return err
		})
	})
	return outcomes, err
}
