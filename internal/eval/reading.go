package eval

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/ingest/textnorm"
	"github.com/albert-search/albert-search/internal/squadtext"
	"github.com/albert-search/albert-search/qa"
)

// ReadOutcome is what a reader makes of a question whose paragraph it is given.
type ReadOutcome struct {
	ID      string `json:"id"`
	Article string `json:"article"`
	// Text is the best answer, however little the reader thinks of it.
	Text string `json:"text"`
	Verdict
	HasAnswer bool    `json:"has_answer"`
	Exact     float64 `json:"exact"`
	F1        float64 `json:"f1"`
	// Wrong is the reader's verdict on the best passage that does not answer the
	// question; nil where none was looked for or found.
	Wrong *Verdict `json:"wrong,omitempty"`
}

// Verdict is what a reader thinks of a passage.
type Verdict struct {
	// Margin is the logit of the best span less that of the null span.
	Margin float64 `json:"margin"`
	// Relevance is the logit of the relevance head; nil where there is none.
	Relevance *float64 `json:"relevance,omitempty"`
}

// noSpan is the margin of a passage without any span.
const noSpan = -100

// Reading has the answerer, whose reader should be one of Remember, read each
// question's own paragraph. If s is not nil
// it searches an index of the paragraphs for the best passage that does not
// contain an answer, and has that read, too. The outcomes are in the order of
// the questions; tick is called after each, if there is one.
func Reading(ctx context.Context, a *qa.Answerer, set *SQuAD, s Searcher, tick func()) ([]ReadOutcome, error) {
	out := make([]ReadOutcome, len(set.Questions))
	err := each(ctx, len(out), tick, func(ctx context.Context, i int) error {
		q := set.Questions[i]
		p := set.Paragraphs[q.Paragraph]
		o := ReadOutcome{ID: q.ID, Article: p.Title, HasAnswer: len(q.Answers) > 0}
		var err error
		if o.Text, o.Verdict, err = read(ctx, a, q.Text, p.Text); err != nil {
			return fmt.Errorf("question %s: %w", q.ID, err)
		}
		o.Exact, o.F1 = Score(o.Text, q.Answers)
		if s != nil && o.HasAnswer {
			wrong, err := bestWrong(ctx, s, q)
			if err != nil {
				return err
			}
			if wrong != "" {
				_, v, err := read(ctx, a, q.Text, wrong)
				if err != nil {
					return fmt.Errorf("question %s: %w", q.ID, err)
				}
				o.Wrong = &v
			}
		}
		out[i] = o
		return nil
	})
	return out, err
}

// read returns the best answer in a text, as it stands there.
func read(ctx context.Context, a *qa.Answerer, question, original string) (string, Verdict, error) {
	v := Verdict{Margin: noSpan}
	question = textnorm.Normalize(question).String()
	text := textnorm.Normalize(original)
	if a.HasRelevance() {
		// Of a text of several windows the best one's.
		of, err := a.Relevance(ctx, question, []string{text.String()})
		if err != nil {
			return "", v, err
		}
		if !math.IsInf(of[0], -1) {
			v.Relevance = &of[0]
		}
	}
	res, err := a.Answer(ctx, question, []qa.Passage{{Text: text.String(), Score: 1}})
	if err != nil || len(res.Answers) == 0 {
		return "", v, err
	}
	best := res.Answers[0]
	v.Margin = best.Span - best.Null
	start, end := text.Original(best.Start, best.End)
	return original[start:end], v, nil
}

// bestWrong returns the text of the first passage found that is not of the
// question's own paragraph and contains none of the acceptable answers; "" if
// there is none.
func bestWrong(ctx context.Context, s Searcher, q Question) (string, error) {
	res, err := s.Search(ctx, albertsearch.SearchRequest{Query: plain(q.Text), Limit: 20})
	if err != nil {
		return "", fmt.Errorf("searching for question %s: %w", q.ID, err)
	}
	for _, h := range res.Hits {
		own := record(h.Citation) == strconv.Itoa(q.Paragraph)
		if !own && !contains(h.Text, q.Answers) {
			return h.Text, nil
		}
	}
	return "", nil
}

