package structure

import (
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// Blocks collects the blocks of a text while it is read. The zero value is
// ready to use.
type Blocks struct {
	list []document.Block
	full bool
}

// Begin begins a block at the offset at, where the one before ends. at is not
// smaller than that of the call before; a block that is empty is replaced. The
// first block begins at 0 whatever at is, so that white space before it is part
// of it. What is beyond extract.MaxBlocks belongs to the last one.
func (b *Blocks) Begin(at int, kind document.BlockKind, level int) {
	block := document.Block{Kind: kind, Level: max(level, 0), Start: at}
	switch n := len(b.list); {
	case n == 0:
		block.Start = 0
		b.list = append(b.list, block)
	case b.full:
	case at <= b.list[n-1].Start:
		block.Start = b.list[n-1].Start
		b.list[n-1] = block
	case n == extract.MaxBlocks:
		b.full = true
		b.list[n-1].Kind, b.list[n-1].Level = document.Paragraph, 0
	default:
		b.list[n-1].End = at
		b.list = append(b.list, block)
	}
}

// Rewind drops the blocks that begin at the offset at or behind it: a block that
// begins there has to be begun again.
func (b *Blocks) Rewind(at int) {
	for n := len(b.list); !b.full && n > 0 && b.list[n-1].Start >= at; n-- {
		b.list = b.list[:n-1]
	}
}

// Last returns the block that was begun last, to change its Kind and Level; nil
// if there is none, or if it is of several kinds because there are too many
// blocks.
func (b *Blocks) Last() *document.Block {
	if len(b.list) == 0 || b.full {
		return nil
	}
	return &b.list[len(b.list)-1]
}

// Len returns how many blocks there are.
func (b *Blocks) Len() int { return len(b.list) }

// Finish returns the blocks of a text of n bytes.
func (b *Blocks) Finish(n int) []document.Block {
	for len(b.list) > 0 && b.list[len(b.list)-1].Start >= n {
		b.list = b.list[:len(b.list)-1]
	}
	if n == 0 {
		return nil
	}
	if len(b.list) == 0 {
		b.Begin(0, document.Paragraph, 0)
	}
	b.list[len(b.list)-1].End = n
	return b.list
}

// Nesting tells by their indentation how deep the items of lists are nested. The
// zero value is outside of all lists.
type Nesting struct{ indents []int }

// Level returns in how many of the items above an item is that is indented so.
func (n *Nesting) Level(indent int) int {
	for len(n.indents) > 0 && n.indents[len(n.indents)-1] >= indent {
		n.indents = n.indents[:len(n.indents)-1]
	}
	n.indents = append(n.indents, indent)
	return len(n.indents) - 1
}

// Depth is how many items are open in each other.
func (n *Nesting) Depth() int { return len(n.indents) }
