package albert

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/albert-search/albert-search/albert/tokenize"
	onnxruntime "github.com/yalue/onnxruntime_go"
)

// longestFirst gives the indices of the sequences by length. With several runs
// at once that evens out their ends.
func longestFirst(seqs []tokenize.Sequence) []int {
	order := make([]int, len(seqs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(len(seqs[b].IDs), len(seqs[a].IDs)), cmp.Compare(a, b))
	})
	return order
}

// graphNet is a model run by ONNX Runtime.
type graphNet struct {
	config Config
	head   Head
	// labels is the width of a classifier's result.
	labels int
	net    *onnxruntime.DynamicAdvancedSession
}

// graphTokens is the most tokens of a batch that has more than one sequence, by
// default.
const graphTokens = 512

// batches divides sequences, given by their indices, into batches of one
// length each, so that nothing is padded and attention needs no mask.
func (*graphNet) batches(seqs []tokenize.Sequence, maxTokens int) [][]int {
	if maxTokens <= 0 {
		maxTokens = graphTokens
	}
	order := longestFirst(seqs)
	length := func(i int) int { return len(seqs[i].IDs) }
	var all [][]int
	for from, to := 0, 0; from < len(order); from = to {
		l := length(order[from])
		end := min(from+max(1, maxTokens/l), len(order))
		for to = from + 1; to < end && length(order[to]) == l; to++ {
		}
		all = append(all, order[from:to])
	}
	return all
}

// batch is input of the network: rows sequences of one length.
type batch struct {
	rows, length int
	// ids and types are [rows, length].
	ids, types []int32
}

// newBatch joins the sequences of the given indices.
func newBatch(seqs []tokenize.Sequence, indices []int) batch {
	b := batch{rows: len(indices), length: len(seqs[indices[0]].IDs)}
	b.ids, b.types = make([]int32, 0, b.rows*b.length), make([]int32, b.rows*b.length)
	for row, i := range indices {
		b.ids = append(b.ids, seqs[i].IDs...)
		for j := seqs[i].Split; j < b.length; j++ {
			b.types[row*b.length+j] = 1
		}
	}
	return b
}

// run implements network: the sequences of the indices are of one length.
func (g *graphNet) run(ctx context.Context, seqs []tokenize.Sequence, indices []int, out [][]float32) error {
	in := newBatch(seqs, indices)
	n, l := in.rows, in.length
	each, shape := g.result(n, l)
	result := make([]float32, n*each)
	if err := runNet(ctx, g.net, in, result, shape); err != nil {
		return fmt.Errorf("batch of %d sequences of %d tokens: %w", n, l, err)
	}
	for row, i := range indices {
		out[i] = result[row*each : (row+1)*each : (row+1)*each]
	}
	return nil
}

// result is how many numbers the head gives for each of n sequences of length
// l, and the shape of them all.
func (g *graphNet) result(n, l int) (each int, shape onnxruntime.Shape) {
	switch h := g.config.HiddenSize; g.head {
	case Pooled, PooledFirst, PooledMax:
		return h, onnxruntime.NewShape(int64(n), int64(h))
	case Span:
		return 2 * l, onnxruntime.NewShape(int64(n), int64(l), 2)
	case SpanRelevance:
		return 2 * (l + 1), onnxruntime.NewShape(int64(n), int64(l+1), 2)
	case Class:
		return g.labels, onnxruntime.NewShape(int64(n), int64(g.labels))
	case TokenClass:
		return g.labels * l, onnxruntime.NewShape(int64(n), int64(l), int64(g.labels))
	default:
		return l * h, onnxruntime.NewShape(int64(n), int64(l), int64(h))
	}
}

// close implements network.
func (g *graphNet) close() error { return g.net.Destroy() }

// runNet runs the network on a batch until ctx is done. The result is of the
// given shape.
func runNet(ctx context.Context, net *onnxruntime.DynamicAdvancedSession, b batch, result []float32, shape onnxruntime.Shape) (err error) {
	inShape := onnxruntime.NewShape(int64(b.rows), int64(b.length))
	ids, err := onnxruntime.NewTensor(inShape, b.ids)
	if err != nil {
		return err
	}
	defer ids.Destroy()
	types, err := onnxruntime.NewTensor(inShape, b.types)
	if err != nil {
		return err
	}
	defer types.Destroy()
	out, err := onnxruntime.NewTensor(shape, result)
	if err != nil {
		return err
	}
	defer out.Destroy()
	o, err := onnxruntime.NewRunOptions()
	if err != nil {
		return err
	}
	defer o.Destroy()

	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(terminated)
		_ = o.Terminate() // fails only on what are not run options
	})
	err = net.RunWithOptions([]onnxruntime.Value{ids, types}, []onnxruntime.Value{out}, o)
	if !stop() {
		<-terminated // o is in use until then
		return context.Cause(ctx)
	}
	return err
}
