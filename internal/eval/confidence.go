package eval

import (
	"cmp"
	"slices"
)

// ScoredAnswer is an answer with the score it was given and whether it is right.
type ScoredAnswer struct {
	Score float64
	Right bool
}

// auc is the probability that something right has a higher score than something
// wrong: the area under the ROC curve, ties counting half. It is 0 where there
// is nothing right or nothing wrong.
func auc(judged []ScoredAnswer) float64 {
	ascending := slices.SortedFunc(slices.Values(judged), func(x, y ScoredAnswer) int { return cmp.Compare(x.Score, y.Score) })
	var wrongBelow, right, wins float64
	for len(ascending) > 0 {
		n, r := tie(ascending)
		w := float64(n) - r
		wins += r * (wrongBelow + w/2)
		wrongBelow += w
		right += r
		ascending = ascending[n:]
	}
	if right == 0 || wrongBelow == 0 {
		return 0
	}
	return wins / (right * wrongBelow)
}

// tie returns how many at the beginning have the score of the first, and how
// many of those are right.
func tie(sorted []ScoredAnswer) (n int, right float64) {
	for n < len(sorted) && sorted[n].Score == sorted[0].Score {
		right += float64(count(sorted[n].Right))
		n++
	}
	return n, right
}

// brier is the mean squared distance between a confidence and what became of
// it, 1 for right and 0 for wrong (Brier 1950, "Verification of forecasts
// expressed in terms of probability").
func brier(judged []ScoredAnswer) float64 {
	return mean(len(judged), func(i int) float64 {
		d := judged[i].Score - float64(count(judged[i].Right))
		return d * d
	})
}

// Bin is the answers of similar confidence.
type Bin struct {
	From       float64 `json:"from"`
	To         float64 `json:"to"`
	Answers    int     `json:"answers"`
	Right      int     `json:"right"`
	Confidence float64 `json:"confidence"` // mean
}

// calibrationBins is how many bins of equal width the calibration error has.
const calibrationBins = 10

// bins puts answers into ten bins of equal width by their confidence. What is
// on a border belongs to the bin above it.
func bins(judged []ScoredAnswer) []Bin {
	const n = calibrationBins
	out := make([]Bin, n)
	for i := range out {
		out[i].From, out[i].To = float64(i)/n, float64(i+1)/n
	}
	for _, j := range judged {
		b := &out[min(n-1, max(0, int(j.Score*n)))]
		b.Answers++
		b.Right += count(j.Right)
		b.Confidence += j.Score
	}
	for i := range out {
		if out[i].Answers > 0 {
			out[i].Confidence /= float64(out[i].Answers)
		}
	}
	return out
}

// calibrationError is the expected calibration error: the distance between mean
// confidence and share of right answers in each of Bins, weighted by their size
// (Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3).
func calibrationError(judged []ScoredAnswer) float64 {
	var sum float64
	for _, b := range bins(judged) {
		gap := b.Confidence*float64(b.Answers) - float64(b.Right)
		sum += max(gap, -gap)
	}
	return sum / max(1, float64(len(judged)))
}

// CurvePoint is what answering from some confidence on costs.
type CurvePoint struct {
	// Confidence is the least one of those answered.
	Confidence float64 `json:"confidence"`
	// Coverage is the share of the questions that are answered, Risk the share
	// of wrong ones among those.
	Coverage float64 `json:"coverage"`
	Risk     float64 `json:"risk"`
}

// riskCoverage is the risk-coverage curve (El-Yaniv and Wiener 2010, "On the
// Foundations of Noise-free Selective Classification"): a point for each
// distinct confidence, highest first.
func riskCoverage(judged []ScoredAnswer) []CurvePoint {
	descending := slices.SortedFunc(slices.Values(judged), func(x, y ScoredAnswer) int { return cmp.Compare(y.Score, x.Score) })
	var out []CurvePoint
	answered, right := 0, 0.0
	for rest := descending; len(rest) > 0; {
		n, r := tie(rest)
		answered += n
		right += r
		out = append(out, CurvePoint{
			Confidence: rest[0].Score,
			Coverage:   float64(answered) / float64(len(judged)),
			Risk:       1 - right/float64(answered),
		})
		rest = rest[n:]
	}
	return out
}

// aurc is the mean share of wrong answers among the n most confident ones, over
// all n: the area under the risk-coverage curve (Geifman, Uziel and El-Yaniv
// 2019, "Bias-Reduced Uncertainty Estimation", section 2). Of equal confidence
// the wrong ones come first, so that ties are never to the system's advantage.
func aurc(judged []ScoredAnswer) float64 {
	sorted := slices.SortedFunc(slices.Values(judged), func(x, y ScoredAnswer) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(count(x.Right), count(y.Right)))
	})
	wrong := 0.0
	return mean(len(sorted), func(i int) float64 {
		wrong += float64(count(!sorted[i].Right))
		return wrong / float64(i+1)
	})
}

