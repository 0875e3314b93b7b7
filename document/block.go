package document

// BlockKind says what a block is to a reader.
type BlockKind uint8

// The kinds of block.
const (
	Paragraph BlockKind = iota
	Heading
	ListItem
	// Term is what a definition list or a glossary defines, Description what it
	// says about it.
	Term
	Description
	// TableHeader and TableRow are one row of a table each.
	TableHeader
	TableRow
	// Code is a line, or some lines, that keep their line ends: source code,
	// data, preformatted text.
	Code
	Quotation
	Caption
	// Furniture belongs to the page and not to the text: navigation, running
	// heads, page numbers.
	Furniture
)

// Block is one part of a document's text. The blocks of a text are in its order
// and adjacent: each begins where the one before ends, the first at 0, the last
// ends with the text. What separates two blocks belongs to the first of them.
type Block struct {
	Kind BlockKind
	// Level is that of a heading, 1 for the outermost; of other blocks how deep
	// they are nested in blocks of their kind, 0 for the outermost.
	Level int
	// Start and End are the byte range.
	Start, End int
}
