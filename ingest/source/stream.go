package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/albert-search/albert-search/ingest"
)

// maxStreamBytes is the most that is read of a stream, which has to be kept in
// memory: formats such as PDF are read from their end.
const maxStreamBytes = 256 << 20

// Stream offers what r gives, as standard input, as one document with the ID
// and path name, by whose extension its format can be told. It is read once,
// when first asked for, and covers nothing.
func Stream(name string, r io.Reader, x ingest.Extractor) ingest.Source {
	return &stream{name: name, r: r, x: x}
}

type stream struct {
	name string
	x    ingest.Extractor

	once sync.Once
	r    io.Reader
	data []byte
	err  error
}

// Versions implements ingest.Versioned.
func (s *stream) Versions() map[string]int { return ingest.VersionsOf(s.x) }

func (s *stream) Covers(string) bool { return false }

func (s *stream) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(ingest.Entry{}, err)
			return
		}
		yield(ingest.Entry{ID: ingest.ID{File: s.name}.String(), Path: ingest.PrintablePath(s.name), Encoding: ingest.EncodingOf(s.x), Load: s.load, Hash: s.hash}, nil)
	}
}

// read returns all of the stream. A read that waits for input cannot be
// interrupted; the context is looked at before.
func (s *stream) read(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.once.Do(func() {
		s.data, s.err = io.ReadAll(io.LimitReader(s.r, maxStreamBytes+1))
		switch {
		case s.err != nil:
			s.err = fmt.Errorf("cannot be read: %w", s.err)
		case len(s.data) > maxStreamBytes:
			s.err = fmt.Errorf("is longer than %d MiB: write it to a file and index that", maxStreamBytes>>20)
		}
		s.r = nil
	})
	return s.data, s.err
}

func (s *stream) hash(ctx context.Context) ([32]byte, error) {
	data, err := s.read(ctx)
	return sha256.Sum256(data), err
}

func (s *stream) load(ctx context.Context) (*ingest.Document, error) {
	data, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	text, err := extractText(ctx, s.x, s.name, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return &ingest.Document{
		Text:        *text,
		Modified:    time.Now().UTC(),
		Fingerprint: ingest.Fingerprint{SHA256: sha256.Sum256(data)},
		Encoding:    ingest.EncodingOf(s.x),
	}, nil
}
