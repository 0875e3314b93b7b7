package eval_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/internal/eval"
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
	var ticks atomic.Int32
	rankings, err := eval.Rank(t.Context(), s, queries, eval.Systems(0)[0], func() { ticks.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	if ticks.Load() != 3 || rankings[0].Query != "1" || !slices.Equal(rankings[0].Documents, []string{"a", "b", "c"}) {
		t.Errorf("%d ticks, rankings %v", ticks.Load(), rankings)
	}
	// The order of the rankings does not matter.
	slices.Reverse(rankings)
	got := eval.Mean(eval.JudgeAll(queries, rankings, []int{10, 100}))
	for name, want := range map[string]float64{
		"mrr": (.5 + 1 + 0) / 3, "recall@100": (1 + .5 + 0) / 3, "map@100": (.5 + .5 + 0) / 3, "success@5": 2. / 3,
		"ndcg@10": (1/math.Log2(3) + 1/(1+1/math.Log2(3))) / 3,
	} {
		if !near(got[name], want) {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	queries[0].Text = "unknown"
	if _, err := eval.Rank(t.Context(), s, queries, eval.Systems(0)[0], nil); err == nil || !strings.Contains(err.Error(), "query 1") {
		t.Errorf("a failed search: %v", err)
	}
}

// deeper finds more documents the more passages are asked for, in another order.
type deeper struct{}

func (deeper) Search(_ context.Context, r albertsearch.SearchRequest) (*albertsearch.SearchResult, error) {
	res := new(albertsearch.SearchResult)
	for i := range r.Limit {
		id := "first " + strconv.Itoa(i%7)
		if r.Limit > 100 {
			id = "deep " + strconv.Itoa(i/8)
			if i%8 == 0 {
				id = "first " + strconv.Itoa(6-i/8%7)
			}
		}
		res.Hits = append(res.Hits, albertsearch.Hit{Citation: albertsearch.Citation{ID: "c#" + id, Path: "c"}})
	}
	return res, nil
}

func TestDeeperSearchOnlyAppends(t *testing.T) {
	rankings, err := eval.Rank(t.Context(), deeper{}, []eval.Query{{ID: "1", Text: "x"}}, eval.Systems(0)[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	got := rankings[0].Documents
	if len(got) != 100 {
		t.Fatalf("%d documents", len(got))
	}
	for i, id := range got {
		want := "first " + strconv.Itoa(i)
		if i >= 7 {
			want = "deep " + strconv.Itoa(i-7)
		}
		if id != want {
			t.Fatalf("document %d is %q, want %q", i, id, want)
		}
	}
}

// depths notes how many passages were asked for, and how many of them reranked.
type depths struct{ noted chan [2]int }

func (d depths) Search(_ context.Context, r albertsearch.SearchRequest) (*albertsearch.SearchResult, error) {
	d.noted <- [2]int{r.Limit, r.Rerank}
	return new(albertsearch.SearchResult), nil
}

func TestEveryQueryIsReranked(t *testing.T) {
	const n = 20
	d := depths{make(chan [2]int, 2*n)}
	system, err := eval.FindSystem(eval.Reranked, 30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eval.Rank(t.Context(), d, make([]eval.Query, n), system, nil); err != nil {
		t.Fatal(err)
	}
	close(d.noted)
	count := map[[2]int]int{}
	for c := range d.noted {
		count[c]++
	}
	// The deeper search behind the first ranks does not rerank.
	if len(count) != 2 || count[[2]int{100, 30}] != n || count[[2]int{1000, 0}] != n {
		t.Errorf("searches by depth and reranked passages: %v", count)
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

	outcomes, err := eval.EndToEnd(t.Context(), a, s, eval.Half, eval.AskOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := eval.Answers(outcomes)
	if got.Total != 3 || !near(got.F1, 100*(2./3)/3) || got.Exact != 0 || !near(got.Recall1, 100./3) || !near(got.Recall5, 200./3) {
		t.Errorf("got %+v", got)
	}
	j := eval.JudgeConfidence(outcomes, .5)
	if j.With != 3 || j.WithAnswered != 1 || j.WithRight != 1 || j.Without != 2 || j.WithoutAnswered != 1 || j.WithoutRight != 0 {
		t.Errorf("got %+v", j)
	}
	if j.Questions != 5 || j.Answered != 2 || j.Right != 1 || j.Threshold != .5 {
		t.Errorf("got %+v", j)
	}
	if j.AUC != 1 || !near(j.AURC, (0+1./2+2./3+3./4+4./5)/5) {
		t.Errorf("AUC %v, AURC %v", j.AUC, j.AURC)
	}
	if want := (.1 + .3 + .1 + .6 + 0) / 5; !near(j.CalibrationError, want) {
		t.Errorf("calibration error %v, want %v", j.CalibrationError, want)
	}
	// From .9 on one answer of F1 2/3 is given, and two questions have none.
	if j.BestThreshold != .9 || !near(j.BestF1, 100*(2./3+2)/5) {
		t.Errorf("best F1 %v at %v", j.BestF1, j.BestThreshold)
	}
	if j.At80.Coverage != .2 || j.At80.Confidence != .9 || j.At90 != j.At80 {
		t.Errorf("coverage at 80 %%: %+v, at 90 %%: %+v", j.At80, j.At90)
	}
	if len(j.Curve) != 20 || j.Curve[3].Coverage != .2 || j.Curve[3].Risk != 0 || !near(j.Curve[19].Risk, .8) {
		t.Errorf("curve %v", j.Curve)
	}
	if s := outcomes[1].Scores(); s["recall@1"] != 0 || s["recall@5"] != 1 || s["f1"] != 0 {
		t.Errorf("scores %v", s)
	}
}
