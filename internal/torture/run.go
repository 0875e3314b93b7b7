package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// Run is a part of a history on one index.
type Run struct {
	Plan Plan
	// Index is the folder of the index, Docs that of the documents, Log the
	// file of the log.
	Index, Docs, Log string
	// From and To are the first and the last step.
	From, To int
	// Files says that the documents are files that an Engine indexes, each step
	// by a run of its own. Otherwise one writer of a Store carries out all
	// steps and publishes now and then.
	Files bool
	// Patience is that of the Store or the Engine.
	Patience time.Duration
	// Repairs says that the index is repaired instead.
	Repairs bool
}

// Do carries out the steps and logs what is acknowledged.
func (r Run) Do(ctx context.Context) error {
	if r.Repairs {
		_, err := r.Repair(ctx)
		return err
	}
	log, err := openLog(r.Log)
	if err != nil {
		return err
	}
	defer log.f.Close()
	if r.Files {
		return r.engine(ctx, log)
	}
	return r.store(ctx, log)
}

// store carries out the steps with one writer, or two when the embedder
// changes: settings are those with which a writer is made.
func (r Run) store(ctx context.Context, log *logFile) (err error) {
	states, changes := r.Plan.States(r.To)
	s, err := local.New(r.Index, local.Options{WriteTimeout: r.Patience}).Create(ctx, settings(states[max(r.From-1, 0)].Dim))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for step := r.From; step <= r.To; step++ {
		if err := log.note("begin %d", step); err != nil {
			return err
		}
		c := changes[step]
		if c.Reembed {
			if err := reembed(ctx, s, states[step].Dim); err != nil {
				return fmt.Errorf("step %d: %w", step, err)
			}
		} else if err := s.Apply(ctx, r.Plan.batch(c, states[step], step)); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		// Between two publications a step is there for the writer alone.
		if random := rand.New(rand.NewPCG(r.Plan.Seed, uint64(step)<<32)); random.IntN(2) == 0 && step < r.To {
			continue
		}
		if err := s.Publish(ctx); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		if err := log.note("done %d", step); err != nil {
			return err
		}
	}
	return nil
}

// reembed embeds all passages of a store in two parts.
func reembed(ctx context.Context, s index.Writer, dim int) error {
	re, err := s.(index.Reembedder).Reembed(ctx, index.Embedder{ID: Embedder(dim).ID(), Dim: dim})
	if err != nil {
		return err
	}
	var vectors []index.Embedded
	var docs []*index.Info
	for p, err := range re.Passages(ctx) {
		if err != nil {
			return err
		}
		if p.Vector != nil {
			continue
		}
		vectors, docs = append(vectors, index.Embedded{ID: p.ID, Vector: vector(dim, p)}), append(docs, p.Doc)
	}
	half := len(vectors) / 2
	for half > 0 && docs[half] == docs[half-1] {
		half--
	}
	for _, part := range [][]index.Embedded{vectors[:half], vectors[half:]} {
		if len(part) == 0 {
			continue
		}
		if err := errors.Join(re.Add(ctx, part), s.Publish(ctx)); err != nil {
			return err
		}
	}
	return re.Switch(ctx)
}

// vector is that of a passage as an Engine makes it.
func vector(dim int, p index.Stored) []float32 {
	text := strings.TrimSpace(p.Text)
	if p.Doc.Title != "" {
		text = p.Doc.Title + "\n" + text
	}
	v, _ := Embedder(dim).Embed(context.Background(), []string{text})
	return v[0]
}

func settings(dim int) index.Settings {
	return index.Settings{Embedder: Embedder(dim).ID(), Dim: dim, Languages: "en"}
}

