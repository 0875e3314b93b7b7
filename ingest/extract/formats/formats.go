// Package formats lists the formats that are read.
package formats

import (
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/jsonl"
	"github.com/albert-search/albert-search/ingest/extract/markup"
	"github.com/albert-search/albert-search/ingest/extract/office"
	"github.com/albert-search/albert-search/ingest/extract/pdf"
	"github.com/albert-search/albert-search/ingest/extract/plain"
)

// All returns the built-in formats. A new one is a line here.
func All() []extract.Format {
	return []extract.Format{
		plain.Text(),
		plain.Code(),
		plain.Data(),
		plain.CSV(),
		markup.Markdown(),
		markup.HTML(),
		pdf.Format(),
		office.DOCX(),
	}
}

// Containers returns the built-in kinds of file that have members. A new one is
// a line here.
func Containers() []extract.Container {
	return []extract.Container{
		jsonl.Container{},
	}
}

// New returns an Extractor of the built-in formats.
func New(o extract.Options) *extract.Extractor { return extract.New(All(), o) }

// Names returns the short names of the built-in formats, in their order.
func Names() []string {
	var names []string
	for _, f := range All() {
		names = append(names, f.Name)
	}
	return names
}

// Get returns the built-in format of that name.
func Get(name string) (f extract.Format, ok bool) {
	for _, f := range All() {
		if f.Name == name {
			return f, true
		}
	}
	return extract.Format{}, false
}
