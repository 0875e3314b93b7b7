package qa_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/qa"
)

// words splits at spaces; a token's id is 10 + its place in the list.
type words struct{ list []string }

func (w *words) Append(dst []tokenize.Token, text string) []tokenize.Token {
	at := 0
	for part := range strings.SplitAfterSeq(text, " ") {
		word := strings.TrimSuffix(part, " ")
		if word != "" {
			id := slices.Index(w.list, word)
			if id < 0 {
				id = len(w.list)
				w.list = append(w.list, word)
			}
			dst = append(dst, tokenize.Token{ID: int32(10 + id), Start: at, End: at + len(word)})
		}
		at += len(part)
	}
	return dst
}

func (w *words) Special() tokenize.Special {
	return tokenize.Special{PAD: 0, UNK: 1, CLS: 2, SEP: 3, MASK: 4}
}

func (w *words) Size() int { return 10 + len(w.list) }

// fakeReader scores tokens by their word; what is not named has 0.
type fakeReader struct {
	words      *words
	start, end map[string]float32
	null       float32 // half of the null score
	seqs       []tokenize.Sequence
	calls      int
	broken     func(start, end [][]float32) ([][]float32, [][]float32)
}

func (r *fakeReader) Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	r.calls++
	r.seqs = append(r.seqs, seqs...)
	for _, s := range seqs {
		a, b := make([]float32, len(s.IDs)), make([]float32, len(s.IDs))
		for i, id := range s.IDs {
			switch {
			case i == 0:
				a[i], b[i] = r.null, r.null
			case id >= 10:
				a[i], b[i] = r.start[r.words.list[id-10]], r.end[r.words.list[id-10]]
			default: // a separator that is very tempting
				a[i], b[i] = 100, 100
			}
		}
		start, end = append(start, a), append(end, b)
	}
	if r.broken != nil {
		start, end = r.broken(start, end)
	}
	return start, end, ctx.Err()
}

func newReader(start, end map[string]float32) *fakeReader {
	return &fakeReader{words: new(words), start: start, end: end}
}

func (r *fakeReader) answerer(o qa.Options) *qa.Answerer { return qa.New(r, r.words, o) }

func text(p []qa.Passage, a qa.Answer) string { return p[a.Passage].Text[a.Start:a.End] }

func TestAnswerIsTheBestSpan(t *testing.T) {
	r := newReader(
		map[string]float32{"Ada": 5, "who": 50, "in": 3},
		map[string]float32{"Lovelace,": 5, "program?": 50, "1843.": 4})
	p := []qa.Passage{{Text: "The first program was written by Ada Lovelace, in 1843.", Score: 1}}
	res, err := r.answerer(qa.Options{Threshold: new(float64)}).Answer(t.Context(), "who wrote the first program?", p)
	if err != nil {
		t.Fatal(err)
	}
	if !res.Answered || len(res.Answers) != 2 {
		t.Fatalf("got %+v", res)
	}
	if got := text(p, res.Answers[0]); got != "Ada Lovelace" {
		t.Errorf("got %q: neither question, separator nor the comma belong to the answer", got)
	}
	if got := text(p, res.Answers[1]); got != "in 1843" {
		t.Errorf("second answer %q", got)
	}
	if a := res.Answers[0]; a.Span != 10 || a.Null != 0 {
		t.Errorf("span %v null %v", a.Span, a.Null)
	}
}

func TestAnswerLengthIsLimited(t *testing.T) {
	r := newReader(map[string]float32{"one": 9, "three": 1}, map[string]float32{"four": 9})
	p := []qa.Passage{{Text: "one two three four five"}}
	for limit, want := range map[int]string{4: "one two three four", 3: "one two three", 1: "one"} {
		res, err := r.answerer(qa.Options{AnswerTokens: limit}).Answer(t.Context(), "which", p)
		if err != nil {
			t.Fatal(err)
		}
		got := text(p, res.Answers[0])
		if n := len(strings.Fields(got)); n > limit {
			t.Errorf("limit %d: %q", limit, got)
		}
		if limit == 4 && got != want {
			t.Errorf("limit %d: got %q, want %q", limit, got, want)
		}
	}
}

