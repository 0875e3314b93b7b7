package local

import (
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

// schema is what is fixed when an index is made.
type schema struct {
	settings  index.Settings
	analyzers *analysis.Analyzer
}

func newSchema(s index.Settings) (*schema, error) {
	a, err := analysis.New(s.Analyzer)
	return &schema{s, a}, err
}
