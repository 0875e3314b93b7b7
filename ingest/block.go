package ingest

import (
	"strings"
	"unicode"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// cut ranks a place between two parts of a text by how good it is to separate
// them there; higher is better.
type cut uint8

const (
	cutPlain  cut = iota // between sentences, lines of code, or words
	cutMinor             // before a list item, after a blank line of code, at a space
	cutStrong            // before a paragraph, a top-level block of code, after a clause
)

// span is a part of a block: its prose, or one of its lines.
type span struct {
	start, end int
	before     cut
	line       bool // has no sentences
}

// eachSpan calls f with the spans of a block, which cover all of its bytes that
// are not white space. rank is that of the place before the block.
func eachSpan(body string, b document.Block, rank cut, f func(span)) {
	end := b.Start + len(strings.TrimRightFunc(body[b.Start:b.End], unicode.IsSpace))
	switch {
	case b.Start >= end:
	case b.Kind == document.Code:
		eachLine(body, b.Start, end, rank, f)
	default:
		if b.Kind == document.ListItem || b.Kind == document.Term {
			rank = max(rank, cutMinor)
		}
		f(span{start: b.Start, end: end, before: rank, line: b.Kind == document.Heading || isRow(b.Kind)})
	}
}

// isRow reports whether a block is a row of a table.
func isRow(kind document.BlockKind) bool {
	return kind == document.TableHeader || kind == document.TableRow
}

// after is the rank of the place behind a block.
func after(body string, b document.Block) cut {
	text := body[b.Start:b.End]
	end := text[len(strings.TrimRightFunc(text, unicode.IsSpace)):]
	if b.Kind == document.Heading || strings.Count(end, "\n") > 1 {
		return cutStrong
	}
	return cutPlain
}

// eachLine calls f with the lines of body[start:end], which is code or data.
func eachLine(body string, start, end int, rank cut, f func(span)) {
	for pos := start; pos < end; {
		line, next := structure.LineAt(body, pos, end)
		l := span{start: pos, end: pos + len(line), before: rank, line: true}
		pos = next
		if strings.TrimSpace(line) == "" {
			rank = max(rank, cutMinor)
			continue
		}
		f(l)
		rank = cutPlain
		// A comment's empty line parts paragraphs.
		if strings.Trim(line, "/#*;-% \t\r") == "" {
			rank = cutMinor
		}
	}
}
