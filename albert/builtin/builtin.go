// Package builtin holds the models that are part of the program, so that
// everything works offline: an embedder and a reader, int8, in the layout that
// albert.Load reads. The model cards beside their files say how they were
// made.
//
// The files are written from checkpoints by the command in internal/import.
package builtin

import (
	"embed"
	"errors"
	"io/fs"
)

const (
	// EmbedderWindow is how many pieces of a text the embedder was trained to
	// read, CLS and SEP included. Its vector of a text is the mean of the last
	// hidden states over all pieces, normalised to length 1.
	EmbedderWindow = 256
	// ReaderWindow is how many pieces the reader was trained to read: CLS,
	// question, SEP, passage, SEP.
	ReaderWindow = 256
)

//go:embed models/*/*.json models/*/*.safetensors models/*/vocab.txt
var files embed.FS

// Embedder returns the files of the model that turns texts into vectors.
func Embedder() fs.FS { return model("embedder") }

// Reader returns the files of the model that finds answers in passages.
func Reader() fs.FS { return model("reader") }

// model is a folder of files together with the tokenizer that all models have.
type model string

// Open implements fs.FS.
func (m model) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := files.Open("models/" + string(m) + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = files.Open("models/tokenizer/" + name)
	}
	return f, err
}
