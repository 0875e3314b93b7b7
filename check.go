package albertsearch

import (
	"context"
	"errors"
	"fmt"

	"github.com/albert-search/albert-search/index"
)

// What Check and Repair report.
type (
	CheckReport  = index.CheckReport
	RepairReport = index.RepairReport
)

// Check compares everything in the index with everything it can be compared
// with; index.Maintainer says what. The error says that there is no index or that it
// cannot be read; what is wrong with it is in the report. progress is called
// with the bytes checked and the bytes there are; it may be nil.
func (e *Engine) Check(ctx context.Context, progress func(done, total int64)) (*CheckReport, error) {
	m, err := e.maintainer()
	if err != nil {
		return nil, err
	}
	return m.Check(ctx, checkOptions(progress))
}

// Repair saves what can be saved of a damaged index, as index.Maintainer says. If
// vectors are damaged it loads the embedder to make them anew.
func (e *Engine) Repair(ctx context.Context, progress func(done, total int64)) (*RepairReport, error) {
	m, err := e.maintainer()
	if err != nil {
		return nil, err
	}
	return m.Repair(ctx, index.RepairOptions{CheckOptions: checkOptions(progress), Embed: e.embedStored})
}

// maintainer is the store, if it can be checked.
func (e *Engine) maintainer() (index.Maintainer, error) {
	m, ok := e.store.(index.Maintainer)
	if !ok {
		return nil, fmt.Errorf("check %v: %w", e.store, errors.ErrUnsupported)
	}
	return m, nil
}

func checkOptions(progress func(done, total int64)) index.CheckOptions {
	return index.CheckOptions{Normalize: normalized, Progress: progress}
}

// embedStored embeds stored passages anew by the embedder that is asked for.
func (e *Engine) embedStored(ctx context.Context, want index.Embedder, passages []index.Stored) ([][]float32, error) {
	have, err := e.models.identity(ctx)
	if err != nil {
		return nil, err
	}
	if !have.Is(want) {
		return nil, fmt.Errorf("%w: the embedder is %v, not %v", index.ErrModelMismatch, have, want)
	}
	embedder, err := e.models.embedder(ctx)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(passages))
	for i := range passages {
		p := passages[i].Passage
		p.Match = normalized(p.Text)
		texts[i] = embedText(passages[i].Doc, &p)
	}
	return embedAll(ctx, embedder, texts, func(int) {})
}
