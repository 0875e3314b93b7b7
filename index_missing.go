package albertsearch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/albert-search/albert-search/index"
)

// missingBatch is how many passages without a vector are embedded at a time.
const missingBatch = 256

// embedMissing gives vectors to the passages that have none, as after a repair
// without the embedder.
func (r *indexRun) embedMissing(ctx context.Context) (err error) {
	s, err := r.writer.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Release()) }()
	var batch []index.Stored
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		embedder, err := r.embedder(ctx)
		if err != nil {
			return err
		}
		vectors, err := embedPassages(ctx, embedder, batch)
		if err != nil {
			return fmt.Errorf("embed passages without a vector: %w", err)
		}
		var b index.Batch
		for i, v := range vectors {
			b.Vectors = append(b.Vectors, index.Embedded{ID: batch[i].ID, Vector: v})
		}
		r.advance(func(p *Progress) {
			p.Passages += len(batch)
		})
		batch = batch[:0]
		if err := r.writer.Apply(ctx, b); err != nil {
			return fmt.Errorf("write vectors of passages: %w", err)
		}
		if time.Since(r.published) < publishEvery {
			return nil
		}
		return r.publish(ctx)
	}
	for p, err := range s.Missing(ctx) {
		if err != nil {
			return err
		}
		if batch = append(batch, p); len(batch) == missingBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
