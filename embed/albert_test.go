package embed_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/embed"
)

// letters is a tokenizer with a token for each letter.
type letters struct{}

func (letters) Append(dst []tokenize.Token, text string) []tokenize.Token {
	for i := range len(text) {
		dst = append(dst, tokenize.Token{ID: int32(text[i]), Start: i, End: i + 1})
	}
	return dst
}
func (letters) Special() tokenize.Special { return tokenize.Special{CLS: 1, SEP: 2} }
func (letters) Size() int                 { return 256 }

// recorder is a Pooler that records what it is asked.
type recorder struct {
	asked []tokenize.Sequence
	err   error
	zero  bool
}

func (r *recorder) Pool(_ context.Context, seqs []tokenize.Sequence) ([][]float32, error) {
	r.asked = append(r.asked, seqs...)
	if r.err != nil {
		return nil, r.err
	}
	out := make([][]float32, len(seqs))
	for i, s := range seqs {
		out[i] = make([]float32, 2)
		if !r.zero {
			out[i][0], out[i][1] = float32(len(s.IDs)), float32(s.IDs[1])
		}
	}
	return out, nil
}

func newAlbert(t *testing.T, p embed.Pooler) *embed.Albert {
	t.Helper()
	a, err := embed.NewAlbert(p, letters{}, embed.AlbertOptions{ID: "m", Dim: 2, Window: 6, Languages: []string{"en"}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAlbertEmbed(t *testing.T) {
	r := &recorder{}
	a := newAlbert(t, r)
	texts := []string{"abc", "b", "abc", "", "a long text"}
	got, err := a.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(got), len(texts))
	}
	for i, v := range got {
		if n := math.Hypot(float64(v[0]), float64(v[1])); math.Abs(n-1) > 1e-6 {
			t.Errorf("text %q has norm %g", texts[i], n)
		}
	}
	if len(r.asked) != 4 {
		t.Errorf("the model ran %d sequences, want one for each distinct text", len(r.asked))
	}
	if got[0][1] != got[2][1] {
		t.Error("equal texts have different vectors")
	}
	for _, s := range r.asked {
		if len(s.IDs) > 6 || s.IDs[0] != 1 || s.IDs[len(s.IDs)-1] != 2 || s.Split != len(s.IDs) {
			t.Errorf("sequence %+v is not CLS, at most 4 tokens, SEP in one segment", s)
		}
	}
	if known := embed.Languages(a); !slices.Equal(known, []string{"en"}) {
		t.Errorf("it knows %q", known)
	}
	if known := embed.Languages(struct{ embed.Embedder }{a}); known != nil {
		t.Errorf("an embedder that does not say knows %q", known)
	}
	if n := a.CountTokens("a long text"); n != 11 {
		t.Errorf("CountTokens gives %d, want 11: the window does not count", n)
	}
}

func TestAlbertErrors(t *testing.T) {
	cause := errors.New("out of memory")
	if _, err := newAlbert(t, &recorder{err: cause}).Embed(t.Context(), []string{"a"}); !errors.Is(err, cause) {
		t.Errorf("got %v, want the pooler's error", err)
	}
	if _, err := newAlbert(t, &recorder{zero: true}).Embed(t.Context(), []string{"a"}); err == nil || !strings.Contains(err.Error(), "norm 0") {
		t.Errorf("got %v, want an error about a zero vector", err)
	}
	if _, err := embed.NewAlbert(nil, letters{}, embed.AlbertOptions{Window: 2}); err == nil {
		t.Error("a window without room for a token is accepted")
	}
}
