package ingest

import (
	"iter"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/document"
)

// Root is a file or folder that a source looks at and below, as it is now.
type Root struct {
	// ID is its own: documents of it have this ID, those below it one that
	// begins with it and a '/'.
	ID string
	// Doubt says why what is not found there may be there all the same; empty
	// where there is no reason.
	Doubt Doubt
	// Device is what it is on, or its folder where it is not there, as in
	// Fingerprint.
	Device uint64
}

// Rooted is a Source that knows its roots.
type Rooted interface {
	Source
	Roots() []Root
}

// Doubt is a reason not to take documents for gone that were not found.
type Doubt string

// The doubts.
const (
	// DoubtRootGone: the folder that was to be looked at is not there.
	DoubtRootGone Doubt = "root_gone"
	// DoubtRootEmpty: it is empty, as the mount point of a disk that is not
	// mounted.
	DoubtRootEmpty Doubt = "root_empty"
	// DoubtRootUnreadable: it cannot be read.
	DoubtRootUnreadable Doubt = "root_unreadable"
	// DoubtDevice: nothing is found any more of the disk that they were on.
	DoubtDevice Doubt = "other_device"
	// DoubtTooMany: they are more than half of all, and those 100 or more.
	DoubtTooMany Doubt = "too_many"
)

// manyDocuments is from how many on the loss of more than half is doubted.
const manyDocuments = 100

// Held says of documents that were not found and are kept all the same.
type Held struct {
	// Root is the ID of the file or folder that they were looked for in; empty
	// where it is about all of them.
	Root      string `json:"root,omitempty"`
	Reason    Doubt  `json:"reason"`
	Documents int    `json:"documents"`
}

// Listing is what sources offer, to be compared with what an index has. Add every
// entry of the sources, then ask for the Plan.
type Listing struct {
	sources    []Source
	roots      []Root
	entries    []Entry
	seen       map[string]struct{}
	missing    map[string]struct{} // IDs of files
	incomplete []string
}

// NewListing returns an empty Listing. It is to be called before the sources are
// asked for their entries.
func NewListing(sources ...Source) *Listing {
	l := &Listing{sources: sources, seen: map[string]struct{}{}, missing: map[string]struct{}{}}
	l.look()
	return l
}

// look notes how the roots are.
func (l *Listing) look() {
	for _, s := range l.sources {
		if s, ok := s.(Rooted); ok {
			l.roots = append(l.roots, s.Roots()...)
		}
	}
}

// Add notes an entry and reports whether it is the first of its ID; another one
// is disregarded.
func (l *Listing) Add(e Entry) bool {
	if _, ok := l.seen[e.ID]; ok {
		return false
	}
	l.seen[e.ID] = struct{}{}
	l.entries = append(l.entries, e)
	if e.Missing {
		l.missing[e.ID] = struct{}{}
	}
	if e.Incomplete != "" {
		l.incomplete = append(l.incomplete, e.Incomplete)
	}
	return true
}

// Has reports whether there was an entry of the ID.
func (l *Listing) Has(id string) bool {
	_, ok := l.seen[id]
	return ok
}

// PlanOptions say how careful a Plan is.
type PlanOptions struct {
	// Prune takes all documents for gone that were not found, whatever speaks
	// against it.
	Prune bool
	// Removed are IDs of files and folders that are known to be gone, with all
	// that was in them, whether a source covers them or not.
	Removed []string
	// Total is how many documents there are where not all are compared; 0 means
	// those that the sources cover.
	Total int
}

// Plan is what there is to do to bring an index up to date.
type Plan struct {
	// Entries are to be looked at, in the order in which they were added. They may
	// be shared with the Listing.
	Entries []Entry
	// Gone are the documents that are no more, in the order of docs.
	Gone []*document.Info
	// Held are those that were not found and are kept.
	Held []Held
}

// Plan compares the entries with documents of an index.
func (l *Listing) Plan(docs iter.Seq[*document.Info], o PlanOptions) Plan {
	l.look() // again: what is gone now may have been there while it was listed, or the reverse
	c := &comparison{Listing: l, o: o, held: map[Held]int{}, replaced: map[string]bool{}, devices: map[uint64]bool{}}
	for _, r := range l.roots {
		c.devices[r.Device] = true
	}
	for _, e := range l.entries {
		c.devices[e.Device] = true
	}
	for info := range docs {
		c.compare(info)
	}
	return c.plan()
}

