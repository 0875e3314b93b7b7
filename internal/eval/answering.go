package eval

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// QuestionOutcome is what became of one question that was asked on a collection.
type QuestionOutcome struct {
	ID      string `json:"id"`
	Article string `json:"article"`
	// Rank of the question's own paragraph among the documents found, from 1;
	// 0 if it is not among the first 20.
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
	// Evidence is what the confidence was worked out from.
	Evidence qa.Evidence `json:"-"`

	paragraph int
}

// rightF1 is the F1 with an acceptable answer from which an answer is called
// right: the longer or shorter form of a name is.
const rightF1 = 0.5

// Right reports whether there is an answer and it is right. It may be without being InCollection,
// when another paragraph says the same.
func (o QuestionOutcome) Right() bool { return o.Text != "" && o.F1 >= rightF1 }

// AskOptions say how questions are asked; the zero value is how ask does it.
type AskOptions struct {
	Mode   albertsearch.Mode
	Fusion rerank.Method
	Read   int
	// NoRank leaves out the search for Outcome.Rank.
	NoRank bool
}

// rankedDocuments is how far the own paragraph is looked for.
const rankedDocuments = 20

// EndToEnd asks every question on an index that has among its documents the
// paragraphs of s that kept lets pass, each a record whose id is its index. The
// outcomes are in the order of s.Questions; tick is called after each, if there
// is one.
func EndToEnd(ctx context.Context, a Asker, s *SQuAD, kept func(paragraph int) bool, o AskOptions, tick func()) ([]QuestionOutcome, error) {
	out := make([]QuestionOutcome, len(s.Questions))
	err := each(ctx, len(s.Questions), tick, func(ctx context.Context, i int) error {
		q := s.Questions[i]
		outcome, err := ask(ctx, a, q, o)
		outcome.Article = s.Paragraphs[q.Paragraph].Title
		outcome.InCollection = len(q.Answers) > 0 && kept(q.Paragraph)
		out[i] = outcome
		return err
	})
	return out, err
}

func ask(ctx context.Context, a Asker, q Question, opt AskOptions) (QuestionOutcome, error) {
	o := QuestionOutcome{ID: q.ID, paragraph: q.Paragraph}
	if !opt.NoRank {
		var err error
		if o.Rank, err = rankOf(ctx, a, q, opt); err != nil {
			return o, err
		}
	}
	res, err := a.Ask(ctx, albertsearch.AskRequest{Question: q.Text, Mode: opt.Mode, Fusion: opt.Fusion, Read: opt.Read})
	if err != nil {
		return o, fmt.Errorf("asking question %s: %w", q.ID, err)
	}
	o.Answered = res.Answered
	if len(res.Answers) > 0 {
		first := res.Answers[0]
		o.Text, o.Confidence, o.Evidence = first.Text, first.Confidence, first.Evidence
	}
	o.Exact, o.F1 = Score(o.Text, q.Answers)
	return o, nil
}

// rankOf is the rank of the question's own paragraph.
func rankOf(ctx context.Context, s Searcher, q Question, o AskOptions) (int, error) {
	found, err := s.Search(ctx, albertsearch.SearchRequest{Query: plain(q.Text), Mode: o.Mode, Fusion: o.Fusion, Limit: shallow})
	if err != nil {
		return 0, fmt.Errorf("searching for question %s: %w", q.ID, err)
	}
	return 1 + slices.Index(records(found.Hits, rankedDocuments), strconv.Itoa(q.Paragraph)), nil
}

// AnswerScores sums up outcomes, in percent.
type AnswerScores struct {
	// Part scores the first answer whatever its confidence.
	Part
	Recall1  float64 `json:"recall@1"`
	Recall5  float64 `json:"recall@5"`
	Recall10 float64 `json:"recall@10"`
	Recall20 float64 `json:"recall@20"`
}

// Answers scores the questions whose paragraph is in the collection.
func Answers(outcomes []QuestionOutcome) AnswerScores {
	var in []QuestionOutcome
	for _, o := range outcomes {
		if o.InCollection {
			in = append(in, o)
		}
	}
	recall := func(k int) float64 {
		return 100 * mean(len(in), func(i int) float64 { return in[i].recall(k) })
	}
	return AnswerScores{
		Part: Part{
			Exact: 100 * mean(len(in), func(i int) float64 { return in[i].Exact }),
			F1:    100 * mean(len(in), func(i int) float64 { return in[i].F1 }),
			Total: len(in),
		},
		Recall1: recall(1), Recall5: recall(5), Recall10: recall(10), Recall20: recall(20),
	}
}

// recall is 1 if the own paragraph is among the first k documents, else 0.
func (o QuestionOutcome) recall(k int) float64 { return float64(count(o.Rank >= 1 && o.Rank <= k)) }

// Scores are the measures of one question by name, in 0..1.
func (o QuestionOutcome) Scores() Scores {
	return Scores{
		"exact": o.Exact, "f1": o.F1, "right": float64(count(o.Right())),
		"recall@1": o.recall(1), "recall@5": o.recall(5), "recall@10": o.recall(10), "recall@20": o.recall(20),
	}
}

// Scores are the measures of one question by name, in 0..1.
func (o ReadOutcome) Scores() Scores { return Scores{"exact": o.Exact, "f1": o.F1} }
