package evalcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
)

// squadLayout says what the files of questions are.
const squadLayout = `SQUAD.json is in the layout of SQuAD:
{"data":[{"paragraphs":[{"context":…,"qas":[{"id":…,"question":…,"answers":[{"text":…,"answer_start":…}]}]}]}]}`

// readingOptions are the flags of eval reading.
type readingOptions struct {
	GivenOnly bool
	Margin    float64
	measuring
}

func (o *readingOptions) Flags() []cli.Flag {
	o.Margin = math.Inf(-1)
	return append([]cli.Flag{
		{Name: "given-only", Setting: cli.Unconfigured, To: cli.Bool(&o.GivenOnly),
			Usage: "do not search for wrong passages, which needs an index"},
		{Name: "margin", Setting: cli.Unconfigured, To: cli.Float(&o.Margin, nil),
			Usage: "answers whose span - null is below `X` count as none", Default: "none"},
	}, o.measuring.flags()...)
}

func readingCommand() *cli.Command {
	o := &readingOptions{}
	return &cli.Command{
		Name:  "reading",
		Usage: "measure how well answers are read in the paragraph that was asked about",
		Args:  "SQUAD.json...",
		Description: `Each question's own paragraph is read. The measures are those of the scripts of SQuAD 1.1
and 2.0. Then the paragraphs are searched for the best one without an answer, to see how
well the reader tells right from wrong ones. ` + squadLayout,
		Examples: []string{
			`albert-search eval reading dev-v2.0.json`,
			`albert-search eval reading questions.json --given-only --run before.jsonl`,
			`albert-search eval reading questions.json --reader my-model --compare before.jsonl`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return reading(ctx, c, o) },
	}
}

// ReadingJSON is what eval reading --json prints.
type ReadingJSON struct {
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

// ReadLine is a line of a run of eval reading.
type ReadLine struct {
	Collection string `json:"collection"`
	eval.ReadOutcome
}

func (l ReadLine) key() lineKey { return lineKey{l.Collection, l.ID} }

// lineKey tells the lines of a run apart.
type lineKey struct{ collection, id string }

// readingRun is the work of eval reading.
type readingRun struct {
	*evaluation
	o      *readingOptions
	before map[lineKey]ReadLine
	pairs  []scorePair
	out    ReadingJSON
}

func reading(ctx context.Context, c *cli.Call, o *readingOptions) error {
	began := time.Now()
	return evaluate(c, &o.measuring, func(e *evaluation) error {
		r := &readingRun{evaluation: e, o: o}
		if err := r.run(ctx); err != nil {
			return err
		}
		r.out.TookMS = time.Since(began).Milliseconds()
		if e.JSON {
			return e.PrintJSON(r.out)
		}
		return e.Print(r.show)
	})
}

// run measures, and compares with another run if one is named.
func (r *readingRun) run(ctx context.Context) error {
	files, err := r.squadFiles()
	if err != nil {
		return err
	}
	if r.before, err = readRun[ReadLine](r.o.Compare); err != nil {
		return err
	}
	for _, f := range files {
		if err := r.measure(ctx, f); err != nil {
			return err
		}
	}
	r.measured()
	if r.before == nil {
		return nil
	}
	if len(r.pairs) == 0 {
		return errNoCommon(r.o.Compare)
	}
	r.out.Comparisons = compareScores("", "", r.pairs, []string{"exact", "f1"}, r.o.Seed)
	return nil
}

// measure reads the answers to the questions of a file.
func (r *readingRun) measure(ctx context.Context, f squadFile) error {
	outcomes, err := r.read(ctx, f)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	r.out.Collections = append(r.out.Collections, readingJSON{f.name, f.path, len(f.Paragraphs), eval.JudgeReading(f.SQuAD, outcomes, r.o.Margin)})
	for i, o := range outcomes {
		if err := r.noteLine(ReadLine{f.name, o}, PerQueryJSON{f.name, "", o.ID, o.Scores()}); err != nil {
			return err
		}
		if old, ok := r.before[lineKey{f.name, o.ID}]; ok {
			old.Exact, old.F1 = eval.Score(old.Text, f.Questions[i].Answers)
			r.pairs = append(r.pairs, scorePair{f.name, old.Scores(), o.Scores()})
		}
	}
	return nil
}

// read has the questions of a file read.
func (r *readingRun) read(ctx context.Context, f squadFile) (outcomes []eval.ReadOutcome, err error) {
	if err := r.loadReader(ctx); err != nil {
		return nil, err
	}
	a := qa.New(r.reader.Spans, r.reader.Tokenizer, r.reader.Options)
	read := func(s eval.Searcher) error {
		return r.count(f.name+": reading", len(f.Questions), func(tick func()) (err error) {
			outcomes, err = eval.Reading(ctx, a, f.SQuAD, s, tick)
			return err
		})
	}
	if r.o.GivenOnly {
		return outcomes, read(nil)
	}
	dir, err := r.indexParagraphs(ctx, f, addition{}, whole)
	if err != nil {
		return nil, err
	}
	err = r.withIndex(dir, nil, func(engine *albertsearch.Engine) error { return read(engine) })
	return outcomes, err
}

func (r *readingRun) show(w io.Writer) {
	for i, c := range r.out.Collections {
		if i > 0 {
			fmt.Fprintln(w)
		}
		showReading(w, c)
	}
	showComparisons(w, r.out.Comparisons)
}

// noteLine writes what became of a question to the files that are wanted.
func (e *evaluation) noteLine(line any, measures PerQueryJSON) error {
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
	fmt.Fprintf(w, "%s: %s on %s\n", r.Name, cli.Plural(r.Total, "question"), cli.Plural(r.Paragraphs, "paragraph"))
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