func TestAnswersKeepToOneCellItemAndParagraph(t *testing.T) {
	for _, between := range []string{" \t ", " \n\n ", " \n \n ", " \n- ", " \n12. "} {
		// The likeliest span reaches from the one to the other.
		r := newReader(map[string]float32{"Ada": 5, "Bob": 2}, map[string]float32{"Ada": 1, "Bob": 5})
		p := []qa.Passage{{Text: "of Ada" + between + "Bob is"}}
		res, err := r.answerer(qa.Options{}).Answer(t.Context(), "who", p)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(p, res.Answers[0]); got != "Bob" {
			t.Errorf("%q: got %q, want Bob", p[0].Text, got)
		}
	}
}

func TestWindowsCoverThePassage(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "w%d ", i)
	}
	const window, overlap = 20, 6
	for at := range 100 {
		word := fmt.Sprintf("w%d", at)
		r := newReader(map[string]float32{word: 9}, map[string]float32{word: 9})
		p := []qa.Passage{{Text: b.String()}}
		res, err := r.answerer(qa.Options{Window: window, Overlap: overlap}).Answer(t.Context(), "a b c", p)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(p, res.Answers[0]); got != word {
			t.Fatalf("got %q, want %q", got, word)
		}
		if r.calls != 1 {
			t.Fatalf("%d calls of the reader, want one", r.calls)
		}
	}
	r := newReader(nil, nil)
	_, err := r.answerer(qa.Options{Window: window, Overlap: overlap}).Answer(t.Context(), "a b c", []qa.Passage{{Text: b.String()}})
	if err != nil {
		t.Fatal(err)
	}
	next := int32(0)
	for i, s := range r.seqs {
		if len(s.IDs) > window || s.Split != 5 || s.IDs[0] != 2 || s.IDs[4] != 3 || s.IDs[len(s.IDs)-1] != 3 {
			t.Fatalf("window %d is %v, split %d", i, s.IDs, s.Split)
		}
		first, last := s.IDs[s.Split], s.IDs[len(s.IDs)-2]
		if i > 0 && next-first+1 != overlap {
			t.Errorf("window %d shares %d tokens with the one before", i, next-first+1)
		}
		next = last
	}
	if next != 10+3+99 {
		t.Errorf("the last window ends at token %d", next)
	}
}

func TestLongQuestionLeavesRoom(t *testing.T) {
	r := newReader(map[string]float32{"here": 1}, map[string]float32{"here": 1})
	p := []qa.Passage{{Text: "it is here and not there"}}
	res, err := r.answerer(qa.Options{Window: 8, QuestionTokens: 100}).Answer(t.Context(), strings.Repeat("why ", 500), p)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(p, res.Answers[0]); got != "here" {
		t.Errorf("got %q", got)
	}
}

