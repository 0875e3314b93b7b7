package qa_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/qa"
)

// judge is a fakeReader that may judge relevance: that of a window is the sum
// of what its passage's words have.
type judge struct {
	*fakeReader
	can       bool
	relevance map[string]float32
	wrong     func([]float32) []float32
}

func (j *judge) HasRelevance() bool { return j.can }

func (j *judge) SpansAndRelevance(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, relevance []float32, err error) {
	start, end, err = j.Spans(ctx, seqs)
	for _, s := range seqs {
		var sum float32
		for _, id := range s.IDs[s.Split : len(s.IDs)-1] {
			sum += j.relevance[j.words.list[id-10]]
		}
		relevance = append(relevance, sum)
	}
	if j.wrong != nil {
		relevance = j.wrong(relevance)
	}
	return start, end, relevance, err
}

func newJudge(can bool) *judge {
	return &judge{
		fakeReader: newReader(map[string]float32{"Ada": 5, "Bob": 6}, map[string]float32{"Ada": 5, "Bob": 6}),
		can:        can,
		relevance:  map[string]float32{"program": 3, "lunch": -3, "first": 1},
	}
}

var people = []qa.Passage{{Text: "Bob had lunch", Score: .5}, {Text: "Ada wrote the first program", Score: .5}}

func TestRelevanceOrdersAnswers(t *testing.T) {
	for _, c := range []struct {
		can    bool
		weight float64
		first  string
	}{{true, 0, "Bob"}, {true, 1, "Ada"}, {false, 1, "Bob"}} {
		j := newJudge(c.can)
		a := qa.New(j, j.words, qa.Options{Calibration: &qa.Calibration{RelevanceWeight: c.weight}})
		if a.HasRelevance() != c.can {
			t.Errorf("HasRelevance is %v", a.HasRelevance())
		}
		res, err := a.Answer(t.Context(), "who wrote", people)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(people, res.Answers[0]); got != c.first {
			t.Errorf("%+v: first is %q", c, got)
		}
		for _, answer := range res.Answers {
			want := []float64{-3, 4}[answer.Passage]
			if !c.can {
				want = 0
			}
			if got := answer.Evidence.Relevance; got != want {
				t.Errorf("%+v: relevance of %q is %v, want %v", c, text(people, answer), got, want)
			}
		}
		if j.calls != 1 {
			t.Errorf("the passages were read %d times", j.calls)
		}
	}
}

func TestRelevanceIsThatOfTheBestWindow(t *testing.T) {
	j := newJudge(true)
	a := qa.New(j, j.words, qa.Options{Window: 12, Overlap: 2})
	long := strings.Repeat("lunch ", 30) + "first program " + strings.Repeat("and ", 30)
	got, err := a.Relevance(t.Context(), "who", []string{long, "lunch", "", "and"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || got[0] != 4 || got[1] != -3 || !math.IsInf(got[2], -1) || got[3] != 0 {
		t.Errorf("relevance %v", got)
	}
	if got, err := a.Relevance(t.Context(), "who", nil); err != nil || len(got) != 0 {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	j.can = false
	if _, err := qa.New(j, j.words, qa.Options{}).Relevance(t.Context(), "who", []string{"x"}); !errors.Is(err, qa.ErrNoRelevance) {
		t.Errorf("a reader that cannot: error %v", err)
	}
}

func TestRelevanceIsChecked(t *testing.T) {
	for name, wrong := range map[string]func([]float32) []float32{
		"none":         func(r []float32) []float32 { return nil },
		"not a number": func(r []float32) []float32 { r[0] = float32(math.NaN()); return r },
	} {
		j := newJudge(true)
		j.wrong = wrong
		if _, err := qa.New(j, j.words, qa.Options{}).Answer(t.Context(), "who", people); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCalibrationVersions(t *testing.T) {
	const provenance = `"provenance":{"reader":"r"}`
	old, err := qa.ParseCalibration([]byte(`{"fusedWeight":12,"bias":-5,"weights":[1,2,3,4],"threshold":0.4,` + provenance + `}`))
	if err != nil || old.FusedWeight != 12 || old.Weights != [6]float64{1, 2, 3, 4} || old.NeedsRelevance() || old.Provenance.Reader != "r" {
		t.Errorf("version 1: %+v, %v", old, err)
	}
	two, err := qa.ParseCalibration([]byte(`{"version":2,"relevanceWeight":1,"weights":[1,2,3,4,5],"threshold":0.4,` + provenance + `}`))
	if err != nil || two.Weights != [6]float64{1, 2, 3, 4, 5} || !two.NeedsRelevance() {
		t.Errorf("version 2: %+v, %v", two, err)
	}
	c := qa.Calibration{FusedWeight: 3, RelevanceWeight: 2, Bias: 1, Weights: [6]float64{1, 2, 3, 4, 5, 6}, Threshold: .5}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := qa.ParseCalibration(data)
	if err != nil || back.Weights != c.Weights || back.RelevanceWeight != 2 || !back.NeedsRelevance() {
		t.Errorf("%s is read as %+v, %v", data, back, err)
	}
	for _, bad := range []string{
		`{"weights":[1,2,3,4,5]}`, `{"version":2,"weights":[1,2,3,4]}`, `{"version":3,"weights":[1,2,3,4,5]}`,
		`{"version":4,"weights":[1,2,3,4,5,6]}`,
		`{"version":2,"weights":[1,2,3,4,5],"threshold":-1}`,
	} {
		if _, err := qa.ParseCalibration([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func FuzzParseCalibration(f *testing.F) {
	f.Add([]byte(`{"fusedWeight":12,"bias":-5,"weights":[1,2,3,4],"threshold":0.4}`))
	f.Add([]byte(`{"version":2,"relevanceWeight":1,"weights":[1,2,3,4,5],"threshold":1,"provenance":{"data":["a"]}}`))
	f.Add([]byte(`{"version":3,"weights":[1,2,3,4,5,6],"threshold":0}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := qa.ParseCalibration(b)
		if err != nil {
			return
		}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := qa.ParseCalibration(data)
		if err != nil || again.Weights != c.Weights || again.Bias != c.Bias || again.Threshold != c.Threshold ||
			again.FusedWeight != c.FusedWeight || again.RelevanceWeight != c.RelevanceWeight {
			t.Errorf("%s is written as %s and read as %+v (%v)", b, data, again, err)
		}
	})
}
