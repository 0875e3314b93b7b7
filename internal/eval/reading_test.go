package eval_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
)

// vocabulary are the words that wordTokenizer knows.
var vocabulary = strings.Fields("which animal jumps red fox blue whale swims nothing here at all")

// wordTokenizer splits at single spaces; a token's id is 10 + its place in the
// vocabulary.
type wordTokenizer struct{}

func (wordTokenizer) Append(dst []tokenize.Token, text string) []tokenize.Token {
	at := 0
	for _, word := range strings.Split(text, " ") {
		for i, known := range vocabulary {
			if word == known {
				dst = append(dst, tokenize.Token{ID: int32(10 + i), Start: at, End: at + len(word)})
			}
		}
		at += len(word) + 1
	}
	return dst
}

func (wordTokenizer) Special() tokenize.Special {
	return tokenize.Special{PAD: 0, UNK: 1, CLS: 2, SEP: 3, MASK: 4}
}

func (wordTokenizer) Size() int { return 10 + len(vocabulary) }

// animals is a reader that takes animals for answers; null is half of the null
// score.
type animals struct {
	null  float32
	calls *atomic.Int32 // sequences read
}

func (r animals) Spans(_ context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	for _, s := range seqs {
		r.calls.Add(1)
		row := make([]float32, len(s.IDs))
		for i, id := range s.IDs {
			switch {
			case i == 0:
				row[i] = r.null
			case id >= 10 && vocabulary[id-10] == "fox":
				row[i] = 3
			case id >= 10 && vocabulary[id-10] == "whale":
				row[i] = 1
			case id >= 10:
				row[i] = -2
			}
		}
		start, end = append(start, row), append(end, row)
	}
	return start, end, nil
}

// shelf finds the texts in their order, whatever is asked.
type shelf []string

func (s shelf) Search(context.Context, albertsearch.SearchRequest) (*albertsearch.SearchResult, error) {
	res := new(albertsearch.SearchResult)
	for i, text := range s {
		res.Hits = append(res.Hits, albertsearch.Hit{Text: text, Citation: albertsearch.Citation{ID: strconv.Itoa(i)}})
	}
	return res, nil
}

func TestReading(t *testing.T) {
	set := &eval.SQuAD{
		Paragraphs: []eval.Paragraph{{Title: "A", Text: "red fox jumps"}, {Title: "B", Text: "nothing here"}},
		Questions: []eval.Question{
			{ID: "1", Text: "which animal jumps", Paragraph: 0, Answers: []eval.Gold{{Text: "the Fox"}}},
			{ID: "2", Text: "which animal swims", Paragraph: 1},
		},
	}
	var calls atomic.Int32
	a := qa.New(animals{.5, &calls}, wordTokenizer{}, qa.Options{})
	// The first text is a part of the own paragraph, the second has the answer
	// although it is not.
	search := shelf{"red whale", "at all fox", "foxes: blue whale swims", "nothing here"}
	outcomes, err := eval.Reading(t.Context(), a, set, search, nil)
	if err != nil {
		t.Fatal(err)
	}
	fox := outcomes[0]
	if fox.Text != "fox" || fox.Exact != 1 || !fox.HasAnswer || fox.Article != "A" || !near(fox.Margin, 6-1) {
		t.Errorf("got %+v", fox)
	}
	if fox.Wrong == nil || !near(fox.Wrong.Margin, 2-1) {
		t.Errorf("the best wrong passage: %+v", fox.Wrong)
	}
	none := outcomes[1]
	if none.HasAnswer || none.Wrong != nil || !near(none.Margin, -4-1) || none.Exact != 0 {
		t.Errorf("got %+v", none)
	}

	s := eval.JudgeReading(set, outcomes, 0)
	if s.Exact != 100 || s.HasAns.Exact != 100 || s.NoAns.Exact != 100 || s.Wrong != 1 {
		t.Errorf("got %+v", s)
	}
	if s.HasAnswerAUC == nil || *s.HasAnswerAUC != 1 || s.GoldAUC == nil || *s.GoldAUC != 1 || s.GoldRelevanceAUC != nil {
		t.Errorf("AUC %v, %v, %v", s.HasAnswerAUC, s.GoldAUC, s.GoldRelevanceAUC)
	}
	if s.BestF1 != 100 || !near(s.BestF1Threshold, 5) {
		t.Errorf("best F1 %v from %v on", s.BestF1, s.BestF1Threshold)
	}
	outcomes[0].F1, outcomes[0].Exact, outcomes[0].Text = 0, 0, "whale"
	if s := eval.JudgeReading(set, outcomes, 0); s.BestF1 != 50 || !(s.BestF1Threshold > 5) {
		t.Errorf("giving no answer is best, but it is %v from %v on", s.BestF1, s.BestF1Threshold)
	}
	if s := eval.JudgeReading(set, outcomes, 5.5); s.HasAns.Exact != 0 {
		t.Errorf("answers below the threshold count: %+v", s)
	}
}

func TestReadingOfNothing(t *testing.T) {
	set := &eval.SQuAD{
		Paragraphs: []eval.Paragraph{{Text: ""}},
		Questions:  []eval.Question{{ID: "1", Text: "which animal", Answers: []eval.Gold{{Text: "fox"}}}},
	}
	var calls atomic.Int32
	outcomes, err := eval.Reading(t.Context(), qa.New(animals{0, &calls}, wordTokenizer{}, qa.Options{}), set, nil, nil)
	if err != nil || outcomes[0].Text != "" || outcomes[0].Margin > -10 || outcomes[0].F1 != 0 {
		t.Errorf("got %+v, %v", outcomes, err)
	}
}

func TestRememberReadsOnce(t *testing.T) {
	var calls atomic.Int32
	r := eval.Remember(animals{1, &calls})
	one := tokenize.Sequence{IDs: []int32{2, 14, 3}, Split: 3}
	two := tokenize.Sequence{IDs: []int32{2, 14, 3}, Split: 2} // is not the same
	first, _, err := r.Spans(t.Context(), []tokenize.Sequence{one})
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := r.Spans(t.Context(), []tokenize.Sequence{two, one})
	if err != nil {
		t.Fatal(err)
	}
	if calls.Load() != 2 || len(again) != 2 || again[1][1] != first[0][1] || again[1][1] != 3 {
		t.Errorf("%d sequences read; first %v, again %v", calls.Load(), first, again)
	}
}

// lengths is an embedder of which only Embed works.
type lengths struct{ texts *atomic.Int32 }

func (l lengths) Embed(_ context.Context, texts []string) ([][]float32, error) {
	l.texts.Add(int32(len(texts)))
	var out [][]float32
	for _, text := range texts {
		out = append(out, []float32{float32(len(text))})
	}
	return out, nil
}
func (lengths) Dim() int               { return 1 }
func (lengths) ID() string             { return "lengths" }
func (lengths) CountTokens(string) int { return 1 }

func TestRememberVectorsEmbedsOnce(t *testing.T) {
	var texts atomic.Int32
	e := eval.RememberVectors(lengths{&texts})
	for range 2 {
		v, err := e.Embed(t.Context(), []string{"a", "bcd"})
		if err != nil || v[0][0] != 1 || v[1][0] != 3 {
			t.Fatalf("got %v, %v", v, err)
		}
	}
	if v, err := e.Embed(t.Context(), []string{"xy", "bcd"}); err != nil || v[0][0] != 2 || v[1][0] != 3 || texts.Load() != 3 {
		t.Errorf("got %v, %v; %d texts embedded", v, err, texts.Load())
	}
	if e.ID() != "lengths" {
		t.Errorf("its ID is %q", e.ID())
	}
}
