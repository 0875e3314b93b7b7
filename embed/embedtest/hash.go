// Package embedtest has an Embedder for tests: quick, deterministic and
// without a model.
package embedtest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"unicode"
)

// Hash is an Embedder that gives each word a fixed random-looking direction
// and a text the sum of its words': texts that share words are close.
type Hash struct {
	// Dimension is the length of a vector. It must be positive.
	Dimension int
}

// Dim implements embed.Embedder.
func (h Hash) Dim() int { return h.Dimension }

// ID implements embed.Embedder.
func (h Hash) ID() string { return fmt.Sprintf("hash-%d", h.Dimension) }

// CountTokens implements embed.Embedder: a token is a word.
func (h Hash) CountTokens(text string) int { return len(words(text)) }

// Embed implements embed.Embedder.
func (h Hash) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[i] = h.vector(t)
	}
	return out, nil
}

func (h Hash) vector(text string) []float32 {
	sum := make([]float64, h.Dimension)
	sum[0] = 1e-3 // a text without words has a direction too
	for _, w := range words(text) {
		f := fnv.New64a()
		f.Write([]byte(strings.ToLower(w)))
		state := f.Sum64()
		for d := range sum {
			state = state*6364136223846793005 + 1442695040888963407
			sum[d] += float64(int32(state>>32)) / math.MaxInt32
		}
	}
	var norm float64
	for _, x := range sum {
		norm += x * x
	}
	v := make([]float32, h.Dimension)
	for d, x := range sum {
		v[d] = float32(x / math.Sqrt(norm))
	}
	return v
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}
