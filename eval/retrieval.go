package eval

import (
	"context"
	"fmt"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/rerank"
)

// System is a way to search.
type System struct {
	Mode   albertsearch.Mode
	Fusion rerank.Method // of Hybrid
}

func (s System) String() string {
	if s.Mode == albertsearch.Hybrid {
		return string(s.Mode) + "/" + string(s.Fusion)
	}
	return string(s.Mode)
}

// Systems returns every way to search: keywords, vectors, and both with each
// fusion.
func Systems() []System {
	out := []System{{Mode: albertsearch.Keyword}, {Mode: albertsearch.Vector}}
	for _, m := range rerank.Methods() {
		out = append(out, System{albertsearch.Hybrid, m})
	}
	return out
}

// RetrievalScores are means over the queries, each in 0..1.
type RetrievalScores struct {
	System    string  `json:"system"`
	Queries   int     `json:"queries"`
	NDCG10    float64 `json:"ndcg@10"`
	MRR       float64 `json:"mrr"`
	Success5  float64 `json:"success@5"`
	MAP100    float64 `json:"map@100"` // of the first 100 documents
	Recall100 float64 `json:"recall@100"`
}

// A document ranks where its best passage does. The first ranks are taken from
// a search as a user makes it; the hundred documents of the other measures may
// have many passages each, so a deeper search gives those.
const (
	shallow = 100
	deep    = 1000
)

// Retrieval runs the queries against an index whose documents are the records
// of the collection's corpus.jsonl. Queries of which nothing is found count
// as 0.
func Retrieval(ctx context.Context, s Searcher, queries []Query, system System) (RetrievalScores, error) {
	scores := make([]RetrievalScores, len(queries))
	err := each(ctx, len(queries), func(ctx context.Context, i int) error {
		q := queries[i]
		top, err := search(ctx, s, q, system, shallow)
		if err != nil {
			return err
		}
		all, err := search(ctx, s, q, system, deep)
		if err != nil {
			return err
		}
		scores[i] = RetrievalScores{
			NDCG10:    NDCG(q.Judgements, top, 10),
			MRR:       ReciprocalRank(q.Judgements, top),
			Success5:  Success(q.Judgements, top, 5),
			MAP100:    AveragePrecision(q.Judgements, all),
			Recall100: Recall(q.Judgements, all, 100),
		}
		return nil
	})
	n := len(queries)
	return RetrievalScores{
		System:    system.String(),
		Queries:   n,
		NDCG10:    mean(n, func(i int) float64 { return scores[i].NDCG10 }),
		MRR:       mean(n, func(i int) float64 { return scores[i].MRR }),
		Success5:  mean(n, func(i int) float64 { return scores[i].Success5 }),
		MAP100:    mean(n, func(i int) float64 { return scores[i].MAP100 }),
		Recall100: mean(n, func(i int) float64 { return scores[i].Recall100 }),
	}, err
}

// search returns the first 100 documents.
func search(ctx context.Context, s Searcher, q Query, system System, passages int) ([]string, error) {
	res, err := s.Search(ctx, albertsearch.SearchRequest{
		Query: plain(q.Text), Mode: system.Mode, Fusion: system.Fusion, Limit: passages,
	})
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", q.ID, err)
	}
	return records(res.Hits, 100), nil
}
