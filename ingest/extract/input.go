package extract

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/albert-search/albert-search/internal/ziplimit"
)

// Input is a file to be read.
type Input struct {
	// Format is what it was taken for.
	Format *Format
	// Name is the last element of its name, without the folder.
	Name   string
	Size   int64
	Limits Limits

	decoder decoder
	r       io.ReaderAt
	timer   *time.Timer // ends the context after Limits.Time; nil without a limit
}

// ReadAt reads from the file. It fails once the context has ended, which ends
// parsers that know nothing of contexts.
func (in *Input) ReadAt(p []byte, off int64) (int, error) { return in.r.ReadAt(p, off) }

// Head returns the first n bytes of the file, or all of a shorter one.
func (in *Input) Head(n int64) ([]byte, error) {
	b := make([]byte, min(n, in.Size))
	got, err := in.r.ReadAt(b, 0)
	if got == len(b) {
		return b, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("reading: %w", err)
}

// StopClock keeps Limits.Time from running while a reader waits for its turn.
// StartClock grants the whole time from then on.
func (in *Input) StopClock() {
	if in.timer != nil {
		in.timer.Stop()
	}
}

// StartClock ends what StopClock began.
func (in *Input) StartClock() {
	if in.timer != nil {
		in.timer.Reset(in.Limits.Time)
	}
}

// ReadText reads the file as text, up to Limits.TextBytes. declared is the
// character set that is said of it elsewhere, as in a message that it is part of,
// empty if there is none: what the text says of itself is found here.
func (in *Input) ReadText(declared string) (*Decoded, error) {
	b, err := in.Head(in.Limits.TextBytes)
	if err != nil {
		return nil, err
	}
	return in.Decode(b, declared)
}

// Decode makes text of b, the beginning of the file or all of it. The note of
// the result says what was replaced and what was left out.
func (in *Input) Decode(b []byte, declared string) (*Decoded, error) {
	partial := int64(len(b)) < in.Size
	d, err := in.decoder.decode(b, declared, partial)
	if err != nil {
		return nil, err
	}
	// UTF-16 grows by up to half.
	text := Cut(d.Text, in.Limits.TextBytes)
	if partial || len(text) < len(d.Text) {
		d.Notes.Add("only the first %s of %s were read", Bytes(int64(len(b))), Bytes(in.Size))
	}
	d.Text = text
	return &d, nil
}

// Document makes a Text of a decoded file as it is.
func (d *Decoded) Document() *Text {
	t := &Text{Body: d.Text, Note: d.Notes.String()}
	d.Describe(t)
	return t
}

// OpenZip reads the directory of the file as a zip archive, of no more than
// Limits.Entries files.
func (in *Input) OpenZip() (*zip.Reader, error) {
	z, err := ziplimit.Open(in.r, in.Size, in.Limits.Entries)
	switch {
	case errors.Is(err, ziplimit.ErrEntries):
		return nil, fmt.Errorf("%w: more than %d files in the archive", ErrTooLarge, in.Limits.Entries)
	case err != nil:
		return nil, fmt.Errorf("damaged or cut off zip archive: %w", err)
	}
	return z, nil
}

// shrunk reports whether the file ends before its size.
func (in *Input) shrunk() bool {
	var b [1]byte
	n, err := in.r.ReadAt(b[:], in.Size-1)
	return in.Size > 0 && n == 0 && err == io.EOF
}

// contextReaderAt makes reading fail once the context has ended.
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
