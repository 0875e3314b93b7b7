// Package extract reads the text of documents: plain text and source code,
// Markdown, HTML, PDF and DOCX.
//
// What a file is, is decided by the extension of its name and by its first
// bytes, which have to agree. A file of a kind that is not read gives an
// [*UnsupportedError]; any other error is a failure to read a file that should
// have been readable, and says in plain words why. Whatever a file contains,
// Extract does not panic, keeps to [Limits], and stops when its context ends.
package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// Text is what was read from a document.
type Text struct {
	// Body is valid UTF-8. All offsets are byte offsets into it.
	Body  string
	Title string
	// Type is the short name of the format: one of the Type constants.
	Type string
	// Pages holds the offset at which each page starts; nil where the format
	// has no pages.
	Pages []int
	// Headings are in ascending order of Start.
	Headings []Heading
	// Lines tells that the lines of Body are the lines of the file, so that
	// an editor can be sent to them.
	Lines    bool
	Metadata map[string]string
	// Note says what could not be read although the rest was ("3 of 9 pages
	// have no text"); empty when all was read.
	Note string
}

// Heading is a title of a part of a document. It reaches to the next heading
// of the same or a smaller Level.
type Heading struct {
	Start int
	Level int // 1 is the outermost
	Text  string
}

// The values of Text.Type.
const (
	TypeText     = "text"     // prose and logs, also reStructuredText, Org, LaTeX, subtitles
	TypeCode     = "code"     // source code
	TypeData     = "data"     // CSV, JSON, YAML, XML and other records, read as they are
	TypeMarkdown = "markdown" //
	TypeHTML     = "html"     //
	TypePDF      = "pdf"      //
	TypeDOCX     = "docx"     //
)

// Options configure an Extractor. The zero value is ready to use.
type Options struct {
	// Limits bound what is spent on a file; a field that is zero takes the
	// value of DefaultLimits.
	Limits Limits
	// CacheDir is the folder in which the compiled PDF reader is kept between
	// runs. Empty means "albert-search/wasm" in the user's cache folder; when
	// that cannot be written, nothing is kept and each run compiles anew.
	CacheDir string
}

// input is a file to be read.
type input struct {
	kind kind
	name string // its last element, without the folder
	r    io.ReaderAt
	size int64
	lim  Limits
	// timer ends the context after Limits.Time. A reader that has to wait for
	// its turn stops it and resets it when it begins.
	timer *time.Timer
}

// reader reads one format.
type reader func(ctx context.Context, in input) (*Text, error)

// Extractor reads documents. It may be used by several goroutines at once.
type Extractor struct {
	limits  Limits
	pdf     *pdfReader
	readers map[string]reader // by Text.Type
}

// New returns an Extractor. It costs next to nothing: the PDF reader starts
// with the first PDF.
func New(o Options) *Extractor {
	x := &Extractor{limits: o.Limits.WithDefaults()}
	x.pdf = newPDFReader(o.CacheDir, x.limits)
	x.readers = map[string]reader{
		TypeText:     readPlain,
		TypeCode:     readPlain,
		TypeData:     readPlain,
		TypeMarkdown: readMarkdown,
		TypeHTML:     readHTML,
		TypePDF:      x.pdf.read,
		TypeDOCX:     readDOCX,
	}
	return x
}

// Close stops the PDF reader and waits for the PDFs that are being read, which
// fail.
func (x *Extractor) Close() error { return x.pdf.close() }

// Extract reads the file of the given size behind r. Of name only the last
// element is looked at. The error is an *UnsupportedError for a kind of file
// that is not read, ctx's error when ctx ended, and a failure otherwise; it
// does not repeat the name.
func (x *Extractor) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (t *Text, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, fmt.Errorf("the file made its reader fail: %s", panicText(p))
		}
	}()
	whole := ctx
	ctx, cancel := context.WithCancelCause(whole)
	defer cancel(nil)
	timer := time.AfterFunc(x.limits.Time, func() { cancel(ErrTooSlow) })
	defer timer.Stop()

	in := input{name: baseName(name), r: &contextReaderAt{ctx: ctx, r: r}, size: size, lim: x.limits, timer: timer}
	if in.kind, err = classify(in); err == nil {
		t, err = x.readers[in.kind.typ](ctx, in)
	}
	switch {
	case err == nil && strings.TrimSpace(t.Body) == "":
		return nil, fmt.Errorf("%w: only white space", ErrNoText)
	case err == nil:
		if len(t.Headings) == maxHeadings {
			t.Note = joinNotes(t.Note, fmt.Sprintf("of its headings only the first %d are known", maxHeadings))
		}
		return t, nil
	case whole.Err() != nil:
		return nil, whole.Err()
	case context.Cause(ctx) == ErrTooSlow:
		return nil, fmt.Errorf("not read within %v: %w", x.limits.Time, ErrTooSlow)
	case errors.Is(err, io.ErrUnexpectedEOF) && in.shrunk():
		return nil, fmt.Errorf("the file became shorter while it was read; index it again: %w", err)
	}
	return nil, err
}

// Care is what the reading of a file asks for.
type Care int

const (
	// Plain files are read as they are, or refused at their first bytes:
	// text, code and data. That keeps to the limits in any case.
	Plain Care = iota
	// Sandboxed files are read in a sandbox, which keeps to the limits too,
	// and which takes memory: PDFs.
	Sandboxed
	// Confined files have to be parsed, by a reader that a mistake in it could
	// make run on, run out of memory or crash: HTML, Markdown, archives.
	Confined
)

// Care tells what the reading of a file asks for.
func (x *Extractor) Care(ctx context.Context, name string, r io.ReaderAt, size int64) (c Care) {
	defer func() {
		if recover() != nil {
			c = Confined
		}
	}()
	in := input{name: baseName(name), r: &contextReaderAt{ctx: ctx, r: r}, size: size, lim: x.limits}
	if head, err := in.head(int64(len(zipMagic))); err == nil && isZip(head) {
		return Confined // what it is, is in its directory
	}
	k, err := classify(in)
	switch {
	case err != nil:
		return Plain
	case k.typ == TypePDF:
		return Sandboxed
	case k.typ == TypeText || k.typ == TypeCode || k.typ == TypeData:
		return Plain
	}
	return Confined
}

// panicText says what a panic was about: of those of the Go runtime, which have
// numbers in them and no text of the file, their words.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("panic of type %T", p)
}

// contextReaderAt makes reading fail once the context has ended, and so ends
// parsers that know nothing of contexts.
type contextReaderAt struct {
	ctx context.Context
	r   io.ReaderAt
}

func (c *contextReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.ReadAt(p, off)
}

// head returns the first n bytes of the file, or all of a shorter one.
func (in input) head(n int64) ([]byte, error) {
	b := make([]byte, min(n, in.size))
	got, err := in.r.ReadAt(b, 0)
	if got == len(b) {
		return b, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("reading: %w", err)
}

// shrunk tells whether the file ends before its size.
func (in input) shrunk() bool {
	var b [1]byte
	n, err := in.r.ReadAt(b[:], in.size-1)
	return in.size > 0 && n == 0 && err == io.EOF
}
