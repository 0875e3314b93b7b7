package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/urfave/cli/v2"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
	"github.com/albert-search/albert-search/internal/eval"
)

func (p *program) evalRetrievalCommand() *cli.Command {
	return &cli.Command{
		Name:      "retrieval",
		Usage:     "measure how well documents are found",
		ArgsUsage: "BEIR_DIR...",
		Description: `A BEIR_DIR is a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv. Its documents
are indexed and its queries run with each system; a document ranks where its best passage
does. The measures are those of trec_eval.

Examples:
   albert-search eval retrieval beir/scifact beir/nfcorpus
   albert-search eval retrieval beir/scifact --system hybrid --run before.trec
   albert-search eval retrieval beir/scifact --system hybrid --embedder my-model --compare before.trec`,
		Flags: flags([]cli.Flag{
			&cli.StringFlag{Name: "split", Value: "test", Usage: "the judgements are in qrels/`NAME`.tsv"},
			&cli.StringSliceFlag{Name: "system", Usage: "only `SYSTEM`: " + list("system") + " (repeatable)"},
			&cli.BoolFlag{Name: "all-fusions", Usage: "hybrid search with each way to fuse, too", DisableDefaultText: true},
			&cli.IntFlag{Name: "rerank-depth", Value: albertsearch.DefaultRerank, Usage: "the system reranked reads the best `N` passages"},
			&cli.BoolFlag{Name: "no-rerank", Usage: "without the system reranked, which takes long", DisableDefaultText: true},
			rerankingFlag(),
			&cli.StringFlag{Name: "cutoffs", Value: "10,100", Usage: "nDCG and recall of the first `K,...` documents, at most 100"},
			&cli.StringFlag{Name: "against", Usage: "compare with `SYSTEM` instead of the same one; without --compare, with that of this very run"},
		}, evalFlags()),
		Action: p.evalRetrieval,
	}
}

// evalRetrievalJSON is what eval retrieval --json prints.
type evalRetrievalJSON struct {
	Collections []collectionJSON `json:"collections"`
	// Mean has the means over the collections.
	Mean        []systemJSON     `json:"mean,omitempty"`
	Comparisons []comparisonJSON `json:"comparisons,omitempty"`
	TookMS      int64            `json:"took_ms"`
}

type collectionJSON struct {
	Name    string       `json:"collection"`
	Path    string       `json:"path"`
	Queries int          `json:"queries"`
	Systems []systemJSON `json:"systems"`
}

type systemJSON struct {
	Name     string      `json:"system"`
	Measures eval.Scores `json:"measures"`
}

// perQueryJSON is a line of --per-query.
type perQueryJSON struct {
	Collection string      `json:"collection"`
	System     string      `json:"system,omitempty"`
	ID         string      `json:"id"`
	Measures   eval.Scores `json:"measures"`
}

// retrievalRun is the work of eval retrieval.
type retrievalRun struct {
	*evaluation
	systems     []eval.System
	cutoffs     []int
	collections []*beirFolder
	before      map[string][]eval.Ranking // by tag
	out         evalRetrievalJSON
}

type beirFolder struct {
	name, path string
	*eval.BEIR
	scores map[string][]eval.Scores // by system, in the order of the queries
}

func (p *program) evalRetrieval(c *cli.Context) error {
	began := time.Now()
	return p.evaluate(c, func(e *evaluation) error {
		r := &retrievalRun{evaluation: e}
		e.forget = true
		if err := r.prepare(); err != nil {
			return err
		}
		for _, b := range r.collections {
			if err := r.measure(b); err != nil {
				return fmt.Errorf("%s: %w", b.path, err)
			}
		}
		e.measured()
		if err := r.compare(); err != nil {
			return err
		}
		r.out.Mean = r.means()
		r.out.TookMS = time.Since(began).Milliseconds()
		if e.json {
			return e.printJSON(r.out)
		}
		return e.print(r.show)
	})
}

