package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/rerank"
)

// System is a way to search.
type System struct {
	Name   string
	Mode   albertsearch.Mode
	Fusion rerank.Method // of Hybrid
	// Rerank is how many of the first passages are reranked by the reader's
	// relevance; 0 is none.
	Rerank int
}

// Reranked is the name of the system that is hybrid search with the first
// passages in the order of the reader's relevance.
const Reranked = "reranked"

// Systems returns every way to search: keywords, vectors, both with each fusion,
// and, if rerank is not 0, both with so many reranked.
func Systems(depth int) []System {
	out := []System{
		{Name: string(albertsearch.Keyword), Mode: albertsearch.Keyword},
		{Name: string(albertsearch.Vector), Mode: albertsearch.Vector},
		{Name: string(albertsearch.Hybrid), Mode: albertsearch.Hybrid, Fusion: rerank.Default},
	}
	for _, m := range rerank.Methods() {
		out = append(out, System{Name: string(albertsearch.Hybrid) + "/" + string(m), Mode: albertsearch.Hybrid, Fusion: m})
	}
	if depth > 0 {
		out = append(out, System{Name: Reranked, Mode: albertsearch.Hybrid, Fusion: rerank.Default, Rerank: depth})
	}
	return out
}

// SystemNames are the names of Systems.
func SystemNames() []string {
	var out []string
	for _, s := range Systems(1) {
		out = append(out, s.Name)
	}
	return out
}

// Ranking is the documents that a system finds for a query, best first, each
// once.
type Ranking struct {
	Query     string // id
	Documents []string
}

// A document ranks where its best passage does. The first ranks are those of a
// search as a user makes it; as its passages may belong to few documents, a
// deeper search gives the rest.
const (
	shallow = 100
	deep    = 1000
	// documents is how many of a ranking are looked at.
	documents = 100
)

// Rank runs the queries against an index whose documents are the records of the
// collection's corpus.jsonl and returns for each at most its first 100
// documents. It calls tick, if there is one, after each query.
func Rank(ctx context.Context, s Searcher, queries []Query, system System, tick func()) ([]Ranking, error) {
	out := make([]Ranking, len(queries))
	err := each(ctx, len(queries), tick, func(ctx context.Context, i int) error {
		q := queries[i]
		out[i].Query = q.ID
		ranking, err := search(ctx, s, q, system, shallow)
		if err != nil {
			return err
		}
		if len(ranking) < documents {
			behind := system
			behind.Rerank = 0 // the first are in order
			more, err := search(ctx, s, q, behind, deep)
			if err != nil {
				return err
			}
			ranking = append(ranking, without(more, ranking)...)
		}
		out[i].Documents = ranking[:min(len(ranking), documents)]
		return nil
	})
	return out, err
}

func search(ctx context.Context, s Searcher, q Query, system System, passages int) ([]string, error) {
	res, err := s.Search(ctx, system.request(plain(q.Text), passages))
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", q.ID, err)
	}
	return records(res.Hits, documents), nil
}

func (s System) request(query string, passages int) albertsearch.SearchRequest {
	return albertsearch.SearchRequest{Query: query, Mode: s.Mode, Fusion: s.Fusion, Limit: passages, Rerank: s.Rerank}
}

// without returns those of all that are not among seen.
func without(all, seen []string) []string {
	known := make(map[string]bool, len(seen))
	for _, id := range seen {
		known[id] = true
	}
	return slices.DeleteFunc(all, func(id string) bool { return known[id] })
}

// Scores are measures by name, of one query or as means over several.
type Scores map[string]float64

// judgeOutcomes measures a ranking: nDCG and recall at each of the cutoffs, success@5,
// and over the first 100 documents mrr and map@100. By "nothing found" all are
// 0.
func judgeOutcomes(j Judgements, ranking []string, cutoffs []int) Scores {
	ranking = ranking[:min(len(ranking), documents)]
	s := Scores{
		"mrr":       reciprocalRank(j, ranking),
		"map@100":   averagePrecision(j, ranking),
		"success@5": success(j, ranking, 5),
	}
	for _, k := range cutoffs {
		s[fmt.Sprintf("ndcg@%d", k)] = ndcg(j, ranking, k)
		s[fmt.Sprintf("recall@%d", k)] = recallAt(j, ranking, k)
	}
	return s
}

// Mean returns the mean of each measure.
func Mean(scores []Scores) Scores {
	out := make(Scores)
	for _, s := range scores {
		for name, v := range s {
			out[name] += v / float64(len(scores))
		}
	}
	return out
}

// JudgeAll measures the ranking of each query, in the order of the queries.
// Queries that have none count as 0.
func JudgeAll(queries []Query, rankings []Ranking, cutoffs []int) []Scores {
	byQuery := make(map[string][]string, len(rankings))
	for _, r := range rankings {
		byQuery[r.Query] = r.Documents
	}
	out := make([]Scores, len(queries))
	for i, q := range queries {
		out[i] = judgeOutcomes(q.Judgements, byQuery[q.ID], cutoffs)
	}
	return out
}

// FindSystem returns the system called name, reranking depth passages if it
// reranks.
func FindSystem(name string, depth int) (System, error) {
	for _, s := range Systems(max(1, depth)) {
		if s.Name == name {
			return s, nil
		}
	}
	return System{}, fmt.Errorf("there is no system %q: it is one of %s", name, strings.Join(SystemNames(), ", "))
}
