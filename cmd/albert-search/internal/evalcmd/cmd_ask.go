package evalcmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
)

// askOptions are the flags of eval ask.
type askOptions struct {
	Collection     string
	Distractors    string
	MaxDistractors int
	RemoveHalf     bool
	Whole          bool
	Fit            string
	FitReranking   string
	Plot           string
	Read           int
	options.Answers
	options.Retrieval
	measuring
}

func (o *askOptions) Flags() []cli.Flag {
	return cli.Join([]cli.Flag{
		{Name: "collection", Setting: cli.Unconfigured, Group: groupQuestions, Path: true, Recorded: true, To: cli.String(&o.Collection),
			Usage: "the documents in `DIR` are also in the collection"},
		{Name: "distractors", Setting: cli.Unconfigured, Group: groupQuestions, Path: true, Recorded: true, To: cli.String(&o.Distractors),
			Usage: "so are the paragraphs of `FILE`: one to a line, as text or as JSON with a \"text\""},
		{Name: "max-distractors", Setting: cli.Unconfigured, Group: groupQuestions, Recorded: true, To: cli.Int(&o.MaxDistractors, cli.AtLeast(0)),
			Usage: "at most `N` of them", Default: "all"},
		{Name: "remove-half", Setting: cli.Unconfigured, Group: groupQuestions, To: cli.Bool(&o.RemoveHalf),
			Usage: "with every other paragraph taken out"},
		{Name: "whole", Setting: cli.Unconfigured, Group: groupQuestions, To: cli.Bool(&o.Whole),
			Usage: "with --remove-half or --fit: also measure with all paragraphs"},
		{Name: "fit", Setting: cli.Unconfigured, Group: groupResults, Path: true, To: cli.String(&o.Fit),
			Usage: "fit the confidence on half of the paragraphs and write it to `FILE`"},
		{Name: "fit-reranking", Setting: cli.Unconfigured, Group: groupResults, Path: true, To: cli.String(&o.FitReranking),
			Usage: "fit how reranking weighs the relevance, on all paragraphs, and write it to `FILE`"},
		{Name: "plot", Setting: cli.Unconfigured, Group: groupResults, Path: true, To: cli.String(&o.Plot),
			Usage: "draw the risk-coverage curves into `FILE.svg`"},
		{Name: "read", Setting: cli.Unconfigured, Recorded: true, To: cli.Int(&o.Read, cli.AtLeast(1)),
			Usage: "read the best `N` passages", Default: "as ask does"},
	}, o.Answers.Flags(), o.Retrieval.Flags(), o.measuring.flags())
}

func askCommand() *cli.Command {
	o := &askOptions{}
	return &cli.Command{
		Name:  "ask",
		Usage: "measure how well questions are answered from a collection, and fit its confidence",
		Args:  "SQUAD.json...",
		Description: `All paragraphs of a file are indexed, and its questions asked as "ask" does. With
--remove-half half of the paragraphs are taken out, so that half of the questions have no
answer any more: how well does the program know? ` + squadLayout,
		Examples: []string{
			`albert-search eval ask questions.json --remove-half --plot risk.svg`,
			`albert-search eval ask questions.json --collection ~/Documents --fit calibration.json`,
			`albert-search ask "Who approved the budget?" --calibration calibration.json`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return ask(ctx, c, o) },
	}
}

// AskJSON is what eval ask --json prints.
type AskJSON struct {
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

// AskLine is a line of a run of eval ask.
type AskLine struct {
	Collection string `json:"collection"`
	Kept       string `json:"kept"`
	eval.QuestionOutcome
}

func (l AskLine) key() lineKey { return lineKey{l.Collection + " " + l.Kept, l.ID} }

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
	o      *askOptions
	files  []squadFile
	more   addition
	before map[lineKey]AskLine
	pairs  []scorePair
	curves []eval.Series
	out    AskJSON
}

func ask(ctx context.Context, c *cli.Call, o *askOptions) error {
	began := time.Now()
	return evaluate(c, &o.measuring, func(e *evaluation) error {
		r := &askRun{evaluation: e, o: o}
		return withOutputs([]string{o.Plot, o.Fit, o.FitReranking}, func(to []*output) error {
			if err := r.run(ctx, to[0], to[1], to[2]); err != nil {
				return err
			}
			r.out.TookMS = time.Since(began).Milliseconds()
			if e.JSON {
				return e.PrintJSON(r.out)
			}
			return e.Print(r.show)
		})
	}, &o.Answers)
}

