// Package qa reads answers out of passages: it lays question and passage side
// by side in windows, has a reader model score every piece as the start or the
// end of an answer, and makes of the best spans a short list of distinct
// answers, each with the passages that support it and the probability that it
// is right. "There is no answer here" is one of the results.
package qa

import (
	"context"
	"fmt"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// SpanReader scores every piece of every sequence as the start and as the end
// of an answer: both results have one row a sequence and one logit a piece.
// *albert.Session is one.
type SpanReader interface {
	Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error)
}

// Passage is a piece of text in which an answer may stand.
type Passage struct {
	// Text is what is read: the normalised form of the passage.
	Text string
	// Score is how well retrieval thinks the passage fits, from 0 to 1.
	Score float64
}

// Options of an Answerer. A zero field takes the default.
type Options struct {
	// Window is the most pieces that the model reads at once, question and
	// special pieces included (256).
	Window int
	// Overlap is the number of pieces that two neighbouring windows of a
	// passage share (96), the window less SQuAD's "doc stride".
	Overlap int
	// QuestionTokens is how much of a question is read (48).
	QuestionTokens int
	// AnswerTokens is the longest answer (25).
	AnswerTokens int
	// TopK is how many starts and how many ends of a window are combined (20).
	TopK int
	// MaxAnswers is the most answers that are returned (10).
	MaxAnswers int
	// Threshold is the confidence that the best answer needs to count as one.
	// The default is the calibration's; a negative one lets every answer pass.
	Threshold float64
	// Calibration belongs to the reader model. The default is that of the
	// built-in reader.
	Calibration *Calibration
}

func (o Options) withDefaults() Options {
	o.Window = or(o.Window, 256)
	o.QuestionTokens = or(o.QuestionTokens, 48)
	o.AnswerTokens = or(o.AnswerTokens, 25)
	o.TopK = or(o.TopK, 20)
	o.MaxAnswers = or(o.MaxAnswers, 10)
	// A window holds the question, three special pieces and at least one
	// piece of the passage, and the next window starts after this one's start.
	o.Window = max(o.Window, 5)
	o.QuestionTokens = min(o.QuestionTokens, o.Window-4)
	o.Overlap = or(o.Overlap, 96)
	if o.Calibration == nil {
		o.Calibration = BuiltinCalibration()
	}
	if o.Threshold == 0 {
		o.Threshold = o.Calibration.Threshold
	}
	return o
}

func or(v, def int) int {
	if v <= 0 {
		return def
	}
	return v
}

// Answer is a span of one passage.
type Answer struct {
	// Passage is the index of the passage that was given to Answerer.Answer.
	Passage int
	// Start and End are the byte range in the Text of that passage.
	Start, End int
	// Span is the sum of the start and end logits, Null that of the window's
	// [CLS] piece, which stands for "no answer here".
	Span, Null float64
	// Score orders the answers of one question: Span - Null plus the weighted
	// score of the passage. It means nothing across questions.
	Score float64
	// Confidence is the probability, from 0 to 1, that the answer is right;
	// Evidence is what it was worked out from.
	Confidence float64
	Evidence   Evidence
	// Support lists the other passages that give the same answer, in
	// ascending order.
	Support []int
}

// Result is what was read.
type Result struct {
	// Answers are distinct, in descending order of Score. There may be some
	// even if Answered is false: they are what comes nearest to an answer.
	Answers []Answer
	// Answered says that the first of Answers is good enough to be given.
	Answered bool
	// NullScore is the lowest null score of all windows: how little the most
	// promising one looks like holding no answer.
	NullScore float64
}

// Answerer answers questions from passages. It is safe for use by several
// goroutines at once if its SpanReader is.
type Answerer struct {
	reader SpanReader
	tok    tokenize.Tokenizer
	opt    Options
}

// New returns an Answerer that reads with r; tok is the tokenizer of r's model.
func New(r SpanReader, tok tokenize.Tokenizer, o Options) *Answerer {
	return &Answerer{reader: r, tok: tok, opt: o.withDefaults()}
}

// Answer reads the passages for an answer to the question. All windows of all
// passages are given to the SpanReader in one call. Without passages, or with
// a question of no pieces, the result is empty.
func (a *Answerer) Answer(ctx context.Context, question string, passages []Passage) (Result, error) {
	windows := a.windows(question, passages)
	if len(windows) == 0 {
		return Result{}, nil
	}
	seqs := make([]tokenize.Sequence, len(windows))
	for i, w := range windows {
		seqs[i] = w.seq
	}
	starts, ends, err := a.reader.Spans(ctx, seqs)
	if err != nil {
		return Result{}, fmt.Errorf("reading %d passages: %w", len(passages), err)
	}
	if err := checkLogits(seqs, starts, ends); err != nil {
		return Result{}, err
	}
	nullScore := float64(starts[0][0]) + float64(ends[0][0])
	var spans []span
	for i, w := range windows {
		null := float64(starts[i][0]) + float64(ends[i][0])
		nullScore = min(nullScore, null)
		spans = append(spans, a.decode(w, passages[w.passage].Text, starts[i], ends[i], null)...)
	}
	answers := a.distinct(spans, passages)
	return Result{
		Answers:   answers,
		Answered:  len(answers) > 0 && answers[0].Confidence >= a.opt.Threshold,
		NullScore: nullScore,
	}, nil
}
