// Command precision says how far int8 is from fp32 on real text, for the
// figures in docs/inference.md:
//
//	go run ./internal/tools/precision -fp32 DIR -int8 DIR -squad FILE
//
// Both folders are checkpoints of one model; when both are the same, its
// weights are rounded on opening. FILE is a SQuAD file. Of an embedder the
// vectors of the paragraphs and questions are compared, of a reader the logits
// and the best spans of the questions about their paragraphs.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// window is how many tokens are read.
const window = 256

func main() {
	fp32 := flag.String("fp32", "", "folder of the fp32 checkpoint")
	rounded := flag.String("int8", "", "folder of the int8 checkpoint, or the same")
	squad := flag.String("squad", "", "SQuAD file")
	most := flag.Int("n", 300, "number of questions")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *fp32, *rounded, *squad, *most); err != nil {
		fmt.Fprintln(os.Stderr, "precision:", err)
		os.Exit(1)
	}
}

type example struct{ question, paragraph string }

func run(ctx context.Context, fp32Dir, int8Dir, squad string, most int) (err error) {
	examples, err := readExamples(squad, most)
	if err != nil {
		return err
	}
	rt, err := ort.Load(ort.FindOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	exact, err := albert.Load(os.DirFS(fp32Dir))
	if err != nil {
		return err
	}
	rounded, err := albert.Load(os.DirFS(int8Dir))
	if err != nil {
		return err
	}
	compare := compareVectors
	if s, err := exact.Open(rt, albert.Span, albert.SessionOptions{}); err == nil {
		compare = compareSpans
		if err := s.Close(); err != nil {
			return err
		}
	}
	return compare(ctx, rt, exact, rounded, examples)
}

// readExamples takes the first question of each paragraph.
func readExamples(file string, most int) ([]example, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var squad struct {
		Data []struct {
			Paragraphs []struct {
				Context string
				Qas     []struct{ Question string }
			}
		}
	}
	if err := json.Unmarshal(b, &squad); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var examples []example
	for _, d := range squad.Data {
		for _, p := range d.Paragraphs {
			if len(p.Qas) > 0 && len(examples) < most {
				examples = append(examples, example{p.Qas[0].Question, p.Context})
			}
		}
	}
	return examples, nil
}

func sequence(tok tokenize.Tokenizer, texts ...string) tokenize.Sequence {
	special := tok.Special()
	q := tokenize.Sequence{IDs: []int32{special.CLS}, Split: -1}
	for _, text := range texts {
		if len(q.IDs) > 1 {
			q.Split = len(q.IDs)
		}
		for _, t := range tok.Append(nil, text) {
			q.IDs = append(q.IDs, t.ID)
		}
		q.IDs = append(q.IDs[:min(len(q.IDs), window-1)], special.SEP)
	}
	if q.Split < 0 {
		q.Split = len(q.IDs)
	}
	return q
}

func compareVectors(ctx context.Context, rt *ort.Runtime, exact, rounded *albert.Model, examples []example) error {
	var seqs []tokenize.Sequence
	for _, e := range examples {
		seqs = append(seqs, sequence(exact.Tokenizer(), e.paragraph), sequence(exact.Tokenizer(), e.question))
	}
	pool := func(m *albert.Model, p albert.Precision) ([][]float32, error) {
		s, err := m.Open(rt, albert.Pooled, albert.SessionOptions{Precision: p})
		if err != nil {
			return nil, err
		}
		v, err := s.Pool(ctx, seqs)
		return v, errors.Join(err, s.Close())
	}
	a, err := pool(exact, albert.Float32)
	if err != nil {
		return err
	}
	b, err := pool(rounded, albert.Int8)
	if err != nil {
		return err
	}
	var sum float64
	least := 1.0
	var scoreError float64
	for i := range a {
		c := cosine(a[i], b[i])
		sum, least = sum+c, min(least, c)
		if i%2 == 0 {
			scoreError += math.Abs(cosine(a[i], a[i+1]) - cosine(b[i], b[i+1]))
		}
	}
	fmt.Printf("%d vectors: cosine of int8 and fp32 %.5f on average, %.5f at least\n", len(a), sum/float64(len(a)), least)
	fmt.Printf("cosine of question and paragraph: off by %.4f on average\n", scoreError/float64(len(examples)))
	return nil
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

func compareSpans(ctx context.Context, rt *ort.Runtime, exact, rounded *albert.Model, examples []example) error {
	var seqs []tokenize.Sequence
	for _, e := range examples {
		seqs = append(seqs, sequence(exact.Tokenizer(), e.question, e.paragraph))
	}
	type logits struct{ start, end [][]float32 }
	read := func(m *albert.Model, p albert.Precision) (l logits, err error) {
		s, err := m.Open(rt, albert.Span, albert.SessionOptions{Precision: p})
		if err != nil {
			return l, err
		}
		l.start, l.end, err = s.Spans(ctx, seqs)
		return l, errors.Join(err, s.Close())
	}
	a, err := read(exact, albert.Float32)
	if err != nil {
		return err
	}
	b, err := read(rounded, albert.Int8)
	if err != nil {
		return err
	}
	var differences []float64
	agree := 0
	for i, q := range seqs {
		for j := range q.IDs {
			differences = append(differences,
				math.Abs(float64(a.start[i][j]-b.start[i][j])), math.Abs(float64(a.end[i][j]-b.end[i][j])))
		}
		if bestSpan(a.start[i], a.end[i], q.Split) == bestSpan(b.start[i], b.end[i], q.Split) {
			agree++
		}
	}
	slices.Sort(differences)
	var sum float64
	for _, d := range differences {
		sum += d
	}
	fmt.Printf("%d logits: off by %.4f on average, %.3f at the 99th percentile, %.3f at most\n", len(differences),
		sum/float64(len(differences)), differences[len(differences)*99/100], differences[len(differences)-1])
	fmt.Printf("%d questions: the same best span for %.1f %%\n", len(seqs), 100*float64(agree)/float64(len(seqs)))
	return nil
}

// bestSpan is the span of up to 25 tokens of the second text with the highest
// sum of logits.
func bestSpan(start, end []float32, split int) [2]int {
	best, score := [2]int{}, math.Inf(-1)
	for i := split; i < len(start)-1; i++ {
		for j := i; j < min(i+25, len(end)-1); j++ {
			if s := float64(start[i]) + float64(end[j]); cmp.Compare(s, score) > 0 {
				best, score = [2]int{i, j}, s
			}
		}
	}
	return best
}
