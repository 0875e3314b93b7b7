package torture

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest/textnorm"
)

// reader is a snapshot and the Backend that it is of.
type reader struct {
	index.Snapshot
	backend *local.Backend
}

func (r reader) Close() error { return errors.Join(r.Release(), r.backend.Close()) }

// open opens the newest generation of the index.
func (r Run) open(ctx context.Context) (reader, error) {
	b := local.New(r.Index, local.Options{})
	s, err := b.Snapshot(ctx)
	if err != nil {
		return reader{}, errors.Join(err, b.Close())
	}
	return reader{s, b}, nil
}

// Check opens the index and compares it with the log: all that was acknowledged
// must be there, a step that was under way as a whole or not at all, and
// documents, texts, postings, vectors and checksums must agree. It returns the
// step whose state the index has.
func (r Run) Check(ctx context.Context) (step int, err error) {
	log, err := ReadLog(r.Log)
	if err != nil {
		return 0, err
	}
	return r.CheckLog(ctx, log)
}

// CheckLog is Check with a log that was read already.
func (r Run) CheckLog(ctx context.Context, log Log) (step int, err error) {
	s, err := r.open(ctx)
	if errors.Is(err, index.ErrNotFound) && log.Done == 0 && len(log.Docs) == 0 {
		return 0, nil // the first generation was never acknowledged
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	have, err := r.held(ctx, s)
	if err != nil {
		return 0, err
	}
	if err := r.sound(ctx); err != nil {
		return 0, err
	}
	return r.match(have, log)
}

// sound compares everything in the index with everything else in it. What a
// killed writer has left over is no damage.
func (r Run) sound(ctx context.Context) error {
	report, err := r.Examine(ctx)
	if err == nil && len(report.Problems) > 0 {
		err = fmt.Errorf("check finds %v", report.Problems)
	}
	return err
}

var checkOptions = index.CheckOptions{
	Normalize: func(text string) string { return textnorm.Normalize(text).String() }, // as an Engine does
}

// match finds the step that a state is of.
func (r Run) match(have State, log Log) (int, error) {
	states, changes := r.Plan.States(log.Begun)
	least := log.Done
	for _, step := range log.Docs {
		least = max(least, step)
	}
	for step := log.Begun; step >= log.Done; step-- {
		if step >= least && r.same(have, states[step]) {
			return step, nil
		}
		// A slow or a cancelled run publishes what it has put before it removes
		// what is gone.
		if c := changes[step]; r.Files && step > log.Done && step >= least && !acknowledged(log, c.Delete, step) &&
			r.same(have, states[step-1].after(Change{Put: c.Put, Touch: c.Touch}, step)) {
			return step - 1, nil
		}
	}
	return 0, fmt.Errorf("the index holds %v, which is the state after none of the steps %d to %d, of which documents %v were acknowledged; after %d it is %v",
		have, log.Done, log.Begun, log.Docs, log.Done, states[log.Done])
}

// acknowledged tells whether one of the documents was, in that step.
func acknowledged(log Log, docs []int, step int) bool {
	return slices.ContainsFunc(docs, func(doc int) bool { return log.Docs[doc] == step })
}

// same compares states. Of files the time of touching is not looked at: an
// index keeps what it needs of it.
func (r Run) same(a, b State) bool {
	if r.Files {
		a, b = a.clone(), b.clone()
		for _, s := range []State{a, b} {
			for doc, v := range s.Docs {
				s.Docs[doc] = Version{v.Put, v.Put}
			}
		}
	}
	return a.equal(b)
}

// held returns the state of a store, after searching for each of its passages
// by a word that only it has and by its vector.
func (r Run) held(ctx context.Context, s index.Snapshot) (State, error) {
	stats, err := s.Stats(ctx)
	if err != nil {
		return State{}, err
	}
	have := State{make(map[int]Version), stats.Settings.Dim}
	passages := 0
	for d, err := range s.Documents(ctx, "") {
		if err != nil {
			return have, err
		}
		var doc int
		if _, err := fmt.Sscanf(filepath.Base(d.ID), "doc-%d.txt", &doc); err != nil || d.State != index.Indexed {
			return have, fmt.Errorf("document %q: %s", d.ID, d.Reason)
		}
		have.Docs[doc] = Version{Touched: int(d.Fingerprint.ModTime)}
		passages += d.Passages
	}
	if passages != stats.Passages || len(have.Docs) != stats.Documents {
		return have, fmt.Errorf("%d documents and %d passages are counted, %d and %d are there", stats.Documents, stats.Passages, len(have.Docs), passages)
	}
	if passages == 0 {
		return have, nil
	}
	all, err := search(ctx, s, "common", passages+1)
	if err != nil {
		return have, err
	}
	if len(all) != passages {
		return have, fmt.Errorf("a word of all %d passages finds %d", passages, len(all))
	}
	stored, err := s.Passages(ctx, all)
	if err != nil {
		return have, err
	}
	found := make(map[int]map[int]bool) // document to its words; passages may overlap
	for _, p := range stored {
		if err := r.passage(ctx, s, stats, p, &have, found); err != nil {
			return have, err
		}
	}
	for doc, v := range have.Docs {
		if want := r.Plan.words(doc, v.Put); len(found[doc]) != want {
			return have, fmt.Errorf("document %d of step %d has %d words instead of %d", doc, v.Put, len(found[doc]), want)
		}
	}
	return have, nil
}

// passage checks one and notes which version of its document it is of.
func (r Run) passage(ctx context.Context, s index.Snapshot, stats index.Stats, p index.Stored, have *State, found map[int]map[int]bool) error {
	first := ""
	for _, w := range strings.Fields(p.Text) {
		doc, put, i, ok := parseWord(w)
		if !ok {
			continue
		}
		v := have.Docs[doc]
		if filepath.Base(p.Doc.ID) != docName(doc) || v.Put != 0 && v.Put != put {
			return fmt.Errorf("passage %s of %s has the word %s, another one that of step %d", p.ID, p.Doc.ID, w, v.Put)
		}
		have.Docs[doc] = Version{put, v.Touched}
		if found[doc] == nil {
			found[doc] = make(map[int]bool)
		}
		found[doc][i] = true
		if first == "" {
			first = w
		}
	}
	if first == "" {
		return nil
	}
	ids, err := search(ctx, s, first, 5)
	if err != nil {
		return err
	}
	if !slices.Contains(ids, p.ID) || len(ids) > 2 {
		return fmt.Errorf("%q of passage %s finds %v", first, p.ID, ids)
	}
	near, err := s.Nearest(ctx, index.Request{Vector: vector(stats.Settings.Dim, p), Limit: 3})
	if err != nil {
		return err
	}
	for _, h := range near {
		if h.ID == p.ID && math.Abs(h.Score-1) < 1e-4 {
			return nil
		}
	}
	return fmt.Errorf("the vector of passage %s (%.40q) finds %v", p.ID, p.Text, near)
}

func search(ctx context.Context, s index.Snapshot, word string, limit int) ([]index.PassageID, error) {
	hits, err := s.Keyword(ctx, index.Request{Query: index.Query{Clauses: []index.Clause{{Text: word}}}, Limit: limit})
	ids := make([]index.PassageID, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	return ids, err
}

// Resume does again what the log says was begun, on an index that Check has
// found to be at a step, and checks that it is complete then and that no more
// was embedded than was missing.
func (r Run) Resume(ctx context.Context, step int, log Log) error {
	states, _ := r.Plan.States(log.Begun)
	if log.Begun == 0 {
		return nil
	}
	r.Log += ".resumed"
	if !r.Files {
		if step == log.Begun {
			return nil
		}
		r.From, r.To = step+1, log.Begun
		if err := r.Do(ctx); err != nil {
			return fmt.Errorf("going on after step %d: %w", step, err)
		}
		return r.complete(ctx, log.Begun)
	}
	before, after := states[step], states[log.Begun]
	if err := r.Plan.WriteDocs(r.Docs, after); err != nil {
		return err
	}
	embedded, err := r.index(ctx, after.Dim, before.Dim != after.Dim, nil)
	if err != nil {
		return fmt.Errorf("going on after step %d: %w", step, err)
	}
	if err := r.complete(ctx, log.Begun); err != nil {
		return err
	}
	if before.Dim != after.Dim {
		return nil // an unfinished re-embedding goes on from where it was
	}
	missing, err := r.missing(ctx, before)
	if err == nil && embedded > missing {
		err = fmt.Errorf("%d passages were embedded where %d were missing", embedded, missing)
	}
	return err
}

// complete checks that the index is at a step, and nowhere else.
func (r Run) complete(ctx context.Context, step int) error {
	have, err := r.CheckLog(ctx, Log{Begun: step, Done: step})
	if err == nil && have != step {
		err = fmt.Errorf("step %d instead of %d", have, step)
	}
	if err != nil {
		return fmt.Errorf("after going on: %w", err)
	}
	return nil
}

// missing counts the passages of the documents that the index has in another
// version than before.
func (r Run) missing(ctx context.Context, before State) (n int, err error) {
	s, err := r.open(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	now, err := r.held(ctx, s)
	if err != nil {
		return 0, err
	}
	for d, err := range s.Documents(ctx, "") {
		if err != nil {
			return 0, err
		}
		var doc int
		if _, err := fmt.Sscanf(filepath.Base(d.ID), "doc-%d.txt", &doc); err != nil {
			return 0, fmt.Errorf("document %s: %w", d.ID, err)
		}
		if before.Docs[doc].Put != now.Docs[doc].Put {
			n += d.Passages
		}
	}
	return n, nil
}
