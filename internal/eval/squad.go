package eval

import (
	"cmp"
	"slices"

	"github.com/albert-search/albert-search/internal/squadtext"
)

// exactMatch reports whether two answers are the same once normalised, as SQuAD
// compares them.
func exactMatch(prediction, gold string) bool {
	return squadtext.Normalize(prediction) == squadtext.Normalize(gold)
}

// overlapF1 is the harmonic mean of precision and recall of the words of a predicted
// answer, in 0..1, as the official script of SQuAD 2.0 has it: if either has
// no words, it is 1 when both have none and 0 otherwise.
func overlapF1(prediction, gold string) float64 {
	p, g := squadtext.Words(prediction), squadtext.Words(gold)
	if len(p) == 0 || len(g) == 0 {
		if len(p) == len(g) {
			return 1
		}
		return 0
	}
	left := make(map[string]int, len(g))
	for _, w := range g {
		left[w]++
	}
	same := 0
	for _, w := range p {
		if left[w] > 0 {
			left[w]--
			same++
		}
	}
	if same == 0 {
		return 0
	}
	precision, recall := float64(same)/float64(len(p)), float64(same)/float64(len(g))
	return 2 * precision * recall / (precision + recall)
}

// Score compares a prediction with every acceptable answer and returns the
// best exact match (0 or 1) and the best F1. Gold answers of which nothing is
// left once normalised do not count; if none is left, the question has no
// answer and the right prediction is "".
func Score(prediction string, gold []Gold) (exact, f1 float64) {
	answerable := false
	for _, g := range gold {
		if squadtext.Normalize(g.Text) == "" {
			continue
		}
		answerable = true
		if exactMatch(prediction, g.Text) {
			exact = 1
		}
		f1 = max(f1, overlapF1(prediction, g.Text))
	}
	if !answerable {
		f1 = overlapF1(prediction, "")
		exact = f1
	}
	return exact, f1
}

// Prediction is what a system says to a question of SQuAD 2.0.
type Prediction struct {
	// Text is the answer; empty means that there is none.
	Text string
	// NoAnswer grows with the belief that there is none: a probability or any
	// score.
	NoAnswer float64
}

// Part is the score of some of the questions, in percent.
type Part struct {
	Exact float64 `json:"exact"`
	F1    float64 `json:"f1"`
	Total int     `json:"total"`
}

// SQuAD2Scores is what the official script of SQuAD 2.0 prints.
type SQuAD2Scores struct {
	Part
	HasAns Part `json:"has_ans"`
	NoAns  Part `json:"no_ans"`
	// BestExact and BestF1 are reached when predictions with a NoAnswer above
	// the thresholds are taken as "no answer".
	BestExact          float64 `json:"best_exact"`
	BestExactThreshold float64 `json:"best_exact_threshold"`
	BestF1             float64 `json:"best_f1"`
	BestF1Threshold    float64 `json:"best_f1_threshold"`
}

// squad2 scores predictions as the official script of SQuAD 2.0 does
// (Rajpurkar et al. 2018, "Know What You Don't Know", section 5). A prediction
// whose NoAnswer is above threshold counts as "no answer"; questions without a
// prediction are left out. Predictions are by question id.
func squad2(questions []Question, predictions map[string]Prediction, threshold float64) SQuAD2Scores {
	var s SQuAD2Scores
	var scored []scoredQuestion
	for _, q := range questions {
		p, ok := predictions[q.ID]
		if !ok {
			continue
		}
		sq := scoredQuestion{prediction: p, hasAnswer: len(q.Answers) > 0}
		sq.exact, sq.f1 = Score(p.Text, q.Answers)
		scored = append(scored, sq)

		exact, f1 := sq.exact, sq.f1
		if p.NoAnswer > threshold {
			exact, f1 = 1, 1
			if sq.hasAnswer {
				exact, f1 = 0, 0
			}
		}
		s.add(exact, f1)
		if sq.hasAnswer {
			s.HasAns.add(exact, f1)
		} else {
			s.NoAns.add(exact, f1)
		}
	}
	for _, p := range []*Part{&s.Part, &s.HasAns, &s.NoAns} {
		if p.Total > 0 {
			p.Exact, p.F1 = 100*p.Exact/float64(p.Total), 100*p.F1/float64(p.Total)
		}
	}
	sortByNoAnswer(scored)
	s.BestExact, s.BestExactThreshold = bestThreshold(scored, func(q scoredQuestion) float64 { return q.exact })
	s.BestF1, s.BestF1Threshold = bestThreshold(scored, func(q scoredQuestion) float64 { return q.f1 })
	return s
}

func (p *Part) add(exact, f1 float64) {
	p.Exact += exact
	p.F1 += f1
	p.Total++
}

type scoredQuestion struct {
	prediction Prediction
	hasAnswer  bool
	exact, f1  float64
}

func sortByNoAnswer(scored []scoredQuestion) {
	slices.SortStableFunc(scored, func(x, y scoredQuestion) int {
		return cmp.Compare(x.prediction.NoAnswer, y.prediction.NoAnswer)
	})
}

// bestThreshold goes through the questions in ascending order of NoAnswer and
// returns the best score in percent that answering those up to some threshold
// gives, with that threshold.
func bestThreshold(scored []scoredQuestion, score func(scoredQuestion) float64) (best, threshold float64) {
	if len(scored) == 0 {
		return 0, 0
	}
	var now float64
	for _, q := range scored {
		if !q.hasAnswer {
			now++
		}
	}
	best = now
	for _, q := range scored {
		switch {
		case q.hasAnswer:
			now += score(q)
		case q.prediction.Text != "":
			now--
		}
		if now > best {
			best, threshold = now, q.prediction.NoAnswer
		}
	}
	return 100 * best / float64(len(scored)), threshold
}
