package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/jsonl"
)

// JSONL offers the records of a file that has a JSON object on each line (see
// package jsonl), whatever its name. A line that is no record, or has the id of
// an earlier one, is an entry with Skip set.
func JSONL(path string) (ingest.Source, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("making %q absolute: %w", path, err)
	}
	return &records{id: idOf(abs), path: shown(abs), file: abs, open: func(context.Context) (*opened, error) {
		return openContainer(abs)
	}}, nil
}

// JSONLStream is JSONL for a stream, as standard input. It is read once, when
// its entries are first asked for, and covers no records: the next stream of
// that name may have others.
func JSONLStream(name string, r io.Reader) ingest.Source {
	var once sync.Once
	var s *spool
	var failed error
	open := func(ctx context.Context) (*opened, error) {
		once.Do(func() {
			s, failed = newSpool(ctx, r, func(int64, time.Duration) error { return nil })
		})
		if s == nil {
			return nil, failed
		}
		// What was read before it failed is there.
		return &opened{SectionReader: s.SectionReader, fault: func() error { return failed }, close: func() {}}, nil
	}
	free := func() {
		once.Do(func() { failed = errors.New("closed before it was read") })
		if s != nil {
			s.close()
		}
	}
	return &records{id: ingest.ID{File: name}.String(), path: ingest.PrintablePath(name), open: open, close: free}
}

// records is a file or a stream of records.
type records struct {
	id, path string
	file     string // absolute; empty for a stream
	open     func(context.Context) (*opened, error)
	close    func() // nil where nothing is kept
}

// Close frees what is kept of a stream.
func (s *records) Close() error {
	if s.close != nil {
		s.close()
	}
	return nil
}

// Repeatable implements ingest.Repeatable.
func (s *records) Repeatable() bool { return s.file != "" }

// Covers has lines that could not be read, and the file as a whole for when it
// could not.
func (s *records) Covers(id string) bool {
	rest, ok := strings.CutPrefix(id, s.id)
	return ok && (rest == "" || strings.HasPrefix(rest, `\:`) || olderPart(rest) || rest[0] == '#' && s.file != "")
}

// olderPart reports whether the end of an ID is that of a line that could not
// be read, as it was up to version 0.1.
func olderPart(end string) bool {
	number, ok := strings.CutPrefix(end, ":")
	return ok && strings.Trim(number, "0123456789") == ""
}

func (s *records) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		l := &lister{ctx, yield}
		dir := ""
		if s.file != "" {
			dir = filepath.Dir(s.file)
		}
		_ = l.outermost(&outermost{ // nothing is to be done about the end of the iteration
			dir: dir, open: func() (*opened, error) { return s.open(ctx) },
			budget: &budget{limits: extract.ContainerLimits{}.WithDefaults()}, spools: &spoolPool{},
		}, jsonl.Container{}, ingest.Entry{ID: s.id, Path: s.path})
	}
}

// Roots implements ingest.Rooted.
func (s *records) Roots() []ingest.Root {
	if s.file == "" {
		return nil
	}
	return []ingest.Root{rootOf(s.file)}
}

// Find implements ingest.Finder.
func (s *records) Find(ctx context.Context, paths []string) iter.Seq2[ingest.Entry, error] {
	for _, p := range paths {
		if s.file != "" && isWithin(s.file, p) {
			return s.Entries(ctx)
		}
	}
	return func(func(ingest.Entry, error) bool) {}
}

func containerNamed(path string, kinds []extract.Container) bool {
	return slices.ContainsFunc(kinds, func(kind extract.Container) bool { return kind.Named(filepath.Base(path)) })
}

// containerOf returns which of the kinds of container the file at path is; nil
// for none.
func containerOf(path string, kinds []extract.Container) extract.Container {
	for _, kind := range kinds {
		if !kind.Named(filepath.Base(path)) {
			continue
		}
		in, err := openContainer(path)
		if err != nil {
			return nil // as a document it says why
		}
		is := holds(kind, in.SectionReader)
		in.close()
		if is {
			return kind
		}
	}
	return nil
}

// openContainer opens a file that has members.
func openContainer(path string) (*opened, error) {
	h, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, untried(fmt.Errorf("cannot be opened: %w", bare(err)))
	}
	info, err := h.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("is not a file of records: %s", special(info.Mode()))
	}
	if err != nil {
		h.Close() // nothing was written
		return nil, bare(err)
	}
	r := &faultReader{r: h}
	return &opened{
		SectionReader: io.NewSectionReader(r, 0, info.Size()),
		stat: func() (ingest.Stat, error) {
			info, err := h.Stat()
			if err != nil {
				return ingest.Stat{}, untried(fmt.Errorf("cannot be looked at: %w", bare(err)))
			}
			return statOf(info), nil
		},
		device: deviceOf(info),
		fault:  r.fault,
		close:  func() { h.Close() }, // nothing was written
	}, nil
}
