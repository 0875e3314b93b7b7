// Package builtin holds the models that are part of the program, so that
// everything works offline: an embedder and a reader, int8, in the layout that
// albert.Load reads. The model cards beside their files say how they were
// made.
//
// The files are written from checkpoints by the command in internal/import, and
// back by that in internal/export. A tensor that both models have is there once
// (internal/pack).
package builtin

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/albert-search/albert-search/internal/modelpack"
)

const (
	// EmbedderWindow is how many tokens of a text the embedder was trained to
	// read, CLS and SEP included. Its vector of a text is the mean of the last
	// hidden states over all tokens, normalised to length 1.
	EmbedderWindow = 256
	// EmbedderID is the embedder's albert.Model.ID, and EmbedderDim its hidden
	// size, so that an index can be compared with it before it is loaded.
	EmbedderID  = "000af4dc2c471daa307f082f5e7298c914b48c03ef582ca1496856c70eb0d9b6"
	EmbedderDim = 384
	// ReaderWindow is how many tokens the reader was trained to read: CLS,
	// question, SEP, passage, SEP.
	ReaderWindow = 384
)

//go:embed models/*/*.json models/*/model.* models/*/vocab.txt
var files embed.FS

// The weights of all models are in a blob, with a layout for each that makes a
// file of them.
const (
	weightsFile = "model.safetensors"
	blobFile    = "models/shared/model.blob"
	layoutFile  = "model.layout"
)

// Embedder returns the files of the model that turns texts into vectors.
func Embedder() fs.FS { return model("embedder") }

// Reader returns the files of the model that finds answers in passages.
func Reader() fs.FS { return model("reader") }

// Copy writes the files of Embedder or Reader to a folder, which is made if it is
// not there. It goes by name: they cannot be listed.
func Copy(files fs.FS, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"config.json", "vocab.txt", "tokenizer_config.json", weightsFile} {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// model is a folder of files together with the tokenizer that all models have.
type model string

// Open implements fs.FS.
func (m model) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if name == weightsFile {
		return m.openPacked()
	}
	f, err := files.Open("models/" + string(m) + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = files.Open("models/tokenizer/" + name)
	}
	return f, err
}

// openPacked opens weights that are stored together with those of others.
func (m model) openPacked() (_ fs.File, err error) {
	layout, err := files.Open("models/" + string(m) + "/" + layoutFile)
	if err != nil {
		return nil, err
	}
	l, err := modelpack.ReadLayout(layout)
	if err := errors.Join(err, layout.Close()); err != nil {
		return nil, fmt.Errorf("built-in %s: %w", m, err)
	}
	blob, err := files.Open(blobFile)
	if err != nil {
		return nil, err
	}
	// An embedded file is a reader at any place, and has nothing to close.
	return l.Open(weightsFile, blob.(io.ReaderAt)), nil
}
