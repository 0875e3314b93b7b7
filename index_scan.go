package albertsearch

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
)

// knownDocuments are what an index has, or what it has at the paths of a run.
type knownDocuments struct {
	generation uint64
	total      int           // in the index
	list       []*index.Info // in order of ID
	byID       map[string]*index.Info

	upgraded bool
	// stored has the IDs under which the index has documents that list and byID
	// have under the IDs of today; superseded are documents that it has under
	// both.
	stored     map[string]string
	superseded []string
}

func (k *knownDocuments) add(docs iter.Seq2[*index.Info, error]) error {
	for info, err := range docs {
		if err != nil {
			return fmt.Errorf("list what is indexed: %w", err)
		}
		if k.byID[info.ID] == nil {
			k.list = append(k.list, info)
			k.byID[info.ID] = info
		}
	}
	return nil
}

// upgrade files the documents of before versions were recorded under the IDs
// that they have now.
func (k *knownDocuments) upgrade(listing *ingest.Listing, within func(id string) bool) {
	if k.upgraded {
		return
	}
	k.upgraded, k.stored = true, map[string]string{}
	list := k.list[:0]
	for _, info := range k.list {
		id := info.ID
		if info.Versions == (document.Versions{}) && strings.Contains(id, "#") && !listing.Has(id) {
			id = ingest.UpgradeID(id, info.Path)
		}
		_, twice := k.byID[id]
		switch {
		case !within(id):
			delete(k.byID, info.ID)
			continue
		case id == info.ID:
		case twice:
			delete(k.byID, info.ID)
			k.superseded = append(k.superseded, info.ID)
			continue
		default:
			delete(k.byID, info.ID)
			k.stored[id] = info.ID
			upgraded := *info // what the index gives is shared
			upgraded.ID = id
			if info.State != index.Indexed {
				upgraded.Fingerprint = index.Fingerprint{} // so that it is written
			}
			info = &upgraded
			k.byID[id] = info
		}
		list = append(list, info)
	}
	k.list = list
}

// storedID is the ID under which the index has a document of known.
func (k *knownDocuments) storedID(id string) string {
	if stored, ok := k.stored[id]; ok {
		return stored
	}
	return id
}

// readKnown reads what the index has.
func (r *indexRun) readKnown(ctx context.Context, s index.Snapshot, stats index.Stats) error {
	total := stats.Documents + stats.Failed + stats.Skipped
	k := &knownDocuments{generation: stats.Generation, total: total}
	if !r.partial() {
		k.list, k.byID = make([]*index.Info, 0, total), make(map[string]*index.Info, total)
		r.known = k
		return k.add(s.Documents(ctx, ""))
	}
	ids, err := pathIDs(slices.Concat(r.request.Changed, r.request.Removed))
	if err != nil {
		return err
	}
	k.byID = map[string]*index.Info{}
	for _, id := range ids {
		if older := strings.ReplaceAll(id, `\x23`, "#"); older != id {
			ids = append(ids, older)
		}
	}
	for _, id := range ids {
		info, err := s.Document(ctx, id)
		if err != nil {
			return fmt.Errorf("look up what is indexed: %w", err)
		}
		if info != nil && k.byID[id] == nil {
			k.list = append(k.list, info)
			k.byID[id] = info
		}
		for _, prefix := range ingest.BelowID(id) {
			if err := k.add(s.Documents(ctx, prefix)); err != nil {
				return err
			}
		}
	}
	r.known = k
	return nil
}

// pathIDs returns the IDs of files and folders, none of them in or below another.
func pathIDs(paths []string) ([]string, error) {
	var ids []string
	for _, p := range paths {
		id, err := ingest.PathID(p)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return slices.DeleteFunc(ids, func(id string) bool {
		return slices.ContainsFunc(ids, func(other string) bool { return other != id && ingest.IsWithin(id, other) })
	}), nil
}

// repeatable reports whether all sources will have what they have when they are
// asked again, so that one can look at them before the index is locked.
func repeatable(sources []ingest.Source) bool {
	for _, s := range sources {
		if l, ok := s.(ingest.Repeatable); !ok || !l.Repeatable() {
			return false
		}
	}
	return true
}

// list lists what the sources offer without reading it. What two sources offer
// is taken from the first.
func (r *indexRun) list(ctx context.Context) error {
	var paths []string
	for _, p := range slices.Concat(r.request.Changed, r.request.Removed) {
		abs, err := filepath.Abs(p)
		if err != nil {
			return fmt.Errorf("making %q absolute: %w", p, err)
		}
		paths = append(paths, abs)
	}
	l := ingest.NewListing(r.request.Sources...)
	for _, s := range r.request.Sources {
		var entries iter.Seq2[ingest.Entry, error]
		if finder, ok := s.(ingest.Finder); !r.partial() {
			entries = s.Entries(ctx)
		} else if ok {
			entries = finder.Find(ctx, paths)
		} else {
			continue
		}
		for entry, err := range entries {
			if err != nil {
				return fmt.Errorf("look for documents: %w", err)
			}
			l.Add(entry)
		}
	}
	r.listing = l
	return nil
}

// plan compares what the sources have with what the index has.
func (r *indexRun) plan() (ingest.Plan, error) {
	o := ingest.PlanOptions{Prune: r.request.Prune}
	within := func(string) bool { return true }
	if r.partial() {
		ids, err := pathIDs(slices.Concat(r.request.Changed, r.request.Removed))
		if err != nil {
			return ingest.Plan{}, err
		}
		within = func(id string) bool {
			return slices.ContainsFunc(ids, func(dir string) bool { return ingest.IsWithin(id, dir) })
		}
		removed, err := pathIDs(r.request.Removed)
		if err != nil {
			return ingest.Plan{}, err
		}
		o.Removed, o.Total = removed, r.known.total
	}
	r.known.upgrade(r.listing, within)
	return r.listing.Plan(slices.Values(r.known.list), o), nil
}

// expect says how much there is to do.
func (r *indexRun) expect(entries []ingest.Entry) {
	r.advance(func(p *Progress) {
		p.Documents = len(entries)
		for _, entry := range entries {
			p.Bytes += entry.Stat.Size
		}
	})
}

// nothingNew reports whether the sources are as they were, as far as that can be
// told without reading; all is then reported.
func (r *indexRun) nothingNew(ctx context.Context) bool {
	plan, err := r.plan()
	if err != nil || len(plan.Gone)+len(r.known.superseded) > 0 {
		return false
	}
	reports := make([]FileReport, 0, len(plan.Entries))
	for _, entry := range plan.Entries {
		l := r.classifyByStat(ctx, entry)
		if l == nil || l.put != nil || ctx.Err() != nil {
			return false
		}
		reports = append(reports, l.report)
	}
	r.summary.Held = plan.Held
	r.expect(plan.Entries)
	for _, f := range reports {
		r.report(f)
	}
	r.advance(func(p *Progress) { p.Done, p.DoneBytes = p.Documents, p.Bytes })
	return true
}

// remove deletes the documents that are no longer there.
func (r *indexRun) remove(ctx context.Context, gone []*index.Info) error {
	if len(gone)+len(r.known.superseded) == 0 {
		return nil
	}
	b := new(batch)
	b.change.Delete = append(b.change.Delete, r.known.superseded...) // of which nothing is lost
	for _, info := range gone {
		b.change.Delete = append(b.change.Delete, r.known.storedID(info.ID))
		b.reports = append(b.reports, FileReport{
			ID: info.ID, Path: info.Path, Type: info.Type, Outcome: OutcomeRemoved, Reason: "no longer there",
		})
	}
	return r.apply(ctx, b)
}
