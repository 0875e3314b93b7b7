package albertsearch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
)

// scan lists what the sources offer without reading it. What two sources offer
// is taken from the first.
func scan(ctx context.Context, sources []ingest.Source) ([]ingest.Entry, *ingest.Census, error) {
	census := ingest.NewCensus(sources...)
	seen := make(map[string]bool)
	var entries []ingest.Entry
	for _, s := range sources {
		for entry, err := range s.Entries(ctx) {
			if err != nil {
				return nil, nil, fmt.Errorf("look for documents: %w", err)
			}
			census.See(entry)
			if !seen[entry.ID] {
				seen[entry.ID] = true
				entries = append(entries, entry)
			}
		}
	}
	return entries, census, nil
}

// removeGone deletes the documents that are no longer there.
func (r *indexRun) removeGone(ctx context.Context, census *ingest.Census) error {
	b := new(batch)
	for id, info := range r.previous {
		if census.Gone(id) {
			b.change.Delete = append(b.change.Delete, id)
			b.reports = append(b.reports, FileReport{
				ID: id, Path: info.Path, Type: info.Type, Outcome: OutcomeRemoved, Reason: "no longer there",
			})
		}
	}
	if len(b.reports) == 0 {
		return nil
	}
	slices.Sort(b.change.Delete)
	slices.SortFunc(b.reports, func(a, b FileReport) int { return strings.Compare(a.ID, b.ID) })
	return r.apply(ctx, b)
}

// batch is one atomic change and the reports on the documents in it.
type batch struct {
	change    index.Batch
	reports   []FileReport
	done      int   // entries dealt with
	doneBytes int64 // their size, less what progress was already told of
}
