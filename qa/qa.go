// Package qa reads answers out of passages: it lays question and passage side
// by side in windows, has a reader model score every token as the start or the
// end of an answer, and makes of the best spans a short list of distinct
// answers, each with the passages that support it and the probability that it
// is right. "There is no answer here" is one of the results. A model that can
// also says how relevant each passage is, from the same pass.
package qa

import (
	"context"
	"fmt"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/internal/errkind"
)

// SpanReader scores every token of every sequence as the start and as the end
// of an answer: both results have one row a sequence and one logit a token.
// *albert.Session is one.
type SpanReader interface {
	Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error)
}

// RelevanceReader is a SpanReader whose model may also judge, in the same pass,
// how well a passage fits the question. *albert.Session is one.
type RelevanceReader interface {
	SpanReader
	// HasRelevance reports whether SpansAndRelevance can be used.
	HasRelevance() bool
	// SpansAndRelevance returns what Spans does and one number for each sequence, the log
	// of the odds that its second text answers the first.
	SpansAndRelevance(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, relevance []float32, err error)
}

// Passage is a text in which an answer may stand.
type Passage struct {
	// Text is what is read: the normalised form of the passage.
	Text string
	// Score is how well retrieval thinks the passage fits, from 0 to 1.
	Score float64
}

// Options of an Answerer. A zero field takes the default.
type Options struct {
	// Window is the most tokens that the model reads at once, question and
	// special tokens included (256).
	Window int
	// Overlap is the number of tokens that two neighbouring windows of a
	// passage share (three eighths of Window), the window less SQuAD's "doc
	// stride".
	Overlap int
	// QuestionTokens is how much of a question is read (48).
	QuestionTokens int
	// AnswerTokens is the longest answer (25).
	AnswerTokens int
	// TopK is how many starts and how many ends of a window are combined (20).
	TopK int
	// MaxAnswers is the most answers that are returned (10).
	MaxAnswers int
	// Threshold is the confidence that the best answer needs to count as one; 0
	// lets every answer pass. Nil means the calibration's.
	Threshold *float64
	// Calibration belongs to the reader model. The default is one fitted with
	// a built-in reader, with or without relevance.
	Calibration *Calibration
}

func (o Options) withDefaults(relevance bool) Options {
	o.Window = or(o.Window, 256)
	o.QuestionTokens = or(o.QuestionTokens, 48)
	o.AnswerTokens = or(o.AnswerTokens, 25)
	o.TopK = or(o.TopK, 20)
	o.MaxAnswers = or(o.MaxAnswers, 10)
	// A window holds the question, three special tokens and at least one
	// token of the passage, and the next window starts after this one's start.
	o.Window = max(o.Window, 5)
	o.QuestionTokens = min(o.QuestionTokens, o.Window-4)
	o.Overlap = or(o.Overlap, o.Window*3/8)
	if o.Calibration == nil {
		o.Calibration = defaultCalibration(relevance)
	}
	if o.Threshold == nil {
		o.Threshold = &o.Calibration.Threshold
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
	// [CLS] token, which stands for "no answer here".
	Span, Null float64
	// Score orders the answers of one question: Span - Null plus the weighted
	// score of the passage and relevance of the window. It means nothing
	// across questions.
	Score float64
	// Confidence is the probability, from 0 to 1, that the answer is right;
	// Evidence is what it was worked out from.
	Confidence float64
	Evidence   Evidence
	// Support lists the same answer in other passages, the best span of each, in
	// ascending order.
	Support []Support
}

// Support is a span of another passage that says the same as an answer.
type Support struct {
	// Passage, Start and End are as in Answer.
	Passage, Start, End int
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
	// relevance is reader if that judges relevance, else nil.
	relevance RelevanceReader
	tok       tokenize.Tokenizer
	opt       Options
}

// New returns an Answerer that reads with r; tok is the tokenizer of r's model.
func New(r SpanReader, tok tokenize.Tokenizer, o Options) *Answerer {
	a := &Answerer{reader: r, tok: tok}
	if rr, ok := r.(RelevanceReader); ok && rr.HasRelevance() {
		a.relevance = rr
	}
	a.opt = o.withDefaults(a.HasRelevance())
	return a
}

// HasRelevance reports whether the reader judges relevance: answers then have
// it, and Relevance can be used.
func (a *Answerer) HasRelevance() bool { return a.relevance != nil }

// Threshold is the confidence from which an answer is given.
func (a *Answerer) Threshold() float64 { return *a.opt.Threshold }

// Answer reads the passages for an answer to the question. All windows of all
// passages are given to the SpanReader in one call. Without passages, or with
// a question of no tokens, the result is empty.
func (a *Answerer) Answer(ctx context.Context, question string, passages []Passage) (Result, error) {
	ws, err := a.read(ctx, question, passages)
	if err != nil || len(ws) == 0 {
		return Result{}, err
	}
	nullScore := ws[0].null()
	var spans []span
	for _, w := range ws {
		nullScore = min(nullScore, w.null())
		spans = append(spans, a.decode(w, passages[w.passage].Text)...)
	}
	answers := a.distinct(spans, passages)
	return Result{
		Answers:   answers,
		Answered:  len(answers) > 0 && answers[0].Confidence >= *a.opt.Threshold,
		NullScore: nullScore,
	}, nil
}

// ErrNoRelevance is the error of Answerer.Relevance for a reader without it.
var ErrNoRelevance = errkind.New(errkind.NoRelevance, "the reading model does not judge relevance: it has no classifier of two labels beside its span head")

// Relevance reads the texts and returns how relevant each is to the question:
// the log of the odds that it answers it, of a text longer than a window the
// best window's. A text of no tokens has negative infinity.
func (a *Answerer) Relevance(ctx context.Context, question string, texts []string) ([]float64, error) {
	if !a.HasRelevance() {
		return nil, ErrNoRelevance
	}
	ws, err := a.read(ctx, question, passagesOf(texts))
	if err != nil {
		return nil, err
	}
	relevances := newBest(len(texts))
	for _, w := range ws {
		relevances.add(w.passage, w.relevance)
	}
	return relevances, nil
}

func passagesOf(texts []string) []Passage {
	passages := make([]Passage, len(texts))
	for i, text := range texts {
		passages[i].Text = text
	}
	return passages
}

// readWindow is a window with what the model says of it.
type readWindow struct {
	window
	// start and end are the logits of the tokens of window.seq.
	start, end []float32
	// relevance is 0 if the model does not judge it.
	relevance float32
}

// null is the score of "no answer here".
func (w readWindow) null() float64 { return float64(w.start[0]) + float64(w.end[0]) }

// read reads all windows of the passages in one call.
func (a *Answerer) read(ctx context.Context, question string, passages []Passage) ([]readWindow, error) {
	windows := a.windows(question, passages)
	if len(windows) == 0 {
		return nil, nil
	}
	seqs := make([]tokenize.Sequence, len(windows))
	for i, w := range windows {
		seqs[i] = w.seq
	}
	var starts, ends [][]float32
	relevance := make([]float32, len(seqs))
	var err error
	if a.HasRelevance() {
		starts, ends, relevance, err = a.relevance.SpansAndRelevance(ctx, seqs)
	} else {
		starts, ends, err = a.reader.Spans(ctx, seqs)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %d passages: %w", len(passages), err)
	}
	if err := checkLogits(seqs, starts, ends, relevance); err != nil {
		return nil, err
	}
	out := make([]readWindow, len(windows))
	for i, w := range windows {
		out[i] = readWindow{w, starts[i], ends[i], relevance[i]}
	}
	return out, nil
}
