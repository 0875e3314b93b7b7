package eval_test

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/eval"
)

// canned answers every query and question from a table.
type canned struct {
	found   map[string][]string // ids of the passages' records
	answers map[string]albertsearch.AskResult
}

func (c canned) Search(_ context.Context, r albertsearch.SearchRequest) (*albertsearch.SearchResult, error) {
	ids, ok := c.found[r.Query]
	if !ok {
		return nil, errors.New("unexpected query " + r.Query)
	}
	res := new(albertsearch.SearchResult)
	for i, id := range ids[:min(len(ids), r.Limit)] {
		res.Hits = append(res.Hits, albertsearch.Hit{
			Citation: albertsearch.Citation{ID: "/x/c#1.jsonl#" + id, Path: "/x/c#1.jsonl"},
			Score:    1 / float64(i+1),
		})
	}
	return res, nil
}

func (c canned) Ask(_ context.Context, r albertsearch.AskRequest) (*albertsearch.AskResult, error) {
	res := c.answers[r.Question]
	return &res, nil
}

func TestRetrieval(t *testing.T) {
	s := canned{found: map[string][]string{
		"one":   {"a", "a", "b", "a", "c"}, // several passages of a document
		"two":   {"x"},
		"three": nil,
	}}
	queries := []eval.Query{
		{ID: "1", Text: "one", Judgements: eval.Judgements{"b": 1}},
		{ID: "2", Text: `"two"`, Judgements: eval.Judgements{"x": 1, "y": 1}},
		{ID: "3", Text: "three", Judgements: eval.Judgements{"x": 1}},
	}
	got, err := eval.Retrieval(t.Context(), s, queries, eval.Systems()[0])
	if err != nil {
		t.Fatal(err)
	}
	if got.Queries != 3 || !near(got.MRR, (.5+1+0)/3) || !near(got.Recall100, (1+.5+0)/3) || !near(got.MAP100, (.5+.5+0)/3) {
		t.Errorf("got %+v", got)
	}
	want := (1/math.Log2(3) + 1/(1+1/math.Log2(3))) / 3
	if !near(got.NDCG10, want) {
		t.Errorf("nDCG@10 %v, want %v", got.NDCG10, want)
	}
	queries[0].Text = "unknown"
	if _, err := eval.Retrieval(t.Context(), s, queries, eval.Systems()[0]); err == nil || !strings.Contains(err.Error(), "query 1") {
		t.Errorf("a failed search: %v", err)
	}
}

func answered(text string, confidence float64, given bool) albertsearch.AskResult {
	return albertsearch.AskResult{Answered: given, Answers: []albertsearch.Answer{{Text: text, Confidence: confidence}}}
}

func TestEndToEnd(t *testing.T) {
	s := &eval.SQuAD{Paragraphs: make([]eval.Paragraph, 4)}
	a := canned{found: map[string][]string{}, answers: map[string]albertsearch.AskResult{}}
	add := func(text, gold string, paragraph int, found string, res albertsearch.AskResult) {
		q := eval.Question{ID: strconv.Itoa(len(s.Questions)), Text: text, Paragraph: paragraph}
		if gold != "" {
			q.Answers = []eval.Gold{{Text: gold}}
		}
		s.Questions = append(s.Questions, q)
		a.found[text] = strings.Fields(found)
		a.answers[text] = res
	}
	add("right", "Ada Lovelace", 0, "0 2", answered("Lovelace", .9, true))
	add("wrong", "1843", 2, "0 0 0 2", answered("1844", .3, false))
	add("gone, refused", "Bo", 1, "0 2", answered("Al", .1, false))
	add("gone, answered", "Bo", 3, "0 2", answered("Al", .6, true))
	add("nothing found", "Bo", 0, "", albertsearch.AskResult{})

	outcomes, err := eval.EndToEnd(t.Context(), a, s, eval.Half)
	if err != nil {
		t.Fatal(err)
	}
	got := eval.Answers(outcomes)
	if got.Total != 3 || !near(got.F1, 100*(2./3)/3) || got.Exact != 0 || !near(got.Recall1, 100./3) || !near(got.Recall5, 200./3) {
		t.Errorf("got %+v", got)
	}
	j := eval.JudgeAnswerability(outcomes)
	if j.With != 3 || j.WithAnswered != 1 || j.WithRight != 1 || j.Without != 2 || j.WithoutAnswered != 1 || j.WithoutRight != 0 {
		t.Errorf("got %+v", j)
	}
	if j.AUC != 1 || !near(j.AURC, (0+1./2+2./3+3./4+4./5)/5) {
		t.Errorf("AUC %v, AURC %v", j.AUC, j.AURC)
	}
	if want := (.1 + .3 + .1 + .6 + 0) / 5; !near(j.CalibrationError, want) {
		t.Errorf("calibration error %v, want %v", j.CalibrationError, want)
	}
}

func TestTiedConfidenceTellsNothing(t *testing.T) {
	outcomes := []eval.Outcome{{F1: 1, Confidence: .5}, {F1: 0, Confidence: .5}, {F1: 1, Confidence: .5}}
	if j := eval.JudgeAnswerability(outcomes); j.AUC != .5 {
		t.Errorf("AUC %v", j.AUC)
	}
}
