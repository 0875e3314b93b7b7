package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
)

// squadLayout says what the files of questions are.
const squadLayout = `SQUAD.json is in the layout of SQuAD:
{"data":[{"paragraphs":[{"context":…,"qas":[{"id":…,"question":…,"answers":[{"text":…,"answer_start":…}]}]}]}]}`

func (p *program) evalReadingCommand() *cli.Command {
	return &cli.Command{
		Name:      "reading",
		Usage:     "measure how well answers are read in the paragraph that was asked about",
		ArgsUsage: "SQUAD.json...",
		Description: `Each question's own paragraph is read. The measures are those of the scripts of SQuAD 1.1
and 2.0. Then the paragraphs are searched for the best one without an answer, to see how
well the reader tells right from wrong ones. ` + squadLayout + `

Examples:
   albert-search eval reading dev-v2.0.json
   albert-search eval reading questions.json --given-only --run before.jsonl
   albert-search eval reading questions.json --reader my-model --compare before.jsonl`,
		Flags: flags([]cli.Flag{
			&cli.BoolFlag{Name: "given-only", Usage: "do not search for wrong passages, which needs an index", DisableDefaultText: true},
			&cli.Float64Flag{Name: "margin", Usage: "answers whose span - null is below `X` count as none", DefaultText: "none"},
		}, evalFlags()),
		Action: p.evalReading,
	}
}

// evalReadingJSON is what eval reading --json prints.
type evalReadingJSON struct {
	Collections []readingJSON    `json:"collections"`
	Comparisons []comparisonJSON `json:"comparisons,omitempty"`
	TookMS      int64            `json:"took_ms"`
}

type readingJSON struct {
	Name       string `json:"collection"`
	Path       string `json:"path"`
	Paragraphs int    `json:"paragraphs"`
	eval.ReadingScores
}

// readLine is a line of a run of eval reading.
type readLine struct {
	Collection string `json:"collection"`
	eval.ReadOutcome
}

func (l readLine) key() lineKey { return lineKey{l.Collection, l.ID} }

// lineKey tells the lines of a run apart.
type lineKey struct{ collection, id string }

func (p *program) evalReading(c *cli.Context) error {
	began := time.Now()
	return p.evaluate(c, func(e *evaluation) error {
		files, err := e.files()
		if err != nil {
			return err
		}
		before, err := readRun[readLine](c.String("compare"))
		if err != nil {
			return err
		}
		out := evalReadingJSON{}
		var pairs []scorePair
		for _, f := range files {
			outcomes, err := e.readFile(f)
			if err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
			least := math.Inf(-1)
			if c.IsSet("margin") {
				least = c.Float64("margin")
			}
			out.Collections = append(out.Collections, readingJSON{f.name, f.path, len(f.Paragraphs), eval.JudgeReading(f.SQuAD, outcomes, least)})
			for i, o := range outcomes {
				if err := e.noteLine(readLine{f.name, o}, perQueryJSON{f.name, "", o.ID, o.Scores()}); err != nil {
					return err
				}
				if old, ok := before[lineKey{f.name, o.ID}]; ok {
					old.Exact, old.F1 = eval.Score(old.Text, f.Questions[i].Answers)
					pairs = append(pairs, scorePair{f.name, old.Scores(), o.Scores()})
				}
			}
		}
		e.measured()
		if before != nil {
			if len(pairs) == 0 {
				return errNoCommon(c)
			}
			out.Comparisons = compareScores("", "", pairs, []string{"exact", "f1"}, e.seed())
		}
		out.TookMS = time.Since(began).Milliseconds()
		if e.json {
			return e.printJSON(out)
		}
		return e.print(func(w io.Writer) {
			for i, r := range out.Collections {
				if i > 0 {
					fmt.Fprintln(w)
				}
				showReading(w, r)
			}
			showComparisons(w, out.Comparisons)
		})
	})
}

// readFile has the questions of a file read.
func (e *evaluation) readFile(f squadFile) (outcomes []eval.ReadOutcome, err error) {
	if err := e.loadReader(); err != nil {
		return nil, err
	}
	a := qa.New(e.reader.Spans, e.reader.Tokenizer, e.reader.Options)
	reading := func(ctx context.Context, s eval.Searcher) error {
		return e.count(f.name+": reading", len(f.Questions), func(tick func()) (err error) {
			outcomes, err = eval.Reading(ctx, a, f.SQuAD, s, tick)
			return err
		})
	}
	if e.Bool("given-only") {
		return outcomes, reading(e.Context.Context, nil)
	}
	dir, err := e.indexParagraphs(f, nil, whole)
	if err != nil {
		return nil, err
	}
	err = e.withIndex(dir, nil, func(ctx context.Context, engine *albertsearch.Engine) error { return reading(ctx, engine) })
	return outcomes, err
}

// noteLine writes what became of a question to the files that are wanted.
func (e *evaluation) noteLine(line any, measures perQueryJSON) error {
	encode := func(v any) func(io.Writer) error {
		return func(w io.Writer) error {
			lines := json.NewEncoder(w)
			lines.SetEscapeHTML(false)
			return lines.Encode(v)
		}
	}
	if err := e.run.append(encode(line)); err != nil {
		return err
	}
	return e.perQuery.append(encode(measures))
}

func showReading(w io.Writer, r readingJSON) {
	fmt.Fprintf(w, "%s: %s on %s\n", r.Name, plural(r.Total, "question"), plural(r.Paragraphs, "paragraph"))
	fmt.Fprintf(w, "  exact match %.1f, F1 %.1f\n", r.Exact, r.F1)
	if r.NoAns.Total > 0 {
		fmt.Fprintf(w, "  %d with an answer: exact match %.1f, F1 %.1f\n", r.HasAns.Total, r.HasAns.Exact, r.HasAns.F1)
		fmt.Fprintf(w, "  %d without one: exact match %.1f\n", r.NoAns.Total, r.NoAns.Exact)
		fmt.Fprintf(w, "  best exact match %.1f, giving answers from span - null of %.2f on; best F1 %.1f, from %.2f on\n",
			r.BestExact, r.BestExactThreshold, r.BestF1, r.BestF1Threshold)
	}
	showAUC(w, "AUC, questions with an answer against those without", r.HasAnswerAUC, r.HasAnswerRelevanceAUC)
	showAUC(w, fmt.Sprintf("AUC, own paragraph against best wrong passage (%d)", r.Wrong), r.GoldAUC, r.GoldRelevanceAUC)
}

func showAUC(w io.Writer, what string, span, relevance *float64) {
	if span == nil {
		return
	}
	fmt.Fprintf(w, "  %s: %.3f by span - null", what, *span)
	if relevance != nil {
		fmt.Fprintf(w, ", %.3f by relevance", *relevance)
	}
	fmt.Fprintln(w)
}
