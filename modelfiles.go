package albertsearch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// Pooling is how an embedder makes one vector of the hidden states of a text's
// pieces. The vector is normalised to length 1 in any case.
type Pooling string

// The ways of pooling. An empty one is PoolMean.
const (
	// PoolMean takes the mean over all pieces.
	PoolMean Pooling = "mean"
	// PoolCLS takes the first piece, [CLS].
	PoolCLS Pooling = "cls"
	// PoolMax takes the largest of each number.
	PoolMax Pooling = "max"
)

// Poolings returns all ways of pooling.
func Poolings() []Pooling { return []Pooling{PoolMean, PoolCLS, PoolMax} }

// ModelFiles is a model in Hugging Face layout, to be used instead of a
// built-in one.
type ModelFiles struct {
	// Name is what errors call the model.
	Name string
	// Files are what albert.Load reads. They must stay as they are while the
	// engine is open.
	Files fs.FS
	// Window is the most pieces that the model reads at once, special pieces
	// included. 0 means as many as there are positions, but at most 256 for an
	// embedder and 384 for a reader.
	Window int
	// Pooling is for embedders: PoolMean when empty.
	Pooling Pooling
	// Calibration is for readers: the one fitted with this model. Without one
	// that of the built-in reader is used, and a confidence is then no
	// probability.
	Calibration *qa.Calibration
	// Reranking is for readers that judge relevance: how it counts in a
	// reranked search. Without one it is that of the built-in reader.
	Reranking *rerank.Calibration
}

// Windows of models that do not say theirs.
const (
	embedderWindow = 256
	readerWindow   = 384
)

// window is the window to use with the model, whose default is most.
func (f *ModelFiles) window(model *albert.Model, most int) (int, error) {
	positions := model.Config().MaxPositions
	switch {
	case f.Window == 0:
		return min(most, positions), nil
	case f.Window < 5: // CLS, a piece of either text, two SEP
		return 0, fmt.Errorf("a window of %d pieces is too short: it needs 5", f.Window)
	case f.Window > positions:
		return 0, fmt.Errorf("a window of %d pieces is more than the %d positions of the model", f.Window, positions)
	}
	return f.Window, nil
}

// head is what the model is opened for as an embedder.
func (f *ModelFiles) head() (albert.Head, error) {
	switch f.Pooling {
	case "", PoolMean:
		return albert.Pooled, nil
	case PoolCLS:
		return albert.PooledFirst, nil
	case PoolMax:
		return albert.PooledMax, nil
	}
	names := make([]string, 0, len(Poolings()))
	for _, p := range Poolings() {
		names = append(names, string(p))
	}
	return 0, fmt.Errorf("pooling %q: use one of %s", f.Pooling, strings.Join(names, ", "))
}

// embedderID identifies the vectors that a model gives: by the content of its
// files and, where they are not the usual ones, window and pooling.
func embedderID(model *albert.Model, head albert.Head, window int) string {
	if head == albert.Pooled && window == min(embedderWindow, model.Config().MaxPositions) {
		return model.ID()
	}
	id := sha256.Sum256(fmt.Appendf(nil, "%s %v %d", model.ID(), head, window))
	return hex.EncodeToString(id[:])
}

// fail is an error with the model.
func (f *ModelFiles) fail(err error) error {
	return fmt.Errorf("load the %s: %w", cmp.Or(f.Name, "model"), err)
}

// builtinEmbedder and builtinReader are the models in the program.
func builtinEmbedder() *ModelFiles {
	return &ModelFiles{Name: "built-in embedder", Files: builtin.Embedder(), Window: builtin.EmbedderWindow}
}

func builtinReader() *ModelFiles {
	return &ModelFiles{Name: "built-in reader", Files: builtin.Reader(), Window: builtin.ReaderWindow}
}

// readerHead is what a model is opened for as a reader: spans, and relevance
// if it has the weights for it.
func readerHead(model *albert.Model) albert.Head {
	if model.HasHead(albert.SpanRelevance) {
		return albert.SpanRelevance
	}
	return albert.Span
}
