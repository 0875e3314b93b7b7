package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/ingest/textnorm"
	"github.com/albert-search/albert-search/qa"
)

// Asked is a question with the passages that were found for it.
type Asked struct {
	Question
	InCollection bool
	passages     []qa.Passage
}

// readPassages is how many passages the engine reads for a question.
const readPassages = 10

// FindPassages searches for every question in an index whose documents are the
// paragraphs that kept lets pass.
func FindPassages(ctx context.Context, s Searcher, questions []Question, kept func(paragraph int) bool) ([]Asked, error) {
	out := make([]Asked, len(questions))
	err := each(ctx, len(questions), func(ctx context.Context, i int) error {
		q := questions[i]
		res, err := s.Search(ctx, albertsearch.SearchRequest{Query: plain(q.Text), Limit: readPassages})
		if err != nil {
			return fmt.Errorf("searching for question %s: %w", q.ID, err)
		}
		out[i] = Asked{Question: q, InCollection: len(q.Answers) > 0 && kept(q.Paragraph)}
		for _, h := range res.Hits {
			out[i].passages = append(out[i].passages, qa.Passage{Text: textnorm.Normalize(h.Text).String(), Score: h.Score})
		}
		return nil
	})
	return out, err
}

// WeightScore is the quality of the first answers with one weight of the
// retrieval score, in percent, over questions whose paragraph is in the
// collection.
type WeightScore struct {
	FusedWeight float64 `json:"fusedWeight"`
	Part
}

// Fit is the outcome of Calibrate.
type Fit struct {
	Calibration qa.Calibration `json:"calibration"`
	Weights     []WeightScore  `json:"weights"`
	// Examples are the first answers that the confidence was fitted on.
	Examples int `json:"examples"`
	Right    int `json:"right"`
	// Judged is how well the fitted calibration does on what it was fitted on.
	Judged Answerability `json:"judged"`
}

// nearBest is how many points of F1 below the best are as good.
const nearBest = 0.25

// chooseWeight returns the smallest weight that is as good as the best: the
// optimum is flat, and a smaller weight trusts the reader more.
func chooseWeight(scores []WeightScore) float64 {
	best := slices.MaxFunc(scores, func(x, y WeightScore) int { return cmp.Compare(x.F1, y.F1) })
	i := slices.IndexFunc(scores, func(s WeightScore) bool { return s.F1 >= best.F1-nearBest })
	return scores[i].FusedWeight
}

// Calibrate fits a calibration to a reader: the weight of the retrieval score
// whose answers have the best F1, the confidence on the first answers with that
// weight, and as threshold the one that is best by the F1 of SQuAD 2.0. About
// half of the questions should not be InCollection.
func Calibrate(ctx context.Context, r qa.SpanReader, tok tokenize.Tokenizer, asked []Asked) (*Fit, error) {
	if len(asked) == 0 {
		return nil, errors.New("no questions to calibrate with")
	}
	reader := newMemo(r)
	fit := new(Fit)
	for weight := 0.0; weight <= 24; weight += 2 {
		first, err := firstAnswers(ctx, reader, tok, asked, qa.Calibration{FusedWeight: weight})
		if err != nil {
			return nil, err
		}
		in := slices.DeleteFunc(first, func(f firstAnswer) bool { return !f.InCollection })
		fit.Weights = append(fit.Weights, WeightScore{weight, Part{
			Exact: 100 * mean(len(in), func(i int) float64 { return in[i].Exact }),
			F1:    100 * mean(len(in), func(i int) float64 { return in[i].F1 }),
			Total: len(in),
		}})
	}
	c := &fit.Calibration
	c.FusedWeight = chooseWeight(fit.Weights)
	first, err := firstAnswers(ctx, reader, tok, asked, *c)
	if err != nil {
		return nil, err
	}
	var examples []Example
	for _, f := range first {
		if f.Text != "" {
			examples = append(examples, Example{f.evidence, f.Right()})
			fit.Right += count(f.Right())
		}
	}
	fit.Examples = len(examples)
	if c.Bias, c.Weights, err = FitConfidence(examples); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(first))
	questions := make([]Question, len(first))
	predictions := make(map[string]Prediction, len(first))
	for i, f := range first {
		f.Confidence = 0
		if f.Text != "" {
			f.Confidence = c.Confidence(f.evidence)
		}
		outcomes[i] = f.Outcome
		questions[i] = asked[i].Question
		// An answer from another paragraph is as good.
		if !f.InCollection && !f.Right() {
			questions[i].Answers = nil
		}
		predictions[f.ID] = Prediction{Text: f.Text, NoAnswer: 1 - f.Confidence}
	}
	c.Threshold = 1 - SQuAD2(questions, predictions, 1).BestF1Threshold
	c.Provenance.Questions = len(asked)
	for i := range outcomes {
		outcomes[i].Answered = outcomes[i].Confidence >= c.Threshold
	}
	fit.Judged = JudgeAnswerability(outcomes)
	return fit, nil
}

// firstAnswer is the first answer to a question with its evidence.
type firstAnswer struct {
	Outcome
	evidence qa.Evidence
}

func firstAnswers(ctx context.Context, r qa.SpanReader, tok tokenize.Tokenizer, asked []Asked, c qa.Calibration) ([]firstAnswer, error) {
	a := qa.New(r, tok, qa.Options{Calibration: &c})
	out := make([]firstAnswer, len(asked))
	err := each(ctx, len(asked), func(ctx context.Context, i int) error {
		q := asked[i]
		o := &out[i]
		o.ID, o.InCollection = q.ID, q.InCollection
		res, err := a.Answer(ctx, textnorm.Normalize(q.Text).String(), q.passages)
		if err != nil {
			return fmt.Errorf("question %s: %w", q.ID, err)
		}
		if len(res.Answers) > 0 {
			best := res.Answers[0]
			o.Text = q.passages[best.Passage].Text[best.Start:best.End]
			o.evidence = best.Evidence
		}
		o.Exact, o.F1 = Score(o.Text, q.Answers)
		return nil
	})
	return out, err
}
