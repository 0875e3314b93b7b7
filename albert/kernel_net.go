package albert

import (
	"context"
	"hash/maphash"
	"math"
	"slices"
	"sync"

	"github.com/albert-search/albert-search/albert/internal/avx512"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// kernelNet is a model run by the kernels of package avx512: what the int8 graph
// computes, with the same rounding, in fewer passes over the numbers. Since
// every token is worked on by itself but for attention, and that is a
// sequence's own, a batch may have sequences of any lengths and still nothing
// is padded.
type kernelNet struct {
	config Config
	head   Head
	act    avx512.Activation

	// words is [VocabSize, E], its row i times wordScale[i].
	words     []int8
	wordScale []float32
	// positions and types are [MaxPositions, E] and [TokenTypes, E].
	positions, types []float32
	norm             kernelNorm
	mapIn            kernelDense
	// passes are all layers in the order in which they are run.
	passes []kernelLayer
	// span, pooler and classifier are the head's.
	span, pooler, classifier kernelDense

	work sync.Pool // of *kernelWork
}

type kernelNorm struct{ weight, bias []float32 }

// kernelDense is a linear map in floating point. Its outputs are padded with
// zeros to a multiple of avx512.Lanes.
type kernelDense struct {
	in, out, padded int
	weight, bias    []float32
}

type kernelLayer struct {
	qkv, attended, ffn, ffnOut *avx512.Linear
	attentionNorm, outputNorm  kernelNorm
}

// kernelWork is the memory of one run.
type kernelWork struct {
	avx512.Work
	x, y   []float32 // [rows, H]
	wide   []float32 // [rows, 3H], or [kernelRows, I]
	narrow []float32 // [rows, E]
}

// kernelRows is how many rows go through the feed-forward network at once: few
// enough that what is between its two maps stays in the cache.
const kernelRows = 48

// kernelTokens is the most tokens of a batch that has more than one sequence,
// by default: enough that the weights are not read all the time.
const kernelTokens = 128

// kernelsFit reports whether the kernels can run the model on this processor.
func kernelsFit(c Config, p Precision) bool {
	return p == Int8 && avx512.Supported() && c.EmbeddingSize%avx512.Lanes == 0 &&
		c.HiddenSize%avx512.Outputs == 0 && c.IntermediateSize%avx512.Outputs == 0 && c.HiddenSize/c.Heads%avx512.Lanes == 0
}

// newKernelNet reads the checkpoint for the given head.
func newKernelNet(c *checkpoint, h Head) (*kernelNet, error) {
	enc, err := c.encoder()
	if err != nil {
		return nil, err
	}
	labels, err := c.head(h)
	if err != nil {
		return nil, err
	}
	act, err := activationNamed(c.config.Activation)
	if err != nil {
		return nil, err
	}
	r := &kernelReader{weightReader: weightReader{c: c}, seed: maphash.MakeSeed(), seen: make(map[uint64][]packed)}
	n := &kernelNet{config: c.config, head: h, act: act.kernel}
	n.words, n.wordScale = r.table(enc.word)
	n.positions, n.types, n.norm, n.mapIn = r.floats(enc.positions), r.floats(enc.types), r.norm(enc.norm), r.dense(enc.mapIn)
	var groups [][]kernelLayer
	for _, group := range enc.groups {
		var layers []kernelLayer
		for _, l := range group {
			layers = append(layers, kernelLayer{
				qkv: r.linear(l.qkv, nil), attended: r.linear(l.attended, nil),
				ffn: r.linear(l.ffn, nil), ffnOut: r.linear(l.ffnOut, &act.floor),
				attentionNorm: r.norm(l.attentionNorm), outputNorm: r.norm(l.outputNorm),
			})
		}
		groups = append(groups, layers)
	}
	for pass := range c.config.Layers {
		n.passes = append(n.passes, groups[c.config.group(pass)]...)
	}
	switch h {
	case Span:
		n.span = r.dense(labels[0])
	case Class:
		n.pooler, n.classifier = r.dense(labels[0]), r.dense(labels[1])
	case TokenClass:
		n.classifier = r.dense(labels[0])
	case SpanRelevance:
		n.span, n.pooler, n.classifier = r.dense(labels[0]), r.dense(labels[1]), r.dense(labels[2])
	}
	return n, r.err
}

// kernelReader reads weights in the form that the kernels want. Those of the
// same content are kept once.
type kernelReader struct {
	weightReader
	seed maphash.Seed
	seen map[uint64][]packed // by the hash of their weights
}

// packed are weights before and after they were packed.
type packed struct {
	q       quantized
	weights *avx512.Weights
}

func (r *kernelReader) table(e embedding) ([]int8, []float32) {
	if e.scale != nil {
		return asInt8(r.bytes(e.weight)), r.floats(*e.scale)
	}
	return quantizeRows(r.floats(e.weight), e.weight.Shape[0], e.weight.Shape[1])
}

func (r *kernelReader) norm(n norm) kernelNorm {
	return kernelNorm{r.floats(n.weight), r.floats(n.bias)}
}

func (r *kernelReader) dense(d dense) kernelDense {
	k := kernelDense{in: d.in, out: d.out, padded: (d.out + avx512.Lanes - 1) / avx512.Lanes * avx512.Lanes}
	k.weight, k.bias = make([]float32, d.in*k.padded), make([]float32, k.padded)
	m := r.matrix(d)
	if r.err != nil {
		return k
	}
	for i := range d.in {
		copy(k.weight[i*k.padded:], m[i*d.out:(i+1)*d.out])
	}
	copy(k.bias, r.bias(d))
	return k
}

func (r *kernelReader) linear(d dense, floor *float32) *avx512.Linear {
	q, bias := r.quantized(d), r.bias(d)
	if r.err != nil {
		return nil
	}
	if floor != nil {
		bias = foldFloor(bias, q, *floor)
	}
	return &avx512.Linear{Weights: r.pack(q), Floor: floor, Scale: q.scale, Bias: bias, InputScale: q.inputScale}
}

func (r *kernelReader) pack(q quantized) *avx512.Weights {
	hash := maphash.Bytes(r.seed, int8Bytes(q.weight))
	for _, p := range r.seen[hash] {
		if p.q.in == q.in && p.q.out == q.out && slices.Equal(p.q.weight, q.weight) {
			return p.weights
		}
	}
	p := packed{q, avx512.Pack(q.weight, q.in, q.out)}
	r.seen[hash] = append(r.seen[hash], p)
	return p.weights
}

// batches divides sequences, given by their indices, into batches of about
// maxTokens tokens. The longest come first: with several runs at once that
// evens out their ends.
func (n *kernelNet) batches(seqs []tokenize.Sequence, maxTokens int) [][]int {
	if maxTokens <= 0 {
		maxTokens = kernelTokens
	}
	order := longestFirst(seqs)
	var all [][]int
	for from, to := 0, 0; from < len(order); from = to {
		tokens := len(seqs[order[from]].IDs)
		for to = from + 1; to < len(order) && tokens+len(seqs[order[to]].IDs) <= maxTokens; to++ {
			tokens += len(seqs[order[to]].IDs)
		}
		all = append(all, order[from:to])
	}
	return all
}

// run implements network.
func (n *kernelNet) run(ctx context.Context, seqs []tokenize.Sequence, indices []int, out [][]float32) error {
	w, _ := n.work.Get().(*kernelWork)
	if w == nil {
		w = new(kernelWork)
	}
	defer n.work.Put(w)
	lengths := make([]int, len(indices))
	for i, s := range indices {
		lengths[i] = len(seqs[s].IDs)
	}
	x := n.embed(w, seqs, indices)
	for _, l := range n.passes {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n.layer(w, l, x, lengths)
	}
	h := n.config.HiddenSize
	for i, s := range indices {
		out[s] = n.result(w, x[:lengths[i]*h])
		x = x[lengths[i]*h:]
	}
	return nil
}

// embed adds word, position and type embeddings of all sequences, normalises
// them and maps them to [rows, H].
func (n *kernelNet) embed(w *kernelWork, seqs []tokenize.Sequence, indices []int) []float32 {
	e, rows := n.config.EmbeddingSize, 0
	for _, s := range indices {
		rows += len(seqs[s].IDs)
	}
	sums := avx512.Grow(&w.narrow, rows*e)
	row := sums
	for _, s := range indices {
		for i, id := range seqs[s].IDs {
			typ := 0
			if i >= seqs[s].Split {
				typ = 1
			}
			word, scale := n.words[int(id)*e:][:e], n.wordScale[id]
			position, types := n.positions[i*e:][:e], n.types[typ*e:][:e]
			for j := range row[:e] {
				row[j] = float32(word[j])*scale + position[j] + types[j]
			}
			row = row[e:]
		}
	}
	avx512.Normalize(sums, nil, n.norm.weight, n.norm.bias, n.config.LayerNormEps)
	x := avx512.Grow(&w.x, rows*n.config.HiddenSize)
	n.mapIn.apply(sums, x)
	return x
}

// layer replaces x, [rows, H], by what one transformer layer makes of it.
func (n *kernelNet) layer(w *kernelWork, l kernelLayer, x []float32, lengths []int) {
	h, heads, wide := n.config.HiddenSize, n.config.Heads, n.config.IntermediateSize
	y := avx512.Grow(&w.y, len(x))
	qkv := avx512.Grow(&w.wide, 3*len(x))
	l.qkv.Apply(x, qkv, avx512.None, &w.Work)
	for from, rest := 0, lengths; len(rest) > 0; rest = rest[1:] {
		to := from + rest[0]*h
		avx512.Attention(qkv[3*from:3*to], y[from:to], heads, h/heads, &w.Work)
		from = to
	}
	// The queries are done with.
	attended := qkv[:len(x)]
	l.attended.Apply(y, attended, avx512.None, &w.Work)
	avx512.Normalize(x, attended, l.attentionNorm.weight, l.attentionNorm.bias, n.config.LayerNormEps)
	for part := range slices.Chunk(x, kernelRows*h) {
		ffn, y := avx512.Grow(&w.wide, len(part)/h*wide), y[:len(part)]
		l.ffn.Apply(part, ffn, n.act, &w.Work)
		l.ffnOut.Apply(ffn, y, avx512.None, &w.Work)
		avx512.Normalize(part, y, l.outputNorm.weight, l.outputNorm.bias, n.config.LayerNormEps)
	}
}

// result is what the head makes of the last hidden states of one sequence.
func (n *kernelNet) result(w *kernelWork, x []float32) []float32 {
	h := n.config.HiddenSize
	switch n.head {
	case Pooled:
		sum := make([]float32, h)
		for row := range slices.Chunk(x, h) {
			for j, v := range row {
				sum[j] += v
			}
		}
		for j := range sum {
			sum[j] /= float32(len(x) / h)
		}
		return sum
	case PooledMax:
		most := slices.Clone(x[:h])
		for row := range slices.Chunk(x, h) {
			for j, v := range row {
				most[j] = max(most[j], v)
			}
		}
		return most
	case PooledFirst:
		return slices.Clone(x[:h])
	case Span:
		return n.span.applyToAll(w, x)
	case Class:
		return n.class(w, x)
	case TokenClass:
		return n.classifier.applyToAll(w, x)
	case SpanRelevance:
		return append(n.span.applyToAll(w, x), n.class(w, x)...)
	}
	return slices.Clone(x)
}

// applyToAll returns the map of each hidden state, [L, out]. There is room for
// one row more behind it.
func (d kernelDense) applyToAll(w *kernelWork, x []float32) []float32 {
	rows := len(x) / d.in
	padded := avx512.Grow(&w.wide, rows*d.padded)
	d.apply(x, padded)
	out := make([]float32, 0, d.out*(rows+1))
	for row := range slices.Chunk(padded, d.padded) {
		out = append(out, row[:d.out]...)
	}
	return out
}

// class is a classifier of the first token: pooler and classifier.
func (n *kernelNet) class(w *kernelWork, x []float32) []float32 {
	pooled := avx512.Grow(&w.y, n.pooler.padded)
	n.pooler.apply(x[:n.pooler.in], pooled)
	for i, v := range pooled {
		pooled[i] = float32(math.Tanh(float64(v)))
	}
	logits := make([]float32, n.classifier.padded)
	n.classifier.apply(pooled, logits)
	return logits[:n.classifier.out:n.classifier.out]
}

// close implements network.
func (n *kernelNet) close() error { return nil }

// apply writes the map of x, [rows, in], to out, [rows, padded].
func (d kernelDense) apply(x, out []float32) {
	avx512.Product(x, d.weight, d.bias, out, d.in, d.padded)
}
