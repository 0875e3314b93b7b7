package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	bleve "github.com/blevesearch/bleve/v2/analysis"
	unicodetok "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"

	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
	"github.com/albert-search/albert-search/ingest/source"
	"github.com/albert-search/albert-search/ingest/textnorm"
)

// timeLimit is for one file. The command "index" has 30 s; with so much more,
// what is read does not depend on what else the machine does.
const timeLimit = 20 * time.Minute

// readingCommand is what this program is started with to read documents for
// itself.
const readingCommand = "read-documents"

// result is what the program has of a file. Places are byte offsets in Body.
type result struct {
	Path  string `json:"path"`
	Error string `json:"error,omitempty"`
	Body  string `json:"body"`
	// Norm is Body as it is searched, Plain the same without the furniture; it
	// is left out where there is none.
	Norm      string            `json:"norm"`
	Plain     string            `json:"plain,omitempty"`
	Furniture []document.Span   `json:"furniture,omitempty"`
	Title     string            `json:"title,omitempty"`
	Type      string            `json:"type,omitempty"`
	Pages     []int             `json:"pages,omitempty"` // where pages start
	Headings  []heading         `json:"headings,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Note      string            `json:"note,omitempty"`
	Passages  []passage         `json:"passages,omitempty"`
	Check     check             `json:"check"`
}

type heading struct {
	Start int    `json:"start"`
	Level int    `json:"level"`
	Text  string `json:"text"`
}

type passage struct {
	Start   int      `json:"start"`
	End     int      `json:"end"`
	Page    int      `json:"page,omitempty"`
	Heading []string `json:"heading,omitempty"`
	Match   string   `json:"match"` // its text, normalized
	Tokens  int      `json:"tokens"`
}

// reader reads files as the command "index" does, and splits them by the
// built-in embedder's tokenizer.
type reader struct {
	extractor *sandbox.Extractor
	tokenizer tokenize.Tokenizer
}

func newReader() (*reader, error) {
	tok, err := tokenize.Load(builtin.Embedder())
	if err != nil {
		return nil, err
	}
	return &reader{
		extractor: sandbox.New(formats.All(), sandbox.Options{
			Extract: extract.Options{Limits: extract.Limits{Time: timeLimit}},
			Command: func() *exec.Cmd {
				return &exec.Cmd{Path: "/proc/self/exe", Args: []string{os.Args[0], readingCommand}, Env: []string{"GOTRACEBACK=none"}}
			},
		}),
		tokenizer: tok,
	}, nil
}

func (r *reader) close() error { return r.extractor.Close() }

// CountTokens implements ingest.TokenCounter.
func (r *reader) CountTokens(text string) int { return len(r.tokenizer.Append(nil, text)) }

// one reads a file, or says why the program leaves it out.
func (r *reader) one(ctx context.Context, path string) result {
	doc, err := r.load(ctx, path)
	if err != nil {
		return result{Path: path, Error: err.Error()}
	}
	t := &doc.Text
	split := ingest.Split(t, ingest.SplitOptions{}, r)
	out := result{
		Path: path, Body: t.Body, Norm: normalized(t.Body), Furniture: furniture(t), Title: t.Title, Type: t.Type, Pages: pages(t),
		Metadata: t.Metadata, Note: t.Note, Check: checked(t, split, r),
	}
	if len(out.Furniture) > 0 {
		out.Plain = normalized(without(t.Body, out.Furniture))
	}
	for _, h := range t.Headings {
		out.Headings = append(out.Headings, heading{h.Start, h.Level, h.Text})
	}
	for _, p := range split {
		text := t.Body[p.Start:p.End]
		out.Passages = append(out.Passages, passage{p.Start, p.End, p.Place.Page, p.Heading, normalized(text), r.CountTokens(text)})
	}
	return out
}

func (r *reader) load(ctx context.Context, path string) (*ingest.Document, error) {
	files, err := source.Files([]string{path}, source.FileOptions{Extractor: r.extractor, Hidden: true, NoIgnore: true})
	if err != nil {
		return nil, err
	}
	for e, err := range files.Entries(ctx) {
		switch {
		case err != nil:
			return nil, err
		case e.Skip != nil:
			return nil, e.Skip
		}
		return e.Load(ctx)
	}
	return nil, errors.New("offers no entry")
}

// pages returns where the pages of a text start, nil if it has none.
func pages(t *extract.Text) []int {
	var starts []int
	last := 0
	for _, p := range t.Places {
		if p.Place.Page != last {
			starts = append(starts, p.Offset)
			last = p.Place.Page
		}
	}
	return starts
}

// furniture returns the byte ranges that are marked as furniture, neighbouring
// ones as one.
func furniture(t *extract.Text) []document.Span {
	var out []document.Span
	for _, b := range t.Blocks {
		switch n := len(out); {
		case b.Kind != document.Furniture:
		case n > 0 && out[n-1].End == b.Start:
			out[n-1].End = b.End
		default:
			out = append(out, document.Span{Start: b.Start, End: b.End})
		}
	}
	return out
}

func without(body string, spans []document.Span) string {
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.WriteString(body[at:s.Start])
		at = s.End
	}
	b.WriteString(body[at:])
	return b.String()
}

// normalized returns a text as the program searches it.
func normalized(text string) string { return textnorm.Normalize(text).String() }

// analyzer is what the keyword index makes of a text.
type analyzer struct {
	words bleve.Tokenizer
	terms *analysis.Analyzer
}

type analyzed struct {
	Tokens []string `json:"tokens"` // its words in lower case
	Terms  []string `json:"terms"`  // what of them is searched, stemmed
}

func newAnalyzer() (*analyzer, error) {
	en, err := analysis.New(analysis.Default)
	return &analyzer{words: unicodetok.NewUnicodeTokenizer(), terms: en}, err
}

func (a *analyzer) analyze(text string) analyzed {
	var out analyzed
	norm := normalized(text)
	for _, t := range a.words.Tokenize([]byte(norm)) {
		out.Tokens = append(out.Tokens, strings.ToLower(string(t.Term)))
	}
	for _, t := range a.terms.Analyze(analysis.Text, norm) {
		out.Terms = append(out.Terms, string(t.Term))
	}
	return out
}
