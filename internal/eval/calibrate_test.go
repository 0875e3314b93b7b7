package eval_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/qa"
)

func TestFitConfidenceFindsTheWeights(t *testing.T) {
	truth := qa.Calibration{Bias: -2, Weights: [6]float64{.5, 1.5, .3, .8}}
	rnd := rand.New(rand.NewPCG(1, 2))
	var examples []eval.Example
	for range 40000 {
		e := qa.Evidence{Margin: 4 * rnd.NormFloat64(), Fused: rnd.Float64(), Lead: 6 * rnd.Float64(), Support: rnd.IntN(4)}
		examples = append(examples, eval.Example{Evidence: e, Right: rnd.Float64() < truth.Confidence(e)})
	}
	bias, weights, err := eval.FitConfidence(examples)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(bias-truth.Bias) > .15 {
		t.Errorf("bias %v, want %v", bias, truth.Bias)
	}
	for i, w := range weights {
		if math.Abs(w-truth.Weights[i]) > .15 {
			t.Errorf("weight %d is %v, want %v", i, w, truth.Weights[i])
		}
	}
}

func TestFitConfidenceFindsTheWeightOfTheShare(t *testing.T) {
	truth := qa.Calibration{Bias: 1, Weights: [6]float64{5: 1.5}}
	rnd := rand.New(rand.NewPCG(5, 6))
	var examples []eval.Example
	for range 40000 {
		e := qa.Evidence{Share: .02 + .98*rnd.Float64()}
		examples = append(examples, eval.Example{Evidence: e, Right: rnd.Float64() < truth.Confidence(e)})
	}
	bias, weights, err := eval.FitConfidence(examples)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(bias-truth.Bias) > .15 || math.Abs(weights[5]-1.5) > .15 {
		t.Errorf("bias %v, weights %v", bias, weights)
	}
}

func TestFitConfidenceHasNoNegativeWeights(t *testing.T) {
	truth := qa.Calibration{Bias: -1, Weights: [6]float64{.5, 1.5, -.4, 0}}
	rnd := rand.New(rand.NewPCG(3, 4))
	var examples []eval.Example
	for range 5000 {
		e := qa.Evidence{Margin: 4 * rnd.NormFloat64(), Fused: rnd.Float64(), Lead: 6 * rnd.Float64(), Support: rnd.IntN(4)}
		examples = append(examples, eval.Example{Evidence: e, Right: rnd.Float64() < truth.Confidence(e)})
	}
	_, weights, err := eval.FitConfidence(examples)
	if err != nil {
		t.Fatal(err)
	}
	if weights[2] != 0 || weights[0] < .2 || weights[3] < 0 {
		t.Errorf("weights %v", weights)
	}
}

func TestFitConfidenceNeedsBothKinds(t *testing.T) {
	for _, examples := range [][]eval.Example{nil, {{Right: true}}, {{Right: false}, {Right: false}}} {
		if _, _, err := eval.FitConfidence(examples); err == nil {
			t.Errorf("%d examples: no error", len(examples))
		}
	}
}

func TestFitConfidenceStaysFiniteWhenSeparable(t *testing.T) {
	var examples []eval.Example
	for i := range 100 {
		examples = append(examples, eval.Example{Evidence: qa.Evidence{Margin: float64(i) - 49.5}, Right: i >= 50})
	}
	_, weights, err := eval.FitConfidence(examples)
	if err != nil {
		t.Fatal(err)
	}
	if !(weights[0] > 0 && weights[0] < 100) {
		t.Errorf("weights %v", weights)
	}
}

