package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/index"
)

// reembed brings the index over to the program's embedder. It returns no
// summary if there is nothing to tell: where no index is yet, and where it
// failed before it had begun.
func (r *indexRun) reembed(ctx context.Context, e *albertsearch.Engine) (*albertsearch.ReembedSummary, error) {
	bar := r.Count("loading the model", -1)
	defer bar.Done()
	toIndex := len(r.Args) > 0
	sum, err := e.Reembed(ctx, albertsearch.ReembedRequest{ToIndex: toIndex, Progress: func(p albertsearch.ReembedProgress) {
		bar.Describe("embedding passages")
		bar.Set(int64(p.Done), int64(p.Passages))
	}})
	switch {
	case toIndex && errors.Is(err, index.ErrNotFound):
		return nil, nil // which indexing makes with the program's embedder
	case err != nil && sum.Embedded+sum.Copied+sum.Resumed == 0:
		return nil, err
	}
	return &sum, err
}

func showReembedding(w io.Writer, sum albertsearch.ReembedSummary) {
	from, to := term.OneLine(sum.From.String()), term.OneLine(sum.To.String())
	counts := fmt.Sprintf("%d embedded, %d with the vector of an equal one, %d from an earlier run",
		sum.Embedded, sum.Copied, sum.Resumed)
	switch {
	case sum.From.Is(sum.To):
		fmt.Fprintf(w, "nothing to re-embed: the vectors are of the embedding model %s already\n", to)
	case sum.Complete:
		fmt.Fprintf(w, "%s re-embedded: %s%s\n", cli.Plural(sum.Passages, "passage"), counts, took(sum.Took.Duration()))
		fmt.Fprintf(w, "embedding model: %s, before %s\n", to, from)
	default:
		fmt.Fprintf(w, "re-embedding: %d of %s done: %s\n", sum.Embedded+sum.Copied+sum.Resumed, cli.Plural(sum.Passages, "passage"), counts)
		fmt.Fprintf(w, "searches use the vectors of %s as before; run it again to go on\n", from)
	}
	if sum.Discarded > 0 {
		fmt.Fprintf(w, "%s of an unfinished re-embedding for another embedder discarded\n", cli.Plural(sum.Discarded, "vector"))
	}
}
