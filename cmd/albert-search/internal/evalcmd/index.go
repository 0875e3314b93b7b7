package evalcmd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/source"
	"github.com/albert-search/albert-search/qa"
)

// indexParagraphs indexes the paragraphs of a file that are kept, distractors and
// the documents of --collection, unless this run has done so. It returns the
// folder of the index.
func (e *evaluation) indexParagraphs(ctx context.Context, f squadFile, more addition, kept part) (string, error) {
	if err := e.loadEmbedder(ctx); err != nil {
		return "", err
	}
	path, err := filepath.Abs(f.path)
	if err != nil {
		return "", err
	}
	key, err := more.key()
	if err != nil {
		return "", err
	}
	key = append([]string{f.name + "-" + string(kept), path}, key...)
	place := e.place(key...)
	if e.indexed[place] {
		return filepath.Join(place, "index"), nil
	}
	paragraphs, err := paragraphsOf(f, more.distractors, kept, place)
	if err != nil {
		return "", err
	}
	sources := []ingest.Source{paragraphs}
	if more.collection != "" {
		x := options.Extractor(extract.Options{})
		defer x.Close()
		documents, err := source.Files([]string{more.collection}, source.FileOptions{SkipDir: local.IsIndex, Extractor: x})
		if err != nil {
			return "", err
		}
		sources = append(sources, documents)
	}
	dir, err := e.index(ctx, sources, key...)
	if err == nil {
		if e.indexed == nil {
			e.indexed = map[string]bool{}
		}
		e.indexed[place] = true
	}
	return dir, err
}

// addition is what is indexed beside the paragraphs of a file.
type addition struct {
	collection      string // a folder of documents; empty for none
	distractorsFile string
	distractors     []string // paragraphs
}

// key tells indexes with different additions apart.
func (a *addition) key() ([]string, error) {
	if len(a.distractors) == 0 && a.collection == "" {
		return nil, nil
	}
	var key []string
	for _, path := range []string{a.collection, a.distractorsFile} {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		key = append(key, abs)
	}
	return append(key, strconv.Itoa(len(a.distractors))), nil
}

// paragraphsOf writes the paragraphs into a file in the folder and returns its
// source.
func paragraphsOf(f squadFile, distractors []string, kept part, folder string) (ingest.Source, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	records := filepath.Join(folder, "paragraphs.jsonl")
	out, err := newOutput(records)
	if err != nil {
		return nil, err
	}
	err = out.write(func(w io.Writer) error { return f.WriteParagraphs(w, kept.keeps(), distractors) })
	if err := errors.Join(err, out.close()); err != nil {
		return nil, err
	}
	return source.JSONL(records)
}

// index brings an index of the sources up to date and returns its folder. The
// parts of the key tell indexes in one working folder apart.
func (e *evaluation) index(ctx context.Context, sources []ingest.Source, key ...string) (string, error) {
	if err := e.loadEmbedder(ctx); err != nil {
		return "", err
	}
	dir := filepath.Join(e.place(key...), "index")
	engine, err := albertsearch.Open(albertsearch.Options{Dir: dir, Embedder: e.documents})
	if err != nil {
		return "", err
	}
	bar := e.Bytes("looking for documents")
	defer bar.Done()
	sum, err := engine.Index(ctx, albertsearch.IndexRequest{
		Sources: sources, Prune: true, Progress: func(p albertsearch.Progress) { options.ShowProgress(bar, p) },
	})
	if err := errors.Join(err, engine.Close()); err != nil {
		return "", fmt.Errorf("index %s: %w", key[0], err)
	}
	bar.Done()
	if n := sum.Failed + sum.Skipped; n > 0 {
		e.Remark("%s: %s could not be read", key[0], cli.Plural(n, "document"))
	}
	if sum.Indexed+sum.Unchanged == 0 {
		return "", fmt.Errorf("index %s: there is nothing in it", key[0])
	}
	if e.Verbose {
		e.Remark("%s: %d documents, %s embedded in %.1f s", key[0], sum.Indexed+sum.Unchanged, cli.Plural(sum.Embedded, "passage"), sum.Took.Duration().Seconds())
	}
	return dir, nil
}

// place is a folder for what has the key and was embedded with the embedder.
func (e *evaluation) place(key ...string) string {
	id := sha256.Sum256([]byte(strings.Join(append([]string{e.embedder.ID()}, key...), "\x00")))
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, key[0])
	return filepath.Join(e.dir, fmt.Sprintf("%.40s-%x", name, id[:8]))
}

// withIndex calls f with an engine on the index. Without a calibration it is the
// reader's.
func (e *evaluation) withIndex(dir string, k *qa.Calibration, f func(*albertsearch.Engine) error) error {
	o := albertsearch.Options{Dir: dir, Embedder: e.embedder, IgnoreFiles: true}
	if e.reader != nil {
		r := *e.reader
		if k != nil {
			r.Options.Calibration, r.Options.Threshold = k, &k.Threshold
		}
		o.Reader = &r
	}
	engine, err := albertsearch.Open(o)
	if err != nil {
		return err
	}
	return errors.Join(f(engine), engine.Close())
}
