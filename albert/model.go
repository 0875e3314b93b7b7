package albert

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/albert-search/albert-search/albert/tokenize"
	"golang.org/x/sync/errgroup"
)

// Model is a checkpoint. It does not hold the weights: Open reads them from
// the files given to Load, which must stay as they are.
type Model struct {
	fsys   fs.FS
	config Config
	tok    tokenize.Tokenizer
	id     string
	heads  []Head
	labels int // of the classifier
}

// Load reads the model in fsys and checks that it is an ALBERT and that its
// files agree with each other. Errors name the file; that of a model of
// another kind is ErrNotALBERT.
func Load(fsys fs.FS) (*Model, error) {
	m, err := load(fsys)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	return m, nil
}

func load(fsys fs.FS) (*Model, error) {
	config, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	m := &Model{fsys: fsys, config: config}
	// Both take some ten milliseconds, which a program that answers one
	// question would notice.
	var both errgroup.Group
	both.Go(func() (err error) {
		m.id, err = contentID(fsys)
		return err
	})
	both.Go(func() (err error) {
		m.tok, err = tokenize.Load(fsys)
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, err
	}
	if n := m.tok.Size(); n > config.VocabSize {
		return nil, fmt.Errorf("%s: vocab_size is %d, but the tokenizer has %d tokens", configFile, config.VocabSize, n)
	}
	c, err := openCheckpoint(fsys, config)
	if err != nil {
		return nil, err
	}
	if _, err = c.encoder(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for _, h := range heads {
		// What is wrong with the weights of a head is said to who opens it.
		weights, err := c.head(h)
		if err != nil {
			continue
		}
		m.heads = append(m.heads, h)
		if h == Class || h == TokenClass {
			m.labels = weights[len(weights)-1].out
		}
	}
	return m, c.Close()
}

// Config returns the shape of the model.
func (m *Model) Config() Config { return m.config }

// Tokenizer returns the model's tokenizer.
func (m *Model) Tokenizer() tokenize.Tokenizer { return m.tok }

// Heads returns the heads that the model has weights for, in the order of
// their values; those of the hidden states need none.
func (m *Model) Heads() []Head { return slices.Clone(m.heads) }

// HasHead reports whether Heads has h.
func (m *Model) HasHead(h Head) bool { return slices.Contains(m.heads, h) }

// Labels returns the names of the classifier's labels in the order of its
// logits, as transformers calls them: LABEL_0 and so on where the configuration
// has none. Without Class and TokenClass there are none.
func (m *Model) Labels() []string {
	names := make([]string, m.labels)
	for i := range names {
		names[i] = cmp.Or(m.config.LabelNames[strconv.Itoa(i)], fmt.Sprint("LABEL_", i))
	}
	return names
}

// ID returns a hash of the files that determine what the model computes, in
// hexadecimal.
func (m *Model) ID() string { return m.id }
