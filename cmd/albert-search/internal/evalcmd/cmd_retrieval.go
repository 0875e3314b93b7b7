package evalcmd

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
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
	"github.com/albert-search/albert-search/internal/eval"
)

// retrievalOptions are the flags of eval retrieval.
type retrievalOptions struct {
	Split       string
	Systems     []string
	AllFusions  bool
	RerankDepth int
	NoRerank    bool
	Cutoffs     []int
	Against     string
	options.Reranking
	measuring
}

func (o *retrievalOptions) Flags() []cli.Flag {
	o.Split, o.RerankDepth, o.Cutoffs = "test", albertsearch.DefaultRerank, []int{10, 100}
	return cli.Join([]cli.Flag{
		{Name: "split", Setting: cli.Unconfigured, Group: groupQuestions, Usage: "the judgements are in qrels/`NAME`.tsv", To: cli.String(&o.Split)},
		{Name: "system", Setting: cli.Unconfigured, Group: options.GroupRetrieval, To: cli.List(&o.Systems).Or(eval.SystemNames()),
			Usage: "only `SYSTEM`: " + cli.OneOf(eval.SystemNames()) + " (repeatable)"},
		{Name: "all-fusions", Setting: cli.Unconfigured, Group: options.GroupRetrieval, To: cli.Bool(&o.AllFusions),
			Usage: "also hybrid search with each way to fuse"},
		{Name: "rerank-depth", Setting: cli.Configured, Group: options.GroupRetrieval, To: cli.Int(&o.RerankDepth, cli.AtLeast(1)),
			Usage: "the system reranked reads the best `N` passages"},
		{Name: "no-rerank", Setting: cli.Unconfigured, Group: options.GroupRetrieval, To: cli.Bool(&o.NoRerank),
			Usage: "without the system reranked, which takes long"},
	}, o.Reranking.Flags(), []cli.Flag{
		{Name: "cutoffs", Setting: cli.Unconfigured, Group: groupResults, To: cli.Parsed(&o.Cutoffs, cutoffs, showCutoffs),
			Usage: "nDCG and recall of the first `K,...` documents, at most 100"},
		{Name: "against", Setting: cli.Unconfigured, Group: groupResults, To: cli.String(&o.Against).Or(eval.SystemNames()),
			Usage: "compare with `SYSTEM` instead of the same one; without --compare, with that of this very run"},
	}, o.measuring.flags())
}

func retrievalCommand() *cli.Command {
	o := &retrievalOptions{}
	return &cli.Command{
		Name:  "retrieval",
		Usage: "measure how well documents are found",
		Args:  "BEIR_DIR...",
		Description: `A BEIR_DIR is a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv. Its documents
are indexed and its queries run with each system; a document ranks where its best passage
does. The measures are those of trec_eval.`,
		Examples: []string{
			`albert-search eval retrieval beir/scifact beir/nfcorpus`,
			`albert-search eval retrieval beir/scifact --system hybrid --run before.trec`,
			`albert-search eval retrieval beir/scifact --system hybrid --embedder my-model --compare before.trec`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return retrieval(ctx, c, o) },
	}
}

// RetrievalJSON is what eval retrieval --json prints.
type RetrievalJSON struct {
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

// PerQueryJSON is a line of --per-query.
type PerQueryJSON struct {
	Collection string      `json:"collection"`
	System     string      `json:"system,omitempty"`
	ID         string      `json:"id"`
	Measures   eval.Scores `json:"measures"`
}

// retrievalRun is the work of eval retrieval.
type retrievalRun struct {
	*evaluation
	o           *retrievalOptions
	systems     []eval.System
	collections []*beirFolder
	before      map[string][]eval.Ranking // by tag
	out         RetrievalJSON
}

type beirFolder struct {
	name, path string
	*eval.BEIR
	scores map[string][]eval.Scores // by system, in the order of the queries
}

func retrieval(ctx context.Context, c *cli.Call, o *retrievalOptions) error {
	began := time.Now()
	return evaluate(c, &o.measuring, func(e *evaluation) error {
		r := &retrievalRun{evaluation: e, o: o}
		e.forget = true
		if err := r.prepare(); err != nil {
			return err
		}
		for _, b := range r.collections {
			if err := r.measure(ctx, b); err != nil {
				return fmt.Errorf("%s: %w", b.path, err)
			}
		}
		e.measured()
		if err := r.compare(); err != nil {
			return err
		}
		r.out.Mean = r.means()
		r.out.TookMS = time.Since(began).Milliseconds()
		if e.JSON {
			return e.PrintJSON(r.out)
		}
		return e.Print(r.show)
	}, &o.Reranking)
}

// prepare reads all that is named, so that mistakes are found at once.
func (r *retrievalRun) prepare() error {
	if len(r.Args) == 0 {
		return r.Usagef("name a BEIR folder: one with corpus.jsonl, queries.jsonl and qrels/")
	}
	if err := r.chooseSystems(); err != nil {
		return err
	}
	for _, path := range r.Args {
		if err := r.add(path); err != nil {
			return err
		}
	}
	return r.readBefore()
}

// add reads a collection.
func (r *retrievalRun) add(path string) error {
	b, err := eval.ReadBEIR(path, r.o.Split)
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
			return r.Usagef("two folders are called %s: their results could not be told apart", name)
		}
	}
	b.Queries = eval.Sample(b.Queries, r.o.Sample, r.o.Seed)
	r.collections = append(r.collections, &beirFolder{name: name, path: path, BEIR: b, scores: map[string][]eval.Scores{}})
	return nil
}