// prepare reads all that is named, so that mistakes are found at once.
func (r *retrievalRun) prepare() error {
	if r.NArg() == 0 {
		return usagef("eval retrieval", "name a BEIR folder: one with corpus.jsonl, queries.jsonl and qrels/")
	}
	var err error
	if r.cutoffs, err = cutoffs(r.String("cutoffs")); err != nil {
		return err
	}
	if err := r.chooseSystems(); err != nil {
		return err
	}
	for _, path := range r.Args().Slice() {
		b, err := eval.ReadBEIR(path, r.String("split"))
		if err != nil {
			return err
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		name := strings.Join(strings.Fields(filepath.Base(abs)), "_")
		for _, other := range r.collections {
			if other.name == name {
				return usagef("eval retrieval", "two folders are called %s: their results could not be told apart", name)
			}
		}
		b.Queries = eval.Sample(b.Queries, r.Int("sample"), r.seed())
		r.collections = append(r.collections, &beirFolder{name: name, path: path, BEIR: b, scores: map[string][]eval.Scores{}})
	}
	against := r.String("against")
	if against != "" {
		if _, err := eval.FindSystem(against, 1); err != nil {
			return usagef("eval retrieval", "--against: %w", err)
		}
	}
	path := r.String("compare")
	if path == "" {
		if against != "" && !slices.ContainsFunc(r.systems, func(s eval.System) bool { return s.Name == against }) {
			return usagef("eval retrieval", "--against %s: this run does not have that system; name it with --system, too, or a run with --compare", against)
		}
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the run to compare with: %w", err)
	}
	defer f.Close()
	if r.before, err = eval.DecodeTREC(f); err != nil {
		return fmt.Errorf("read the run %s: %w", path, err)
	}
	return nil
}

func (r *retrievalRun) chooseSystems() error {
	depth := r.Int("rerank-depth")
	if r.Bool("no-rerank") {
		depth = 0
	}
	names := r.StringSlice("system")
	if len(names) == 0 {
		for _, s := range eval.Systems(depth) {
			fusions := strings.Contains(s.Name, "/")
			if !fusions || r.Bool("all-fusions") {
				r.systems = append(r.systems, s)
			}
		}
		return nil
	}
	for _, name := range strings.Split(strings.Join(names, ","), ",") {
		s, err := eval.FindSystem(name, r.Int("rerank-depth"))
		switch {
		case err != nil:
			return usagef("eval retrieval", "--system: %w", err)
		case s.Rerank > 0 && depth == 0:
			return usagef("eval retrieval", "--system %s and --no-rerank: leave one of them out", name)
		case !slices.Contains(r.systems, s):
			r.systems = append(r.systems, s)
		}
	}
	return nil
}

// cutoffs reads the flag --cutoffs.
func cutoffs(text string) ([]int, error) {
	var out []int
	for _, word := range strings.Split(text, ",") {
		k, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || k < 1 || k > 100 {
			return nil, usagef("eval retrieval", "--cutoffs %q: they must be whole numbers from 1 to 100, with commas between them", text)
		}
		out = append(out, k)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// measure runs the queries of a collection with each system.
func (r *retrievalRun) measure(b *beirFolder) error {
	corpus, err := filepath.Abs(b.Corpus)
	if err != nil {
		return err
	}
	source, err := source.JSONL(corpus)
	if err != nil {
		return err
	}
	dir, err := r.index([]ingest.Source{source}, b.name, corpus)
	if err != nil {
		return err
	}
	if err := r.dropReranked(); err != nil {
		return err
	}
	out := collectionJSON{Name: b.name, Path: b.path, Queries: len(b.Queries)}
	err = r.withIndex(dir, nil, func(ctx context.Context, engine *albertsearch.Engine) error {
		for _, s := range r.systems {
			var rankings []eval.Ranking
			err := r.count(b.name+": "+s.Name, len(b.Queries), func(tick func()) (err error) {
				rankings, err = eval.Rank(ctx, engine, b.Queries, s, tick)
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			scores := eval.JudgeAll(b.Queries, rankings, r.cutoffs)
			b.scores[s.Name] = scores
			out.Systems = append(out.Systems, systemJSON{s.Name, eval.Mean(scores)})
			if err := r.note(b, s, rankings, scores); err != nil {
				return err
			}
		}
		return nil
	})
	r.out.Collections = append(r.out.Collections, out)
	return err
}

// dropReranked loads the reader if a system needs it, and leaves that system out
// if the reader cannot do it, unless it was asked for.
func (r *retrievalRun) dropReranked() error {
	reranks := func(s eval.System) bool { return s.Rerank > 0 }
	if !slices.ContainsFunc(r.systems, reranks) {
		return nil
	}
	if err := r.loadReader(); err != nil {
		return err
	}
	if r.relevance {
		return nil
	}
	if r.IsSet("system") || r.before == nil && r.String("against") == eval.Reranked {
		return errors.New("the reader has no relevance head, which the system reranked needs; name another with --reader")
	}
	r.remark("The reader has no relevance head: nothing is reranked.")
	r.systems = slices.DeleteFunc(r.systems, reranks)
	return nil
}

// note writes what was found to the files that are wanted.
func (r *retrievalRun) note(b *beirFolder, s eval.System, rankings []eval.Ranking, scores []eval.Scores) error {
	err := r.run.append(func(w io.Writer) error { return eval.WriteTREC(w, tag(b.name, s.Name), rankings) })
	if err != nil {
		return err
	}
	return r.perQuery.append(func(w io.Writer) error {
		lines := json.NewEncoder(w)
		for i, q := range b.Queries {
			if err := lines.Encode(perQueryJSON{b.name, s.Name, q.ID, scores[i]}); err != nil {
				return err
			}
		}
		return nil
	})
}

// tag is what a run's lines are marked with, so that one file can hold several.
func tag(collection, system string) string { return collection + ":" + system }

// compare tests each system against that of another run, or against another of
// this one.
func (r *retrievalRun) compare() error {
	against := r.String("against")
	if r.before == nil && against == "" {
		return nil
	}
	for _, s := range r.systems {
		other := s.Name
		if against != "" {
			other = against
		}
		if r.before == nil && other == s.Name {
			continue
		}
		var pairs []scorePair
		for _, b := range r.collections {
			before, ok := b.scores[other], true
			if r.before != nil {
				before, ok = r.scoresBefore(b, other)
			}
			if !ok {
				continue
			}
			for i, now := range b.scores[s.Name] {
				pairs = append(pairs, scorePair{b.name, before[i], now})
			}
		}
		r.out.Comparisons = append(r.out.Comparisons, compareScores(s.Name, other, pairs, r.measures(), r.seed())...)
	}
	if len(r.out.Comparisons) == 0 {
		return fmt.Errorf("%s has none of these systems on these folders; --against names another system", r.String("compare"))
	}
	return nil
}

// scoresBefore measures what the other run has of a collection, if anything.
func (r *retrievalRun) scoresBefore(b *beirFolder, system string) ([]eval.Scores, bool) {
	rankings := r.rankingsBefore(b, system)
	found := make(map[string]bool, len(rankings))
	for _, ranking := range rankings {
		found[ranking.Query] = true
	}
	missing := 0
	for _, q := range b.Queries {
		if !found[q.ID] {
			missing++
		}
	}
	if len(rankings) > 0 && missing > 0 {
		r.remark("%s has nothing for %d of the %d queries of %s: these count as if nothing had been found.",
			r.String("compare"), missing, len(b.Queries), b.name)
	}
	return eval.JudgeAll(b.Queries, rankings, r.cutoffs), len(rankings) > 0
}

// rankingsBefore is what the other run has of a collection. A run that was not
// made by this program has one system, under a name of its own.
func (r *retrievalRun) rankingsBefore(b *beirFolder, system string) []eval.Ranking {
	if rankings, ok := r.before[tag(b.name, system)]; ok || len(r.before) != 1 || len(r.collections) != 1 {
		return rankings
	}
	for name, only := range r.before {
		if !strings.Contains(name, ":") {
			return only
		}
	}
	return nil
}

// means are the means over the collections, if there are several.
func (r *retrievalRun) means() []systemJSON {
	if len(r.out.Collections) < 2 {
		return nil
	}
	var out []systemJSON
	for i, s := range r.systems {
		var all []eval.Scores
		for _, c := range r.out.Collections {
			all = append(all, c.Systems[i].Measures)
		}
		out = append(out, systemJSON{s.Name, eval.Mean(all)})
	}
	return out
}

// measures are the names of what is measured, in the order of the columns.
func (r *retrievalRun) measures() []string {
	var out []string
	for _, name := range []string{"ndcg", "recall"} {
		for _, k := range r.cutoffs {
			out = append(out, fmt.Sprintf("%s@%d", name, k))
		}
	}
	return append(out, "map@100", "mrr", "success@5")
}

func (r *retrievalRun) show(w io.Writer) {
	t := newTable(w)
	t.row(append([]string{"collection", "queries", "system"}, r.measures()...)...)
	for _, c := range r.out.Collections {
		for _, s := range c.Systems {
			t.row(append([]string{c.Name, strconv.Itoa(c.Queries), s.Name}, r.values(s.Measures)...)...)
		}
	}
	for _, s := range r.out.Mean {
		t.row(append([]string{"mean", "", s.Name}, r.values(s.Measures)...)...)
	}
	t.flush()
	showComparisons(w, r.out.Comparisons)
}

func (r *retrievalRun) values(s eval.Scores) []string {
	var out []string
	for _, name := range r.measures() {
		out = append(out, fmt.Sprintf("%.3f", s[name]))
	}
	return out
}
