package albert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/albert/internal/torchfile"
	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/internal/errkind"
)

// The files that weights are read from, in the order in which they are looked
// for.
const (
	weightsFile  = "model.safetensors"
	torchFile    = "pytorch_model.bin"
	indexSuffix  = ".index.json"
	weightsIndex = weightsFile + indexSuffix
	torchIndex   = torchFile + indexSuffix
)

// ErrNoWeights is the error of Load for a folder without weights that it reads.
var ErrNoWeights = errkind.New(errkind.UnsupportedModel, "no weights found: the folder has none of "+
	strings.Join([]string{weightsFile, weightsIndex, torchFile, torchIndex}, ", "))

// ErrUnsafe is the error for weights in a PyTorch file that names something
// other than tensors. Nothing of such a file is run.
var ErrUnsafe = torchfile.ErrUnsafe

// tensors is where the weights of a checkpoint come from: a file of tensors,
// several, or a file whose tensors have other names.
type tensors interface {
	// Tensors returns all tensors, in an order that is always the same.
	Tensors() []safetensors.Info
	Tensor(name string) (safetensors.Info, bool)
	// Floats reads a tensor of floating point numbers, Bytes one of any type,
	// row-major.
	Floats(safetensors.Info) ([]float32, error)
	Bytes(safetensors.Info) ([]byte, error)
	Metadata(key string) string
}

// tensorFiles is an open set of files of tensors.
type tensorFiles struct {
	tensors
	// name is the file, or the index of several, for errors.
	name    string
	closers []io.Closer
}

func (w *tensorFiles) Close() error {
	var errs []error
	for _, c := range w.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// weightFiles are the files that the weights of the folder are in, an index
// first.
func weightFiles(fsys fs.FS) ([]string, error) {
	for _, name := range []string{weightsFile, weightsIndex, torchFile, torchIndex} {
		_, err := fs.Stat(fsys, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case strings.HasSuffix(name, indexSuffix):
			shards, err := readIndex(fsys, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return append([]string{name}, slices.Compact(slices.Sorted(maps.Values(shards)))...), nil
		default:
			return []string{name}, nil
		}
	}
	for _, other := range []struct{ file, what string }{
		{"tf_model.h5", "TensorFlow"}, {"flax_model.msgpack", "Flax"}, {"model.onnx", "ONNX"}, {"onnx/model.onnx", "ONNX"},
	} {
		if _, err := fs.Stat(fsys, other.file); err == nil {
			return nil, fmt.Errorf("%w. It has %s, for %s: save the model with save_pretrained of the library transformers", ErrNoWeights, other.file, other.what)
		}
	}
	return nil, ErrNoWeights
}

func openWeights(fsys fs.FS) (*tensorFiles, error) {
	files, err := weightFiles(fsys)
	if err != nil {
		return nil, err
	}
	w := &tensorFiles{name: files[0]}
	if len(files) == 1 {
		err = w.openSingle(fsys, files[0])
	} else {
		err = w.openShards(fsys, files[0], files[1:])
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *tensorFiles) openSingle(fsys fs.FS, name string) (err error) {
	w.tensors, err = w.openFile(fsys, name)
	return err
}

func (w *tensorFiles) openFile(fsys fs.FS, name string) (tensors, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	w.closers = append(w.closers, f)
	t, err := readTensors(f, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func readTensors(f fs.File, name string) (tensors, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r, size := io.ReaderAt(nil), info.Size()
	if at, ok := f.(io.ReaderAt); ok {
		r = at
	} else {
		all, err := io.ReadAll(f)
		if err != nil {
			return nil, err
		}
		r, size = bytes.NewReader(all), int64(len(all))
	}
	if strings.HasSuffix(name, ".safetensors") {
		return safetensors.Open(r, size)
	}
	return torchfile.Open(r, size)
}

// shards are several files of tensors. An index says in which file a tensor
// is.
type shards struct{ files map[string]tensors }

// maxIndex is the longest index of shards read. A tensor takes some hundred
// bytes.
const maxIndex = 16 << 20

// readIndex reads an index: the names of the files by those of tensors.
func readIndex(fsys fs.FS, name string) (map[string]string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxIndex {
		return nil, fmt.Errorf("it is longer than %d bytes", maxIndex)
	}
	return parseIndex(text, strings.TrimSuffix(name, indexSuffix))
}

func parseIndex(text []byte, single string) (map[string]string, error) {
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, err
	}
	if len(index.Map) == 0 {
		return nil, errors.New("it has no weight_map, or an empty one")
	}
	extension := single[strings.LastIndexByte(single, '.'):]
	for _, tensor := range slices.Sorted(maps.Keys(index.Map)) {
		// A shard is a file beside the index and nothing else.
		file := index.Map[tensor]
		if !fs.ValidPath(file) || strings.ContainsAny(file, `/\:`) || !strings.HasSuffix(file, extension) {
			return nil, fmt.Errorf("tensor %q is said to be in %q, which is not the name of a %s file", tensor, file, extension)
		}
	}
	return index.Map, nil
}

func (w *tensorFiles) openShards(fsys fs.FS, index string, files []string) error {
	where, err := readIndex(fsys, index)
	if err != nil {
		return fmt.Errorf("%s: %w", index, err)
	}
	open := make(map[string]tensors, len(files))
	for _, name := range files {
		if open[name], err = w.openFile(fsys, name); err != nil {
			return err
		}
	}
	s := shards{make(map[string]tensors, len(where))}
	for _, tensor := range slices.Sorted(maps.Keys(where)) {
		file := open[where[tensor]]
		if _, ok := file.Tensor(tensor); !ok {
			return fmt.Errorf("%s: tensor %q is not in %s", index, tensor, where[tensor])
		}
		s.files[tensor] = file
	}
	w.tensors = s
	return nil
}

func (s shards) Tensors() []safetensors.Info {
	all := make([]safetensors.Info, 0, len(s.files))
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		info, _ := s.Tensor(name)
		all = append(all, info)
	}
	return all
}

func (s shards) Tensor(name string) (safetensors.Info, bool) {
	f, ok := s.files[name]
	if !ok {
		return safetensors.Info{}, false
	}
	return f.Tensor(name)
}

func (s shards) Floats(t safetensors.Info) ([]float32, error) { return s.files[t.Name].Floats(t) }
func (s shards) Bytes(t safetensors.Info) ([]byte, error)     { return s.files[t.Name].Bytes(t) }
func (shards) Metadata(string) string                         { return "" }
