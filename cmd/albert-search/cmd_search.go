package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/internal/snippet"
)

// searchOptions are the flags of search.
type searchOptions struct {
	MaxResults  int
	Rerank      bool
	NoRerank    bool
	RerankDepth int
	Explain     bool
	Vimgrep     bool
	options.Reranking
	options.Retrieval
	options.Filter
	options.Index
	Embedder, Reader, Reranker options.Model
	options.Compute
}

func (o *searchOptions) Flags() []cli.Flag {
	o.MaxResults, o.RerankDepth = 10, albertsearch.DefaultRerank
	o.Embedder, o.Reader, o.Reranker = options.Embedder(), options.Reader(), options.Reranker()
	return cli.Join([]cli.Flag{
		{Name: "max-results", Short: "m", Setting: cli.Configured, Usage: "print at most `N` passages", To: cli.Int(&o.MaxResults, cli.AtLeast(1))},
		{Name: "rerank", Setting: cli.Configured, Group: options.GroupRetrieval, To: cli.Bool(&o.Rerank),
			Usage: "read the best passages together with the query and put them in a new order, which takes about a second"},
		{Name: "no-rerank", Setting: cli.Unconfigured, Group: options.GroupRetrieval, To: cli.Bool(&o.NoRerank),
			Usage: "do not, whatever the configuration says"},
		{Name: "rerank-depth", Setting: cli.Configured, Group: options.GroupRetrieval, To: cli.Int(&o.RerankDepth, cli.AtLeast(1)),
			Usage: "reranking reads the best `N` passages"},
		{Name: "explain", Setting: cli.Unconfigured, Usage: "say how each passage came by its score", To: cli.Bool(&o.Explain)},
		vimgrepFlag(&o.Vimgrep),
	}, o.Reranking.Flags(), o.Retrieval.Flags(), o.Filter.Flags(), o.Index.Flags(),
		[]cli.Flag{o.Embedder.Flag(), o.Reader.Flag(), o.Reranker.Flag()}, o.Compute.Flags())
}

func searchCommand() *cli.Command {
	o := &searchOptions{}
	return &cli.Command{
		Name:  "search",
		Usage: "find passages by their words and their meaning",
		Args:  "QUERY",
		Description: `Words in "double quotes" must stand together, +word must be there, -word must not
(behind --, so that it is not taken for a flag).`,
		Examples: []string{
			`albert-search search "gear ratio" -m 5`,
			`albert-search search '"gear ratio" +helical' --type pdf`,
			`albert-search search --rerank "how is the gear ratio worked out?"`,
			`albert-search search --path 'manuals/**' --after 2024 -- gear -bicycle`,
			`vim -q <(albert-search search --vimgrep "gear ratio")`,
		},
		Options: o,
		Check:   func(c *cli.Call) error { return o.check(c) },
		Run:     func(ctx context.Context, c *cli.Call) error { return search(ctx, c, o) },
	}
}

// check refuses flags that do not go together. Where a configuration asks for
// reranking in a mode that has none, that is only said.
func (o *searchOptions) check(c *cli.Call) error {
	switch {
	case o.Rerank && o.NoRerank:
		return c.Usagef("--rerank and --no-rerank: say one of them")
	case o.Rerank && o.Mode != albertsearch.Hybrid:
		return c.Usagef("--rerank --mode %s: only the mode %s can be reranked", o.Mode, albertsearch.Hybrid)
	}
	return oneForm(c)
}

func search(ctx context.Context, c *cli.Call, o *searchOptions) error {
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	query, err := options.Text(c, "say what to search for")
	if err != nil {
		return err
	}
	request := albertsearch.SearchRequest{Query: query, Mode: o.Mode, Fusion: o.Fusion, Filter: o.Filter.Filter, Limit: o.MaxResults}
	if o.Rerank && !o.NoRerank {
		if o.Mode == albertsearch.Hybrid {
			request.Rerank = o.RerankDepth
		} else {
			s.Remark("Not reranked: the mode is %s, not %s.", o.Mode, albertsearch.Hybrid)
		}
	}
	parts := append(o.Retrieval.Models(&o.Embedder), &o.Compute)
	if request.Rerank > 0 { // what has nothing to do need not be there
		parts = append(parts, &o.Reader, &o.Reranker, &o.Reranking)
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		result, err := e.Search(ctx, request)
		if err != nil {
			return err
		}
		return s.showHits(o, request, result)
	}, parts...)
}

