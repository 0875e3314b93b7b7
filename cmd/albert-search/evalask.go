package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/eval"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
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
answer any more: how well does the program know?

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

// indexParagraphs indexes the paragraphs of a file that are kept, distractors and
// the documents of --collection, unless this run has done so. It returns the
// folder of the index.
func (e *evaluation) indexParagraphs(f squadFile, distractors []string, kept part) (string, error) {
	if err := e.loadEmbedder(); err != nil {
		return "", err
	}
	path, err := filepath.Abs(f.path)
	if err != nil {
		return "", err
	}
	key := []string{f.name + "-" + string(kept), path}
	if len(distractors) > 0 || e.String("collection") != "" {
		for _, flag := range []string{"collection", "distractors"} {
			more, err := filepath.Abs(e.String(flag))
			if err != nil {
				return "", err
			}
			key = append(key, more)
		}
		key = append(key, strconv.Itoa(len(distractors)))
	}
	place := e.place(key...)
	if e.indexed[place] {
		return filepath.Join(place, "index"), nil
	}
	if err := os.MkdirAll(place, 0o755); err != nil {
		return "", err
	}
	records := filepath.Join(place, "paragraphs.jsonl")
	out, err := newOutput(records)
	if err != nil {
		return "", err
	}
	err = out.write(func(w io.Writer) error { return f.WriteParagraphs(w, kept.keeps(), distractors) })
	if err := errors.Join(err, out.close()); err != nil {
		return "", err
	}
	source, err := ingest.JSONL(records)
	if err != nil {
		return "", err
	}
	sources := []ingest.Source{source}
	if dir := e.String("collection"); dir != "" {
		x := extract.New(extract.Options{})
		defer x.Close()
		documents, err := ingest.Files([]string{dir}, ingest.FileOptions{SkipDir: local.IsIndex, Extractor: x})
		if err != nil {
			return "", err
		}
		sources = append(sources, documents)
	}
	dir, err := e.index(sources, key...)
	if err == nil {
		if e.indexed == nil {
			e.indexed = map[string]bool{}
		}
		e.indexed[place] = true
	}
	return dir, err
}