// comparison makes a Plan, document by document.
type comparison struct {
	*Listing
	o       PlanOptions
	gone    []*document.Info
	covered int
	// held counts documents by why they are kept; order has its keys, without
	// Documents, in the order in which they came.
	held  map[Held]int
	order []Held
	// replaced are IDs of entries for files that are not there and whose documents
	// are gone, which is no failure.
	replaced map[string]bool
	// devices are those on which something was found.
	devices map[uint64]bool
}

// compare decides what becomes of a document.
func (c *comparison) compare(info *document.Info) {
	file := FileID(info.ID)
	root := c.doubtful(file)
	named := root != nil && root.ID == info.ID // and not there, or not readable
	_, missing := c.missing[file]
	missing = missing && info.State != document.Failed || c.o.Prune && named && root.Doubt == DoubtRootGone
	removed := slices.ContainsFunc(c.o.Removed, func(dir string) bool { return IsWithin(info.ID, dir) })
	if c.Has(info.ID) && !missing {
		c.devices[info.Fingerprint.Device] = true // perhaps under another number now
		c.covered++
		return
	}
	if !removed && !c.covers(info.ID) {
		return
	}
	c.covered++
	switch {
	case missing:
		c.replaced[file] = true
		c.gone = append(c.gone, info)
	case named && info.State == document.Failed: // that it was not there
		c.gone = append(c.gone, info)
	case root != nil && !c.o.Prune:
		c.hold(Held{Root: root.ID, Reason: root.Doubt})
	case root == nil && !removed && c.isIncomplete(info.ID):
	default:
		c.gone = append(c.gone, info)
	}
}

// hold keeps one more document for a reason.
func (c *comparison) hold(h Held) {
	if c.held[h]++; c.held[h] == 1 {
		c.order = append(c.order, h)
	}
}

// plan sums up.
func (c *comparison) plan() Plan {
	p := Plan{Gone: c.gone, Entries: c.present()}
	for _, h := range c.order {
		n := c.held[h]
		h.Documents = n
		p.Held = append(p.Held, h)
	}
	if c.o.Prune {
		return p
	}
	total := c.o.Total
	if total == 0 {
		total = c.covered
		p.keepOtherDevices(c.devices) // which some paths alone do not show
	}
	if total >= manyDocuments && 2*len(p.Gone) > total {
		p.Held = append(p.Held, Held{Reason: DoubtTooMany, Documents: len(p.Gone)})
		p.Gone = nil
	}
	return p
}

// present returns the entries without those that say of what is gone that it
// cannot be read.
func (c *comparison) present() []Entry {
	if c.o.Prune { // that it is gone is no failure
		for _, r := range c.roots {
			if r.Doubt == DoubtRootGone {
				c.replaced[r.ID] = true
			}
		}
	}
	if len(c.replaced) == 0 {
		return c.entries
	}
	return slices.DeleteFunc(slices.Clone(c.entries), func(e Entry) bool { return c.replaced[e.ID] })
}

// keepOtherDevices holds back the documents that were on none of the devices.
func (p *Plan) keepOtherDevices(devices map[uint64]bool) {
	gone := p.Gone
	p.Gone = nil
	for _, info := range gone {
		if d := info.Fingerprint.Device; d == 0 || devices[d] {
			p.Gone = append(p.Gone, info)
		}
	}
	if n := len(gone) - len(p.Gone); n > 0 {
		p.Held = append(p.Held, Held{Reason: DoubtDevice, Documents: n})
	}
}

func (l *Listing) covers(id string) bool {
	for _, s := range l.sources {
		if s.Covers(id) {
			return true
		}
	}
	return false
}

// doubtful returns the root of a file that is in doubt; nil where there is none.
func (l *Listing) doubtful(file string) *Root {
	for i := range l.roots {
		if r := &l.roots[i]; r.Doubt != "" && IsWithin(file, r.ID) {
			return r
		}
	}
	return nil
}

func (l *Listing) isIncomplete(id string) bool {
	for _, prefix := range l.incomplete {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}
