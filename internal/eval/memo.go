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
	relevance qa.RelevanceReader // nil if it has none
	memo[reading]
}

// reading is what a reader says of a sequence.
type reading struct {
	start, end []float32
	relevance  float32
}

// Remember returns a reader that gives r every sequence once and remembers what
// it said, so that the same passages can be judged with many settings. It grows
// with what is read: 12 bytes a token.
func Remember(r qa.SpanReader) qa.RelevanceReader {
	out := &reader{SpanReader: r}
	if rr, ok := r.(qa.RelevanceReader); ok && rr.HasRelevance() {
		out.relevance = rr
	}
	return out
}

// HasRelevance implements qa.RelevanceReader.
func (r *reader) HasRelevance() bool { return r.relevance != nil }

// Spans implements qa.SpanReader.
func (r *reader) Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	start, end, _, err = r.SpansAndRelevance(ctx, seqs)
	return start, end, err
}

// SpansAndRelevance implements qa.RelevanceReader.
func (r *reader) SpansAndRelevance(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, relevance []float32, err error) {
	keys := make([]string, len(seqs))
	for i, s := range seqs {
		keys[i] = key(s)
	}
	found, err := r.get(keys, func(missing []int) ([]reading, error) { return r.read(ctx, pick(seqs, missing)) })
	if err != nil {
		return nil, nil, nil, err
	}
	for _, f := range found {
		start, end, relevance = append(start, f.start), append(end, f.end), append(relevance, f.relevance)
	}
	return start, end, relevance, nil
}

func (r *reader) read(ctx context.Context, seqs []tokenize.Sequence) ([]reading, error) {
	var start, end [][]float32
	var err error
	relevance := make([]float32, len(seqs))
	if r.relevance != nil {
		start, end, relevance, err = r.relevance.SpansAndRelevance(ctx, seqs)
	} else {
		start, end, err = r.SpanReader.Spans(ctx, seqs)
	}
	if err != nil {
		return nil, err
	}
	if len(start) != len(seqs) || len(end) != len(seqs) || len(relevance) != len(seqs) {
		return nil, fmt.Errorf("the reader model gave %d starts, %d ends and %d relevances for %d windows", len(start), len(end), len(relevance), len(seqs))
	}
	out := make([]reading, len(seqs))
	for i := range out {
		out[i] = reading{start[i], end[i], relevance[i]}
	}
	return out, nil
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