// contains reports whether the words of an acceptable answer stand in the text, as
// SQuAD compares them.
func contains(text string, answers []Gold) bool {
	words := " " + squadtext.Normalize(text) + " "
	for _, a := range answers {
		if answer := squadtext.Normalize(a.Text); answer != "" && strings.Contains(words, " "+answer+" ") {
			return true
		}
	}
	return false
}

// ReadingScores sum up what a reader makes of the paragraphs it is given.
type ReadingScores struct {
	SQuAD2Scores
	// HasAnswerAUC says how well span - null tells questions that have an answer
	// from those that have none; nil where there is only one kind.
	HasAnswerAUC *float64 `json:"auc_has_answer,omitempty"`
	// HasAnswerRelevanceAUC is the same of the relevance.
	HasAnswerRelevanceAUC *float64 `json:"auc_has_answer_relevance,omitempty"`
	// GoldAUC says how well span - null tells the own paragraphs of the questions
	// from the best wrong passages.
	GoldAUC *float64 `json:"auc_gold,omitempty"`
	// GoldRelevanceAUC is the same of the relevance.
	GoldRelevanceAUC *float64 `json:"auc_gold_relevance,omitempty"`
	// Wrong counts the questions for which there is a wrong passage.
	Wrong int `json:"wrong_passages"`
}

// JudgeReading sums up outcomes. Answers whose margin is below least count as
// none.
func JudgeReading(set *SQuAD, outcomes []ReadOutcome, least float64) ReadingScores {
	predictions := make(map[string]Prediction, len(outcomes))
	var hasAnswer, hasAnswerRelevance, gold, goldRelevance []ScoredAnswer
	s := ReadingScores{}
	for _, o := range outcomes {
		predictions[o.ID] = Prediction{Text: o.Text, NoAnswer: -o.Margin}
		hasAnswer = append(hasAnswer, ScoredAnswer{o.Margin, o.HasAnswer})
		if o.Relevance != nil {
			hasAnswerRelevance = append(hasAnswerRelevance, ScoredAnswer{*o.Relevance, o.HasAnswer})
		}
		if o.Wrong == nil {
			continue
		}
		s.Wrong++
		gold = append(gold, ScoredAnswer{o.Margin, true}, ScoredAnswer{o.Wrong.Margin, false})
		if o.Relevance != nil && o.Wrong.Relevance != nil {
			goldRelevance = append(goldRelevance, ScoredAnswer{*o.Relevance, true}, ScoredAnswer{*o.Wrong.Relevance, false})
		}
	}
	s.SQuAD2Scores = squad2(set.Questions, predictions, -least)
	s.BestExactThreshold = marginOf(s.BestExactThreshold, outcomes)
	s.BestF1Threshold = marginOf(s.BestF1Threshold, outcomes)
	s.HasAnswerAUC, s.HasAnswerRelevanceAUC = aucOfBoth(hasAnswer), aucOfBoth(hasAnswerRelevance)
	s.GoldAUC, s.GoldRelevanceAUC = aucOfBoth(gold), aucOfBoth(goldRelevance)
	return s
}

// marginOf is the least margin of the answers that are given with a threshold of
// SQuAD2. Where giving none is best, that says 0, which is no score's.
func marginOf(threshold float64, outcomes []ReadOutcome) float64 {
	most := math.Inf(-1)
	for _, o := range outcomes {
		if o.Margin == -threshold {
			return o.Margin
		}
		most = max(most, o.Margin)
	}
	return math.Nextafter(most, math.MaxFloat64)
}

// aucOfBoth is the AUC where there are both right and wrong ones.
func aucOfBoth(judged []ScoredAnswer) *float64 {
	right := 0
	for _, j := range judged {
		right += count(j.Right)
	}
	if right == 0 || right == len(judged) {
		return nil
	}
	auc := auc(judged)
	return &auc
}
