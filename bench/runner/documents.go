package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// openOn returns an engine on the index in dir with the open models.
func (s *server) openOn(ctx context.Context, dir string) (*albertsearch.Engine, error) {
	options := albertsearch.Options{Dir: dir}
	if s.models != nil {
		reader, err := s.models.Reader(ctx)
		if err != nil {
			return nil, err
		}
		options.Embedder, options.Reader = s.embedder, reader
	}
	return albertsearch.Open(options)
}

type indexed struct {
	done
	Indexed   int `json:"indexed"`
	Unchanged int `json:"unchanged"`
	Failed    int `json:"failed"`
	Passages  int `json:"passages"`
}

// index brings the index in the folder Index up to date with the folder
// Documents. The models are open before.
func (s *server) index(ctx context.Context, a struct{ Documents, Index string }) (r indexed, err error) {
	engine, err := s.openOn(ctx, a.Index)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	began := time.Now()
	extractor := formats.New(extract.Options{})
	defer extractor.Close()
	source, err := source.Files([]string{a.Documents}, source.FileOptions{Extractor: extractor})
	if err != nil {
		return r, err
	}
	sum, err := engine.Index(ctx, albertsearch.IndexRequest{Sources: []ingest.Source{source}})
	return indexed{done{since(began)}, sum.Indexed, sum.Unchanged, sum.Failed, sum.Passages}, err
}

// walk asks for the size and the times of every file of a folder, no more.
func (s *server) walk(_ context.Context, a struct{ Dir string }) (map[string]any, error) {
	began, files := time.Now(), 0
	err := filepath.WalkDir(a.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		_, err = d.Info()
		return err
	})
	return map[string]any{"seconds": since(began), "files": files}, err
}

// openEngine opens the engine that search and ask use, in place of the one
// before.
func (s *server) openEngine(ctx context.Context, a struct{ Index string }) (r done, err error) {
	if s.engine != nil {
		if err := s.engine.Close(); err != nil {
			return r, err
		}
	}
	s.engine, err = s.openOn(ctx, a.Index)
	return r, err
}

// search returns the texts of the best passages.
func (s *server) search(ctx context.Context, a struct {
	Query string
	Limit int
	Mode  albertsearch.Mode
}) (map[string]any, error) {
	began := time.Now()
	found, err := s.engine.Search(ctx, albertsearch.SearchRequest{Query: a.Query, Limit: a.Limit, Mode: a.Mode})
	if err != nil {
		return nil, err
	}
	took := since(began)
	texts := make([]string, 0, len(found.Hits))
	for _, h := range found.Hits {
		texts = append(texts, h.Text)
	}
	return map[string]any{"seconds": took, "texts": texts}, nil
}

type asked struct {
	done
	Answers  []string `json:"answers"`
	Answered bool     `json:"answered"`
	Read     int      `json:"read"`
}

// ask answers a question out of the index, reading as many passages as Read, and
// that Repeat times, of which the last is timed.
func (s *server) ask(ctx context.Context, a struct {
	Question string
	Read     int
	Repeat   int
}) (r asked, err error) {
	for range max(1, a.Repeat) {
		began := time.Now()
		found, err := s.engine.Ask(ctx, albertsearch.AskRequest{Question: a.Question, Read: a.Read})
		if err != nil {
			return r, err
		}
		r = asked{done: done{since(began)}, Answered: found.Answered, Read: found.Read}
		for _, x := range found.Answers {
			r.Answers = append(r.Answers, x.Text)
		}
	}
	return r, nil
}
