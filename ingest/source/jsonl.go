package source

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/albert-search/albert-search/ingest"
)

// maxRecordBytes is the longest line of a JSONL file that is read.
const maxRecordBytes = 16 << 20

// JSONL offers the records of a file that has a JSON object on each line:
//
//	{"id": "…", "title": "…", "text": "…", "metadata": {…}, "path": "…", "url": "…", "date": "…"}
//
// Only text is required. "_id" is read as id; a record without either gets one
// made of its content. Values of metadata that are not text become text; url
// is put into the metadata; date is a day (2006-01-02) or a time (RFC 3339).
// Empty lines are left out. A line that is no such object, is longer than
// 16 MiB, or has the id of an earlier one, is an entry with Skip set whose ID
// is the file's, ':' and the number of the line.
func JSONL(path string) (ingest.Source, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("making %q absolute: %w", path, err)
	}
	return recordsOf(abs), nil
}

// recordsOf is JSONL for an absolute path.
func recordsOf(abs string) *jsonl {
	return &jsonl{
		prefix: ingest.EscapeName(filepath.ToSlash(abs)),
		covers: true,
		open: func() (io.ReadCloser, error) {
			h, err := os.OpenFile(abs, os.O_RDONLY|syscall.O_NONBLOCK, 0)
			if err != nil {
				return nil, fmt.Errorf("cannot be opened: %w", bare(err))
			}
			info, err := h.Stat()
			if err == nil && !info.Mode().IsRegular() {
				err = fmt.Errorf("is not a file of records: %s", special(info.Mode()))
			}
			if err != nil {
				h.Close() // nothing was written
				return nil, bare(err)
			}
			return h, nil
		},
	}
}

// holdsRecords tells by its name and its first line whether a file is meant
// for JSONL.
func holdsRecords(path string) bool {
	if !isRecordsName(path) {
		return false
	}
	f, err := recordsOf(path).open()
	if err != nil {
		return false
	}
	defer f.Close() // nothing was written
	line, err := readLine(bufio.NewReader(f), maxRecordBytes)
	if err != nil {
		return false
	}
	_, err = parseRecord(line)
	return err == nil
}

func isRecordsName(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl", ".ndjson":
		return true
	}
	return false
}

// fileOf returns the ID of the file that holds the document: the part before
// the '#' or ':' of a record that Files offers, and any other ID itself.
func fileOf(id string) string {
	for i, c := range id {
		if (c == '#' || c == ':') && isRecordsName(id[:i]) {
			return id[:i]
		}
	}
	return id
}

// JSONLStream is JSONL for a stream, as standard input. Its entries can be had
// once only, and it covers no records: the next stream of that name may have
// others.
func JSONLStream(name string, r io.Reader) ingest.Source {
	return &jsonl{
		prefix: ingest.EscapeName(name),
		open:   func() (io.ReadCloser, error) { return io.NopCloser(r), nil },
	}
}

type jsonl struct {
	prefix string // of the IDs, without the '#'
	covers bool   // a file, which can be opened again
	open   func() (io.ReadCloser, error)
}

// Covers has lines that could not be read, and the file as a whole for when it
// could not.
func (s *jsonl) Covers(id string) bool {
	rest, ok := strings.CutPrefix(id, s.prefix)
	return ok && (rest == "" || rest[0] == ':' || rest[0] == '#' && s.covers)
}

func (s *jsonl) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		f, err := s.open()
		if err != nil {
			yield(s.failure("", err), nil)
			return
		}
		defer f.Close()           // nothing was written
		first := map[string]int{} // the line of each id
		read := &counter{r: f}
		r := bufio.NewReaderSize(read, 64<<10)
		for n := 1; ; n++ {
			if err := ctx.Err(); err != nil {
				yield(ingest.Entry{}, err)
				return
			}
			at := read.n - int64(r.Buffered())
			line, err := readLine(r, maxRecordBytes)
			if err == io.EOF {
				return
			}
			if err != nil && !errors.Is(err, errLongLine) {
				yield(s.failure("", fmt.Errorf("line %d: cannot be read: %w", n, bare(err))), nil)
				return
			}
			e, ok := s.entry(line, err, n, at, first)
			if ok && !yield(e, nil) {
				return
			}
		}
	}
}

// entry makes the entry of line n, which begins at the byte at; false for a
// line that is empty.
func (s *jsonl) entry(line []byte, err error, n int, at int64, first map[string]int) (ingest.Entry, bool) {
	var rec record
	if err == nil {
		if isBlank(line) {
			return ingest.Entry{}, false
		}
		rec, err = parseRecord(line)
	}
	if err != nil {
		return s.failure(fmt.Sprintf(":%d", n), fmt.Errorf("line %d: %w", n, err)), true
	}
	id := s.prefix + "#" + ingest.EscapeName(rec.id)
	if earlier, ok := first[rec.id]; ok {
		return ingest.Entry{
			ID:   fmt.Sprintf("%s:%d", s.prefix, n),
			Path: s.prefix,
			Skip: fmt.Errorf("line %d: has the id %q of line %d", n, rec.id, earlier),
		}, true
	}
	first[rec.id] = n
	sum := sha256.Sum256(line)
	e := ingest.Entry{ID: id, Path: s.prefix, Stat: ingest.Stat{Size: int64(len(line))}}
	if rec.path != "" {
		e.Path = ingest.EscapeName(filepath.ToSlash(rec.path))
	}
	e.Hash = func(context.Context) ([32]byte, error) { return sum, nil }
	if s.covers {
		e.Load = s.loadAt(at, len(line), sum)
	} else {
		e.Load = func(context.Context) (*ingest.Document, error) { return rec.document(sum), nil }
	}
	return e, true
}

// loadAt reads a record again when it is wanted: a file of any size is listed
// without being kept in memory.
func (s *jsonl) loadAt(at int64, size int, sum [sha256.Size]byte) func(context.Context) (*ingest.Document, error) {
	return func(context.Context) (*ingest.Document, error) {
		f, err := s.open()
		if err != nil {
			return nil, err
		}
		defer f.Close() // nothing was written
		line := make([]byte, size)
		if _, err := f.(io.ReaderAt).ReadAt(line, at); err != nil && err != io.EOF {
			return nil, fmt.Errorf("cannot be read: %w", bare(err))
		}
		if sha256.Sum256(line) != sum {
			return nil, ingest.ErrChanged
		}
		rec, err := parseRecord(line)
		if err != nil {
			return nil, err
		}
		return rec.document(sum), nil
	}
}

// counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// failure is the entry of something whose id could not be read, so that no
// document of the file can be said to be gone.
func (s *jsonl) failure(suffix string, err error) ingest.Entry {
	return ingest.Entry{ID: s.prefix + suffix, Path: s.prefix, Skip: err, Unseen: s.prefix + "#"}
}

var errLongLine = fmt.Errorf("is longer than %d MiB", maxRecordBytes>>20)

// readLine returns the next line without its end, and errLongLine after having
// skipped a line of more than limit bytes. The slice is the caller's.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if !long && len(line)+len(part) > limit {
			long, line = true, nil
		}
		if !long {
			line = append(line, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && (long || len(line) > 0), err == nil:
		default:
			return nil, err
		}
		if long {
			return nil, errLongLine
		}
		return bytes.TrimRight(line, "\r\n"), nil
	}
}
