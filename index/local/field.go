package local

import "github.com/albert-search/albert-search/index/analysis"

// The fields that postings have.
type field = analysis.Field

const (
	fieldTitle   = analysis.Title
	fieldHeading = analysis.Heading
	fieldText    = analysis.Text
	fieldPath    = analysis.Path
	numFields    = analysis.NumFields
)
