package torture

import (
	"context"
	"errors"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
)

// Repair repairs the index, with vectors as the plan gives them.
func (r Run) Repair(ctx context.Context) (*index.RepairReport, error) {
	embed := func(_ context.Context, e index.Embedder, passages []index.Stored) ([][]float32, error) {
		vectors := make([][]float32, len(passages))
		for i, p := range passages {
			vectors[i] = vector(e.Dim, p)
		}
		return vectors, nil
	}
	return local.Repair(ctx, r.Index, index.RepairOptions{CheckOptions: checkOptions, Embed: embed})
}

// Examine returns what check says of the index.
func (r Run) Examine(ctx context.Context) (*index.CheckReport, error) {
	return local.Check(ctx, r.Index, checkOptions)
}

// Held returns what a sound index holds, of whatever step.
func (r Run) Held(ctx context.Context) (have State, err error) {
	if err := r.sound(ctx); err != nil {
		return have, err
	}
	s, err := r.open(ctx)
	if err != nil {
		return have, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return r.held(ctx, s)
}
