package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/heap"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/source"
)

// indexOptions are the flags of index.
type indexOptions struct {
	Include, Exclude []string
	Hidden           bool
	NoIgnore         bool
	Encoding         string
	JSONL            bool
	Name             string
	Force            bool
	Prune            bool
	Reembed          bool
	Report           string
	options.Limits
	options.Index
	Embedder options.Model
	options.Compute
}

func (o *indexOptions) Flags() []cli.Flag {
	o.Name, o.Embedder = "stdin", options.Embedder()
	return cli.Join([]cli.Flag{
		{Name: "include", Setting: cli.Configured, Group: options.GroupFiles, To: cli.List(&o.Include),
			Usage: "only files that match `GLOB`, as '*.md' (repeatable)"},
		{Name: "exclude", Setting: cli.Configured, Group: options.GroupFiles, To: cli.List(&o.Exclude),
			Usage: "no files or folders that match `GLOB`, as 'drafts/' (repeatable)"},
		{Name: "hidden", Setting: cli.Configured, Group: options.GroupFiles, To: cli.Bool(&o.Hidden),
			Usage: "also files and folders whose names begin with a dot"},
		{Name: "no-ignore", Setting: cli.Configured, Group: options.GroupFiles, To: cli.Bool(&o.NoIgnore),
			Usage: "disregard .gitignore and .albertignore files"},
		{Name: "encoding", Setting: cli.Configured, Group: options.GroupFiles, To: options.Encoding(&o.Encoding),
			Usage: "text files that are not UTF-8 are in `NAME`, as windows-1250, whatever they say or look like"},
		{Name: "jsonl", Setting: cli.Unconfigured, To: cli.Bool(&o.JSONL),
			Usage: "each PATH, whatever its name, has a JSON object on each line: text, and id, title, path, url, date, metadata if known"},
		{Name: "name", Setting: cli.Unconfigured, Usage: "standard input is the document `NAME`", To: cli.String(&o.Name)},
		{Name: "force", Setting: cli.Unconfigured, Usage: "read again what has not changed", To: cli.Bool(&o.Force)},
		{Name: "prune", Setting: cli.Unconfigured, To: cli.Bool(&o.Prune),
			Usage: "remove what is not found also where a folder is empty or gone, or most of the index would go"},
		{Name: "re-embed", Setting: cli.Unconfigured, To: cli.Bool(&o.Reembed),
			Usage: "embed all passages of the index again if it was made with another embedding model; the files are not needed"},
		{Name: "report", Setting: cli.Unconfigured, Path: true, To: cli.String(&o.Report),
			Usage: "write a JSON line for each document to `FILE`: what became of it, and why"},
	}, o.Limits.Flags(), o.Index.Flags(), []cli.Flag{o.Embedder.Flag()}, o.Compute.Flags())
}

func indexCommand() *cli.Command {
	o := &indexOptions{}
	return &cli.Command{
		Name:  "index",
		Usage: "read documents into the index, or bring it up to date",
		Args:  "PATH...",
		Description: `A PATH is a file or a folder; "-" is standard input. A second run reads only what has
changed, and removes what is gone. What .gitignore and .albertignore files say is left out.
With --re-embed an index that was made with another embedding model is brought over to this
one first, and a PATH is not needed.`,
		Examples: []string{
			`albert-search index ~/Documents`,
			`albert-search index . --include '*.md' --exclude 'drafts/'`,
			`albert-search index --jsonl tickets.jsonl`,
			`pandoc notes.org -t plain | albert-search index - --name notes.txt`,
			`albert-search index --re-embed`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return indexDocuments(ctx, c, o) },
	}
}

// indexRun is one run of index.
type indexRun struct {
	*session
	o       *indexOptions
	sources []ingest.Source
	missing []albertsearch.FileReport // what was named and is not there
	gone    map[string]bool           // IDs of what was named and is not there, but in the index
	report  *reportFile
	summary albertsearch.IndexSummary
}

func indexDocuments(ctx context.Context, c *cli.Call, o *indexOptions) error {
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	defer heap.Pace()()
	r := &indexRun{session: s, o: o, gone: map[string]bool{}}
	x := options.Extractor(extract.Options{Limits: o.Limits.Limits, Encoding: o.Encoding})
	if err := r.prepare(ctx, x); err != nil {
		return errors.Join(err, x.Close())
	}
	err = s.withEngine(func(e *albertsearch.Engine) error { return r.run(ctx, e) }, &o.Embedder, &o.Compute)
	r.summary.Index, r.summary.Interrupted = r.index, ctx.Err() != nil
	r.summary.Failed += len(r.missing)
	r.summary.Unread = append(append([]albertsearch.FileReport{}, r.missing...), r.summary.Unread...) // never null
	done := r.summary.Indexed + r.summary.Unchanged + r.summary.Skipped + r.summary.Failed + r.summary.Removed
	err = errors.Join(err, r.report.close(), ingest.CloseSources(r.sources...), x.Close())
	if err != nil && ctx.Err() == nil && done == 0 && r.summary.Reembedding == nil {
		return err
	}
	// A run that was interrupted, or failed, says how far it came.
	if shown := r.showSummary(); err == nil {
		err = shown
	}
	notThere := len(r.missing)
	for _, f := range r.summary.Unread {
		if r.gone[f.ID] && f.Outcome == albertsearch.OutcomeFailed {
			notThere++
		}
	}
	switch {
	case err != nil:
		return err
	case notThere == 1 && len(r.Args) == 1:
		return fmt.Errorf("index %s: %w", r.Args[0], syscall.ENOENT)
	case notThere > 0:
		return fmt.Errorf("%s named on the command line could not be indexed", cli.Plural(notThere, "path"))
	case len(r.Args) > 0 && r.summary.Indexed+r.summary.Unchanged+len(r.summary.Held) == 0 && !((r.o.Prune || len(r.gone) > 0) && r.summary.Removed > 0):
		return cli.NotFound
	}
	return nil
}