// fit fits a calibration on the questions of all files and writes it.
func (r *askRun) fit(to *output) error {
	pass := 0
	o := r.options()
	o.NoRank = true
	fit, err := eval.Calibrate(r.Context.Context, r.relevance, func(_ context.Context, k *qa.Calibration) ([]eval.Outcome, error) {
		pass++
		var all []eval.Outcome
		for _, f := range r.files {
			outcomes, err := r.ask(f, half, k, fmt.Sprintf("fitting, pass %d", pass), o)
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
	return to.write(func(w io.Writer) error { return writeJSON(w, fit.Calibration) })
}

// fitReranking fits the weight of the relevance on the questions of all files and
// writes it.
func (r *askRun) fitReranking(to *output) error {
	if err := r.loadReader(); err != nil {
		return err
	}
	if !r.relevance {
		return fmt.Errorf("--fit-reranking: %w", qa.ErrNoRelevance)
	}
	var pools [][]eval.Candidate
	for _, f := range r.files {
		dir, err := r.indexParagraphs(f, r.distractors, whole)
		if err != nil {
			return err
		}
		err = r.withIndex(dir, nil, func(ctx context.Context, engine *albertsearch.Engine) error {
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
	return to.write(func(w io.Writer) error { return writeJSON(w, fit.Calibration) })
}

// provenance is how a fit was made.
func (r *askRun) provenance(flag, path string) (reader string, data []string, command string) {
	reader = cmp.Or(r.readerName, "built-in reader")
	words := []string{"albert-search", "eval", "ask", flag, filepath.Base(path)}
	if n := r.Int("sample"); n > 0 {
		words = append(words, "--sample", strconv.Itoa(n), "--seed", strconv.Itoa(r.Int("seed")))
	}
	for _, f := range r.files {
		data = append(data, filepath.Base(f.path))
	}
	return reader, data, strings.Join(append(words, data...), " ")
}

func (r *askRun) show(w io.Writer) {
	for i, c := range r.out.Collections {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s", c.Name)
		if c.Kept == string(half) {
			fmt.Fprint(w, ", half of the paragraphs taken out")
		}
		fmt.Fprintf(w, ": %s\n", plural(c.Confidence.Questions, "question"))
		a := c.Answers
		fmt.Fprintf(w, "  %s with an answer: exact match %.1f, F1 %.1f; own paragraph among the first 1: %.1f, 5: %.1f, 10: %.1f, 20: %.1f\n",
			plural(a.Total, "question"), a.Exact, a.F1, a.Recall1, a.Recall5, a.Recall10, a.Recall20)
		r.showConfidence(w, c.Confidence)
	}
	if f := r.out.Fit; f != nil {
		k := f.Calibration
		fmt.Fprintf(w, "\nFitted on %d answers, %d of them right, and written to %s.\n", f.Examples, f.Right, r.path(f.File))
		fmt.Fprintf(w, "  weight of retrieval %g, of relevance %g; bias %.3f, weights %.3f, threshold %.3f\n",
			k.FusedWeight, k.RelevanceWeight, k.Bias, k.Weights, k.Threshold)
		if r.verbose {
			for _, s := range f.Weights {
				fmt.Fprintf(w, "  weight of retrieval %g, of relevance %g: exact match %.1f, F1 %.1f\n", s.FusedWeight, s.RelevanceWeight, s.Exact, s.F1)
			}
		}
		fmt.Fprintln(w, "  On articles that it was not fitted on:")
		r.showConfidence(w, f.Judged)
	}
	if f := r.out.Reranking; f != nil {
		k := f.Calibration
		fmt.Fprintf(w, "\nReranking fitted on %s and written to %s.\n", plural(k.Provenance.Questions, "question"), r.path(f.File))
		fmt.Fprintf(w, "  weight of relevance %g, slope %.3f, shift %.3f\n", k.Weight, k.Slope, k.Shift)
		fmt.Fprintf(w, "  mean reciprocal rank of the own paragraph: %.4f before, %.4f reranked, %.4f by fits to other questions\n",
			f.Before, f.MRR, f.CrossFitted)
	}
	showComparisons(w, r.out.Comparisons)
}

// showConfidence prints how well it is known which answers are right.
func (r *askRun) showConfidence(w io.Writer, s eval.ConfidenceScores) {
	fmt.Fprintf(w, "  %s\n", r.style(term.Bold).On(promise(s)))
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
	if !r.verbose {
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
		return fmt.Sprintf("Answers none of %s (confidence at least %.2f).", plural(s.Questions, "question"), s.Threshold)
	}
	share := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	return fmt.Sprintf("Answers %.0f of 100 questions, of those %.0f of 100 right (confidence at least %.2f).",
		share(s.Answered, s.Questions), share(s.Right, s.Answered), s.Threshold)
}

// readRun reads a run that --run has written; nil if path is empty.
func readRun[L interface{ key() lineKey }](path string) (map[lineKey]L, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the run to compare with: %w", err)
	}
	defer f.Close()
	out := map[lineKey]L{}
	lines := json.NewDecoder(f)
	for {
		var l L
		err := lines.Decode(&l)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the run %s, line %d: %w", path, len(out)+1, err)
		}
		if l.key().id == "" {
			return nil, fmt.Errorf("read the run %s, line %d: it has no id; --run of the same command writes what is wanted", path, len(out)+1)
		}
		out[l.key()] = l
	}
}

// errNoCommon says that nothing can be compared.
func errNoCommon(c *cli.Context) error {
	return fmt.Errorf("%s has none of these questions: --run writes what can be compared, under the names of the files", c.String("compare"))
}
