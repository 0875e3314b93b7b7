package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/albert-search/albert-search/qa"
)

// AskAll asks all questions that a calibration is fitted on, with the
// calibration.
type AskAll func(context.Context, *qa.Calibration) ([]QuestionOutcome, error)

// WeightScore is the quality of the first answers with some weights, in percent,
// over questions whose paragraph is in the collection.
type WeightScore struct {
	FusedWeight     float64 `json:"fusedWeight"`
	RelevanceWeight float64 `json:"relevanceWeight"`
	Part
}

// Fit is the outcome of Calibrate.
type Fit struct {
	Calibration qa.Calibration `json:"calibration"`
	Weights     []WeightScore  `json:"weights"`
	// Examples are the first answers that the confidence was fitted on.
	Examples int `json:"examples"`
	Right    int `json:"right"`
	// Judged is how well calibrations do on articles that they were not fitted
	// on: the confidence of each answer is that of a fit to the others.
	// FusedWeight, RelevanceWeight and Threshold were chosen on all.
	Judged ConfidenceScores `json:"judged"`
	// Outcomes have those confidences.
	Outcomes []QuestionOutcome `json:"-"`
}

// nearBest is how many points of F1 below the best are as good.
const nearBest = 0.25

// chooseWeight returns the first score that is as good as the best: the optimum
// is flat, and a smaller weight trusts the span head more.
func chooseWeight(scores []WeightScore) WeightScore {
	best := slices.MaxFunc(scores, func(x, y WeightScore) int { return cmp.Compare(x.F1, y.F1) })
	i := slices.IndexFunc(scores, func(s WeightScore) bool { return s.F1 >= best.F1-nearBest })
	return scores[i]
}

// The weights that are tried.
var (
	fusedWeights     = []float64{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24}
	relevanceWeights = []float64{0, .25, .5, .75, 1, 1.5, 2, 3, 4, 6}
)

// tryWeights asks with each of the weights, the one that is not varied being
// that of the calibration, and puts the best ones into it.
func (f *Fit) tryWeights(ctx context.Context, ask AskAll, fused, relevance []float64) error {
	c := &f.Calibration
	var scores []WeightScore
	for _, w := range fused {
		scores = append(scores, WeightScore{FusedWeight: w, RelevanceWeight: c.RelevanceWeight})
	}
	for _, w := range relevance {
		scores = append(scores, WeightScore{FusedWeight: c.FusedWeight, RelevanceWeight: w})
	}
	for i := range scores {
		s := &scores[i]
		outcomes, err := ask(ctx, &qa.Calibration{FusedWeight: s.FusedWeight, RelevanceWeight: s.RelevanceWeight})
		if err != nil {
			return err
		}
		s.Part = Answers(outcomes).Part
	}
	best := chooseWeight(scores)
	c.FusedWeight, c.RelevanceWeight = best.FusedWeight, best.RelevanceWeight
	f.Weights = append(f.Weights, scores...)
	return nil
}

// Calibrate fits a calibration: the weights of the retrieval score and, if the
// reader judges it, of the relevance whose answers have the best F1, one of them
// after the other; the confidence on the first answers with those weights; and
// as threshold the one that is best by the F1 of SQuAD 2.0. About half of the
// questions should not be InCollection. It calls ask with several calibrations,
// so ask should remember what was read.
func Calibrate(ctx context.Context, relevance bool, ask AskAll) (*Fit, error) {
	fit := new(Fit)
	c := &fit.Calibration
	if err := fit.tryWeights(ctx, ask, fusedWeights, nil); err != nil {
		return nil, err
	}
	if relevance {
		if err := fit.tryWeights(ctx, ask, nil, relevanceWeights); err != nil {
			return nil, err
		}
		if err := fit.tryWeights(ctx, ask, fusedWeights, nil); err != nil {
			return nil, err
		}
	}
	outcomes, err := ask(ctx, c)
	if err != nil {
		return nil, err
	}
	var examples []Example
	var groups []string
	for _, o := range outcomes {
		if o.Text != "" {
			examples = append(examples, Example{o.Evidence, o.Right()})
			groups = append(groups, o.Article)
			fit.Right += count(o.Right())
		}
	}
	fit.Examples = len(examples)
	bias, weights, err := fitConfidence(examples)
	if err != nil {
		return nil, err
	}
	c.Bias = bias
	copy(c.Weights[:], weights)
	if len(slices.Compact(slices.Sorted(slices.Values(groups)))) < 2 {
		// Of one article the paragraphs have to do.
		groups = groups[:0]
		for _, o := range outcomes {
			if o.Text != "" {
				groups = append(groups, strconv.Itoa(o.paragraph))
			}
		}
	}
	confidences, err := crossFit(examples, groups)
	if err != nil {
		return nil, err
	}
	fit.Outcomes = slices.Clone(outcomes)
	next := 0
	for i := range fit.Outcomes {
		o := &fit.Outcomes[i]
		o.Confidence = 0
		if o.Text != "" {
			o.Confidence = confidences[next]
			next++
		}
	}
	c.Threshold, _ = outcomeThreshold(fit.Outcomes)
	c.Provenance.Questions = len(outcomes)
	for i := range fit.Outcomes {
		o := &fit.Outcomes[i]
		o.Answered = o.Text != "" && o.Confidence >= c.Threshold
	}
	fit.Judged = JudgeConfidence(fit.Outcomes, c.Threshold)
	return fit, nil
}

// maxFolds is in how many parts the articles are divided for CrossFit.
const maxFolds = 10

// crossFit returns the confidence of each example by a fit to the examples of
// other groups: the groups are divided into at most ten folds of about the same
// number of examples, and each fold has its confidences from a fit to all
// others.
func crossFit(examples []Example, groups []string) ([]float64, error) {
	size := make(map[string]int)
	for _, g := range groups {
		size[g]++
	}
	if len(size) < 2 {
		return nil, errors.New("judging the fit on other articles needs at least two of them")
	}
	bySize := slices.SortedFunc(maps.Keys(size), func(x, y string) int {
		return cmp.Or(cmp.Compare(size[y], size[x]), cmp.Compare(x, y))
	})
	fold := make(map[string]int)
	load := make([]int, min(maxFolds, len(size)))
	for _, g := range bySize {
		least := slices.Index(load, slices.Min(load))
		fold[g] = least
		load[least] += size[g]
	}
	out := make([]float64, len(examples))
	for f := range load {
		var rest []Example
		for i, e := range examples {
			if fold[groups[i]] != f {
				rest = append(rest, e)
			}
		}
		bias, weights, err := fitConfidence(rest)
		if err != nil {
			return nil, fmt.Errorf("without a tenth of the articles: %w", err)
		}
		c := qa.Calibration{Bias: bias}
		copy(c.Weights[:], weights)
		for i, e := range examples {
			if fold[groups[i]] == f {
				out[i] = c.Confidence(e.Evidence)
			}
		}
	}
	return out, nil
}
