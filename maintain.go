package albertsearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/errkind"
)

// Status describes an index.
type Status struct {
	Index string `json:"index"` // its address
	// Documents counts those that are indexed, Partial those of them that were
	// read only in part.
	Documents int `json:"documents"`
	Partial   int `json:"partial"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
	// Older counts those of Documents that were read by an older version of the
	// program. They are searched all the same, and the next Index reads them
	// again.
	Older int `json:"older"`
	// LeftOut is what the readers left out of all documents because nobody sees it,
	// in order of What.
	LeftOut   []document.LeftOut `json:"left_out"`
	Passages  int                `json:"passages"`
	Vectors   int                `json:"vectors"` // passages that have one; the next Index embeds the others
	TextBytes int64              `json:"text_bytes"`
	DiskBytes int64              `json:"disk_bytes"` // 0 where that is not known
	Freshness
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
		Passages: st.Passages, Vectors: st.Vectors, TextBytes: st.TextBytes, DiskBytes: st.DiskBytes,
		Freshness: freshnessOf(st),
		Embedder:  st.Settings.Embedder, EmbedderName: st.Settings.EmbedderName, Dim: st.Settings.Dim,
		Analyzer: string(st.Settings.Languages), LeftOut: []document.LeftOut{}, Unread: []FileReport{}, Settings: st.Settings,
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
			if info.State == index.Indexed && e.versions.areNewer(info, e.versions.container(info.ID)) {
				s.Older++
			}
			s.addLeftOut(info.LeftOut)
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

// addLeftOut adds what was left out of a document.
func (s *Status) addLeftOut(list []document.LeftOut) {
	for _, l := range list {
		i, found := slices.BinarySearchFunc(s.LeftOut, l.What, func(x document.LeftOut, what string) int { return cmp.Compare(x.What, what) })
		if !found {
			s.LeftOut = slices.Insert(s.LeftOut, i, document.LeftOut{What: l.What})
		}
		s.LeftOut[i].Count += l.Count
		s.LeftOut[i].Bytes += l.Bytes
	}
}

// RemoveRequest says what to remove.
type RemoveRequest struct {
	// Filter passes the documents that are to be removed. The zero Filter, which
	// passes all, is an error: All says that all are meant.
	Filter index.Filter
	// All deletes the index itself with all that is in it, whatever state it is
	// in. It goes with no Filter.
	All bool
}

// RemoveResult is what was removed.
type RemoveResult struct {
	Index string `json:"index"` // its address
	// Deleted says that the index itself is gone.
	Deleted bool `json:"deleted"`
	// Removed has the IDs of the documents, in ascending order; it is empty if
	// the index was deleted. Documents are those documents.
	Removed   []string      `json:"removed"`
	Documents []*index.Info `json:"-"`
}

// Remove takes documents out of the index. The files themselves are not
// touched; the next Index of a folder that holds them brings them back.
func (e *Engine) Remove(ctx context.Context, r RemoveRequest) (*RemoveResult, error) {
	res := &RemoveResult{Index: e.address(), Deleted: r.All, Removed: []string{}}
	switch {
	case r.All && !r.Filter.IsZero():
		return nil, errkind.New(errkind.Usage, "remove: a filter makes no sense where all documents are to be removed")
	case r.All:
		if err := e.store.Drop(ctx); err != nil {
			return nil, err
		}
		e.log.InfoContext(ctx, "index deleted", "index", res.Index)
		return res, nil
	case r.Filter.IsZero():
		return nil, errkind.New(errkind.Usage, "remove: the filter is empty, and not all documents are said to be meant")
	case r.Filter.PassageMatcher() != nil:
		return nil, errkind.New(errkind.Usage, "remove: documents are removed whole, and the filter is about some of their passages")
	}
	if err := e.remove(ctx, r.Filter, res); err != nil {
		return nil, err
	}
	e.log.InfoContext(ctx, "documents removed", "index", res.Index, "documents", len(res.Removed))
	return res, nil
}

// remove removes the documents that pass the filter and puts them into res.
func (e *Engine) remove(ctx context.Context, filter index.Filter, res *RemoveResult) (err error) {
	stats, err := e.stats(ctx)
	if err != nil {
		return err
	}
	matches, err := filter.Matcher()
	if err != nil {
		return err
	}
	store, err := e.store.Create(ctx, stats.Settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := applied(ctx, store, func(s index.Snapshot) error {
		for info, err := range s.Documents(ctx, "") {
			if err != nil {
				return err
			}
			if matches(info) {
				res.Removed = append(res.Removed, info.ID)
				res.Documents = append(res.Documents, info)
			}
		}
		return nil
	}); err != nil || len(res.Removed) == 0 {
		return err
	}
	if err := store.Apply(ctx, index.Batch{Delete: res.Removed}); err != nil {
		return fmt.Errorf("remove %d documents: %w", len(res.Removed), err)
	}
	if err := store.Publish(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// CheckReport is what Check found in an index, and what Repair did about it.
type CheckReport struct {
	Index string `json:"index"` // its address
	// Sound says that there are no problems.
	Sound bool `json:"sound"`
	// The rest is of the index as it is now, repaired if need be. If what a repair
	// wrote could not be checked it is that of before.
	index.CheckReport
	// Repair is nil where nothing was repaired.
	Repair *RepairReport `json:"repair,omitempty"`
}

// RepairReport says what a repair found and did.
type RepairReport struct {
	// Problems are those that there were.
	Problems []index.Problem `json:"problems"`
	// IndexAll says that all sources have to be indexed again: documents are lost
	// that cannot be named, or some may be back that were deleted.
	IndexAll bool `json:"index_all"`
	index.RepairReport
}

func newCheckReport(address string, r *index.CheckReport) *CheckReport {
	out := &CheckReport{Index: address, Sound: len(r.Problems) == 0, CheckReport: *r}
	out.Problems, out.Leftovers = present(r.Problems), present(r.Leftovers)
	return out
}

func newRepairReport(address string, r *index.RepairReport) *CheckReport {
	if r.After == nil && r.Documents == 0 && len(r.Lost) == 0 { // nothing that a repair could do
		return newCheckReport(address, r.Before)
	}
	out := newCheckReport(address, cmp.Or(r.After, r.Before))
	out.Repair = &RepairReport{
		Problems: present(r.Before.Problems), IndexAll: len(r.Unnamed) > 0 || r.Undeleted || r.Older, RepairReport: *r,
	}
	out.Repair.Lost = present(r.Lost)
	return out
}

// present is the list, which JSON is to have as a list also if it is empty.
func present[T any](list []T) []T { return append([]T{}, list...) }

// Check compares everything in the index with everything it can be compared
// with; index.Maintainer says what. The error says that there is no index or that it
// cannot be read; what is wrong with it is in the report. progress is called
// with the bytes checked and the bytes there are; it may be nil.
func (e *Engine) Check(ctx context.Context, progress func(done, total int64)) (*CheckReport, error) {
	m, err := e.maintainer(ctx)
	if err != nil {
		return nil, err
	}
	r, err := m.Check(ctx, checkOptions(progress))
	if err != nil {
		return nil, err
	}
	return newCheckReport(e.address(), r), nil
}

// Repair saves what can be saved of a damaged index, as index.Maintainer says. If
// vectors are damaged it loads the embedder to make them again. The report may be
// there with an error as well: what is lost is to be known all the same.
func (e *Engine) Repair(ctx context.Context, progress func(done, total int64)) (*CheckReport, error) {
	m, err := e.maintainer(ctx)
	if err != nil {
		return nil, err
	}
	r, err := m.Repair(ctx, index.RepairOptions{CheckOptions: checkOptions(progress), Embed: e.embedStored})
	if r == nil || r.Before == nil {
		return nil, err
	}
	return newRepairReport(e.address(), r), err
}

// Capabilities says what the index can do that not every one can: Check and
// Repair, Reembed, filters by annotations.
func (e *Engine) Capabilities(ctx context.Context) (index.Capabilities, error) {
	return e.store.Capabilities(ctx)
}

// maintainer is the store, if it can be checked.
func (e *Engine) maintainer(ctx context.Context) (index.Maintainer, error) {
	can, err := e.store.Capabilities(ctx)
	if err != nil {
		return nil, err
	}
	m, ok := e.store.(index.Maintainer)
	if !ok || !can.Maintain {
		return nil, fmt.Errorf("check %v: %w", e.store, errors.ErrUnsupported)
	}
	return m, nil
}

func checkOptions(progress func(done, total int64)) index.CheckOptions {
	return index.CheckOptions{Normalize: normalized, Progress: progress}
}

// embedStored embeds stored passages again, if the engine has the embedder that is
// asked for.
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
	return embedPassages(ctx, embedder, passages)
}

// embedPassages returns the vectors of stored passages.
func embedPassages(ctx context.Context, embedder embed.Embedder, passages []index.Stored) ([][]float32, error) {
	texts := make([]string, len(passages))
	for i := range passages {
		p := passages[i].Passage
		p.Match = normalized(p.Text)
		texts[i] = embedText(passages[i].Doc, &p)
	}
	return embedAll(ctx, embedder, texts, func(int) {})
}
