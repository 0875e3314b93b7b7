package albertsearch

import (
	"strings"
	"time"

	"github.com/albert-search/albert-search/index"
)

// Citation says where a piece of text stands.
type Citation struct {
	// ID is the document's key in the index, Path its file.
	ID       string            `json:"id"`
	Path     string            `json:"path"`
	Title    string            `json:"title,omitempty"`
	Type     string            `json:"type"`
	Modified time.Time         `json:"modified,omitzero"`
	Metadata map[string]string `json:"metadata,omitempty"`
	// Page counts from 1; 0 where the format has no pages.
	Page int `json:"page,omitempty"`
	// Line and Column count from 1, columns in bytes; 0 where the format has
	// no lines.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Heading is the path of headings that leads to the text, outermost first.
	Heading []string `json:"heading,omitempty"`
	// Start and End are the byte range in the document's extracted text, which
	// for text formats in UTF-8 is the file, less a byte order mark.
	Start int `json:"start"`
	End   int `json:"end"`
}

// cite returns the citation of the passage.
func cite(p index.Stored) Citation {
	return Citation{
		ID: p.Doc.ID, Path: p.Doc.Path, Title: p.Doc.Title, Type: p.Doc.Type,
		Modified: p.Doc.Modified, Metadata: p.Doc.Metadata,
		Page: p.Place.Page, Line: p.Place.Line, Column: p.Place.Column, Heading: p.Heading,
		Start: p.Start, End: p.End,
	}
}

// Part returns the citation of the byte range r of text, which is the text that
// c cites.
func (c Citation) Part(text string, r index.Range) Citation {
	c.Start, c.End = c.Start+r.Start, c.Start+r.End
	if c.Line > 0 {
		before := text[:r.Start]
		c.Line += strings.Count(before, "\n")
		if last := strings.LastIndexByte(before, '\n'); last >= 0 {
			c.Column = r.Start - last
		} else {
			c.Column += r.Start
		}
	}
	return c
}
