package albertsearch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/albert-search/albert-search/index"
)

// Status describes an index.
type Status struct {
	Index string `json:"index"` // its address
	// Documents counts those that are indexed, Partial those of them that were
	// read only in part.
	Documents  int       `json:"documents"`
	Partial    int       `json:"partial"`
	Failed     int       `json:"failed"`
	Skipped    int       `json:"skipped"`
	Passages   int       `json:"passages"`
	TextBytes  int64     `json:"text_bytes"`
	DiskBytes  int64     `json:"disk_bytes"` // 0 where that is not known
	Generation uint64    `json:"generation"`
	Updated    time.Time `json:"updated"`
	// Embedder, EmbedderName and Dim are the embedding model's; Model has them
	// together.
	Embedder     string `json:"embedder"`
	EmbedderName string `json:"embedder_name,omitempty"`
	Dim          int    `json:"dim"`
	// Reembedding is the unfinished re-embedding, nil where there is none.
	Reembedding *Unfinished `json:"reembedding,omitempty"`
	Analyzer    string      `json:"analyzer"`
	// Unread has the documents that failed, were skipped, or are indexed only in
	// part, in order of ID.
	Unread []FileReport `json:"unread"`
	// Settings are those that the index was made with.
	Settings index.Settings `json:"-"`
}

// Unfinished says how far a re-embedding has come: how many passages have a
// vector of the embedder.
type Unfinished struct {
	Embedder     string `json:"embedder"`
	EmbedderName string `json:"embedder_name,omitempty"`
	Dim          int    `json:"dim"`
	Passages     int    `json:"passages"`
}

// Model is the embedder of the index.
func (s *Status) Model() index.Embedder { return s.Settings.Model() }

// Model is the embedder that the index is being brought over to.
func (u *Unfinished) Model() index.Embedder {
	return index.Embedder{ID: u.Embedder, Name: u.EmbedderName, Dim: u.Dim}
}

func newStatus(address string, st index.Stats) *Status {
	s := &Status{
		Index: address, Documents: st.Documents, Partial: st.Partial, Failed: st.Failed, Skipped: st.Skipped,
		Passages: st.Passages, TextBytes: st.TextBytes, DiskBytes: st.DiskBytes,
		Generation: st.Generation, Updated: st.Updated,
		Embedder: st.Settings.Embedder, EmbedderName: st.Settings.EmbedderName, Dim: st.Settings.Dim,
		Analyzer: st.Settings.Analyzer, Unread: []FileReport{}, Settings: st.Settings,
	}
	if u := st.Reembedding; u != (index.Unfinished{}) {
		s.Reembedding = &Unfinished{u.Embedder.ID, u.Embedder.Name, u.Embedder.Dim, u.Passages}
	}
	return s
}

// unread reports a document that was not read, or not all of it.
func unread(info *index.Info) FileReport {
	f := FileReport{ID: info.ID, Path: info.Path, Reason: info.Reason, Type: info.Type, Passages: info.Passages, Bytes: info.Bytes}
	switch info.State {
	case index.Failed:
		f.Outcome = OutcomeFailed
	case index.Skipped:
		f.Outcome = OutcomeSkipped
	default:
		f.Outcome = OutcomeIndexed
	}
	return f
}

// Status says what the index holds.
func (e *Engine) Status(ctx context.Context) (*Status, error) {
	var s *Status
	err := e.read(ctx, func(store index.Snapshot) error {
		stats, err := store.Stats(ctx)
		if err != nil {
			return err
		}
		s = newStatus(e.address(), stats)
		for info, err := range store.Documents(ctx, "") {
			if err != nil {
				return err
			}
			if info.State != index.Indexed || info.Partial() {
				s.Unread = append(s.Unread, unread(info))
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
	stats, err := e.stats(ctx)
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
