package eval_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/internal/eval"
)

var update = flag.Bool("update", false, "write the golden files again")

func TestConfidenceEqualsTheReference(t *testing.T) {
	var cases []struct {
		Scores   []float64
		Right    []bool
		Measures map[string]float64
	}
	readJSON(t, "testdata/confidence.json", &cases)
	if len(cases) < 4 {
		t.Fatalf("only %d cases", len(cases))
	}
	for i, c := range cases {
		var judged []eval.ScoredAnswer
		for j, s := range c.Scores {
			judged = append(judged, eval.ScoredAnswer{Score: s, Right: c.Right[j]})
		}
		curve := eval.RiskCoverage(judged)
		for name, got := range map[string]float64{
			"auc":             eval.AUC(judged),
			"brier":           eval.Brier(judged),
			"aurc":            eval.AURC(judged),
			"ece":             eval.CalibrationError(judged),
			"coverage_at_0.8": eval.CoverageAt(curve, .8).Coverage,
			"coverage_at_0.9": eval.CoverageAt(curve, .9).Coverage,
		} {
			if want, ok := c.Measures[name]; !ok || !near(got, want) {
				t.Errorf("case %d: %s is %v, want %v", i, name, got, want)
			}
		}
		if last := curve[len(curve)-1]; last.Coverage != 1 {
			t.Errorf("case %d: the curve ends at %+v", i, last)
		}
	}
}

func TestTiedConfidenceTellsNothing(t *testing.T) {
	judged := []eval.ScoredAnswer{{Score: .5, Right: true}, {Score: .5}, {Score: .5, Right: true}}
	if auc := eval.AUC(judged); auc != .5 {
		t.Errorf("AUC %v", auc)
	}
	if curve := eval.RiskCoverage(judged); len(curve) != 1 || !near(curve[0].Risk, 1./3) {
		t.Errorf("curve %v", curve)
	}
}

func TestNothingToJudge(t *testing.T) {
	s := eval.JudgeConfidence(nil, .5)
	for name, v := range map[string]float64{"AUC": s.AUC, "AURC": s.AURC, "error": s.CalibrationError, "Brier": s.Brier} {
		if v != 0 {
			t.Errorf("%s is %v", name, v)
		}
	}
}

// TestTheBestThresholdGivesTheAnswersThatItCounts also where a confidence is so
// small that 1 less it, taken from 1, is another number.
func TestTheBestThresholdGivesTheAnswersThatItCounts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		least := math.Exp(-8 * rnd.Float64())
		outcomes := []eval.QuestionOutcome{
			{Text: "right", F1: 1, Confidence: least, InCollection: true},
			{Text: "wrong", Confidence: least / 2},
		}
		threshold, f1 := eval.BestThreshold(outcomes)
		if threshold != least || f1 != 100 {
			t.Fatalf("best F1 %v from %v on, want it from %v on", f1, threshold, least)
		}
	}
	if threshold, f1 := eval.BestThreshold([]eval.QuestionOutcome{{Text: "wrong", Confidence: .9}}); threshold != 1 || f1 != 100 {
		t.Errorf("only wrong answers: best F1 %v from %v on", f1, threshold)
	}
}

func TestCompareEqualsSciPy(t *testing.T) {
	var cases []struct {
		Before, Now              []float64
		P, Difference, Low, High float64
		Exact                    bool
	}
	readJSON(t, "testdata/paired.json", &cases)
	for i, c := range cases {
		var pairs []eval.Pair
		for j := range c.Before {
			pairs = append(pairs, eval.Pair{Before: c.Before[j], Now: c.Now[j]})
		}
		got := eval.Compare(pairs, 1)
		if got.Queries != len(pairs) || !near(got.Difference, c.Difference) || !near(got.Now-got.Before, c.Difference) || got.Exact != c.Exact {
			t.Errorf("case %d: got %+v, want %+v", i, got, c)
		}
		// What is drawn at random differs by chance: five standard errors.
		allowed := 1e-9
		if !c.Exact {
			allowed = 5*math.Sqrt(c.P*(1-c.P)/10_000) + 1e-3
		}
		if math.Abs(got.P-c.P) > allowed {
			t.Errorf("case %d: p is %v, want %v", i, got.P, c.P)
		}
		width := c.High - c.Low
		if math.Abs(got.Low-c.Low) > .05*width+1e-9 || math.Abs(got.High-c.High) > .05*width+1e-9 {
			t.Errorf("case %d: interval %v to %v, want %v to %v", i, got.Low, got.High, c.Low, c.High)
		}
		if again := eval.Compare(pairs, 1); again != got {
			t.Errorf("case %d: the same seed gives %+v and %+v", i, got, again)
		}
	}
}

func TestCompareWeighsCollectionsAlike(t *testing.T) {
	pairs := []eval.Pair{{0, 1, "small"}, {0, 0, "large"}, {0, 0, "large"}, {.5, 0, "large"}}
	c := eval.Compare(pairs, 1)
	if want := (1 - .5/3) / 2; !near(c.Difference, want) || c.Better != 1 || c.Worse != 1 {
		t.Errorf("got %+v, want a difference of %v", c, want)
	}
	if c := eval.Compare(nil, 1); c.P != 1 || c.Difference != 0 {
		t.Errorf("nothing to compare: %+v", c)
	}
}

func TestPlot(t *testing.T) {
	series := []eval.Series{
		{Name: "a <b> & \"c\"", Threshold: .5, Curve: []eval.CurvePoint{
			{Confidence: .9, Coverage: .25, Risk: 0}, {Confidence: .6, Coverage: .5, Risk: .25}, {Confidence: .1, Coverage: 1, Risk: .5}}},
		{Name: "none is given", Threshold: .99, Curve: []eval.CurvePoint{{Confidence: .2, Coverage: 1, Risk: 1}}},
		{Name: "empty"},
	}
	var b bytes.Buffer
	if err := eval.PlotRiskCoverage(&b, "Risk & coverage", series); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/plot.svg"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("the plot differs from %s; -update writes it again", golden)
	}
	count := map[string]int{}
	text := ""
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if x.Name.Space != "http://www.w3.org/2000/svg" {
				t.Errorf("element %v is no SVG", x.Name)
			}
			count[x.Name.Local]++
		case xml.CharData:
			text += string(x)
		}
	}
	if count["polyline"] != 3 || count["circle"] != 1 || !strings.Contains(text, series[0].Name) {
		t.Errorf("elements %v, text %q", count, text)
	}
}
