// Package jsonl reads files that have a JSON object on each line, each of which
// is a document.
package jsonl

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// maxRecordBytes is the longest line that is read.
const maxRecordBytes = 16 << 20

// Container is the extract.Container of files of records:
//
//	{"id": "…", "title": "…", "text": "…", "metadata": {…}, "path": "…", "url": "…", "date": "…"}
//
// Only text is required. "_id" is read as id; a record without either gets one
// made of its content. Values of metadata that are not text become text; url
// is put into the metadata; date is a day (2006-01-02) or a time (RFC 3339).
// Empty lines are left out. A line that is no such object, or is longer than
// 16 MiB, is a member without a name.
type Container struct{}

var _ extract.Container = Container{}

// Named implements extract.Container.
func (Container) Named(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jsonl", ".ndjson":
		return true
	}
	return false
}

// Version implements extract.Container.
func (Container) Version() int { return 1 }

// Holds reports whether the first line is a record.
func (Container) Holds(in *io.SectionReader) bool {
	line, err := readLine(bufio.NewReader(io.NewSectionReader(in, 0, in.Size())), maxRecordBytes)
	if err != nil {
		return false
	}
	_, err = parseRecord(line)
	return err == nil
}

// Members implements extract.Container.
func (Container) Members(ctx context.Context, in *io.SectionReader) iter.Seq2[extract.Member, error] {
	return func(yield func(extract.Member, error) bool) {
		read := &counter{r: io.NewSectionReader(in, 0, in.Size())}
		r := bufio.NewReaderSize(read, 64<<10)
		for n := 1; ; n++ {
			if err := ctx.Err(); err != nil {
				yield(extract.Member{}, err)
				return
			}
			at := read.n - int64(r.Buffered())
			line, err := readLine(r, maxRecordBytes)
			if err == io.EOF {
				return
			}
			if err != nil && !errors.Is(err, errLongLine) {
				yield(extract.Member{}, fmt.Errorf("line %d: cannot be read: %w", n, err))
				return
			}
			if err == nil && isBlank(line) {
				continue
			}
			if !yield(member(line, err, n, at), nil) {
				return
			}
		}
	}
}

// member is line n, which begins at the byte at and could be read unless err.
func member(line []byte, err error, n int, at int64) extract.Member {
	size := int64(len(line)) // m must not be kept by the functions in it
	m := extract.Member{Number: n, Place: document.Place{Line: n}, Size: size}
	var rec record
	if err == nil {
		rec, err = parseRecord(line)
	}
	if err != nil {
		m.Err = fmt.Errorf("line %d: %w", n, err)
		return m
	}
	sum := sha256.Sum256(line)
	m.Name, m.Path, m.Modified, m.SHA256 = rec.id, rec.path, rec.modified, &sum
	m.Open = func(_ context.Context, in *io.SectionReader) (io.Reader, error) {
		return io.NewSectionReader(in, at, size), nil
	}
	m.Read = func(_ context.Context, content []byte) (*extract.Text, error) {
		rec, err := parseRecord(content)
		if err != nil {
			return nil, err
		}
		return rec.extracted(), nil
	}
	return m
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
