package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/urfave/cli/v2"

	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
)

func (p *program) indexCommand() *cli.Command {
	return &cli.Command{
		Name:      "index",
		Usage:     "read documents into the index, or bring it up to date",
		ArgsUsage: "PATH...",
		Description: `A PATH is a file or a folder; "-" is standard input. A second run reads only what has
changed, and removes what is gone. What .gitignore and .albertignore files say is left out.
With --re-embed an index that was made with another embedding model is brought over to this
one first, and a PATH is not needed.

Examples:
   albert-search index ~/Documents
   albert-search index . --include '*.md' --exclude 'drafts/'
   albert-search index --jsonl tickets.jsonl
   pandoc notes.org -t plain | albert-search index - --name notes.txt
   albert-search index --re-embed`,
		Flags: flags([]cli.Flag{
			&cli.StringSliceFlag{Name: "include", Usage: "only files that match `GLOB`, as '*.md' (repeatable)"},
			&cli.StringSliceFlag{Name: "exclude", Usage: "no files or folders that match `GLOB`, as 'drafts/' (repeatable)"},
			&cli.BoolFlag{Name: "hidden", Usage: "files and folders whose names begin with a dot, too", DisableDefaultText: true},
			&cli.BoolFlag{Name: "no-ignore", Usage: "disregard .gitignore and .albertignore files", DisableDefaultText: true},
			&cli.BoolFlag{Name: "jsonl", Usage: "each PATH, whatever its name, has a JSON object a line: text, and id, title, path, url, date, metadata if known", DisableDefaultText: true},
			&cli.StringFlag{Name: "name", Value: "stdin", Usage: "standard input is the document `NAME`"},
			&cli.BoolFlag{Name: "force", Usage: "read again what has not changed", DisableDefaultText: true},
			&cli.BoolFlag{Name: "re-embed", Usage: "embed all passages of the index anew if it was made with another embedding model; the files are not needed", DisableDefaultText: true},
			&cli.StringFlag{Name: "report", Usage: "write a JSON line a document to `FILE`: what became of it, and why"},
		}, limitFlags(), indexFlags(), embedderFlags(), modelFlags()),
		Action: p.indexDocuments,
	}
}

func (p *program) indexDocuments(c *cli.Context) error {
	s, err := p.open(c)
	if err != nil {
		return err
	}
	defer saveMemory()()
	x := newExtractor(c)
	sources, missing, err := s.sources(p.stdin, x)
	if err != nil {
		return errors.Join(err, x.Close())
	}
	report, err := newReport(c.String("report"), p.stdout, s.json)
	if err != nil {
		return errors.Join(err, x.Close())
	}
	var summary albertsearch.IndexSummary
	var reembedded *albertsearch.ReembedSummary
	var troubles []albertsearch.FileReport
	note := func(f albertsearch.FileReport) {
		report.add(f)
		if f.Outcome == albertsearch.OutcomeFailed || f.Outcome == albertsearch.OutcomeSkipped || partial(f) {
			troubles = append(troubles, f)
		}
	}
	for _, f := range missing {
		note(f)
	}
	err = s.withEngine(func(e *albertsearch.Engine) error {
		var err error
		if c.Bool("re-embed") {
			if reembedded, err = s.reembed(e); err != nil {
				return err
			}
		}
		if c.NArg() == 0 {
			return nil
		}
		bar := newProgress(&s.printer)
		defer bar.finish()
		summary, err = e.Index(c.Context, albertsearch.IndexRequest{
			Sources: sources, Force: c.Bool("force"), Progress: bar.show,
			Report: note,
		})
		return err
	})
	summary.Failed += len(missing)
	err = errors.Join(err, report.close(), x.Close())
	if err != nil && c.Context.Err() == nil && summary == (albertsearch.IndexSummary{}) && reembedded == nil {
		return err
	}
	// A run that was interrupted, or failed, says how far it came.
	if shown := s.showSummary(summary, reembedded, troubles); err == nil {
		err = shown
	}
	if err == nil && len(missing) > 0 {
		return fmt.Errorf("%s named on the command line could not be indexed", plural(len(missing), "path"))
	}
	if err == nil && c.NArg() > 0 && summary.Indexed+summary.Unchanged == 0 {
		return errNothingFound
	}
	return err
}

// sources are what the arguments name. What is not there does not keep the rest
// from being indexed, unless there is no rest.
func (s *session) sources(stdin io.Reader, x ingest.Extractor) (sources []ingest.Source, missing []albertsearch.FileReport, err error) {
	if s.NArg() == 0 && s.Bool("re-embed") {
		return nil, nil, nil
	}
	if s.NArg() == 0 {
		return nil, nil, usagef("index", "say what to index: files, folders, or - for standard input")
	}
	stdin = interruptible(s.Context.Context, stdin)
	var paths []string
	for _, arg := range s.Args().Slice() {
		switch {
		case arg == "-" && s.Bool("jsonl"):
			sources = append(sources, source.JSONLStream(s.String("name"), stdin))
			continue
		case arg == "-":
			sources = append(sources, source.Stream(s.String("name"), stdin, x))
			continue
		}
		if _, err := os.Stat(arg); err != nil {
			if s.NArg() == 1 {
				return nil, nil, fmt.Errorf("index %s: %w", arg, cause(err))
			}
			missing = append(missing, albertsearch.FileReport{
				ID: arg, Path: arg, Outcome: albertsearch.OutcomeFailed, Reason: cause(err).Error(),
			})
			continue
		}
		if !s.Bool("jsonl") {
			paths = append(paths, arg)
			continue
		}
		records, err := source.JSONL(arg)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, records)
	}
	files, err := source.Files(paths, source.FileOptions{
		Include: s.StringSlice("include"), Exclude: s.StringSlice("exclude"),
		Hidden: s.Bool("hidden"), NoIgnore: s.Bool("no-ignore"),
		SkipDir: local.IsIndex, Extractor: x,
	})
	if err != nil {
		return nil, nil, &usageError{command: "index", err: err}
	}
	return append(sources, files), missing, nil
}

// interruptible returns a reader of r that fails when the context ends, even
// while r waits for somebody to type.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	var copying sync.Once
	context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	return readerFunc(func(p []byte) (int, error) {
		copying.Do(func() {
			go func() {
				_, err := io.Copy(in, r)
				in.CloseWithError(err)
			}()
		})
		return out.Read(p)
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// cause is an error of the file system without the path.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
