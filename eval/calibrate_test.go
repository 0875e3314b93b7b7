package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/albert-search/albert-search/eval"
	"github.com/albert-search/albert-search/qa"
)

func TestFitConfidenceFindsTheWeights(t *testing.T) {
	truth := qa.Calibration{Bias: -2, Weights: [5]float64{.5, 1.5, .3, .8}}
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

func TestFitConfidenceHasNoNegativeWeights(t *testing.T) {
	truth := qa.Calibration{Bias: -1, Weights: [5]float64{.5, 1.5, -.4, 0}}
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
