// Command codes says how well 1-bit codes of an embedder's vectors stand in
// for the vectors, for the figures in docs/models.md:
//
//	go run ./internal/tools/codes -model DIR -text FILE -squad FILE [-n 27700]
//
// FILE has a passage a line; the questions of the SQuAD file are the queries.
// Each query's passages are ranked by how many signs of the centred vectors
// agree; the first so many are ranked again by the dot product. Recall@10 is
// the share of the ten passages nearest by dot product that this finds.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"os/signal"
	"slices"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/viterin/vek/vek32"
)

const (
	window  = 256
	queries = 500
	top     = 10
)

func main() {
	model := flag.String("model", "", "folder of the embedder")
	text := flag.String("text", "", "file of passages, one a line")
	squad := flag.String("squad", "", "SQuAD file")
	n := flag.Int("n", 27_700, "number of passages")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *model, *text, *squad, *n); err != nil {
		fmt.Fprintln(os.Stderr, "codes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, text, squad string, n int) (err error) {
	passages, err := readLines(text, n)
	if err != nil {
		return err
	}
	questions, err := readQuestions(squad)
	if err != nil {
		return err
	}
	rt, err := ort.Load(ort.FindOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	m, err := albert.Load(os.DirFS(dir))
	if err != nil {
		return err
	}
	session, err := m.Open(rt, albert.Pooled, albert.SessionOptions{Precision: albert.Int8})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	e, err := embed.NewAlbert(session, m.Tokenizer(), embed.AlbertOptions{ID: m.ID(), Dim: m.Config().HiddenSize, Window: window})
	if err != nil {
		return err
	}
	vectors, err := e.Embed(ctx, passages)
	if err != nil {
		return err
	}
	asked, err := e.Embed(ctx, questions)
	if err != nil {
		return err
	}
	fmt.Printf("%d passages, %d queries\n", len(vectors), len(asked))
	for _, centred := range []bool{false, true} {
		mean := make([]float32, e.Dim())
		if centred {
			for _, v := range vectors {
				vek32.Add_Inplace(mean, v)
			}
			vek32.DivNumber_Inplace(mean, float32(len(vectors)))
		}
		for _, rescored := range []int{100, 300} {
			fmt.Printf("centred %-5v rescored %3d: recall@%d %.4f\n", centred, rescored, top, recall(vectors, asked, mean, rescored))
		}
	}
	return nil
}

// recall is the mean over the queries.
func recall(vectors, asked [][]float32, mean []float32, rescored int) float64 {
	codes := make([][]uint64, len(vectors))
	for i, v := range vectors {
		codes[i] = signs(v, mean)
	}
	var found int
	for _, q := range asked {
		exact := make([]float64, len(vectors))
		agree := make([]float64, len(vectors))
		code := signs(q, mean)
		for i, v := range vectors {
			exact[i] = float64(vek32.Dot(q, v))
			for j, w := range codes[i] {
				agree[i] -= float64(bits.OnesCount64(w ^ code[j]))
			}
		}
		candidates := best(agree, rescored)
		slices.SortFunc(candidates, func(a, b int) int { return cmp.Compare(exact[b], exact[a]) })
		for _, i := range best(exact, top) {
			if slices.Contains(candidates[:top], i) {
				found++
			}
		}
	}
	return float64(found) / float64(top*len(asked))
}

// signs packs which elements of v are above those of mean.
func signs(v, mean []float32) []uint64 {
	code := make([]uint64, (len(v)+63)/64)
	for i, x := range v {
		if x > mean[i] {
			code[i/64] |= 1 << (i % 64)
		}
	}
	return code
}

// best returns the places of the k highest scores.
func best(scores []float64, k int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return order[:min(k, len(order))]
}

func readLines(file string, n int) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	for len(out) < n && lines.Scan() {
		if t := lines.Text(); len(t) > 100 {
			out = append(out, t)
		}
	}
	return out, lines.Err()
}

// readQuestions returns some questions of each article.
func readQuestions(file string) ([]string, error) {
	squad, err := eval.ReadSQuAD(file)
	if err != nil {
		return nil, err
	}
	step := max(1, len(squad.Questions)/queries)
	var some []string
	for i := 0; i < len(squad.Questions) && len(some) < queries; i += step {
		some = append(some, squad.Questions[i].Text)
	}
	return some, nil
}
