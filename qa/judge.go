package qa

import (
	"context"
	"fmt"
	"math"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// RelevanceModel returns one number for each sequence, the log of the odds that
// its second text answers the first. *albert.Session is one.
type RelevanceModel interface {
	Relevance(ctx context.Context, seqs []tokenize.Sequence) ([]float32, error)
}

// Judge says how relevant texts are by a model that need not find answers. It is
// safe for use by several goroutines at once if its RelevanceModel is.
type Judge struct {
	model  RelevanceModel
	layout *Answerer // for its windows alone
}

// NewJudge returns a Judge; tok is the tokenizer of the model. Of the options
// those of windows count.
func NewJudge(m RelevanceModel, tok tokenize.Tokenizer, o Options) *Judge {
	return &Judge{m, New(nil, tok, o)}
}

// Relevance returns what Answerer.Relevance does.
func (j *Judge) Relevance(ctx context.Context, question string, texts []string) ([]float64, error) {
	relevances := newBest(len(texts))
	windows := j.layout.windows(question, passagesOf(texts))
	if len(windows) == 0 {
		return relevances, nil
	}
	seqs := make([]tokenize.Sequence, len(windows))
	for i, w := range windows {
		seqs[i] = w.seq
	}
	relevance, err := j.model.Relevance(ctx, seqs)
	if err != nil {
		return nil, fmt.Errorf("judging %d texts: %w", len(texts), err)
	}
	if len(relevance) != len(seqs) {
		return nil, fmt.Errorf("the reranking model judged %d of %d windows", len(relevance), len(seqs))
	}
	if err := checkFinite(relevance); err != nil {
		return nil, err
	}
	for i, w := range windows {
		relevances.add(w.passage, relevance[i])
	}
	return relevances, nil
}

// bestWindows is the relevance of each text, that of its best window: negative infinity
// without any.
type bestWindows []float64

func newBest(texts int) bestWindows {
	b := make(bestWindows, texts)
	for i := range b {
		b[i] = math.Inf(-1)
	}
	return b
}

func (b bestWindows) add(text int, relevance float32) { b[text] = max(b[text], float64(relevance)) }
