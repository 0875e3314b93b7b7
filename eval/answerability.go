package eval

import (
	"cmp"
	"slices"
)

// Answerability says how well a system knows what it does not know.
type Answerability struct {
	Questions int `json:"questions"`
	// With counts the questions whose paragraph is in the collection.
	With            int `json:"with"`
	WithAnswered    int `json:"with_answered"`
	WithRight       int `json:"with_right"` // answered, and rightly
	Without         int `json:"without"`
	WithoutAnswered int `json:"without_answered"`
	// WithoutRight counts answers that are right although the question's own
	// paragraph is gone: another says the same.
	WithoutRight int `json:"without_right"`
	// AUC is the probability that a right answer has a higher confidence than
	// a wrong one (area under the ROC curve, ties count half).
	AUC float64 `json:"auc"`
	// AURC is the mean share of wrong answers among the n most confident ones,
	// over all n (area under the risk-coverage curve; Geifman and El-Yaniv
	// 2017, "Selective Classification for Deep Neural Networks").
	AURC float64 `json:"aurc"`
	// CalibrationError is the mean distance between confidence and the share
	// of right answers in ten bins of equal width, weighted by their size
	// (Guo et al. 2017, "On Calibration of Modern Neural Networks").
	CalibrationError float64 `json:"calibration_error"`
	Bins             []Bin   `json:"bins"`
}

// Bin is the answers of similar confidence.
type Bin struct {
	From       float64 `json:"from"`
	To         float64 `json:"to"`
	Answers    int     `json:"answers"`
	Right      int     `json:"right"`
	Confidence float64 `json:"confidence"` // mean
}

// JudgeAnswerability sums up outcomes of questions of which some have lost
// their paragraph.
func JudgeAnswerability(outcomes []Outcome) Answerability {
	a := Answerability{Questions: len(outcomes), Bins: bins(outcomes)}
	for _, o := range outcomes {
		right := o.Answered && o.Right()
		if o.InCollection {
			a.With++
			a.WithAnswered += count(o.Answered)
			a.WithRight += count(right)
		} else {
			a.Without++
			a.WithoutAnswered += count(o.Answered)
			a.WithoutRight += count(right)
		}
	}
	a.AUC = auc(outcomes)
	a.AURC = aurc(outcomes)
	for _, b := range a.Bins {
		if b.Answers > 0 {
			gap := b.Confidence - float64(b.Right)/float64(b.Answers)
			a.CalibrationError += max(gap, -gap) * float64(b.Answers) / float64(len(outcomes))
		}
	}
	return a
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func bins(outcomes []Outcome) []Bin {
	const n = 10
	out := make([]Bin, n)
	for i := range out {
		out[i].From, out[i].To = float64(i)/n, float64(i+1)/n
	}
	for _, o := range outcomes {
		b := &out[min(n-1, max(0, int(o.Confidence*n)))]
		b.Answers++
		b.Right += count(o.Right())
		b.Confidence += o.Confidence
	}
	for i := range out {
		if out[i].Answers > 0 {
			out[i].Confidence /= float64(out[i].Answers)
		}
	}
	return out
}

func auc(outcomes []Outcome) float64 {
	byConfidence := slices.SortedFunc(slices.Values(outcomes), func(x, y Outcome) int {
		return cmp.Compare(x.Confidence, y.Confidence)
	})
	var wrongBelow, wrong, right, wins float64
	for i := 0; i < len(byConfidence); {
		j, r, w := i, 0.0, 0.0
		for ; j < len(byConfidence) && byConfidence[j].Confidence == byConfidence[i].Confidence; j++ {
			if byConfidence[j].Right() {
				r++
			} else {
				w++
			}
		}
		wins += r * (wrongBelow + w/2)
		wrongBelow += w
		right += r
		wrong += w
		i = j
	}
	if right == 0 || wrong == 0 {
		return 0
	}
	return wins / (right * wrong)
}

func aurc(outcomes []Outcome) float64 {
	byConfidence := slices.SortedFunc(slices.Values(outcomes), func(x, y Outcome) int {
		// Of equal confidence the wrong ones come first, so that ties are
		// never to the system's advantage.
		return cmp.Or(cmp.Compare(y.Confidence, x.Confidence), cmp.Compare(count(x.Right()), count(y.Right())))
	})
	wrong := 0.0
	return mean(len(byConfidence), func(i int) float64 {
		if !byConfidence[i].Right() {
			wrong++
		}
		return wrong / float64(i+1)
	})
}
