package albert_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// brought are the folders of testdata/checkpoints, written by
// testdata/gen/checkpoints.py, one of each shape that people bring.
var brought = []struct {
	name, from string
	// head is what the model has beside the encoder.
	head albert.Head
}{
	{"base", "", albert.Hidden},
	{"pretraining", "", albert.Hidden},
	{"masked", "", albert.Hidden},
	{"answers", "", albert.Span},
	{"sequences", "", albert.Class},
	{"tokens", "", albert.Hidden},
	{"bert", "bert", albert.Hidden},
	{"bertanswers", "bert", albert.Span},
	{"bertclasses", "bert", albert.Class},
}

// texts are the texts of testdata/checkpoints, one or a pair.
func texts(t testing.TB) [][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/checkpoints/texts.json")
	must(t, err)
	var all [][]string
	must(t, json.Unmarshal(b, &all))
	return all
}

// sequence is what a model reads of one text or two.
func sequence(tok tokenize.Tokenizer, texts []string) tokenize.Sequence {
	special := tok.Special()
	q := tokenize.Sequence{IDs: []int32{special.CLS}}
	for i, text := range texts {
		for _, piece := range tok.Append(nil, text) {
			q.IDs = append(q.IDs, piece.ID)
		}
		q.IDs = append(q.IDs, special.SEP)
		if i == 0 {
			q.Split = len(q.IDs)
		}
	}
	return q
}

func TestBroughtCheckpoints(t *testing.T) {
	rt := orttest.Runtime(t)
	for _, c := range brought {
		t.Run(c.name, func(t *testing.T) {
			model, err := albert.Load(os.DirFS("testdata/checkpoints/" + c.name))
			must(t, err)
			if got := model.Config().ConvertedFrom(); got != c.from {
				t.Errorf("converted from %q, want %q", got, c.from)
			}
			for _, h := range []albert.Head{albert.Span, albert.Class} {
				if got := model.HasHead(h); got != (h == c.head) {
					t.Errorf("has the head %v: %v", h, got)
				}
			}
			e := readExpected(t, "../checkpoints/"+c.name)
			for i, text := range texts(t) {
				q := sequence(model.Tokenizer(), text)
				if !slices.Equal(q.IDs, e.seqs[i].IDs) || q.Split != e.seqs[i].Split {
					t.Errorf("%q is read as %v, transformers reads %v", text, q, e.seqs[i])
				}
			}
			compare := func(what string, got [][]float32) {
				t.Helper()
				d := largestDifference(t, got, e.want(t, what))
				t.Logf("%s differs by %.2g", what, d)
				if !(d <= fp32Bound) {
					t.Errorf("%s differs by %.3g, more than %g", what, d, fp32Bound)
				}
			}
			o := albert.SessionOptions{Precision: albert.Float32}
			hidden, err := open(t, rt, model, albert.Hidden, o).Hidden(t.Context(), e.seqs)
			must(t, err)
			compare("hidden", hidden)
			switch c.head {
			case albert.Span:
				start, end, err := open(t, rt, model, albert.Span, o).Spans(t.Context(), e.seqs)
				must(t, err)
				compare("start", start)
				compare("end", end)
			case albert.Class:
				logits, err := open(t, rt, model, albert.Class, o).Classify(t.Context(), e.seqs)
				must(t, err)
				compare("logits", logits)
			}
		})
	}
}
