package local

import "github.com/albert-search/albert-search/index"

// schema is what is fixed when an index is made.
type schema struct {
	settings  index.Settings
	analyzers *analyzers
}

func newSchema(s index.Settings) (*schema, error) {
	a, err := newAnalyzers(s.Analyzer)
	return &schema{s, a}, err
}