// TestCalibrate has questions whose first answer depends on the weight of the
// retrieval score, and whose confidence can be told from the margin.
func TestCalibrate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var base []eval.QuestionOutcome
	for i := range 3000 {
		margin := 3 * rnd.NormFloat64()
		o := eval.QuestionOutcome{
			ID: strconv.Itoa(i), Article: strconv.Itoa(i % 25), Text: "x",
			InCollection: i%2 == 0, Evidence: qa.Evidence{Margin: margin, Fused: rnd.Float64(), Lead: 1},
		}
		if rnd.Float64() < 1/(1+math.Exp(-margin)) {
			o.F1, o.Exact = 1, 1
		}
		base = append(base, o)
	}
	base[7].Text, base[7].F1 = "", 0 // nothing found
	fit, err := eval.Calibrate(t.Context(), false, func(_ context.Context, c *qa.Calibration) ([]eval.QuestionOutcome, error) {
		out := slices.Clone(base)
		if c.FusedWeight < 6 { // reads worse
			for i := range out {
				if i%4 == 0 {
					out[i].F1 = 0
				}
			}
		}
		return out, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c := fit.Calibration
	if c.FusedWeight != 6 || fit.Examples != 2999 || c.Provenance.Questions != 3000 || len(fit.Weights) != 13 {
		t.Errorf("weight %v, %d examples, %+v", c.FusedWeight, fit.Examples, c.Provenance)
	}
	if math.Abs(c.Weights[0]-1) > .15 || math.Abs(c.Bias) > .5 {
		t.Errorf("bias %v, weights %v", c.Bias, c.Weights)
	}
	if fit.Judged.CalibrationError > .05 || fit.Judged.Questions != 3000 || fit.Judged.Threshold != c.Threshold {
		t.Errorf("judged %+v", fit.Judged)
	}
	if fit.Outcomes[7].Confidence != 0 || fit.Outcomes[7].Answered {
		t.Errorf("without an answer: %+v", fit.Outcomes[7])
	}
	for i, o := range fit.Outcomes {
		if i != 7 && math.Abs(o.Confidence-c.Confidence(o.Evidence)) > .1 {
			t.Fatalf("outcome %d has the confidence %v, by the final fit %v", i, o.Confidence, c.Confidence(o.Evidence))
		}
	}
}

// A group whose answers say the opposite of the others is judged by those.
func TestCrossFitJudgesByTheOthers(t *testing.T) {
	var examples []eval.Example
	var groups []string
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range 400 {
		margin := rnd.NormFloat64()
		odd := i%4 == 0
		examples = append(examples, eval.Example{Evidence: qa.Evidence{Margin: margin}, Right: margin > 0 != odd})
		groups = append(groups, map[bool]string{true: "odd", false: "even " + strconv.Itoa(i%3)}[odd])
	}
	confidences, err := eval.CrossFit(examples, groups)
	if err != nil {
		t.Fatal(err)
	}
	var odd []eval.ScoredAnswer
	for i, c := range confidences {
		if groups[i] == "odd" {
			odd = append(odd, eval.ScoredAnswer{Score: c, Right: examples[i].Right})
		}
	}
	if auc := eval.AUC(odd); auc > .01 {
		t.Errorf("AUC %v of a group that contradicts what was fitted", auc)
	}
	if _, err := eval.CrossFit(examples[:1], groups[:1]); err == nil {
		t.Error("one article: no error")
	}
}

func TestFitReranking(t *testing.T) {
	// The relevance tells right from wrong with noise, the fused score a little.
	rnd := rand.New(rand.NewPCG(9, 10))
	var pools [][]eval.Candidate
	for range 300 {
		var pool []eval.Candidate
		right := rnd.IntN(12)
		for i := range 10 { // some pools lack the right one
			k := eval.Candidate{Fused: rnd.Float64(), Relevance: 2*rnd.NormFloat64() - 3, Right: i == right}
			if k.Right {
				k.Fused = math.Sqrt(k.Fused)
				k.Relevance += 5
			}
			pool = append(pool, k)
		}
		pools = append(pools, pool)
	}
	fit, err := eval.FitReranking(pools)
	if err != nil {
		t.Fatal(err)
	}
	c := fit.Calibration
	if c.Weight < .3 || !(c.Slope > 0) || fit.MRR < fit.Before+.2 || c.Provenance.Questions != 300 {
		t.Errorf("got %+v, MRR %v before and %v now", c, fit.Before, fit.MRR)
	}
	if math.Abs(fit.CrossFitted-fit.MRR) > .02 {
		t.Errorf("MRR %v, by other queries %v", fit.MRR, fit.CrossFitted)
	}
	// By the weight 0 the fused score alone orders.
	if s := fit.Scores[0]; s.Weight != 0 || !near(s.MRR, fit.Before) {
		t.Errorf("scores %v, before %v", s, fit.Before)
	}
	for _, bad := range [][][]eval.Candidate{nil, {{{Right: true, Relevance: 1}}}, {{{Right: true, Relevance: -3}, {Relevance: 2}}}} {
		if _, err := eval.FitReranking(bad); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}
