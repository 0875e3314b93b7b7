package eval

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/qa"
)

// memo computes a value for each key once and remembers it. It is safe for use
// by several goroutines at once, which may then compute the same.
type memo[V any] struct {
	mu    sync.Mutex
	known map[string]V
}

// get returns the values of the keys; compute gives those of the keys with the
// indexes that are missing.
func (m *memo[V]) get(keys []string, compute func(missing []int) ([]V, error)) ([]V, error) {
	out := make([]V, len(keys))
	var missing []int
	m.mu.Lock()
	for i, k := range keys {
		v, ok := m.known[k]
		if !ok {
			missing = append(missing, i)
		}
		out[i] = v
	}
	m.mu.Unlock()
	if len(missing) == 0 {
		return out, nil
	}
	values, err := compute(missing)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = make(map[string]V)
	}
	for j, i := range missing {
		out[i] = values[j]
		m.known[keys[i]] = values[j]
	}
	return out, nil
}

// pick returns the elements with the indexes.
func pick[T any](from []T, indexes []int) []T {
	out := make([]T, len(indexes))
	for j, i := range indexes {
		out[j] = from[i]
	}
	return out
}

// reader reads every sequence once.
type reader struct {
	qa.SpanReader
	memo[logits]
}

type logits struct{ start, end []float32 }

// Remember returns a reader that gives r every sequence once and remembers what
// it said, so that the same passages can be judged with many settings. It grows
// with what is read: 8 bytes a piece.
func Remember(r qa.SpanReader) qa.SpanReader { return &reader{SpanReader: r} }

func (r *reader) Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	keys := make([]string, len(seqs))
	for i, s := range seqs {
		keys[i] = key(s)
	}
	found, err := r.get(keys, func(missing []int) ([]logits, error) {
		s, e, err := r.SpanReader.Spans(ctx, pick(seqs, missing))
		if err != nil {
			return nil, err
		}
		if len(s) != len(missing) || len(e) != len(missing) {
			return nil, fmt.Errorf("the reader model gave logits for %d and %d of %d windows", len(s), len(e), len(missing))
		}
		out := make([]logits, len(missing))
		for j := range out {
			out[j] = logits{s[j], e[j]}
		}
		return out, nil
	})
	if err != nil {
		return nil, nil, err
	}
	start, end = make([][]float32, len(seqs)), make([][]float32, len(seqs))
	for i, l := range found {
		start[i], end[i] = l.start, l.end
	}
	return start, end, nil
}

func key(s tokenize.Sequence) string {
	b := make([]byte, 0, 4*len(s.IDs)+4)
	b = binary.LittleEndian.AppendUint32(b, uint32(s.Split))
	for _, id := range s.IDs {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return string(b)
}

// embedder embeds every text once.
type embedder struct {
	embed.Embedder
	memo[[]float32]
}

// RememberVectors returns an embedder that embeds every text once. The vectors
// must not be written to.
func RememberVectors(e embed.Embedder) embed.Embedder { return &embedder{Embedder: e} }

func (e *embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return e.get(texts, func(missing []int) ([][]float32, error) {
		return e.Embedder.Embed(ctx, pick(texts, missing))
	})
}
