// Package embed turns texts into unit vectors whose dot product says how close
// the texts are in meaning.
package embed

import "context"

// Embedder turns texts into vectors. Implementations are safe for use by
// several goroutines at once.
type Embedder interface {
	// Embed returns one vector of length Dim and Euclidean norm 1 for each
	// text. A text's vector does not depend on the other texts of the call.
	// Text past the model's window is not read.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	// Dim is the length of a vector.
	Dim() int
	// ID identifies the model by its content: vectors of embedders with
	// different IDs must not be compared.
	ID() string
	// CountTokens returns the number of tokens that the model reads text as,
	// special tokens not counted.
	CountTokens(text string) int
}

// Speaker is an Embedder that says which languages it knows.
type Speaker interface {
	Embedder
	// Languages are BCP 47 tags; none where that is not known.
	Languages() []string
}

// Languages returns the languages that an Embedder knows; nil where it does not
// say.
func Languages(e Embedder) []string {
	if s, ok := e.(Speaker); ok {
		return s.Languages()
	}
	return nil
}