func (s *session) showHits(o *searchOptions, request albertsearch.SearchRequest, result *albertsearch.SearchResult) error {
	var err error
	switch {
	case s.JSON:
		for i := range result.Hits {
			if !o.Explain {
				result.Hits[i].Explain = albertsearch.Explanation{}
			}
		}
		err = s.PrintJSON(result)
	case o.Vimgrep:
		err = s.Print(func(w io.Writer) {
			for _, h := range result.Hits {
				at := snippet.FirstMatch(h)
				s.vimgrep(w, h.Part(h.Text, at), lineAt(h.Text, at.Start))
			}
		})
	default:
		err = s.Print(func(w io.Writer) {
			for _, h := range result.Hits {
				s.hit(w, h, o.Explain)
			}
		})
	}
	if err != nil {
		return err
	}
	switch {
	case len(result.Hits) == 0 && !request.Filter.IsZero():
		s.Remark("Nothing found among the documents that pass the filters.")
	case len(result.Hits) > 0 && !slices.ContainsFunc(result.Hits, hasWord):
		s.Remark("No word of the query is in what was found; it is nearest by meaning.")
	case len(result.Hits) == 0:
		s.Remark("Nothing found in %s.", cli.Plural(result.Coverage.Documents-result.Coverage.Unread, "document"))
	}
	if unread := coverage(result.Coverage); unread != "" && (s.Verbose || len(result.Hits) == 0) {
		s.Remark("%s.", unread)
	}
	if len(result.Hits) == 0 {
		return cli.NotFound
	}
	return nil
}

// hasWord reports whether a word of the query matches.
func hasWord(h albertsearch.Hit) bool { return h.Explain.KeywordRank > 0 || len(h.Matches) > 0 }

// hit prints a passage: rank, place, headings, and the part that matches best.
func (s *session) hit(w io.Writer, h albertsearch.Hit, explain bool) {
	if h.Rank > 1 {
		fmt.Fprintln(w)
	}
	x := newExcerpt(h, s.Style(term.Match), s.Columns)
	fmt.Fprintf(w, "%2d. %s\n", h.Rank, s.place(h.Part(h.Text, x.at)))
	s.headings(w, excerptIndent, h.Citation)
	s.excerpt(w, x)
	if explain {
		fmt.Fprintf(w, "%*s%s\n", excerptIndent, "", s.Style(term.Dim).On(scores(h)))
	}
}

// scores says how a passage came by its score.
func scores(h albertsearch.Hit) string {
	e := h.Explain
	keyword, vector := "keywords: not found", "vector: not found"
	if e.KeywordRank > 0 {
		keyword = fmt.Sprintf("keywords: rank %d, BM25 %.3f", e.KeywordRank, e.KeywordScore)
	}
	if e.VectorRank > 0 {
		vector = fmt.Sprintf("vector: rank %d, cosine %.4f", e.VectorRank, e.Cosine)
	}
	if e.NoVector {
		vector = "vector: none yet"
	}
	text := fmt.Sprintf("%s | %s | fused %.4f", keyword, vector, e.Fused)
	if e.Relevance != nil {
		text += fmt.Sprintf(" | relevance %+.2f, score %.4f", *e.Relevance, h.Score)
	}
	return text
}

// lineAt is the line of the text that has the byte.
func lineAt(text string, at int) string {
	line, _, _ := strings.Cut(text[strings.LastIndexByte(text[:at], '\n')+1:], "\n")
	return line
}