func TestNothingToRead(t *testing.T) {
	r := newReader(nil, nil)
	a := r.answerer(qa.Options{})
	for name, f := range map[string]func() (qa.Result, error){
		"no passages":   func() (qa.Result, error) { return a.Answer(t.Context(), "who", nil) },
		"empty passage": func() (qa.Result, error) { return a.Answer(t.Context(), "who", []qa.Passage{{}}) },
		"no question":   func() (qa.Result, error) { return a.Answer(t.Context(), " ", []qa.Passage{{Text: "x"}}) },
	} {
		res, err := f()
		if err != nil || res.Answered || len(res.Answers) != 0 {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
	if r.calls != 0 {
		t.Errorf("the reader was called %d times", r.calls)
	}
}

func TestNoAnswerIsAResult(t *testing.T) {
	r := newReader(map[string]float32{"blue": 1}, map[string]float32{"blue": 1})
	r.null = 20
	p := []qa.Passage{{Text: "the sky is blue", Score: .1}}
	res, err := r.answerer(qa.Options{}).Answer(t.Context(), "who", p)
	if err != nil {
		t.Fatal(err)
	}
	if res.Answered || len(res.Answers) == 0 || res.Answers[0].Confidence > .05 {
		t.Errorf("got %+v", res)
	}
	if res.NullScore != 40 {
		t.Errorf("null score %v", res.NullScore)
	}
}

func TestDistinctAnswersAndTheirSupport(t *testing.T) {
	r := newReader(
		map[string]float32{"Barack": 6, "Obama": 5, "the": 1, "Biden": 4},
		map[string]float32{"Obama": 6, "Biden": 4})
	p := []qa.Passage{
		{Text: "then Biden came", Score: .5},
		{Text: "it was Obama who did it", Score: .5},
		{Text: "president Barack Obama signed", Score: .6},
		{Text: "and Biden again", Score: .4},
	}
	res, err := r.answerer(qa.Options{Threshold: new(float64)}).Answer(t.Context(), "who signed?", p)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Answers) < 2 {
		t.Fatalf("got %+v", res)
	}
	first, second := res.Answers[0], res.Answers[1]
	if text(p, first) != "Barack Obama" || !slices.Equal(first.Support, []qa.Support{{Passage: 1, Start: 7, End: 12}}) {
		t.Errorf("first %q, support %v", text(p, first), first.Support)
	}
	if text(p, second) != "Biden" || second.Passage != 0 || !slices.Equal(second.Support, []qa.Support{{Passage: 3, Start: 4, End: 9}}) {
		t.Errorf("second %q of %d, support %v", text(p, second), second.Passage, second.Support)
	}
	if !slices.IsSortedFunc(res.Answers, func(a, b qa.Answer) int { return int(math.Copysign(1, b.Score-a.Score)) }) {
		t.Error("answers are not in order")
	}
	if first.Confidence <= second.Confidence {
		t.Errorf("confidence %v of the first, %v of the second", first.Confidence, second.Confidence)
	}
}

func TestAnAnswersShareFallsWithItsRivals(t *testing.T) {
	scores := map[string]float32{"Obama": 6, "Carter": 4}
	var many []string
	for i := range 12 {
		name := fmt.Sprintf("name%c", 'a'+i)
		scores[name], many = 6, append(many, name)
	}
	r := newReader(scores, scores)
	ask := func(texts ...string) []qa.Answer {
		var p []qa.Passage
		for _, s := range texts {
			p = append(p, qa.Passage{Text: s, Score: .5})
		}
		res, err := r.answerer(qa.Options{Threshold: new(float64)}).Answer(t.Context(), "who signed?", p)
		if err != nil {
			t.Fatal(err)
		}
		return res.Answers
	}
	// Passages of a word have one span each.
	for name, c := range map[string]struct {
		texts []string
		want  float64
	}{
		"alone":                             {[]string{"Obama"}, 1},
		"beside one that is 4 behind":       {[]string{"Obama", "Carter"}, 1 / (1 + math.Exp(-4./5))},
		"that another passage gives":        {[]string{"Obama", "Obama"}, 1},
		"beside eleven that are as good":    {many, .1},
		"beside one as good and its double": {[]string{"Obama", "namea", "namea"}, .5},
	} {
		if got := ask(c.texts...)[0].Evidence.Share; math.Abs(got-c.want) > 1e-9 {
			t.Errorf("share of an answer %s: %v, want %v", name, got, c.want)
		}
	}
	if a := ask("Obama", "Carter"); math.Abs(a[0].Evidence.Share+a[1].Evidence.Share-1) > 1e-9 {
		t.Errorf("shares %v and %v", a[0].Evidence.Share, a[1].Evidence.Share)
	}
}

func TestNumbersAreNotMergedIntoLongerOnes(t *testing.T) {
	r := newReader(map[string]float32{"5": 9}, map[string]float32{"million": 9, "cats": 5, "5": 5})
	p := []qa.Passage{{Text: "it cost 5 million", Score: .9}, {Text: "all 5 cats", Score: .1}, {Text: "just 5 then", Score: .1}}
	res, err := r.answerer(qa.Options{}).Answer(t.Context(), "how much?", p)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(p, res.Answers[0]); got != "5 million" || len(res.Answers[0].Support) != 0 {
		t.Errorf("got %q, support %v", got, res.Answers[0].Support)
	}
}

func TestReaderErrors(t *testing.T) {
	p := []qa.Passage{{Text: "some text"}}
	for name, broken := range map[string]func(s, e [][]float32) ([][]float32, [][]float32){
		"a row missing": func(s, e [][]float32) ([][]float32, [][]float32) { return s[:0], e },
		"a short row":   func(s, e [][]float32) ([][]float32, [][]float32) { e[0] = e[0][:2]; return s, e },
		"not a number": func(s, e [][]float32) ([][]float32, [][]float32) {
			s[0][3] = float32(math.NaN())
			return s, e
		},
	} {
		r := newReader(nil, nil)
		r.broken = broken
		if _, err := r.answerer(qa.Options{}).Answer(t.Context(), "who", p); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newReader(nil, nil).answerer(qa.Options{}).Answer(ctx, "who", p); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestConfidenceGrowsWithTheEvidence(t *testing.T) {
	c := qa.Calibration{Bias: -3, Weights: [6]float64{.3, 2, .2, .1, .4, .5}}
	weak := qa.Evidence{Margin: -5, Fused: .3, Lead: .1, Share: .1}
	for name, strong := range map[string]qa.Evidence{
		"margin":    {Margin: 5, Fused: .3, Lead: .1, Share: .1},
		"fused":     {Margin: -5, Fused: 1, Lead: .1, Share: .1},
		"lead":      {Margin: -5, Fused: .3, Lead: 5, Share: .1},
		"support":   {Margin: -5, Fused: .3, Lead: .1, Share: .1, Support: 3},
		"relevance": {Margin: -5, Fused: .3, Lead: .1, Share: .1, Relevance: 2},
		"share":     {Margin: -5, Fused: .3, Lead: .1, Share: .9},
	} {
		if a, b := c.Confidence(weak), c.Confidence(strong); a >= b || a < 0 || b > 1 {
			t.Errorf("%s: %v, then %v", name, a, b)
		}
	}
}

func TestBuiltinCalibrationSaysWhereItComesFrom(t *testing.T) {
	for _, name := range []string{"calibration.json", "calibration-relevance.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := qa.ParseCalibration(text)
		if err != nil {
			t.Fatal(err)
		}
		checkBuiltin(t, c)
	}
}

func checkBuiltin(t *testing.T, c *qa.Calibration) {
	t.Helper()
	if c.Provenance.Questions < 500 || len(c.Provenance.Data) == 0 || c.Provenance.Command == "" {
		t.Errorf("provenance %+v", c.Provenance)
	}
	for i, w := range c.Weights {
		if w < 0 {
			t.Errorf("weight %d is %v: more evidence would lower the confidence", i, w)
		}
	}
	if c.Threshold <= 0 || c.Threshold >= 1 {
		t.Errorf("threshold %v", c.Threshold)
	}
}

func TestParseCalibration(t *testing.T) {
	for _, bad := range []string{"", "[]", `{"threshold": 2}`, `{"weights": "x"}`} {
		if _, err := qa.ParseCalibration([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func BenchmarkAnswer(b *testing.B) {
	r := newReader(map[string]float32{"w7": 9}, map[string]float32{"w8": 9})
	var long strings.Builder
	for i := range 200 {
		fmt.Fprintf(&long, "w%d ", i)
	}
	p := slices.Repeat([]qa.Passage{{Text: long.String(), Score: .5}}, 10)
	a := r.answerer(qa.Options{})
	for b.Loop() {
		if _, err := a.Answer(b.Context(), "who is it?", p); err != nil {
			b.Fatal(err)
		}
		r.seqs = r.seqs[:0]
	}
}
