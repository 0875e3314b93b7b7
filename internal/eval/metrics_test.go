package eval_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/internal/squadtext"
)

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// squadFixture is what testdata/gen.py writes.
type squadFixture struct {
	Normalized [][2]string
	Questions  []struct {
		ID      string
		Answers []string
	}
	Predictions map[string]string
	NoAnswer    map[string]float64 `json:"no_answer"`
	V2          map[string]map[string]float64
}

func (f squadFixture) questions() []eval.Question {
	var out []eval.Question
	for _, q := range f.Questions {
		question := eval.Question{ID: q.ID}
		for _, a := range q.Answers {
			question.Answers = append(question.Answers, eval.Gold{Text: a})
		}
		out = append(out, question)
	}
	return out
}

func TestNormalizeEqualsTheOfficialScript(t *testing.T) {
	var f squadFixture
	readJSON(t, "testdata/squad.json", &f)
	if len(f.Normalized) < 300 {
		t.Fatalf("only %d strings", len(f.Normalized))
	}
	for _, pair := range f.Normalized {
		if got := squadtext.Normalize(pair[0]); got != pair[1] {
			t.Errorf("%q: got %q, want %q", pair[0], got, pair[1])
		}
	}
}

func TestSQuAD2EqualsTheOfficialScript(t *testing.T) {
	var f squadFixture
	readJSON(t, "testdata/squad.json", &f)
	predictions := make(map[string]eval.Prediction)
	for id, text := range f.Predictions {
		predictions[id] = eval.Prediction{Text: text, NoAnswer: f.NoAnswer[id]}
	}
	for name, threshold := range map[string]float64{"1.0": 1, "0.5": .5} {
		want := f.V2[name]
		s := eval.SQuAD2(f.questions(), predictions, threshold)
		for key, got := range map[string]float64{
			"exact": s.Exact, "f1": s.F1, "total": float64(s.Total),
			"HasAns_exact": s.HasAns.Exact, "HasAns_f1": s.HasAns.F1, "HasAns_total": float64(s.HasAns.Total),
			"NoAns_exact": s.NoAns.Exact, "NoAns_f1": s.NoAns.F1, "NoAns_total": float64(s.NoAns.Total),
			"best_exact": s.BestExact, "best_exact_thresh": s.BestExactThreshold,
			"best_f1": s.BestF1, "best_f1_thresh": s.BestF1Threshold,
		} {
			if w, ok := want[key]; !ok || !near(got, w) {
				t.Errorf("threshold %s: %s is %v, want %v", name, key, got, w)
			}
		}
	}
}

func TestRankingEqualsTrecEval(t *testing.T) {
	var cases []struct {
		Qrels    eval.Judgements
		Ranking  []string
		Measures map[string]float64
	}
	readJSON(t, "testdata/trec.json", &cases)
	if len(cases) < 50 {
		t.Fatalf("only %d rankings", len(cases))
	}
	for i, c := range cases {
		for key, got := range map[string]float64{
			"ndcg_cut_1":   eval.NDCG(c.Qrels, c.Ranking, 1),
			"ndcg_cut_3":   eval.NDCG(c.Qrels, c.Ranking, 3),
			"ndcg_cut_10":  eval.NDCG(c.Qrels, c.Ranking, 10),
			"ndcg_cut_100": eval.NDCG(c.Qrels, c.Ranking, 100),
			"recall_5":     eval.Recall(c.Qrels, c.Ranking, 5),
			"recall_10":    eval.Recall(c.Qrels, c.Ranking, 10),
			"recall_100":   eval.Recall(c.Qrels, c.Ranking, 100),
			"map":          eval.AveragePrecision(c.Qrels, c.Ranking),
			"recip_rank":   eval.ReciprocalRank(c.Qrels, c.Ranking),
			"success_1":    eval.Success(c.Qrels, c.Ranking, 1),
			"success_5":    eval.Success(c.Qrels, c.Ranking, 5),
			"success_10":   eval.Success(c.Qrels, c.Ranking, 10),
		} {
			if w, ok := c.Measures[key]; !ok || !near(got, w) {
				t.Errorf("ranking %d: %s is %v, want %v", i, key, got, w)
			}
		}
	}
}

func TestF1(t *testing.T) {
	for _, c := range []struct {
		prediction, gold string
		want             float64
	}{
		{"The cat", "cat", 1},
		{"black cat", "cat", 2. / 3},
		{"cat cat", "cat", 2. / 3},
		{"dog", "cat", 0},
		{"the", "", 1},
		{"cat", "the", 0},
	} {
		if got := eval.F1(c.prediction, c.gold); !near(got, c.want) {
			t.Errorf("%q against %q: got %v, want %v", c.prediction, c.gold, got, c.want)
		}
	}
}

func TestDecodeSQuAD(t *testing.T) {
	const file = `{"version": "v2.0", "data": [{"title": "T", "paragraphs": [
		{"context": "x", "qas": []},
		{"context": "Zoë 🙂 met Bo", "qas": [
			{"id": "1", "question": "who?", "answers": [{"text": "Bo", "answer_start": 10}, {"text": "met", "answer_start": 0}]},
			{"id": "2", "question": "why?", "is_impossible": true, "answers": [], "plausible_answers": [{"text": "Bo", "answer_start": 10}]}]}]}]}`
	s, err := eval.DecodeSQuAD(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Paragraphs) != 2 || len(s.Questions) != 2 || s.Questions[0].Paragraph != 1 || s.Paragraphs[1].Title != "T" {
		t.Fatalf("got %+v", s)
	}
	a := s.Questions[0].Answers
	if text := s.Paragraphs[1].Text; text[a[0].Start:] != "Bo" || a[1].Start != -1 {
		t.Errorf("answers at %d and %d", a[0].Start, a[1].Start)
	}
	if len(s.Questions[1].Answers) != 0 {
		t.Error("a question without an answer has one")
	}
	for name, bad := range map[string]string{
		"not JSON": "x", "nothing in it": "{}",
		"no id":             `{"data": [{"paragraphs": [{"qas": [{"question": "x"}]}]}]}`,
		"the same id twice": `{"data": [{"paragraphs": [{"qas": [{"id": "1"}, {"id": "1"}]}]}]}`,
	} {
		if _, err := eval.DecodeSQuAD(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDecodeSQuAD(f *testing.F) {
	f.Add(`{"data": [{"paragraphs": [{"context": "é a", "qas": [{"id": "1", "answers": [{"text": "a", "answer_start": 2}]}]}]}]}`)
	f.Add(`{"data": [{"paragraphs": [{"context": "a", "qas": [{"id": "1", "answers": [{"text": "ab", "answer_start": -1}]}]}]}]}`)
	f.Add(`{"data": null}`)
	f.Fuzz(func(t *testing.T, file string) {
		s, err := eval.DecodeSQuAD(strings.NewReader(file))
		if err != nil {
			return
		}
		for _, q := range s.Questions {
			for _, a := range q.Answers {
				if a.Start >= 0 && !strings.HasPrefix(s.Paragraphs[q.Paragraph].Text[a.Start:], a.Text) {
					t.Fatalf("%q is not at %d", a.Text, a.Start)
				}
			}
		}
	})
}
