package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
)

// asked is how many questions are asked, and searched for, at most.
const asked = 30

// settings are those of an index that Engine makes with the built-in embedder,
// where vectors are as long as its own.
func (c config) settings() index.Settings {
	s := index.Settings{Languages: "en", SplitTokens: ingest.DefaultSplitTokens}
	if !c.hasEngine() {
		return s.With(index.Embedder{ID: "bench", Dim: c.dim})
	}
	return s.With(index.Embedder{ID: builtin.EmbedderID, Dim: c.dim})
}

// hasEngine tells whether Engine can search the store.
func (c config) hasEngine() bool { return c.dim == builtin.EmbedderDim }

// engineFigures are what searching and asking with the built-in models has
// measured, in milliseconds and bytes.
type engineFigures struct {
	// Open is from nothing to the results of a search by words, which opens the
	// index and loads no model.
	Open float64 `json:"open_ms"`
	// The first search of these loads the embedder, the first question the
	// reader; P50 and P99 are those of the others.
	Search quantiles `json:"search_ms"`
	Ask    quantiles `json:"ask_ms"`
	// SearchRssAnon and AskRssAnon are the peaks while there were searches only,
	// and with questions after them.
	SearchRssAnon int64 `json:"search_rss_anon"`
	AskRssAnon    int64 `json:"ask_rss_anon"`
}

// askStore opens an Engine on a store, with models, and searches and asks.
func askStore(ctx context.Context, c config) (f engineFigures, err error) {
	texts, err := questions(c)
	if err != nil {
		return f, err
	}
	mem := watchMemory()
	began := time.Now()
	engine, err := albertsearch.Open(albertsearch.Options{Dir: c.store()})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	if _, err := engine.Search(ctx, albertsearch.SearchRequest{Query: texts[0], Mode: albertsearch.Keyword}); err != nil {
		return f, err
	}
	f.Open = milliseconds(began)
	f.Search, err = firstAndOthers(texts, func(text string) error {
		_, err := engine.Search(ctx, albertsearch.SearchRequest{Query: text})
		return err
	})
	if err != nil {
		return f, err
	}
	f.SearchRssAnon, _ = mem.peaks()
	mem = watchMemory()
	f.Ask, err = firstAndOthers(texts, func(text string) error {
		_, err := engine.Ask(ctx, albertsearch.AskRequest{Question: text})
		return err
	})
	f.AskRssAnon, _ = mem.peaks()
	return f, err
}

// firstAndOthers times f with the first text, and then with all of them.
func firstAndOthers(texts []string, f func(string) error) (q quantiles, err error) {
	var took []float64
	for _, text := range slices.Insert(slices.Clone(texts), 0, texts[0]) {
		began := time.Now()
		if err := f(text); err != nil {
			return q, err
		}
		took = append(took, milliseconds(began))
	}
	q = quantilesOf(took[1:])
	q.First = took[0]
	return q, nil
}

// questions are the first lines of the file or, without one, what the store
// is searched for.
func questions(c config) (texts []string, err error) {
	if c.questions == "" {
		texts, _, err = queries(c)
		return texts[:min(asked, len(texts))], err
	}
	file, err := os.Open(c.questions)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for len(texts) < asked && lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			texts = append(texts, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, errors.New(c.questions + " has no question")
	}
	return texts, nil
}
