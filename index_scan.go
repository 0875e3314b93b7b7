package albertsearch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/ingest"
)

// offer is what the sources have.
type offer struct {
	entries []ingest.Entry
	census  *ingest.Listing
}

// canWait tells whether all sources will have what they have when it is asked
// for later, so that one can look at them before the index is locked.
func canWait(sources []ingest.Source) bool {
	for _, s := range sources {
		if l, ok := s.(ingest.Repeatable); !ok || !l.Repeatable() {
			return false
		}
	}
	return true
}

// scan lists what the sources offer without reading it. What two sources offer
// is taken from the first.
func scan(ctx context.Context, sources []ingest.Source) (*offer, error) {
	o := &offer{census: ingest.NewListing(sources...)}
	for _, s := range sources {
		for entry, err := range s.Entries(ctx) {
			if err != nil {
				return nil, fmt.Errorf("look for documents: %w", err)
			}
			if o.census.Add(entry) {
				o.entries = append(o.entries, entry)
			}
		}
	}
	return o, nil
}

// expect tells how much there is to do.
func (r *indexRun) expect(o *offer) {
	r.advance(func(p *Progress) {
		p.Documents = len(o.entries)
		for _, entry := range o.entries {
			p.Bytes += entry.Stat.Size
		}
	})
}

// nothingNew tells whether the sources are as they were, as far as that can be
// told without reading, and the index as a writer leaves it; all is then reported.
func (r *indexRun) nothingNew(ctx context.Context, o *offer) bool {
	if r.lacking {
		return false
	}
	reports := make([]FileReport, 0, len(o.entries))
	for _, entry := range o.entries {
		l := r.glance(ctx, entry)
		if l == nil || l.put != nil || ctx.Err() != nil {
			return false
		}
		reports = append(reports, l.report)
	}
	for id := range r.previous {
		if o.census.Gone(id) {
			return false
		}
	}
	r.expect(o)
	for _, f := range reports {
		r.report(f)
	}
	r.advance(func(p *Progress) { p.Done, p.DoneBytes = p.Documents, p.Bytes })
	return true
}

// removeGone deletes the documents that are no longer there.
func (r *indexRun) removeGone(ctx context.Context, census *ingest.Listing) error {
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
