// Package ingest finds documents, notices which of them changed, reads their
// text and splits it into passages.
package ingest

import (
	"context"
	"iter"
	"time"

	"github.com/albert-search/albert-search/ingest/extract"
)

// Stat is what the file system says of a file without reading it. Times are
// Unix nanoseconds; zero where unknown.
type Stat struct {
	Size, ModTime, ChangeTime int64
	Inode                     uint64
}

// Entry is one document that a Source offers, not read yet.
type Entry struct {
	// ID is the document's key in an index: the absolute, slash-separated path
	// of a file; for a record of a JSONL file that path, '#' and the record's
	// id.
	ID string
	// Path is the slash-separated path of the file.
	Path string
	Stat Stat
	// Skip is the reason why the entry is not to be read; nil otherwise.
	// Kinds that are not supported are skipped (errors.As to *SkipError);
	// anything else is a failure.
	Skip error

	// Load reads the document. Hash returns the SHA-256 of its content
	// without extracting it.
	Load func(ctx context.Context) (*Document, error)
	Hash func(ctx context.Context) ([32]byte, error)
}

// SkipError says that a file is of a kind that is not read.
type SkipError struct {
	Reason string
}

func (e *SkipError) Error() string { return e.Reason }

// Document is a read document.
type Document struct {
	extract.Text
	Modified time.Time
	SHA256   [32]byte
}

// Source offers documents. Roots returns the ID prefixes that the source
// covers completely: a document of an index below one of them that the source
// does not offer any more is gone.
type Source interface {
	Entries(ctx context.Context) iter.Seq2[Entry, error]
	Roots() []string
}

// TokenCounter counts the pieces that the embedder reads a text as.
type TokenCounter interface {
	CountTokens(text string) int
}

// Passage is a part of a document's text.
type Passage struct {
	Start, End int      // byte range in Body
	Page       int      // from 1; 0 without pages
	Line       int      // from 1; 0 without lines
	Heading    []string // outermost first
}
