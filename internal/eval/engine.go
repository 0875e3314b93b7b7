package eval

import (
	"context"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	albertsearch "github.com/albert-search/albert-search"
)

// Searcher finds passages; *albertsearch.Engine is one.
type Searcher interface {
	Search(context.Context, albertsearch.SearchRequest) (*albertsearch.SearchResult, error)
}

// Asker finds passages and reads answers; *albertsearch.Engine is one.
type Asker interface {
	Searcher
	Ask(context.Context, albertsearch.AskRequest) (*albertsearch.AskResult, error)
}

// record returns the id that the cited record has in its JSONL file.
func record(c albertsearch.Citation) string {
	return strings.TrimPrefix(c.ID, c.Path+"#")
}

// records returns the ids of the records that the hits belong to, each once,
// where its best passage ranks, and at most limit.
func records(hits []albertsearch.Hit, limit int) []string {
	var out []string
	seen := make(map[string]bool)
	for _, h := range hits {
		if id := record(h.Citation); !seen[id] && len(out) < limit {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// each calls f for 0 to n-1, several at once, and returns the first error. After
// each it calls tick, if there is one, perhaps several at once.
func each(ctx context.Context, n int, tick func(), f func(ctx context.Context, i int) error) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		if inner.Err() != nil {
			break
		}
		g.Go(func() error {
			err := f(inner, i)
			if err == nil && tick != nil {
				tick()
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// mean is the mean of f over n things; 0 when there are none.
func mean(n int, f func(i int) float64) float64 {
	if n == 0 {
		return 0
	}
	var sum float64
	for i := range n {
		sum += f(i)
	}
	return sum / float64(n)
}