// readBefore reads the run to compare with, if one is named.
func (r *retrievalRun) readBefore() error {
	against, path := r.o.Against, r.o.Compare
	if against != "" {
		if _, err := eval.FindSystem(against, 1); err != nil {
			return r.Usagef("--against: %w", err)
		}
	}
	if path == "" {
		if against != "" && !slices.ContainsFunc(r.systems, func(s eval.System) bool { return s.Name == against }) {
			return r.Usagef("--against %s: this run does not have that system; name it with --system as well, or a run with --compare", against)
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
	depth := r.o.RerankDepth
	if r.o.NoRerank {
		depth = 0
	}
	if len(r.o.Systems) == 0 {
		for _, s := range eval.Systems(depth) {
			fusions := strings.Contains(s.Name, "/")
			if !fusions || r.o.AllFusions {
				r.systems = append(r.systems, s)
			}
		}
		return nil
	}
	for _, name := range strings.Split(strings.Join(r.o.Systems, ","), ",") {
		s, err := eval.FindSystem(name, r.o.RerankDepth)
		switch {
		case err != nil:
			return r.Usagef("--system: %w", err)
		case s.Rerank > 0 && depth == 0:
			return r.Usagef("--system %s and --no-rerank: leave one of them out", name)
		case !slices.Contains(r.systems, s):
			r.systems = append(r.systems, s)
		}
	}
	return nil
}

// cutoffs parses the value of --cutoffs.
func cutoffs(text string) ([]int, error) {
	var out []int
	for _, word := range strings.Split(text, ",") {
		k, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || k < 1 || k > 100 {
			return nil, errors.New("they must be whole numbers from 1 to 100, with commas between them")
		}
		out = append(out, k)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func showCutoffs(all []int) string {
	var words []string
	for _, k := range all {
		words = append(words, strconv.Itoa(k))
	}
	return strings.Join(words, ",")
}

// measure runs the queries of a collection with each system.
func (r *retrievalRun) measure(ctx context.Context, b *beirFolder) error {
	corpus, err := filepath.Abs(b.Corpus)
	if err != nil {
		return err
	}
	source, err := source.JSONL(corpus)
	if err != nil {
		return err
	}
	dir, err := r.index(ctx, []ingest.Source{source}, b.name, corpus)
	if err != nil {
		return err
	}
	if err := r.dropReranked(ctx); err != nil {
		return err
	}
	out := collectionJSON{Name: b.name, Path: b.path, Queries: len(b.Queries)}
	err = r.withIndex(dir, nil, func(engine *albertsearch.Engine) error {
		for _, s := range r.systems {
			var rankings []eval.Ranking
			err := r.count(b.name+": "+s.Name, len(b.Queries), func(tick func()) (err error) {
				rankings, err = eval.Rank(ctx, engine, b.Queries, s, tick)
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			scores := eval.JudgeAll(b.Queries, rankings, r.o.Cutoffs)
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
func (r *retrievalRun) dropReranked(ctx context.Context) error {
	reranks := func(s eval.System) bool { return s.Rerank > 0 }
	if !slices.ContainsFunc(r.systems, reranks) {
		return nil
	}
	if err := r.loadReader(ctx); err != nil {
		return err
	}
	if r.relevance {
		return nil
	}
	if len(r.o.Systems) > 0 || r.before == nil && r.o.Against == eval.Reranked {
		return errors.New("the reader has no relevance head, which the system reranked needs; name another with --reader")
	}
	r.Remark("The reader has no relevance head: nothing is reranked.")
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
			if err := lines.Encode(PerQueryJSON{b.name, s.Name, q.ID, scores[i]}); err != nil {
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
	against := r.o.Against
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
		r.out.Comparisons = append(r.out.Comparisons, compareScores(s.Name, other, pairs, r.measures(), r.o.Seed)...)
	}
	if len(r.out.Comparisons) == 0 {
		return fmt.Errorf("%s has none of these systems on these folders; --against names another system", r.o.Compare)
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
		r.Remark("%s has nothing for %d of the %d queries of %s: these count as if nothing had been found.",
			r.o.Compare, missing, len(b.Queries), b.name)
	}
	return eval.JudgeAll(b.Queries, rankings, r.o.Cutoffs), len(rankings) > 0
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
		for _, k := range r.o.Cutoffs {
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
