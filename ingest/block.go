package ingest

import (
	"iter"
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

// spansOf yields the spans of a block, which cover all of its bytes that are not
// white space. rank is that of the place before the block.
func spansOf(body string, b document.Block, rank cut) iter.Seq[span] {
	end := b.Start + len(strings.TrimRightFunc(body[b.Start:b.End], unicode.IsSpace))
	switch b.Kind {
	case document.Code:
		return codeLines(body, b.Start, end, rank)
	case document.ListItem, document.Term:
		rank = max(rank, cutMinor)
	}
	line := b.Kind == document.Heading || isRow(b.Kind)
	return func(yield func(span) bool) {
		if b.Start < end {
			yield(span{start: b.Start, end: end, before: rank, line: line})
		}
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

// codeLines yields the lines of body[start:end], which is code or data.
func codeLines(body string, start, end int, rank cut) iter.Seq[span] {
	return func(yield func(span) bool) {
		for pos := start; pos < end; {
			line, next := structure.LineAt(body, pos, end)
			l := span{start: pos, end: pos + len(line), before: rank, line: true}
			pos = next
			if strings.TrimSpace(line) == "" {
				rank = max(rank, cutMinor)
				continue
			}
			if !yield(l) {
				return
			}
			rank = cutPlain
			// A comment's empty line parts paragraphs.
			if strings.Trim(line, "/#*;-% \t\r") == "" {
				rank = cutMinor
			}
		}
	}
}
