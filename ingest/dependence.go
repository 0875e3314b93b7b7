package ingest

import (
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// dependence is a part of a text that depends on another part, before it: the rows
// of a table on the header, a description on the term.
type dependence struct {
	start, end int // of what depends
	from, to   int // of what it depends on
}

// dependences are those of a text, in its order.
type dependences struct {
	list []dependence
	// open is what the blocks to come depend on; empty when from == to.
	open dependence
	kind document.BlockKind // of what is open: TableHeader or Term
	next int                // the first of list that of has not passed
}

// add takes the next block of a text. rank is that of the place before it: an
// empty line ends a table.
func (c *dependences) add(b document.Block, rank cut) {
	switch b.Kind {
	case document.TableHeader, document.Term:
		if c.open.to != b.Start || c.kind != b.Kind || b.Kind == document.TableHeader && rank == cutStrong {
			c.open = dependence{from: b.Start}
			c.kind = b.Kind
		}
		c.open.to = b.End
		return
	case document.TableRow:
		if c.kind != document.TableHeader || rank == cutStrong {
			c.open = dependence{}
		}
	case document.Description:
		if c.kind != document.Term {
			c.open = dependence{}
		}
	default:
		c.open = dependence{}
	}
	if c.open.from == c.open.to {
		return
	}
	if n := len(c.list); n > 0 && c.list[n-1].from == c.open.from {
		c.list[n-1].end = b.End
		return
	}
	c.list = append(c.list, dependence{start: b.Start, end: b.End, from: c.open.from, to: c.open.to})
}

// of returns what the text at the offset at depends on. Offsets must ascend.
func (c *dependences) of(body string, at int) string {
	for c.next < len(c.list) && c.list[c.next].end <= at {
		c.next++
	}
	if c.next == len(c.list) || at < c.list[c.next].start {
		return ""
	}
	var lines []string
	on := extract.Cut(body[c.list[c.next].from:c.list[c.next].to], extract.MaxTitle)
	for line := range strings.Lines(on) {
		if line = strings.TrimSpace(line); line != "" && !structure.IsTableDelimiter(line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
