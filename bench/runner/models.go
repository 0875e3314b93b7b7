package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/qa"
)

type done struct {
	Seconds float64 `json:"seconds"`
}

func since(began time.Time) float64 { return time.Since(began).Seconds() }

// openModels opens models of the store in the folder Models by their names, the
// built-in one where there is no name, and loads them.
func (s *server) openModels(ctx context.Context, a struct{ Models, Embedder, Reader string }) (done, error) {
	if s.models != nil {
		return done{}, fmt.Errorf("models are open already")
	}
	store := modelstore.Open(a.Models)
	options := albertsearch.Options{Dir: "unused", Models: albertsearch.Models{}}
	for role, name := range map[albert.Role]string{albert.RoleEmbedder: a.Embedder, albert.RoleReader: a.Reader} {
		m, err := files(store, name)
		if err != nil {
			return done{}, err
		}
		options.Models[role] = m
	}
	var err error
	if s.models, err = albertsearch.Open(options); err != nil {
		return done{}, err
	}
	began := time.Now()
	if s.embedder, err = s.models.Embedder(ctx); err != nil {
		return done{}, err
	}
	_, err = s.models.Reader(ctx)
	return done{since(began)}, err
}

// files are those of a model in a store, nil for the built-in one.
func files(store *modelstore.Store, name string) (*albertsearch.ModelFiles, error) {
	if name == "" {
		return nil, nil
	}
	r, err := store.Get(name)
	if err != nil {
		return nil, err
	}
	return &albertsearch.ModelFiles{
		Name: name, Files: store.Files(name), Window: r.Window, Pooling: albertsearch.Pooling(r.Pooling),
		Float32: r.Precision == albert.Float32.String(),
	}, nil
}

// export writes the files of the built-in reader into a folder.
func (s *server) export(_ context.Context, a struct{ Dir string }) (done, error) {
	return done{}, builtin.Copy(builtin.Reader(), a.Dir)
}

// embed makes the vectors of n lines of a text file, and writes them to Out, raw
// float32, when it is given.
func (s *server) embed(ctx context.Context, a struct {
	Texts   string
	From, N int
	Out     string
}) (done, error) {
	texts, err := s.lines(a.Texts, a.From, a.N)
	if err != nil {
		return done{}, err
	}
	began := time.Now()
	vectors, err := s.embedder.Embed(ctx, texts)
	took := since(began)
	if err != nil || a.Out == "" {
		return done{took}, err
	}
	var raw []byte
	for _, v := range vectors {
		for _, x := range v {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
	}
	return done{took}, os.WriteFile(a.Out, raw, 0o600)
}

type tokenized struct {
	done
	Pieces int `json:"pieces"`
	// Sums are the CRC-32 (IEEE) of each text's ids, little-endian.
	Sums []uint32 `json:"sums"`
}

// tokenize cuts the lines of a text file into pieces, one after the other, with
// the tokenizer in the folder Model.
func (s *server) tokenize(_ context.Context, a struct {
	Model, Texts string
	From, N      int
}) (r tokenized, err error) {
	texts, err := s.lines(a.Texts, a.From, a.N)
	if err != nil {
		return r, err
	}
	tok, err := tokenize.Load(os.DirFS(a.Model))
	if err != nil {
		return r, err
	}
	out := make([][]tokenize.Token, len(texts))
	began := time.Now()
	for i, t := range texts {
		out[i] = tok.Append(nil, t)
	}
	r.Seconds = since(began)
	for _, tokens := range out {
		r.Pieces += len(tokens)
		var ids []byte
		for _, t := range tokens {
			ids = binary.LittleEndian.AppendUint32(ids, uint32(t.ID))
		}
		r.Sums = append(r.Sums, crc32.ChecksumIEEE(ids))
	}
	return r, nil
}

type readAnswer struct {
	Passage int     `json:"passage"`
	Text    string  `json:"text"`
	Score   float64 `json:"score"`
	Span    float64 `json:"span"`
}

type readings struct {
	done
	// Answers are the best of all passages or, with Each, the best of each.
	Answers []*readAnswer `json:"answers"`
}

// read reads passages for the answer to a question. With Each every passage is
// read for itself, with the same answer for the same window as a batch gives.
func (s *server) read(ctx context.Context, a struct {
	Question string
	Passages []string
	Each     bool
}) (r readings, err error) {
	reader, err := s.models.Reader(ctx)
	if err != nil {
		return r, err
	}
	answerer := qa.New(reader.Spans, reader.Tokenizer, reader.Options)
	groups := [][]string{a.Passages}
	if a.Each {
		groups = nil
		for _, p := range a.Passages {
			groups = append(groups, []string{p})
		}
	}
	began := time.Now()
	for _, texts := range groups {
		passages := make([]qa.Passage, len(texts))
		for i, t := range texts {
			passages[i].Text = t
		}
		found, err := answerer.Answer(ctx, a.Question, passages)
		if err != nil {
			return r, err
		}
		var best *readAnswer
		if len(found.Answers) > 0 {
			x := found.Answers[0]
			best = &readAnswer{x.Passage, texts[x.Passage][x.Start:x.End], x.Score, x.Span}
		}
		r.Answers = append(r.Answers, best)
	}
	r.Seconds = since(began)
	return r, nil
}
