package albert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/albert-search/albert-search/albert/tokenize"
	onnxruntime "github.com/yalue/onnxruntime_go"
)

// batches divides sequences, given by their indices, into batches of one
// length each, so that nothing is padded and attention needs no mask. The
// longest come first: with several runs at once that evens out their ends.
func batches(seqs []tokenize.Sequence, maxTokens int) [][]int {
	order := make([]int, len(seqs))
	for i := range order {
		order[i] = i
	}
	length := func(i int) int { return len(seqs[i].IDs) }
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(length(b), length(a)), cmp.Compare(a, b))
	})
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

// runBatch computes the results of the sequences whose indices are in batch,
// all of one length, into their places in out.
func (s *Session) runBatch(ctx context.Context, seqs []tokenize.Sequence, batch []int, out [][]float32) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	n, l := len(batch), len(seqs[batch[0]].IDs)
	ids, types := make([]int32, 0, n*l), make([]int32, n*l)
	for row, i := range batch {
		ids = append(ids, seqs[i].IDs...)
		for j := seqs[i].Split; j < l; j++ {
			types[row*l+j] = 1
		}
	}
	each, shape := s.result(n, l)
	result := make([]float32, n*each)
	if err := s.runNet(ctx, ids, types, onnxruntime.NewShape(int64(n), int64(l)), result, shape); err != nil {
		return err
	}
	for row, i := range batch {
		out[i] = result[row*each : (row+1)*each : (row+1)*each]
	}
	return nil
}

// result is how many numbers the head gives for each of n sequences of length
// l, and the shape of them all.
func (s *Session) result(n, l int) (each int, shape onnxruntime.Shape) {
	switch h := s.config.HiddenSize; s.head {
	case Pooled:
		return h, onnxruntime.NewShape(int64(n), int64(h))
	case Span:
		return 2 * l, onnxruntime.NewShape(int64(n), int64(l), 2)
	case Class:
		return s.labels, onnxruntime.NewShape(int64(n), int64(s.labels))
	default:
		return l * h, onnxruntime.NewShape(int64(n), int64(l), int64(h))
	}
}

// runNet runs the network on a batch until ctx is done.
func (s *Session) runNet(ctx context.Context, ids, types []int32, inShape onnxruntime.Shape, result []float32, outShape onnxruntime.Shape) (err error) {
	var values []onnxruntime.Value
	defer func() {
		for _, v := range values {
			err = errors.Join(err, v.Destroy())
		}
	}()
	for _, in := range [][]int32{ids, types} {
		t, err := onnxruntime.NewTensor(inShape, in)
		if err != nil {
			return err
		}
		values = append(values, t)
	}
	t, err := onnxruntime.NewTensor(outShape, result)
	if err != nil {
		return err
	}
	values = append(values, t)

	o, err := onnxruntime.NewRunOptions()
	if err != nil {
		return err
	}
	defer o.Destroy()
	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(terminated)
		o.Terminate() // fails only on memory that is not run options
	})
	err = s.net.RunWithOptions(values[:2], values[2:], o)
	if !stop() {
		<-terminated // o is in use until then
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("batch of %d sequences of %d pieces: %w", inShape[0], inShape[1], err)
	}
	return nil
}
