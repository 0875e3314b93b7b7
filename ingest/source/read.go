package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
)

// file reads one regular file.
type file struct {
	path   string
	device uint64
	x      ingest.Extractor
}

func (f file) load(ctx context.Context) (*ingest.Document, error) {
	var text *extract.Text
	var sum [32]byte
	stat, err := f.steadily(ctx, func(h io.ReaderAt, size int64) (err error) {
		// First, because what is not read need not be hashed: it may be a film.
		if text, err = extractText(ctx, f.x, filepath.Base(f.path), h, size); err != nil {
			return err
		}
		sum, err = hash(ctx, io.NewSectionReader(h, 0, size))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &ingest.Document{
		Text:        *text,
		Modified:    time.Unix(0, stat.ModTime).UTC(),
		Fingerprint: ingest.Fingerprint{Stat: stat.Settled(time.Now()), SHA256: sum, Device: f.device},
		Encoding:    ingest.EncodingOf(f.x),
	}, nil
}

func (f file) hash(ctx context.Context) (sum [32]byte, err error) {
	_, err = f.steadily(ctx, func(h io.ReaderAt, size int64) (err error) {
		sum, err = hash(ctx, io.NewSectionReader(h, 0, size))
		return err
	})
	return sum, err
}

// steadily calls read and makes sure that the file did not change meanwhile:
// if it did, it reads once more and then gives up with ingest.ErrChanged. The Stat is
// that of the content that was read.
func (f file) steadily(ctx context.Context, read func(h io.ReaderAt, size int64) error) (ingest.Stat, error) {
	stat, err := f.once(read)
	if errors.Is(err, ingest.ErrChanged) && ctx.Err() == nil {
		stat, err = f.once(read)
	}
	return stat, err
}

func (f file) once(read func(h io.ReaderAt, size int64) error) (ingest.Stat, error) {
	// Without O_NONBLOCK, opening a named pipe that took the file's place
	// since it was listed would wait for a writer for ever.
	h, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return ingest.Stat{}, untried(fmt.Errorf("cannot be opened: %w", bare(err)))
	}
	defer h.Close() // nothing was written
	before, err := h.Stat()
	if err != nil {
		return ingest.Stat{}, untried(fmt.Errorf("cannot be looked at: %w", bare(err)))
	}
	if !before.Mode().IsRegular() {
		return ingest.Stat{}, &ingest.SkipError{Reason: special(before.Mode())}
	}
	r := &faultReader{r: h}
	readErr := read(r, before.Size())
	after, err := h.Stat()
	if err != nil {
		return ingest.Stat{}, untried(fmt.Errorf("cannot be looked at: %w", bare(err)))
	}
	// A change may well be why reading failed, so it is what is told.
	if statOf(before) != statOf(after) {
		return ingest.Stat{}, ingest.ErrChanged
	}
	if err := r.fault(); err != nil {
		return ingest.Stat{}, err
	}
	return statOf(before), bare(readErr)
}

// untried makes an extract.ErrTransient of an error that is the system's, not the
// file's.
func untried(err error) error {
	for _, is := range []syscall.Errno{
		syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.ETIMEDOUT, syscall.ESTALE, syscall.ENODEV,
	} {
		if errors.Is(err, is) {
			return fmt.Errorf("%w: %w", extract.ErrTransient, err)
		}
	}
	return err
}

// faultReader remembers that the system could not read from a file. Parsers make
// something else of it: a damaged file, or one with fewer pages.
type faultReader struct {
	r     io.ReaderAt
	first atomic.Pointer[error]
}

func (f *faultReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.r.ReadAt(p, off)
	if err = bare(err); err != nil {
		if _, ok := errors.AsType[syscall.Errno](err); ok {
			f.first.CompareAndSwap(nil, &err)
		}
	}
	return n, err
}

// fault returns an extract.ErrTransient if there was such an error.
func (f *faultReader) fault() error {
	if err := f.first.Load(); err != nil {
		return fmt.Errorf("%w: cannot be read: %w", extract.ErrTransient, bare(*err))
	}
	return nil
}

// extractText calls the extractor and makes its refusals SkipErrors.
func extractText(ctx context.Context, x ingest.Extractor, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	text, err := x.Extract(ctx, name, r, size)
	return text, skipped(err)
}

// skipped makes a SkipError of an extractor's refusal, and leaves other errors
// as they are.
func skipped(err error) error {
	if u, ok := errors.AsType[*extract.UnsupportedError](err); ok {
		return &ingest.SkipError{Reason: u.Error()}
	}
	return err
}

func hash(ctx context.Context, r io.Reader) (sum [32]byte, err error) {
	h := sha256.New()
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			return [32]byte(h.Sum(nil)), nil
		}
		if err != nil {
			return sum, fmt.Errorf("cannot be read: %w", bare(err))
		}
	}
}

// bare drops the path from an error of the file system: whoever reports an
// entry's error names the entry.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok && err == error(p) {
		return p.Err
	}
	return err
}

// special names what a file is that is neither regular nor a folder.
func special(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link, not followed"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	case m.IsDir():
		return "folder"
	}
	return "not a regular file"
}
