package qa_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/qa"
)

// scores is a model that gives what a judge does, without spans.
type scores struct {
	*judge
	err error
}

func (s scores) Relevance(ctx context.Context, seqs []tokenize.Sequence) ([]float32, error) {
	_, _, relevance, err := s.SpansAndRelevance(ctx, seqs)
	return relevance, errors.Join(err, s.err)
}

// TestJudge compares with the relevance that a reader of the same windows gives.
func TestJudge(t *testing.T) {
	j := newJudge(true)
	texts := []string{"Bob had lunch", "", "Ada wrote the first program and then the lunch was late for all of them"}
	for _, window := range []int{0, 12} {
		o := qa.Options{Window: window}
		want, err := qa.New(j, j.words, o).Relevance(t.Context(), "who wrote it", texts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qa.NewJudge(scores{judge: j}, j.words, o).Relevance(t.Context(), "who wrote it", texts)
		if err != nil || !slices.Equal(got, want) || !math.IsInf(got[1], -1) {
			t.Errorf("window %d: %v, want %v (%v)", window, got, want, err)
		}
	}
	got, err := qa.NewJudge(scores{judge: j}, j.words, qa.Options{}).Relevance(t.Context(), "", texts)
	if err != nil || len(got) != 3 || !math.IsInf(got[0], -1) {
		t.Errorf("no question: %v, %v", got, err)
	}
}

func TestJudgeRefusesWhatModelsMustNotGive(t *testing.T) {
	failed := errors.New("failed")
	for name, s := range map[string]scores{
		"too few":      {judge: &judge{wrong: func(r []float32) []float32 { return r[1:] }}},
		"not a number": {judge: &judge{wrong: func(r []float32) []float32 { r[0] = float32(math.NaN()); return r }}},
		"failed":       {judge: &judge{}, err: failed},
	} {
		whole := newJudge(true)
		whole.wrong = s.wrong
		s.judge = whole
		_, err := qa.NewJudge(s, whole.words, qa.Options{}).Relevance(t.Context(), "who", []string{"Bob", "Ada"})
		if err == nil || errors.Is(err, failed) != (name == "failed") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
