package builtin_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// randomSequences has lengths from shortest to longest.
func randomSequences(n, shortest, longest, vocab int) (seqs []tokenize.Sequence, tokens int) {
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		ids := make([]int32, shortest+random.IntN(longest-shortest+1))
		for i := range ids {
			ids[i] = int32(1000 + random.IntN(vocab-1000))
		}
		seqs = append(seqs, tokenize.Sequence{IDs: ids, Split: len(ids)})
		tokens += len(ids)
	}
	return seqs, tokens
}

// BenchmarkEmbed embeds passages of 100 to 256 tokens.
func BenchmarkEmbed(b *testing.B) { benchmarkRun(b, builtin.Embedder(), albert.Pooled, 100, 256) }

// BenchmarkEmbedShort embeds texts of 8 to 32 tokens, as questions are.
func BenchmarkEmbedShort(b *testing.B) { benchmarkRun(b, builtin.Embedder(), albert.Pooled, 8, 32) }

// BenchmarkRead reads full windows.
func BenchmarkRead(b *testing.B) { benchmarkRun(b, builtin.Reader(), albert.Span, 256, 256) }

func benchmarkRun(b *testing.B, files fs.FS, h albert.Head, shortest, longest int) {
	rt := orttest.Runtime(b)
	model, err := albert.Load(files)
	if err != nil {
		b.Fatal(err)
	}
	seqs, tokens := randomSequences(64, shortest, longest, model.Config().VocabSize)
	open := func(b *testing.B, o albert.SessionOptions) func() {
		o.Precision = albert.Int8
		s, err := model.Open(rt, h, o)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		return func() {
			if h == albert.Span {
				_, _, err = s.Spans(b.Context(), seqs)
			} else {
				_, err = s.Pool(b.Context(), seqs)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, o := range []albert.SessionOptions{
		{},
		{BatchTokens: 1},
		{BatchTokens: 512},
		{Graph: true},
		{Graph: true, Threads: 2, Parallel: 1},
		{Graph: true, BatchTokens: 1},
		{Graph: true, BatchTokens: 2048},
	} {
		b.Run(fmt.Sprintf("graph=%v,threads=%d,parallel=%d,batch=%d", o.Graph, o.Threads, o.Parallel, o.BatchTokens), func(b *testing.B) {
			run := open(b, o)
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(tokens*b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
	// In turns, so that other work on the machine meets both.
	b.Run("ratio", func(b *testing.B) {
		kernels, graph := open(b, albert.SessionOptions{}), open(b, albert.SessionOptions{Graph: true})
		var times [2]time.Duration
		for b.Loop() {
			for i, run := range []func(){kernels, graph} {
				start := time.Now()
				run()
				times[i] += time.Since(start)
			}
		}
		b.ReportMetric(float64(times[1])/float64(times[0]), "times-graph")
	})
}

// BenchmarkOpen loads the embedder and opens a session on it, what each start
// of the program pays before the first question.
func BenchmarkOpen(b *testing.B) {
	rt := orttest.Runtime(b)
	for b.Loop() {
		model, err := albert.Load(builtin.Embedder())
		if err != nil {
			b.Fatal(err)
		}
		s, err := model.Open(rt, albert.Pooled, albert.SessionOptions{Precision: albert.Int8})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkLoad is the part of BenchmarkOpen that needs no runtime.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := albert.Load(builtin.Embedder()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSession is the part of BenchmarkOpen that is not BenchmarkLoad.
func BenchmarkSession(b *testing.B) {
	rt := orttest.Runtime(b)
	model, err := albert.Load(builtin.Embedder())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := model.Open(rt, albert.Pooled, albert.SessionOptions{Precision: albert.Int8})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
