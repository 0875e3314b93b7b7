package albertsearch

import (
	"context"
	"errors"
	"fmt"

	"github.com/albert-search/albert-search/index"
)

// Status describes an index.
type Status struct {
	Dir string
	index.Stats
	// Incomplete lists the documents that failed, were skipped, or are indexed
	// only in part (Info.Partial), in order of ID.
	Incomplete []*index.Info
}

// Status says what the index holds.
func (e *Engine) Status(ctx context.Context) (*Status, error) {
	s := &Status{Dir: e.address()}
	err := e.read(ctx, func(store index.Snapshot) error {
		var err error
		if s.Stats, err = store.Stats(ctx); err != nil {
			return err
		}
		for info, err := range store.Documents(ctx, "") {
			if err != nil {
				return err
			}
			if info.State != index.Indexed || info.Partial() {
				s.Incomplete = append(s.Incomplete, info)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Remove takes the documents out of the index that pass the filter, and
// returns them in order of ID. The files themselves are not touched; the next
// Index of a folder that holds them brings them back.
func (e *Engine) Remove(ctx context.Context, filter index.Filter) (removed []*index.Info, err error) {
	stats, err := e.Status(ctx)
	if err != nil {
		return nil, err
	}
	matches, err := filter.Matcher()
	if err != nil {
		return nil, err
	}
	store, err := e.store.Create(ctx, stats.Settings)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var ids []string
	if err := applied(ctx, store, func(s index.Snapshot) error {
		for info, err := range s.Documents(ctx, "") {
			if err != nil {
				return err
			}
			if matches(info) {
				removed = append(removed, info)
				ids = append(ids, info.ID)
			}
		}
		return nil
	}); err != nil || len(ids) == 0 {
		return nil, err
	}
	if err := store.Apply(ctx, index.Batch{Delete: ids}); err != nil {
		return nil, fmt.Errorf("remove %d documents: %w", len(ids), err)
	}
	if err := store.Publish(ctx); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	return removed, nil
}

// Drop deletes the index with all that is in it.
func (e *Engine) Drop(ctx context.Context) error { return e.store.Drop(ctx) }