// batch is a step for a Store.
func (p Plan) batch(c Change, after State, step int) index.Batch {
	var b index.Batch
	for _, doc := range c.Put {
		d := index.Document{Info: info(doc, step)}
		text := p.text(doc, step)
		for start := 0; start < len(text); {
			end := min(start+700, len(text))
			if at := strings.LastIndexByte(text[:end], ' '); end < len(text) {
				end = at
			}
			d.Content = append(d.Content, index.Passage{Start: start, End: end, Text: text[start:end]})
			passage := &d.Content[len(d.Content)-1]
			passage.Vector = vector(after.Dim, index.Stored{Doc: &d.Info, Passage: *passage})
			start = end
		}
		b.Put = append(b.Put, d)
	}
	for _, doc := range c.Touch {
		b.Touch = append(b.Touch, info(doc, step))
	}
	for _, doc := range c.Delete {
		b.Delete = append(b.Delete, docName(doc))
	}
	return b
}

func info(doc, touched int) index.Info {
	return index.Info{ID: docName(doc), Path: "/docs/" + docName(doc), Type: "text", Bytes: 1,
		Fingerprint: index.Fingerprint{Stat: document.Stat{ModTime: int64(touched)}}}
}

// engine carries out each step by a run of an Engine on the folder of the
// documents.
func (r Run) engine(ctx context.Context, log *logFile) error {
	states, changes := r.Plan.States(r.To)
	for step := r.From; step <= r.To; step++ {
		if err := r.Plan.WriteDocs(r.Docs, states[step]); err != nil {
			return err
		}
		if err := log.note("begin %d", step); err != nil {
			return err
		}
		changed := make(map[string]int)
		for _, doc := range slices.Concat(changes[step].Put, changes[step].Touch, changes[step].Delete) {
			changed[docName(doc)] = doc
		}
		var lerr error
		report := func(f albertsearch.FileReport) {
			if doc, ok := changed[filepath.Base(f.Path)]; ok {
				lerr = errors.Join(lerr, log.note("doc %d %d", step, doc))
			}
		}
		if _, err := r.index(ctx, states[step].Dim, changes[step].Reembed, report); err != nil || lerr != nil {
			return fmt.Errorf("step %d: %w", step, errors.Join(err, lerr))
		}
		if err := log.note("done %d", step); err != nil {
			return err
		}
	}
	return nil
}

// index makes the index what the documents are, and returns how many passages
// that took.
func (r Run) index(ctx context.Context, dim int, anew bool, report func(albertsearch.FileReport)) (embedded int, err error) {
	e, err := albertsearch.Open(albertsearch.Options{Dir: r.Index, Embedder: Embedder(dim), WriteTimeout: r.Patience})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if anew {
		sum, err := e.Reembed(ctx, albertsearch.ReembedRequest{ToIndex: true})
		if err != nil {
			return 0, err
		}
		embedded = sum.Embedded
	}
	text := formats.New(extract.Options{})
	defer func() { err = errors.Join(err, text.Close()) }()
	docs, err := source.Files([]string{r.Docs}, source.FileOptions{Extractor: text})
	if err != nil {
		return embedded, err
	}
	sum, err := e.Index(ctx, albertsearch.IndexRequest{Sources: []ingest.Source{docs}, Prune: true, Report: report})
	if err == nil && sum.Failed+sum.Skipped > 0 {
		err = fmt.Errorf("%d documents failed, %d were skipped", sum.Failed, sum.Skipped)
	}
	return embedded + sum.Passages, err
}

// WriteDocs makes a folder what it is after a step. Files that are so already
// stay.
func (p Plan) WriteDocs(dir string, s State) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var doc int
		if _, err := fmt.Sscanf(e.Name(), "doc-%d.txt", &doc); err != nil {
			return fmt.Errorf("file %s: %w", e.Name(), err)
		}
		if _, ok := s.Docs[doc]; !ok {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for doc, v := range s.Docs {
		path := filepath.Join(dir, docName(doc))
		text := p.text(doc, v.Put)
		if old, err := os.ReadFile(path); err != nil || string(old) != text {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				return err
			}
		}
		at := time.Unix(1e9+int64(v.Touched), 0)
		if err := os.Chtimes(path, at, at); err != nil {
			return err
		}
	}
	return nil
}
