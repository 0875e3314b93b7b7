package albertsearch

import (
	"cmp"
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/textnorm"
	"github.com/albert-search/albert-search/internal/errkind"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

const (
	// defaultRead is how many passages a question reads: docs/evaluation.md
	// tells how often the right one is among them. A reader that judges their
	// relevance reads more, since it is not led astray by those that only look
	// as if they answered.
	defaultRead          = 10
	defaultReadRelevance = 20
	defaultAnswers       = 3
)

// AskRequest asks a question.
type AskRequest struct {
	Question string
	// Mode is Hybrid and Fusion rerank.Default when empty.
	Mode   Mode
	Fusion rerank.Method
	Filter index.Filter
	// Read is how many of the best passages are read; 0 means 20, or 10 with a
	// reader that does not judge their relevance.
	Read int
	// Limit is the most answers returned; 0 means 3.
	Limit int
}

// Ask reads the passages that fit the question best and extracts its answers.
func (e *Engine) Ask(ctx context.Context, r AskRequest) (*AskResult, error) {
	began := time.Now()
	question := strings.TrimSpace(textnorm.Normalize(r.Question).String())
	if question == "" {
		return nil, errkind.New(errkind.Usage, "the question is empty")
	}
	if _, err := positive("number of passages to read", r.Read, defaultRead); err != nil {
		return nil, err
	}
	limit, err := positive("limit", r.Limit, defaultAnswers)
	if err != nil {
		return nil, err
	}
	if err := e.begin(); err != nil {
		return nil, err
	}
	defer e.reading.Done()
	answerer, err := loadBoth(ctx, e, r.Mode, e.models.answerer)
	if err != nil {
		return nil, err
	}
	read := cmp.Or(r.Read, defaultRead)
	if answerer.HasRelevance() {
		read = cmp.Or(r.Read, defaultReadRelevance)
	}
	res := &AskResult{Question: r.Question, Mode: cmp.Or(r.Mode, Hybrid), Answers: []Answer{}}
	res.Fusion = fusionOf(res.Mode, r.Fusion)
	passages, stats, err := e.retrieve(ctx, retrieval{
		// Not parsed: the punctuation of a question is no query syntax.
		query: index.Query{Clauses: []index.Clause{{Text: question}}},
		mode:  res.Mode, fusion: res.Fusion, filter: r.Filter, limit: read, noFurniture: true,
	})
	if err != nil {
		return nil, err
	}
	if err := readAnswers(ctx, answerer, question, passages, limit, res); err != nil {
		return nil, err
	}
	e.noteChanges(ctx, passages, stats.Updated, res.cited())
	res.Read, res.Coverage, res.Freshness, res.Took = len(passages), coverageOf(stats), freshnessOf(stats), since(began)
	return res, nil
}

// loadBoth loads a model that reads passages and, unless the mode does without,
// the embedder, at the same time: a question asked from the command line waits
// for both.
func loadBoth[T any](ctx context.Context, e *Engine, m Mode, load func(context.Context) (T, error)) (T, error) {
	var reads, none T
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		var err error
		reads, err = load(ctx)
		return err
	})
	if m != Keyword {
		g.Go(func() error {
			_, err := e.models.embedder(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return none, err
	}
	return reads, nil
}

// readAnswers reads the passages and puts at most limit answers into res, cut
// from the original text.
func readAnswers(ctx context.Context, a *qa.Answerer, question string, passages []found, limit int, res *AskResult) error {
	norms := make([]textnorm.Text, len(passages))
	texts := make([]qa.Passage, len(passages))
	for i, p := range passages {
		norms[i] = textnorm.Normalize(p.Text)
		texts[i] = qa.Passage{Text: norms[i].String(), Score: p.score}
	}
	result, err := a.Answer(ctx, question, texts)
	if err != nil {
		return err
	}
	res.Answered = result.Answered
	for i, answer := range result.Answers[:min(limit, len(result.Answers))] {
		p := passages[answer.Passage]
		start, end := norms[answer.Passage].Original(answer.Start, answer.End)
		from, to := ingest.Sentence(p.Text, start, end)
		out := Answer{
			Rank:       i + 1,
			Citation:   cite(p.Stored).Part(p.Text, index.Range{Start: start, End: end}),
			Text:       p.Text[start:end],
			Sentence:   p.Text[from:to],
			InSentence: index.Range{Start: start - from, End: end - from},
			Confidence: answer.Confidence,
			Certainty:  certainty(answer.Confidence),
			Evidence:   answer.Evidence,
			Score:      answer.Score,
			Support:    []Citation{},
		}
		if a.HasRelevance() {
			out.Relevance = &answer.Evidence.Relevance
		}
		for _, s := range answer.Support {
			p := passages[s.Passage]
			start, end := norms[s.Passage].Original(s.Start, s.End)
			out.Support = append(out.Support, cite(p.Stored).Part(p.Text, index.Range{Start: start, End: end}))
		}
		res.Answers = append(res.Answers, out)
	}
	return nil
}