// coverageAt returns the point of the curve with the largest coverage whose
// answers are right at least as often as precision says; the zero point if
// there is none.
func coverageAt(curve []CurvePoint, precision float64) CurvePoint {
	var best CurvePoint
	for _, p := range curve {
		// A share of n is compared up to rounding: 4 of 5 is 80 %.
		if 1-p.Risk >= precision-1e-12 {
			best = p
		}
	}
	return best
}

// ConfidenceScores say how well a system knows what it does not know.
type ConfidenceScores struct {
	Questions int `json:"questions"`
	// Answered counts the questions that got an answer, Right those that got a
	// right one.
	Answered int `json:"answered"`
	Right    int `json:"right"`
	// Threshold is the least confidence of an answer that is given, BestThreshold
	// the one that gives the best F1 of SQuAD 2.0, which is BestF1.
	Threshold     float64 `json:"threshold"`
	BestThreshold float64 `json:"best_threshold"`
	BestF1        float64 `json:"best_f1"`
	AUC           float64 `json:"auc"`
	AURC          float64 `json:"aurc"`
	// CalibrationError is over ten bins of equal width.
	CalibrationError float64 `json:"calibration_error"`
	Brier            float64 `json:"brier"`
	Bins             []Bin   `json:"bins"`
	// Curve is the risk-coverage curve at each twentieth of coverage.
	Curve []CurvePoint `json:"curve"`
	At80  CurvePoint   `json:"at_80_percent_precision"`
	At90  CurvePoint   `json:"at_90_percent_precision"`
	// With counts the questions whose paragraph is in the collection and has an
	// answer, Without the others. An answer to one of those may be right: another
	// paragraph may say the same.
	With            int `json:"with"`
	WithAnswered    int `json:"with_answered"`
	WithRight       int `json:"with_right"`
	Without         int `json:"without"`
	WithoutAnswered int `json:"without_answered"`
	WithoutRight    int `json:"without_right"`
}

// JudgeConfidence sums up outcomes of which those with a confidence of at least
// threshold are given.
func JudgeConfidence(outcomes []QuestionOutcome, threshold float64) ConfidenceScores {
	s := ConfidenceScores{Questions: len(outcomes), Threshold: threshold}
	for _, o := range outcomes {
		answered := o.Text != "" && o.Confidence >= threshold
		right := answered && o.Right()
		s.Answered += count(answered)
		s.Right += count(right)
		if o.InCollection {
			s.With++
			s.WithAnswered += count(answered)
			s.WithRight += count(right)
		} else {
			s.Without++
			s.WithoutAnswered += count(answered)
			s.WithoutRight += count(right)
		}
	}
	judged := judge(outcomes)
	curve := riskCoverage(judged)
	s.AUC, s.AURC, s.Brier = auc(judged), aurc(judged), brier(judged)
	s.CalibrationError, s.Bins = calibrationError(judged), bins(judged)
	s.Curve = thin(curve)
	s.At80, s.At90 = coverageAt(curve, .8), coverageAt(curve, .9)
	s.BestThreshold, s.BestF1 = outcomeThreshold(outcomes)
	return s
}

// thin returns of a curve the first point at or behind each twentieth of
// coverage.
func thin(curve []CurvePoint) []CurvePoint {
	out := []CurvePoint{}
	const steps = 20
	for _, p := range curve {
		for len(out) < steps && p.Coverage >= float64(len(out)+1)/steps-1e-12 {
			out = append(out, p)
		}
	}
	return out
}

// Curve is the risk-coverage curve of outcomes.
func Curve(outcomes []QuestionOutcome) []CurvePoint { return riskCoverage(judge(outcomes)) }

func judge(outcomes []QuestionOutcome) []ScoredAnswer {
	out := make([]ScoredAnswer, len(outcomes))
	for i, o := range outcomes {
		out[i] = ScoredAnswer{o.Confidence, o.Right()}
	}
	return out
}

// outcomeThreshold returns the confidence from which answers should be given for
// the best F1 of SQuAD 2.0, and that F1 in percent; 1 where giving none is best.
// A right answer to a question
// whose paragraph is not in the collection is as good as any.
func outcomeThreshold(outcomes []QuestionOutcome) (threshold, f1 float64) {
	scored := make([]scoredQuestion, len(outcomes))
	for i, o := range outcomes {
		scored[i] = scoredQuestion{
			// Not 1 - confidence, from which a small confidence does not come
			// back as it was.
			prediction: Prediction{Text: o.Text, NoAnswer: -o.Confidence},
			hasAnswer:  o.InCollection || o.Right(),
			f1:         o.F1,
		}
	}
	sortByNoAnswer(scored)
	f1, noAnswer := bestThreshold(scored, func(q scoredQuestion) float64 { return q.f1 })
	if noAnswer == 0 {
		return 1, f1
	}
	return -noAnswer, f1
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
