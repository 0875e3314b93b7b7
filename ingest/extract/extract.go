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
	"slices"
	"strings"
	"time"

	"github.com/albert-search/albert-search/ingest/extract/charset"
)

// Options configure an Extractor. The zero value is ready to use.
type Options struct {
	// Limits bound what is spent on a file; a field that is zero takes the
	// value of DefaultLimits.
	Limits Limits
	// CacheDir is the folder in which the compiled PDF reader is kept between
	// runs. Empty means "albert-search/wasm" in the user's cache folder; when
	// that cannot be written, nothing is kept and each run compiles it again.
	CacheDir string
	// Encoding is the character set of files of text, by any name that
	// charset.Get knows; empty leaves it to what the files say, or look like. A
	// byte order mark counts more, and so does UTF-8 that is more than ASCII.
	Encoding string
}

// Extractor reads documents. It may be used by several goroutines at once.
type Extractor struct {
	*registry
	limits  Limits
	decoder decoder
	readers map[string]Reader // by Format.Name
}

// New returns an Extractor of the formats, which as a rule are those of package
// formats. A file is what the first of them says it is; a text that none knows
// is of the first that has Text set and no Sniff. New costs next to nothing,
// and panics when two formats have the same name or claim the same files, or the
// encoding is not known.
func New(formats []Format, o Options) *Extractor {
	o.Limits = o.Limits.WithDefaults()
	x := &Extractor{registry: newRegistry(formats), limits: o.Limits, readers: map[string]Reader{}}
	if o.Encoding != "" {
		c, ok := charset.Get(o.Encoding)
		if !ok {
			panic(fmt.Sprintf("extract: no encoding %q", o.Encoding))
		}
		x.decoder.given = c
	}
	for _, f := range x.formats {
		if f.Open != nil {
			x.readers[f.Name] = f.Open(o)
		} else {
			x.readers[f.Name] = readerFunc(f.Read)
		}
	}
	return x
}

// Formats returns the formats that are read, in their order.
func (x *Extractor) Formats() []Format { return slices.Clone(x.formats) }

// Versions are those of the readers, by name of the format.
func (x *Extractor) Versions() map[string]int {
	versions := make(map[string]int, len(x.formats))
	for _, f := range x.formats {
		versions[f.Name] = f.Version
	}
	return versions
}

// Encoding is the name of the character set that was given for texts, empty if
// there is none.
func (x *Extractor) Encoding() string {
	if x.decoder.given == nil {
		return ""
	}
	return x.decoder.given.Name
}

// Close ends the reading of files by readers that hold something, which fail,
// and waits for that.
func (x *Extractor) Close() error {
	var errs []error
	for _, f := range x.formats {
		errs = append(errs, x.readers[f.Name].Close())
	}
	return errors.Join(errs...)
}

// Extract reads the file of the given size behind r. Of name only the last
// element is looked at. The error is an *UnsupportedError for a kind of file
// that is not read, ctx's error when ctx ended, and a failure otherwise; it
// does not repeat the name.
func (x *Extractor) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (t *Text, err error) {
	var in *Input
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, in.fail(fmt.Errorf("the file made its reader fail: %s", panicText(p)))
		}
	}()
	whole := ctx
	ctx, cancel := context.WithCancelCause(whole)
	defer cancel(nil)
	timer := time.AfterFunc(x.limits.Time, func() { cancel(ErrTooSlow) })
	defer timer.Stop()

	in = x.input(ctx, name, r, size)
	in.timer = timer
	if in.Format, err = x.classify(in); err == nil {
		t, err = x.readers[in.Format.Name].Read(ctx, in)
	}
	switch {
	case err == nil:
		t, err = finished(t, in.Format)
	case whole.Err() != nil:
		return nil, whole.Err()
	case context.Cause(ctx) == ErrTooSlow:
		err = fmt.Errorf("not read within %v: %w", x.limits.Time, ErrTooSlow)
	case errors.Is(err, io.ErrUnexpectedEOF) && in.shrunk():
		err = fmt.Errorf("the file became shorter while it was read; index it again: %w", err)
	}
	if err != nil {
		return nil, in.fail(err)
	}
	return t, nil
}

// fail returns the error with the format of the file, if that is known by now.
func (in *Input) fail(err error) error {
	if in == nil || in.Format == nil {
		return err
	}
	return &FormatError{Format: in.Format.Name, Version: in.Format.Version, Err: err}
}

// finished checks a text, and completes it by what its format says of it.
func finished(t *Text, f *Format) (*Text, error) {
	if strings.TrimSpace(t.Body) == "" {
		return nil, fmt.Errorf("%w: only white space", ErrNoText)
	}
	t.Type, t.Version, t.Verbatim = f.Name, f.Version, f.Verbatim
	t.roundBoxes()
	if err := t.Check(); err != nil {
		return nil, err
	}
	if len(t.Headings) == MaxHeadings {
		t.Note = joinNotes(t.Note, fmt.Sprintf("of its headings only the first %d are known", MaxHeadings))
	}
	return t, nil
}

func (x *Extractor) input(ctx context.Context, name string, r io.ReaderAt, size int64) *Input {
	return &Input{Name: baseName(name), Size: size, Limits: x.limits, decoder: x.decoder, r: &contextReaderAt{ctx: ctx, r: r}}
}

// Isolation returns what the reading of a file asks for. It looks at the name
// and the first bytes of the file, and parses nothing.
func (x *Extractor) Isolation(ctx context.Context, name string, r io.ReaderAt, size int64) (i Isolation) {
	defer func() {
		if recover() != nil {
			i = Subprocess
		}
	}()
	in := x.input(ctx, name, r, size)
	if head, err := in.Head(int64(len(zipMagic))); err == nil && isZip(head) {
		return Subprocess // what it is, is in its directory
	}
	f, err := x.classify(in)
	if err != nil {
		return InProcess // reading it is refused at its first bytes
	}
	return f.Isolation
}

// panicText says what a panic was about: of those of the Go runtime, which have
// numbers in them and no text of the file, their words.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("panic of type %T", p)
}