// prepare finds what the arguments name and opens the report.
func (r *indexRun) prepare(ctx context.Context, x ingest.Extractor) (err error) {
	if r.sources, r.missing, err = r.find(ctx, x); err != nil {
		return err
	}
	if r.report, err = newReport(r.Call, r.o.Report); err != nil {
		return err
	}
	for _, f := range r.missing {
		r.report.add(f)
	}
	return nil
}

// run brings the index over to the embedder, if that is wanted, and up to date.
func (r *indexRun) run(ctx context.Context, e *albertsearch.Engine) (err error) {
	var reembedded *albertsearch.ReembedSummary
	defer func() { r.summary.Reembedding = reembedded }()
	if r.o.Reembed {
		if reembedded, err = r.reembed(ctx, e); err != nil {
			return err
		}
	}
	if len(r.Args) == 0 {
		return nil
	}
	bar := r.Bytes("looking for documents")
	defer bar.Done()
	r.summary, err = e.Index(ctx, albertsearch.IndexRequest{
		Sources: r.sources, Force: r.o.Force, Prune: r.o.Prune, Report: r.report.add,
		Progress: func(p albertsearch.Progress) { options.ShowProgress(bar, p) },
	})
	return err
}

// find returns what the arguments name. What is not there does not keep the rest
// from being indexed, unless there is no rest.
func (r *indexRun) find(ctx context.Context, x ingest.Extractor) (sources []ingest.Source, missing []albertsearch.FileReport, err error) {
	switch {
	case len(r.Args) == 0 && r.o.Reembed:
		return nil, nil, nil
	case len(r.Args) == 0:
		return nil, nil, r.Usagef("say what to index: files, folders, or - for standard input")
	}
	stdin := interruptible(ctx, r.Stdin)
	var paths []string
	for _, arg := range r.Args {
		if arg == "-" {
			sources = append(sources, r.stream(stdin, x))
			continue
		}
		_, err := os.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) {
			known, kerr := r.knows(ctx, arg)
			if kerr != nil {
				return nil, nil, kerr
			}
			if known {
				err = nil // what becomes of what was there is for the engine to say
			}
		}
		switch {
		case err != nil && len(r.Args) == 1:
			return nil, nil, fmt.Errorf("index %s: %w", arg, cli.Cause(err))
		case err != nil:
			missing = append(missing, albertsearch.FileReport{
				ID: arg, Path: arg, Outcome: albertsearch.OutcomeFailed, Reason: cli.Cause(err).Error(),
			})
		case r.o.JSONL:
			records, err := source.JSONL(arg)
			if err != nil {
				return nil, nil, err
			}
			sources = append(sources, records)
		default:
			paths = append(paths, arg)
		}
	}
	files, err := source.Files(paths, source.FileOptions{
		Include: r.o.Include, Exclude: r.o.Exclude, Hidden: r.o.Hidden, NoIgnore: r.o.NoIgnore,
		SkipDir: local.IsIndex, Extractor: x,
	})
	if err != nil {
		return nil, nil, r.Usagef("%w", err)
	}
	return append(sources, files), missing, nil
}

// knows reports whether the index has something of the file or folder, which is
// not there, and notes that.
func (r *indexRun) knows(ctx context.Context, path string) (known bool, err error) {
	id, err := ingest.PathID(path)
	if err != nil {
		return false, err
	}
	store := local.New(r.index, local.Options{})
	defer func() { err = errors.Join(err, store.Close()) }()
	err = index.Read(ctx, store, func(s index.Snapshot) error {
		info, err := s.Document(ctx, id)
		if err != nil || info != nil {
			known = info != nil
			return err
		}
		for _, prefix := range ingest.BelowID(id) {
			for _, err := range s.Documents(ctx, prefix) {
				known = err == nil
				return err
			}
		}
		return nil
	})
	if errors.Is(err, index.ErrNotFound) {
		return false, nil
	}
	if known {
		r.gone[id] = true
	}
	return known, err
}

// stream is what standard input gives.
func (r *indexRun) stream(stdin io.Reader, x ingest.Extractor) ingest.Source {
	if r.o.JSONL {
		return source.JSONLStream(r.o.Name, stdin)
	}
	return source.Stream(r.o.Name, stdin, x)
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
