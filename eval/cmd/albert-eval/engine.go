package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/eval"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/qa"
)

// withReader opens the reader that the flags name and calls f with it.
func withReader(c *cli.Context, f func(*albertsearch.Reader) error) (err error) {
	rt, err := ort.Load(ort.FindOptions{Path: c.String("onnxruntime")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	var files fs.FS = builtin.Reader()
	if dir := c.String("reader"); dir != "" {
		files = os.DirFS(dir)
	}
	model, err := albert.Load(files)
	if err != nil {
		return fmt.Errorf("loading the reader: %w", err)
	}
	var precision albert.Precision
	switch name := c.String("precision"); name {
	case "int8":
		precision = albert.Int8
	case "fp32":
		precision = albert.Float32
	default:
		return fmt.Errorf("unknown precision %q: use int8 or fp32", name)
	}
	session, err := model.Open(rt, albert.Span, albert.SessionOptions{Precision: precision})
	if err != nil {
		return fmt.Errorf("opening the reader: %w", err)
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	reader := &albertsearch.Reader{Spans: session, Tokenizer: model.Tokenizer()}
	if path := c.String("calibration"); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if reader.Options.Calibration, err = qa.ParseCalibration(data); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return f(reader)
}

// withEngine indexes the records of a JSONL file into a temporary folder and
// calls f with the engine.
func withEngine(c *cli.Context, reader *albertsearch.Reader, records string, f func(*albertsearch.Engine) error) (err error) {
	dir, err := os.MkdirTemp("", "albert-eval-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	e, err := albertsearch.Open(albertsearch.Options{
		Dir: filepath.Join(dir, "index"), ONNXRuntime: c.String("onnxruntime"), Reader: reader,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	source, err := ingest.JSONL(records)
	if err != nil {
		return err
	}
	sum, err := e.Index(c.Context, albertsearch.IndexRequest{Sources: []ingest.Source{source}})
	if err != nil {
		return fmt.Errorf("indexing %s: %w", records, err)
	}
	fmt.Fprintf(c.App.ErrWriter, "%s: %d documents, %d passages indexed, %d failed, %d skipped, in %.1fs\n",
		records, sum.Indexed, sum.Passages, sum.Failed, sum.Skipped, sum.Took.Seconds())
	return f(e)
}

// withParagraphs is withEngine for the paragraphs of s that kept lets pass.
func withParagraphs(c *cli.Context, reader *albertsearch.Reader, s *eval.SQuAD, kept func(int) bool, f func(context.Context, *albertsearch.Engine) error) (err error) {
	file, err := os.CreateTemp("", "albert-eval-*.jsonl")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	if err := errors.Join(s.WriteParagraphs(file, kept), file.Close()); err != nil {
		return err
	}
	return withEngine(c, reader, file.Name(), func(e *albertsearch.Engine) error { return f(c.Context, e) })
}