// run measures, fits, compares and draws, as far as it is wanted.
func (r *askRun) run(ctx context.Context, plot, fit, reranking *output) error {
	if err := r.prepare(); err != nil {
		return err
	}
	for _, kept := range r.parts() {
		for _, f := range r.files {
			if err := r.measure(ctx, f, kept); err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
		}
	}
	r.measured()
	if fit.wanted() {
		if err := r.fit(ctx, fit); err != nil {
			return err
		}
	}
	if reranking.wanted() {
		if err := r.fitReranking(ctx, reranking); err != nil {
			return err
		}
	}
	if err := r.compare(); err != nil {
		return err
	}
	return plot.write(func(w io.Writer) error {
		return eval.PlotRiskCoverage(w, "Risk and coverage", r.curves)
	})
}

// compare tests the difference to another run, if one is named.
func (r *askRun) compare() error {
	if r.before == nil {
		return nil
	}
	if len(r.pairs) == 0 {
		return errNoCommon(r.o.Compare)
	}
	r.out.Comparisons = compareScores("", "", r.pairs, []string{"exact", "f1", "recall@1", "recall@10"}, r.o.Seed)
	return nil
}

// prepare reads all that is named, so that mistakes are found at once.
func (r *askRun) prepare() (err error) {
	if r.files, err = r.squadFiles(); err != nil {
		return err
	}
	if r.before, err = readRun[AskLine](r.o.Compare); err != nil {
		return err
	}
	r.more = addition{collection: r.o.Collection, distractorsFile: r.o.Distractors}
	if dir := r.o.Collection; dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("--collection %s: %w", dir, cli.Cause(err))
		}
	}
	if r.o.Distractors == "" {
		return nil
	}
	f, err := os.Open(r.o.Distractors)
	if err != nil {
		return fmt.Errorf("read the distractors: %w", err)
	}
	defer f.Close()
	if r.more.distractors, err = eval.DecodeDistractors(f, r.o.MaxDistractors); err != nil {
		return fmt.Errorf("read the distractors in %s: %w", r.o.Distractors, err)
	}
	return nil
}

// parts are the collections that are measured.
func (r *askRun) parts() []part {
	var out []part
	removed := r.o.RemoveHalf || r.o.Fit != ""
	if r.o.Whole || !removed {
		out = append(out, whole)
	}
	if removed {
		out = append(out, half)
	}
	return out
}

// measure asks the questions of a file.
func (r *askRun) measure(ctx context.Context, f squadFile, kept part) error {
	outcomes, err := r.ask(ctx, f, kept, nil, "asking", r.options())
	if err != nil {
		return err
	}
	r.out.Collections = append(r.out.Collections, askedJSON{
		f.name, f.path, string(kept), len(r.more.distractors), eval.Answers(outcomes), eval.JudgeConfidence(outcomes, r.threshold()),
	})
	r.curves = append(r.curves, eval.Series{
		Name: fmt.Sprintf("%s (%s)", f.name, kept), Curve: eval.Curve(outcomes), Threshold: r.threshold(),
	})
	for i, o := range outcomes {
		line := AskLine{f.name, string(kept), o}
		if err := r.noteLine(line, PerQueryJSON{f.name, string(kept), o.ID, o.Scores()}); err != nil {
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
	return eval.AskOptions{Mode: r.o.Mode, Fusion: r.o.Fusion, Read: r.o.Read}
}

// ask asks the questions of a file with a calibration; nil is the reader's.
func (r *askRun) ask(ctx context.Context, f squadFile, kept part, k *qa.Calibration, what string, o eval.AskOptions) (outcomes []eval.QuestionOutcome, err error) {
	dir, err := r.indexParagraphs(ctx, f, r.more, kept)
	if err != nil {
		return nil, err
	}
	if err := r.loadReader(ctx); err != nil {
		return nil, err
	}
	err = r.withIndex(dir, k, func(engine *albertsearch.Engine) error {
		return r.count(f.name+": "+what, len(f.Questions), func(tick func()) (err error) {
			outcomes, err = eval.EndToEnd(ctx, engine, f.SQuAD, kept.keeps(), o, tick)
			return err
		})
	})
	return outcomes, err
}
