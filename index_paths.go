package albertsearch

import (
	"context"
	"errors"
	"log/slog"

	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/source"
)

// IndexPaths is Index with files and folders as the source, read as Index reads
// them by default: with ignore files, without hidden files and without indexes.
//
// Documents are read in this process, within extract.DefaultLimits: PDFs in a
// sandbox of WebAssembly, everything else by Go code, of which a panic fails the
// document. A document made to have that code run out of memory or time can
// still cost the process what it takes. Where strangers choose the documents,
// make a source of your own with source.Files and the extractor of package
// sandbox, which reads in processes of their own, and hand it to Index.
func (e *Engine) IndexPaths(ctx context.Context, paths ...string) (_ IndexSummary, err error) {
	x := extract.New(e.o.formats(), extract.Options{})
	defer func() { err = errors.Join(err, x.Close()) }()
	files, err := source.Files(paths, source.FileOptions{SkipDir: local.IsIndex, Extractor: x, Containers: e.o.containers()})
	if err != nil {
		return IndexSummary{}, err
	}
	defer func() { err = errors.Join(err, ingest.CloseSources(files)) }()
	return e.Index(ctx, IndexRequest{Sources: []ingest.Source{files}})
}

// logFailures returns the request with a Report that also logs the documents
// that could not be read, or not whole.
func (e *Engine) logFailures(ctx context.Context, r IndexRequest) IndexRequest {
	if !e.log.Enabled(ctx, slog.LevelWarn) {
		return r
	}
	report := r.Report
	r.Report = func(f FileReport) {
		switch {
		case f.Outcome == OutcomeFailed:
			e.log.WarnContext(ctx, "document cannot be read", "id", f.ID, "reason", f.Reason)
		case f.Outcome == OutcomeIndexed && f.Partial():
			e.log.WarnContext(ctx, "document read only in part", "id", f.ID, "reason", f.Reason)
		}
		if report != nil {
			report(f)
		}
	}
	return r
}
