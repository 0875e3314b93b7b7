package main

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

	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
	"github.com/albert-search/albert-search/qa"
)

// indexParagraphs indexes the paragraphs of a file that are kept, distractors and
// the documents of --collection, unless this run has done so. It returns the
// folder of the index.
func (e *evaluation) indexParagraphs(f squadFile, distractors []string, kept part) (string, error) {
	if err := e.loadEmbedder(); err != nil {
		return "", err
	}
	path, err := filepath.Abs(f.path)
	if err != nil {
		return "", err
	}
	key := []string{f.name + "-" + string(kept), path}
	if len(distractors) > 0 || e.String("collection") != "" {
		for _, flag := range []string{"collection", "distractors"} {
			more, err := filepath.Abs(e.String(flag))
			if err != nil {
				return "", err
			}
			key = append(key, more)
		}
		key = append(key, strconv.Itoa(len(distractors)))
	}
	place := e.place(key...)
	if e.indexed[place] {
		return filepath.Join(place, "index"), nil
	}
	if err := os.MkdirAll(place, 0o755); err != nil {
		return "", err
	}
	records := filepath.Join(place, "paragraphs.jsonl")
	out, err := newOutput(records)
	if err != nil {
		return "", err
	}
	err = out.write(func(w io.Writer) error { return f.WriteParagraphs(w, kept.keeps(), distractors) })
	if err := errors.Join(err, out.close()); err != nil {
		return "", err
	}
	corpus, err := source.JSONL(records)
	if err != nil {
		return "", err
	}
	sources := []ingest.Source{corpus}
	if dir := e.String("collection"); dir != "" {
		x := newExtractor(e.Context)
		defer x.Close()
		documents, err := source.Files([]string{dir}, source.FileOptions{SkipDir: local.IsIndex, Extractor: x})
		if err != nil {
			return "", err
		}
		sources = append(sources, documents)
	}
	dir, err := e.index(sources, key...)
	if err == nil {
		if e.indexed == nil {
			e.indexed = map[string]bool{}
		}
		e.indexed[place] = true
	}
	return dir, err
}

// index brings an index of the sources up to date and returns its folder. The
// parts of the key tell indexes in one working folder apart.
func (e *evaluation) index(sources []ingest.Source, key ...string) (string, error) {
	if err := e.loadEmbedder(); err != nil {
		return "", err
	}
	dir := filepath.Join(e.place(key...), "index")
	engine, err := albertsearch.Open(albertsearch.Options{Dir: dir, Embedder: e.documents})
	if err != nil {
		return "", err
	}
	bar := newProgress(&e.printer)
	defer bar.finish()
	sum, err := engine.Index(e.Context.Context, albertsearch.IndexRequest{Sources: sources, Progress: bar.show})
	if err := errors.Join(err, engine.Close()); err != nil {
		return "", fmt.Errorf("index %s: %w", key[0], err)
	}
	bar.finish()
	if n := sum.Failed + sum.Skipped; n > 0 {
		e.remark("%s: %s could not be read", key[0], plural(n, "document"))
	}
	if sum.Indexed+sum.Unchanged == 0 {
		return "", fmt.Errorf("index %s: there is nothing in it", key[0])
	}
	if e.verbose {
		e.remark("%s: %d documents, %s embedded in %.1f s", key[0], sum.Indexed+sum.Unchanged, plural(sum.Passages, "passage"), sum.Took.Seconds())
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
func (e *evaluation) withIndex(dir string, k *qa.Calibration, f func(context.Context, *albertsearch.Engine) error) error {
	options := albertsearch.Options{Dir: dir, Embedder: e.embedder}
	if e.reader != nil {
		r := *e.reader
		if k != nil {
			r.Options.Calibration, r.Options.Threshold = k, k.Threshold
		}
		options.Reader = &r
	}
	engine, err := albertsearch.Open(options)
	if err != nil {
		return err
	}
	return errors.Join(f(e.Context.Context, engine), engine.Close())
}
