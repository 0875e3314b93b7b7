package albertsearch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/embed"
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

// Models are models by their roles. A role without one has the built-in one,
// if there is one: a reranker's work is done by a reader that judges relevance.
type Models map[albert.Role]*ModelFiles

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
	// embedder and 384 for a reader or reranker.
	Window int
	// Languages are those that the model knows, as BCP 47 tags; nil if that is not
	// known.
	Languages []string
	// Pooling is for embedders: PoolMean when empty.
	Pooling Pooling
	// Calibration is for readers: the one fitted with this model. Without one
	// that of the built-in reader is used, and a confidence is then no
	// probability.
	Calibration *qa.Calibration
	// Float32 has the model calculate with 32-bit numbers, as its weights are,
	// instead of 8-bit ones: slower, to measure what rounding costs.
	Float32 bool
	// Reranking is for rerankers, and readers that judge relevance: how it counts in a
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

// checkpoint is a model whose files were read, with the window to use with it
// and the head to open it for.
type checkpoint struct {
	model  *albert.Model
	window int
	head   albert.Head
}

// load reads the model for a role.
func (f *ModelFiles) load(r modelRole) (c checkpoint, err error) {
	if c.model, err = albert.Load(f.Files); err == nil {
		c.window, err = f.window(c.model, r.window)
	}
	if err == nil {
		c.head, err = r.head(f, c.model)
	}
	if err != nil {
		return c, f.fail(err)
	}
	return c, nil
}

// embedderID is the ID of the embedder that the model makes.
func (c checkpoint) embedderID() string {
	return embedderID(c.model.ID(), c.model.Config().MaxPositions, c.head, c.window)
}

// pooledHead is what a model is opened for as an embedder.
func pooledHead(f *ModelFiles, _ *albert.Model) (albert.Head, error) { return f.Pooling.head() }

// head computes the pooled vectors.
func (p Pooling) head() (albert.Head, error) {
	switch p {
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
	return 0, fmt.Errorf("pooling %q: use one of %s", p, strings.Join(names, ", "))
}

// EmbedderID is the ID of the embedder that a model makes, by which an index
// knows it: id is the model's (albert.Model.ID), positions how many pieces it
// can read at most. Pooling and window are as in ModelFiles.
func EmbedderID(id string, positions int, pooling Pooling, window int) (string, error) {
	head, err := pooling.head()
	if err != nil {
		return "", err
	}
	if window == 0 {
		window = min(embedderWindow, positions)
	}
	return embedderID(id, positions, head, window), nil
}

// embedderID identifies the vectors that a model gives: by the content of its
// files and, where they are not the usual ones, window and pooling.
func embedderID(id string, positions int, head albert.Head, window int) string {
	if head == albert.Pooled && window == min(embedderWindow, positions) {
		return id
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %d", id, head, window))
	return hex.EncodeToString(sum[:])
}

// fail is an error with the model.
func (f *ModelFiles) fail(err error) error {
	return fmt.Errorf("load the %s: %w", cmp.Or(f.Name, "model"), err)
}

// Embedder returns the embedder that the engine uses, loading it if need be. It
// may be given to other engines while this one is open.
func (e *Engine) Embedder(ctx context.Context) (embed.Embedder, error) { return e.models.embedder(ctx) }

// Reader returns the reader that the engine uses, loading it if need be. It may
// be given to other engines while this one is open.
func (e *Engine) Reader(ctx context.Context) (*Reader, error) { return e.models.reader(ctx) }

// Reranker returns the reranker that the engine uses, loading it if need be. It
// may be given to other engines while this one is open. Where neither a reranker
// nor a model for it was given, the error is of KindNoModel: the reader's relevance
// is used then, if it judges that.
func (e *Engine) Reranker(ctx context.Context) (*Reranker, error) {
	return e.models.reranking.get(ctx, e.models)
}

// BuiltinModel returns the model in the program that has the role, nil if none
// has.
func BuiltinModel(r albert.Role) *ModelFiles {
	row, _ := roleOf(r)
	return row.builtin
}
