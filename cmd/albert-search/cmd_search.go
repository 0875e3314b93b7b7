package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/rerank"
)

func (p *program) searchCommand() *cli.Command {
	return &cli.Command{
		Name:      "search",
		Usage:     "find passages by their words and their meaning",
		ArgsUsage: "QUERY",
		Description: `Words in "double quotes" must stand together, +word must be there, -word must not
(behind --, so that it is not taken for a flag).

Examples:
   albert-search search "gear ratio" -m 5
   albert-search search '"gear ratio" +helical' --type pdf
   albert-search search --rerank "how is the gear ratio worked out?"
   albert-search search --path 'manuals/**' --after 2024 -- gear -bicycle
   vim -q <(albert-search search --vimgrep "gear ratio")`,
		Flags: flags([]cli.Flag{
			&cli.IntFlag{Name: "max-results", Aliases: []string{"m"}, Value: 10, Usage: "print at most `N` passages"},
			&cli.BoolFlag{Name: "rerank", Usage: "read the best passages together with the query and order them anew, which takes about a second", DisableDefaultText: true},
			&cli.BoolFlag{Name: "no-rerank", Usage: "do not, whatever the configuration says", DisableDefaultText: true},
			&cli.IntFlag{Name: "rerank-depth", Value: albertsearch.DefaultRerank, Usage: "reranking reads the best `N` passages"},
			rerankingFlag(),
			&cli.BoolFlag{Name: "explain", Usage: "say how each passage came by its score", DisableDefaultText: true},
			&cli.BoolFlag{Name: "vimgrep", Usage: "print path:line:col:text, a line a passage", DisableDefaultText: true},
		}, retrievalFlags(), filterFlags(), indexFlags(), embedderFlags(), readerFlags(), modelFlags()),
		Action: p.search,
	}
}

func (p *program) search(c *cli.Context) error {
	s, r, err := p.openRetrieval(c, "say what to search for")
	if err != nil {
		return err
	}
	request := albertsearch.SearchRequest{Query: r.text, Mode: r.mode, Fusion: r.fusion, Filter: r.filter, Limit: c.Int("max-results")}
	if c.Bool("rerank") && !c.Bool("no-rerank") {
		if request.Mode == albertsearch.Hybrid {
			request.Rerank = c.Int("rerank-depth")
		} else {
			s.remark("Not reranked: the mode is %s, not %s.", request.Mode, albertsearch.Hybrid)
		}
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		result, err := e.Search(c.Context, request)
		if err != nil {
			return err
		}
		return s.showHits(request, result)
	})
}

// searchJSON is what search --json prints.
type searchJSON struct {
	Query    string                `json:"query"`
	Mode     albertsearch.Mode     `json:"mode"`
	Fusion   rerank.Method         `json:"fusion,omitempty"`
	Rerank   int                   `json:"rerank,omitempty"`
	Hits     []hitJSON             `json:"hits"`
	Coverage albertsearch.Coverage `json:"coverage"`
	TookMS   int64                 `json:"took_ms"`
}

type hitJSON struct {
	Rank  int     `json:"rank"`
	Score float64 `json:"score"`
	albertsearch.Citation
	Text    string                    `json:"text"`
	Matches []rangeJSON               `json:"matches"`
	Explain *albertsearch.Explanation `json:"explain,omitempty"`
}

// rangeJSON is a byte range.
type rangeJSON struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

func (s *session) showHits(request albertsearch.SearchRequest, result *albertsearch.SearchResult) error {
	var err error
	switch {
	case s.json:
		err = s.hitsJSON(request, result)
	case s.Bool("vimgrep"):
		err = s.print(func(w io.Writer) {
			for _, h := range result.Hits {
				at := firstMatch(h)
				s.vimgrep(w, h.Part(h.Text, at), lineAt(h.Text, at.Start))
			}
		})
	default:
		err = s.print(func(w io.Writer) {
			for i, h := range result.Hits {
				s.hit(w, i+1, h)
			}
		})
	}
	if err != nil {
		return err
	}
	switch {
	case len(result.Hits) == 0 && !request.Filter.IsZero():
		s.remark("Nothing found among the documents that pass the filters.")
	case len(result.Hits) > 0 && !slices.ContainsFunc(result.Hits, hasWord):
		s.remark("No word of the query is in what was found; it is nearest by meaning.")
	case len(result.Hits) == 0:
		s.remark("Nothing found in %s.", plural(result.Coverage.Documents-result.Coverage.Unread, "document"))
	}
	if unread := coverage(result.Coverage); unread != "" && (s.verbose || len(result.Hits) == 0) {
		s.remark("%s.", unread)
	}
	if len(result.Hits) == 0 {
		return errNothingFound
	}
	return nil
}

// hasWord tells whether a word of the query matches.
func hasWord(h albertsearch.Hit) bool { return h.Explain.KeywordRank > 0 || len(h.Matches) > 0 }

func (s *session) hitsJSON(request albertsearch.SearchRequest, result *albertsearch.SearchResult) error {
	out := searchJSON{
		Query: request.Query, Mode: request.Mode, Fusion: fusionOf(request.Mode, request.Fusion), Rerank: request.Rerank,
		Hits: []hitJSON{}, Coverage: result.Coverage, TookMS: result.Took.Milliseconds(),
	}
	for i, h := range result.Hits {
		hit := hitJSON{Rank: i + 1, Score: h.Score, Citation: h.Citation, Text: h.Text, Matches: []rangeJSON{}}
		for _, m := range h.Matches {
			hit.Matches = append(hit.Matches, rangeJSON(m))
		}
		if s.Bool("explain") {
			hit.Explain = &h.Explain
		}
		out.Hits = append(out.Hits, hit)
	}
	return s.printJSON(out)
}

// hit prints a passage: rank, place, headings, and the part that matches best.
func (s *session) hit(w io.Writer, rank int, h albertsearch.Hit) {
	if rank > 1 {
		fmt.Fprintln(w)
	}
	x := newExcerpt(h, s.style(term.Match), s.columns)
	fmt.Fprintf(w, "%2d. %s\n", rank, s.place(h.Part(h.Text, x.at)))
	s.headings(w, excerptIndent, h.Citation)
	s.excerpt(w, x)
	if s.Bool("explain") {
		fmt.Fprintf(w, "%*s%s\n", excerptIndent, "", s.style(term.Dim).On(scores(h)))
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
