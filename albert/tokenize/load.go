package tokenize

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// ErrNoTokenizer is returned by Load for a folder without a tokenizer's files.
var ErrNoTokenizer = errors.New("no tokenizer found: the folder has none of spiece.model, tokenizer.json, vocab.txt")

// ErrUnsupported is returned by Load for tokenizers that no ALBERT uses.
var ErrUnsupported = errors.New("tokenizer not supported")

// Load reads the tokenizer of a checkpoint in Hugging Face layout: spiece.model,
// or else tokenizer.json, or else vocab.txt. The settings in
// tokenizer_config.json and special_tokens_map.json count before those in
// tokenizer.json.
//
// Special tokens are never read out of a text: "[SEP]" in a document is cut
// into ordinary tokens, as transformers does with split_special_tokens=True, so
// that a document cannot change how the model's input is divided. Of the
// special tokens PAD and MASK may be missing from a vocabulary; their id is
// then -1.
func Load(fsys fs.FS) (Tokenizer, error) {
	config, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	for _, source := range []struct {
		file string
		load func([]byte, configFile) (Tokenizer, error)
	}{
		{"spiece.model", loadPieceModel},
		{"tokenizer.json", loadJSON},
		{"vocab.txt", loadVocabTxt},
	} {
		b, err := readFile(fsys, source.file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the tokenizer: %w", err)
		}
		t, err := source.load(b, config)
		if err != nil {
			return nil, fmt.Errorf("reading the tokenizer: %s: %w", source.file, err)
		}
		return t, nil
	}
	return nil, ErrNoTokenizer
}

// maxFile is the longest file of a tokenizer that is read. Those of ALBERT have
// one or two megabytes.
const maxFile = 64 << 20

// readFile reads a file of a tokenizer, which may be an endless one.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is longer than %d MiB", name, maxFile>>20)
	}
	return b, err
}
