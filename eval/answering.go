package eval

import (
	"context"
	"fmt"
	"strconv"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/ingest/textnorm"
	"github.com/albert-search/albert-search/qa"
)

// Reading has the answerer read each question's own paragraph and returns
// exact match and F1 in percent, as SQuAD1 does. Questions without an answer
// are left out.
func Reading(ctx context.Context, a *qa.Answerer, s *SQuAD) (Part, error) {
	questions := s.answerable()
	answers := make([]string, len(questions))
	err := each(ctx, len(questions), func(ctx context.Context, i int) error {
		original := s.Paragraphs[questions[i].Paragraph].Text
		text := textnorm.Normalize(original)
		res, err := a.Answer(ctx, textnorm.Normalize(questions[i].Text).String(), []qa.Passage{{Text: text.String(), Score: 1}})
		if err != nil {
			return fmt.Errorf("question %s: %w", questions[i].ID, err)
		}
		if len(res.Answers) > 0 {
			start, end := text.Original(res.Answers[0].Start, res.Answers[0].End)
			answers[i] = original[start:end]
		}
		return nil
	})
	if err != nil {
		return Part{}, err
	}
	p := Part{Total: len(questions)}
	predictions := make(map[string]string, len(questions))
	for i, q := range questions {
		predictions[q.ID] = answers[i]
	}
	p.Exact, p.F1 = SQuAD1(questions, predictions)
	return p, nil
}

func (s *SQuAD) answerable() []Question {
	var out []Question
	for _, q := range s.Questions {
		if len(q.Answers) > 0 {
			out = append(out, q)
		}
	}
	return out
}

// Outcome is what became of one question that was asked on a collection.
type Outcome struct {
	ID string `json:"id"`
	// Rank of the question's own paragraph among the documents found, from 1;
	// 0 if it is not among the first ten.
	Rank int `json:"rank"`
	// Text is the first answer, given or not; empty if there is none.
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"`
	// Answered says that the answer was held to be good enough.
	Answered bool    `json:"answered"`
	Exact    float64 `json:"exact"`
	F1       float64 `json:"f1"`
	// InCollection says that the question's own paragraph was there and has an
	// answer.
	InCollection bool `json:"in_collection"`
}

// rightF1 is the F1 with an acceptable answer from which an answer is called
// right: the longer or shorter form of a name is.
const rightF1 = 0.5

// Right says whether the answer is right. It may be without being InCollection,
// when another paragraph says the same.
func (o Outcome) Right() bool { return o.F1 >= rightF1 }

// EndToEnd asks every question on an index whose documents are the paragraphs
// of s that kept lets pass, each a record whose id is its index. The outcomes
// are in the order of s.Questions.
func EndToEnd(ctx context.Context, a Asker, s *SQuAD, kept func(paragraph int) bool) ([]Outcome, error) {
	out := make([]Outcome, len(s.Questions))
	err := each(ctx, len(s.Questions), func(ctx context.Context, i int) error {
		o, err := ask(ctx, a, s.Questions[i])
		o.InCollection = len(s.Questions[i].Answers) > 0 && kept(s.Questions[i].Paragraph)
		out[i] = o
		return err
	})
	return out, err
}

func ask(ctx context.Context, a Asker, q Question) (Outcome, error) {
	o := Outcome{ID: q.ID}
	found, err := a.Search(ctx, albertsearch.SearchRequest{Query: plain(q.Text), Limit: shallow})
	if err != nil {
		return o, fmt.Errorf("searching for question %s: %w", q.ID, err)
	}
	for i, id := range records(found.Hits, 10) {
		if id == strconv.Itoa(q.Paragraph) {
			o.Rank = i + 1
		}
	}
	res, err := a.Ask(ctx, albertsearch.AskRequest{Question: q.Text})
	if err != nil {
		return o, fmt.Errorf("asking question %s: %w", q.ID, err)
	}
	o.Answered = res.Answered
	if len(res.Answers) > 0 {
		o.Text, o.Confidence = res.Answers[0].Text, res.Answers[0].Confidence
	}
	o.Exact, o.F1 = Score(o.Text, q.Answers)
	return o, nil
}

// AnswerScores sums up outcomes, in percent.
type AnswerScores struct {
	// Part scores the first answer whatever its confidence.
	Part
	Recall1  float64 `json:"recall@1"`
	Recall5  float64 `json:"recall@5"`
	Recall10 float64 `json:"recall@10"`
}

// Answers scores the questions whose paragraph is in the collection.
func Answers(outcomes []Outcome) AnswerScores {
	var in []Outcome
	for _, o := range outcomes {
		if o.InCollection {
			in = append(in, o)
		}
	}
	recall := func(k int) float64 {
		return 100 * mean(len(in), func(i int) float64 {
			if r := in[i].Rank; r >= 1 && r <= k {
				return 1
			}
			return 0
		})
	}
	return AnswerScores{
		Part: Part{
			Exact: 100 * mean(len(in), func(i int) float64 { return in[i].Exact }),
			F1:    100 * mean(len(in), func(i int) float64 { return in[i].F1 }),
			Total: len(in),
		},
		Recall1: recall(1), Recall5: recall(5), Recall10: recall(10),
	}
}
