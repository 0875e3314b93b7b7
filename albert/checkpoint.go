package albert

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// ErrNoHead is the error of Open for a head whose weights the model lacks.
var ErrNoHead = errors.New("the model has no weights for this head")

const (
	// layoutKey is the metadata that tells our int8 layout from others.
	layoutKey  = "albert-search.layout"
	int8Layout = "int8/1"
)

// checkpoint is the open weights of a model.
type checkpoint struct {
	config Config
	// st has the tensors by the names that transformers gives them.
	st    tensors
	files *tensorFiles
	// name is the file of the weights, for errors.
	name string
	// prefix is what the names of the encoder's tensors begin with: "albert."
	// in a checkpoint that was saved with a head.
	prefix string
	// int8 says that the file has the layout that Quantize writes.
	int8 bool
}

func openCheckpoint(fsys fs.FS, config Config) (*checkpoint, error) {
	files, err := openWeights(fsys)
	if err != nil {
		return nil, err
	}
	c := &checkpoint{config: config, files: files, name: files.name}
	if err := c.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", c.name, err), c.Close())
	}
	return c, nil
}

func (c *checkpoint) open() (err error) {
	switch layout := c.files.Metadata(layoutKey); layout {
	case "":
	case int8Layout:
		c.int8 = true
	default:
		return fmt.Errorf("layout %q is not known to this version of the program", layout)
	}
	if c.st, err = rename(c.files, c.config); err != nil {
		return err
	}
	if _, ok := c.st.Tensor("albert." + wordEmbeddings); ok {
		c.prefix = "albert."
	}
	return nil
}

// Close closes the files.
func (c *checkpoint) Close() error { return c.files.Close() }

// tensor finds a tensor and checks its shape. A type given must be the
// tensor's; without one any of floating point will do.
func (c *checkpoint) tensor(name string, t safetensors.Type, shape ...int) (safetensors.Info, error) {
	info, ok := c.st.Tensor(name)
	if !ok {
		return info, fmt.Errorf("%s has no tensor %q", c.name, name)
	}
	if !slices.Equal(info.Shape, shape) {
		return info, fmt.Errorf("%s: tensor %q has shape %v; by %s it must be %v", c.name, name, info.Shape, configFile, shape)
	}
	if t == "" && !slices.Contains([]safetensors.Type{safetensors.F32, safetensors.F16, safetensors.BF16}, info.Type) || t != "" && info.Type != t {
		return info, fmt.Errorf("%s: tensor %q has elements of type %s", c.name, name, info.Type)
	}
	return info, nil
}

// optional is tensor for one that may be missing, which is then nil.
func (c *checkpoint) optional(name string, shape ...int) (*safetensors.Info, error) {
	if _, ok := c.st.Tensor(name); !ok {
		return nil, nil
	}
	info, err := c.tensor(name, "", shape...)
	return &info, err
}
