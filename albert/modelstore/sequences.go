package modelstore

import (
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/tokenize"
)

const (
	// sampleTokens is how many tokens of a sample are read.
	sampleTokens = 128
	// sampleWork bounds the multiplications of a run over the samples: some
	// half minute on one processor. The largest models see a few texts only.
	sampleWork = 1.5e12
	// fewest samples are read of whatever model.
	fewest = 4
)

// sequences are what the model reads of the texts, as many as are worth their
// time: a question and a passage as a pair by models that read two texts.
func sequences(m *albert.Model, texts []string) []tokenize.Sequence {
	c := m.Config()
	perToken := float64(c.Layers) * float64(c.InnerGroup) * float64(c.HiddenSize) * float64(4*c.HiddenSize+2*c.IntermediateSize)
	most := max(fewest, int(sampleWork/perToken/sampleTokens))
	pairs := c.TokenTypes > 1 && (m.HasHead(albert.Span) || m.HasHead(albert.Class))
	var all []tokenize.Sequence
	for _, text := range texts {
		if len(all) == most {
			break
		}
		question, passage, ok := strings.Cut(text, "\t")
		switch {
		case !ok:
			all = append(all, sequence(m, question))
		case pairs:
			all = append(all, sequence(m, question, passage))
		default:
			all = append(all, sequence(m, passage))
		}
	}
	return all
}

// sequence is what the model reads of one text or two.
func sequence(m *albert.Model, texts ...string) tokenize.Sequence {
	window := min(sampleTokens, m.Config().MaxPositions)
	tok := m.Tokenizer()
	special := tok.Special()
	q := tokenize.Sequence{IDs: []int32{special.CLS}}
	for i, text := range texts {
		// Each text but the last has its share of the window.
		room := (window - len(q.IDs)) / (len(texts) - i)
		for _, p := range tok.Append(nil, text) {
			if room <= 1 {
				break
			}
			q.IDs = append(q.IDs, p.ID)
			room--
		}
		q.IDs = append(q.IDs, special.SEP)
		if i == 0 {
			q.Split = len(q.IDs)
		}
	}
	return q
}
