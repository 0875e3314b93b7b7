package local

import (
	"fmt"
	"regexp"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	tokenizer "github.com/blevesearch/bleve/v2/analysis/tokenizer/regexp"
	"github.com/blevesearch/bleve/v2/registry"

	// The analyzers that Settings.Analyzer can name.
	_ "github.com/blevesearch/bleve/v2/analysis/analyzer/simple"
	_ "github.com/blevesearch/bleve/v2/analysis/analyzer/standard"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/de"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/en"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/es"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/fr"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/it"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/nl"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/pt"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/ru"
)

// field is a part of a passage that keywords are looked for in.
type field int

const (
	fieldTitle field = iota
	fieldHeading
	fieldText
	fieldPath
	numFields
)

var fieldNames = [numFields]string{"title", "heading", "text", "path"}

func (f field) String() string { return fieldNames[f] }

// weight is what an occurrence in the field counts: a word in a title says more
// than the same word in the text. On CISI and ADI any title weight from 1 to 3
// gives an nDCG@10 within 0.02 of the best.
func (f field) weight() float64 {
	switch f {
	case fieldTitle:
		return 1.5
	case fieldHeading:
		return 1.2
	case fieldPath:
		return 0.5
	}
	return 1
}

// searched returns the fields that a clause looks in. That a Should clause
// without a field also scores paths is up to scorePath.
func searched(name string) ([]field, error) {
	if name == "" {
		return []field{fieldTitle, fieldHeading, fieldText}, nil
	}
	for f, n := range fieldNames {
		if n == name {
			return []field{field(f)}, nil
		}
	}
	return nil, fmt.Errorf("unknown field %q: fields are title, heading, text, path", name)
}

// analyzers turns the text of fields into terms.
type analyzers [numFields]analysis.Analyzer

// newAnalyzers makes the analyzers for the one named in the settings. Paths
// are split at everything that is neither letter nor digit, and not stemmed.
func newAnalyzers(name string) (*analyzers, error) {
	text, err := registry.NewCache().AnalyzerNamed(name)
	if err != nil {
		return nil, fmt.Errorf("analyzer %q: not one of cjk, de, en, es, fr, it, nl, pt, ru, simple, standard", name)
	}
	path := &analysis.DefaultAnalyzer{
		Tokenizer:    tokenizer.NewRegexpTokenizer(regexp.MustCompile(`[\pL\pN]+`)),
		TokenFilters: []analysis.TokenFilter{lowercase.NewLowerCaseFilter()},
	}
	short := shortTerms{text}
	return &analyzers{short, short, short, shortTerms{path}}, nil
}

// maxTerm is the length in bytes of the longest term that is kept whole. No word
// is longer; of what is, the dictionaries of the postings would take some
// hundred times the memory.
const maxTerm = 1000

// shortTerms cuts terms that are too long, in documents and queries alike.
type shortTerms struct{ analysis.Analyzer }

func (a shortTerms) Analyze(text []byte) analysis.TokenStream {
	tokens := a.Analyzer.Analyze(text)
	for _, t := range tokens {
		if len(t.Term) > maxTerm {
			t.Term = t.Term[:maxTerm:maxTerm]
		}
	}
	return tokens
}

// analyze returns the tokens of s. Filters may work in place, so they get a
// copy.
func (a *analyzers) analyze(f field, s string) analysis.TokenStream {
	return a[f].Analyze([]byte(s))
}
