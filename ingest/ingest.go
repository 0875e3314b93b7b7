// Package ingest finds documents, notices which of them changed, reads their
// text and splits it into passages.
package ingest

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// What is remembered of a document to see whether it changed; see package
// document.
type (
	Stat        = document.Stat
	Fingerprint = document.Fingerprint
)

// Entry is one document that a Source offers, not read yet.
type Entry struct {
	// ID is the document's key in an index; see type ID.
	ID string
	// Path is the slash-separated path that is shown and that filters match.
	Path string
	Stat Stat
	// Skip is the reason why the entry is not to be read; nil otherwise.
	// Kinds that are not supported are skipped (errors.As to *SkipError);
	// anything else is a failure.
	Skip error

	// Incomplete is not empty when the source could not look everywhere: an
	// unreadable folder, a container that is damaged. Documents whose ID begins
	// with it are then neither there nor gone (see Listing). The entry itself
	// stands for what could not be read; the ID of a folder ends with a slash.
	Incomplete string
	// Missing says that this is a file or folder that was named and is not
	// there, although the folder that it would be in is.
	Missing bool
	// Device is that of the file, as in Fingerprint.
	Device uint64

	// Container is the sum of the versions of the readers of all containers that
	// it is in.
	Container int
	// Encoding is the character set that the user gives for texts; see EncodingOf.
	Encoding string

	// Load reads the document. Hash returns the SHA-256 of its content
	// without extracting it. Both are nil when Skip is set. Their errors do
	// not repeat the path; an error of Load that is a *SkipError tells that
	// the content turned out to be of a kind that is not read.
	Load func(ctx context.Context) (*Document, error)
	Hash func(ctx context.Context) ([32]byte, error)
}

// ErrChanged: a file was written to while it was read, twice in a row.
var ErrChanged = errors.New("changed while it was read; index it again when it is no longer written to")

// SkipError says that a file is of a kind that is not read.
type SkipError struct {
	Reason string
}

func (e *SkipError) Error() string { return e.Reason }

// Document is a read document.
type Document struct {
	extract.Text
	Modified time.Time
	// Fingerprint is that of the content that was read, safe to be kept for
	// the next run.
	Fingerprint Fingerprint
	// Container and Encoding are those of the Entry.
	Container int
	Encoding  string
}

// Versions are those of the code that read the document and splits it.
func (d *Document) Versions() document.Versions {
	return document.Versions{Reader: d.Version, Splitter: SplitVersion, Container: d.Container, Encoding: d.Encoding}
}

// Extractor reads the text of a file's content. *extract.Extractor is one.
type Extractor interface {
	Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error)
}

// Versioned is an Extractor, or a Source that has one, whose readers have
// versions: Versions are those of now, by the Type of the texts that they give.
type Versioned interface {
	Versions() map[string]int
}

// VersionsOf returns the versions of what is Versioned, nil of anything else.
func VersionsOf(v any) map[string]int {
	if v, ok := v.(Versioned); ok {
		return v.Versions()
	}
	return nil
}

// EncodingOf returns the character set that the user gives for texts, as an
// Extractor knows it that reads them by it; empty for others.
func EncodingOf(x Extractor) string {
	if x, ok := x.(interface{ Encoding() string }); ok {
		return x.Encoding()
	}
	return ""
}

// Source offers documents, in an order that is the same each time. Covers
// reports whether the source would offer the document of that ID if it were
// there: one that it covers and does not offer any more is gone, unless an
// entry says that the listing is Incomplete there.
//
// The error of Entries ends the iteration: it is the context's. What cannot be
// read is an Entry with Skip set, and the iteration goes on.
type Source interface {
	Entries(ctx context.Context) iter.Seq2[Entry, error]
	Covers(id string) bool
}

// CloseSources frees what sources keep that are io.Closers, as temporary files.
// Their entries cannot be read any more.
func CloseSources(sources ...Source) error {
	var errs []error
	for _, s := range sources {
		if c, ok := s.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Finder is a Source that can look at some paths alone.
type Finder interface {
	Source
	// Find is Entries for what is at and below the paths, as far as the source
	// has it. They are absolute paths of the system.
	Find(ctx context.Context, paths []string) iter.Seq2[Entry, error]
}

// Repeatable is a Source whose entries can perhaps be had more than once, and
// without waiting for input, as those of a stream cannot.
type Repeatable interface {
	Source
	Repeatable() bool
}

// TokenCounter counts the tokens that the embedder reads a text as.
type TokenCounter interface {
	CountTokens(text string) int
}
