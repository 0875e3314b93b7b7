package embed

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// Pooler runs sequences through a model and returns one vector for each, made
// of its last hidden states: mostly their mean over all its tokens. An
// *albert.Session with a pooled head is one.
type Pooler interface {
	Pool(ctx context.Context, seqs []tokenize.Sequence) ([][]float32, error)
}

// Albert embeds by pooling, as Sentence-BERT does (Reimers and Gurevych 2019,
// section 3).
type Albert struct {
	pooler Pooler
	tok    tokenize.Tokenizer
	o      AlbertOptions
}

// AlbertOptions describes the model behind a Pooler.
type AlbertOptions struct {
	// ID identifies the model by its content.
	ID string
	// Dim is the model's hidden size.
	Dim int
	// Window is the most tokens of a text that are read, CLS and SEP included.
	Window int
	// Languages are those that the model knows, as BCP 47 tags; nil if unknown.
	Languages []string
}

// NewAlbert returns an Embedder on p. Close p after the last use of it.
func NewAlbert(p Pooler, tok tokenize.Tokenizer, o AlbertOptions) (*Albert, error) {
	if o.Window < 3 {
		return nil, fmt.Errorf("embedder window of %d tokens: needs at least 3, one beside CLS and SEP", o.Window)
	}
	return &Albert{p, tok, o}, nil
}

// Dim implements Embedder.
func (a *Albert) Dim() int { return a.o.Dim }

// ID implements Embedder.
func (a *Albert) ID() string { return a.o.ID }

// Languages implements Speaker.
func (a *Albert) Languages() []string { return slices.Clone(a.o.Languages) }

// CountTokens implements Embedder.
func (a *Albert) CountTokens(text string) int { return len(a.tok.Append(nil, text)) }

// Embed implements Embedder. Equal texts are run through the model once.
func (a *Albert) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	first := make(map[string]int, len(texts)) // text to its index in seqs
	var seqs []tokenize.Sequence
	for _, t := range texts {
		if _, ok := first[t]; !ok {
			first[t] = len(seqs)
			seqs = append(seqs, a.sequence(t))
		}
	}
	pooled, err := a.pooler.Pool(ctx, seqs)
	if err != nil {
		return nil, fmt.Errorf("embed %d texts: %w", len(texts), err)
	}
	for i, v := range pooled {
		if err := normalize(v); err != nil {
			return nil, fmt.Errorf("embed text of %d tokens: %w", len(seqs[i].IDs), err)
		}
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = pooled[first[t]]
	}
	return out, nil
}

func (a *Albert) sequence(text string) tokenize.Sequence {
	tokens := a.tok.Append(nil, text)
	tokens = tokens[:min(len(tokens), a.o.Window-2)]
	special := a.tok.Special()
	ids := make([]int32, 0, len(tokens)+2)
	ids = append(ids, special.CLS)
	for _, p := range tokens {
		ids = append(ids, p.ID)
	}
	ids = append(ids, special.SEP)
	return tokenize.Sequence{IDs: ids, Split: len(ids)}
}

// normalize scales v to Euclidean norm 1.
func normalize(v []float32) error {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("the model gave a vector of squared norm %g", sum)
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
	return nil
}
