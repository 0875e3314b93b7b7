// Package toy reads a format that exists for a test only, and shows all that a
// new format takes: this folder, and a line in a list.
//
// Its files begin with "TOY". A line that begins with '=' is a heading, '*' an
// item of a list, '|' a row of a table with '|' between the cells, "@" and a
// number a page.
package toy

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// Format returns the format.
func Format() extract.Format {
	return extract.Format{
		Name: "toy", Title: "a toy",
		MediaTypes: []string{"application/x-toy"},
		Extensions: []string{"toy"},
		Text:       true,
		Sniff:      func(s *extract.Sample) bool { return bytes.HasPrefix(s.Head, []byte("TOY\n")) },
		Isolation:  extract.Subprocess,
		Lines:      extract.Paragraphs,
		Version:    7, Read: read,
	}
}

func read(_ context.Context, in *extract.Input) (*extract.Text, error) {
	source, err := in.ReadText("")
	if err != nil {
		return nil, err
	}
	t := new(extract.Text)
	w := structure.NewWriter(in.Limits.TextBytes)
	header := true // the first row of a table
	for line := range strings.Lines(strings.TrimPrefix(source.Text, "TOY\n")) {
		mark, text := line[:1], strings.TrimSpace(line[1:])
		w.Kind(document.Paragraph, 0)
		switch mark {
		case "=":
			w.Break(2)
			w.Kind(document.Heading, 1)
			start := w.Position()
			w.Text(text)
			w.Heading(start, 1)
			w.Break(2)
		case "*":
			w.Item(0)
			w.Text(text)
			w.EndItem()
		case "|":
			w.Row()
			for cell := range strings.SplitSeq(text, "|") {
				w.Cell()
				w.Text(cell)
			}
			w.EndRow(header)
		case "@":
			page, _ := strconv.Atoi(text)
			w.Break(2)
			t.Places = append(t.Places, extract.PlaceAt{Offset: w.Position(), Place: document.Place{Page: page}})
		default:
			w.Break(2)
			w.Text(strings.TrimSpace(line))
		}
		header = mark != "|"
	}
	w.Finish(t)
	t.Language = "en"
	t.Note = source.Notes.String()
	return t, nil
}
