package markup

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// newMarkdownParser returns a parser of CommonMark with what people add to it:
// tables, strikethrough, task lists, definition lists, footnotes, formulas and
// the links of wikis. It may be used by several goroutines at once.
var newMarkdownParser = sync.OnceValue(func() parser.Parser {
	p := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithBlockParsers(
			util.Prioritized(extension.NewDefinitionListParser(), 101),
			util.Prioritized(extension.NewDefinitionDescriptionParser(), 102),
			util.Prioritized(noteParser{}, 999),
			util.Prioritized(formulaBlockParser{}, 750),
		),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
		parser.WithInlineParsers(
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(noteMarkParser{}, 101),
			util.Prioritized(wikiLinkParser{}, 150),
			util.Prioritized(formulaParser{}, 160),
			util.Prioritized(extension.NewStrikethroughParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
		parser.WithAttribute(),
	)
	return p
})

// markdownContext is what the chunks of a document share: links and footnotes
// that are defined in any of them.
type markdownContext struct {
	parser.Context
	references map[string]parser.Reference
	notes      *footnotes
}

// Reference returns the destination of a link by its label.
func (c *markdownContext) Reference(label string) (parser.Reference, bool) {
	if r, ok := c.Context.Reference(label); ok {
		return r, true
	}
	r, ok := c.references[label]
	return r, ok
}

// footnotes are those of a document, by their labels.
type footnotes struct {
	defined map[string]bool
	numbers map[string]int // in the order in which they are referred to
}

var noteDefinition = regexp.MustCompile(`(?m)^[ \t>]*\[\^([^\]\s]{1,200})\]:`)

// findFootnotes finds the footnotes that are defined in a document. A line of
// code that looks like one makes no more of its mark than a mark.
func findFootnotes(source string) *footnotes {
	notes := &footnotes{defined: map[string]bool{}, numbers: map[string]int{}}
	if !strings.Contains(source, "[^") {
		return notes
	}
	for _, m := range noteDefinition.FindAllStringSubmatch(source, -1) {
		notes.defined[m[1]] = true
	}
	return notes
}

// number returns the number of a footnote, which it has from its first mark on.
func (f *footnotes) number(label string) int {
	if _, ok := f.numbers[label]; !ok {
		f.numbers[label] = len(f.numbers) + 1
	}
	return f.numbers[label]
}

var linkDefinition = regexp.MustCompile(`(?m)^ {0,3}\[([^\[\]\\]{1,300})\]:[ \t]*\S`)

// findReferences finds the links that are defined in a document, for its chunks:
// links lead to definitions behind them.
func findReferences(source string) map[string]parser.Reference {
	references := map[string]parser.Reference{}
	for _, m := range linkDefinition.FindAllStringSubmatch(source, -1) {
		if label := m[1]; !strings.HasPrefix(label, "^") && strings.TrimSpace(label) != "" {
			references[util.ToLinkReference([]byte(label))] = parser.NewReference([]byte(label), nil, nil)
		}
	}
	return references
}

// noteParser finds the texts of footnotes, "[^1]: text", and leaves them where they
// are.
type noteParser struct{}

func (noteParser) Trigger() []byte { return []byte{'['} }

func (noteParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 || segment.Padding > 0 || !bytes.HasPrefix(line[at:], []byte("[^")) {
		return nil, parser.NoChildren
	}
	end := bytes.Index(line[at:], []byte("]:"))
	if end < 3 || bytes.ContainsAny(line[at+2:at+end], " \t[") {
		return nil, parser.NoChildren
	}
	reader.Advance(at + end + 2)
	return extensionast.NewFootnote(line[at+2 : at+end]), parser.HasChildren
}

func (noteParser) Continue(_ ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, _ := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Continue | parser.HasChildren
	}
	at, padding := util.IndentPosition(line, reader.LineOffset(), 4)
	if at < 0 {
		return parser.Close
	}
	reader.AdvanceAndSetPadding(at, padding)
	return parser.Continue | parser.HasChildren
}

func (noteParser) Close(ast.Node, text.Reader, parser.Context) {}
func (noteParser) CanInterruptParagraph() bool                 { return true }
func (noteParser) CanAcceptIndentedLine() bool                 { return false }

// noteMarkParser finds the marks of footnotes, "[^1]".
type noteMarkParser struct{}

func (noteMarkParser) Trigger() []byte { return []byte{'[', '!'} }

func (noteMarkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	c, ok := pc.(*markdownContext)
	line, segment := block.PeekLine()
	exclaimed := bytes.HasPrefix(line, []byte("!"))
	if exclaimed {
		line = line[1:]
	}
	if !ok || !bytes.HasPrefix(line, []byte("[^")) {
		return nil
	}
	end := bytes.IndexByte(line, ']')
	if end < 0 || !c.notes.defined[string(line[2:end])] {
		return nil
	}
	number := c.notes.number(string(line[2:end]))
	if exclaimed {
		ast.MergeOrAppendTextSegment(parent, text.NewSegment(segment.Start, segment.Start+1))
		end++
	}
	block.Advance(end + 1)
	return extensionast.NewFootnoteLink(number)
}

// wikiLinkParser finds the links of wikis that have a text of their own,
// "[[page|text]]". Others, "[[page]]", are text as they are.
type wikiLinkParser struct{}

func (wikiLinkParser) Trigger() []byte { return []byte{'['} }

func (wikiLinkParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if !bytes.HasPrefix(line, []byte("[[")) || block.PrecendingCharacter() == '!' {
		return nil
	}
	end := bytes.Index(line, []byte("]]"))
	if end < 0 || bytes.IndexByte(line[2:end], '[') >= 0 || bytes.HasPrefix(line[end+2:], []byte("(")) {
		return nil
	}
	bar := bytes.LastIndexByte(line[:end], '|')
	if bar < 3 || bar == end-1 {
		return nil
	}
	block.Advance(end + 2)
	link := ast.NewLink()
	link.AppendChild(link, ast.NewTextSegment(text.NewSegment(segment.Start+bar+1, segment.Start+end)))
	return link
}

// formulaParser finds formulas of TeX in a line, "$x_1$" and "$$x_1$$", in which no
// sign is one of Markdown. They are kept as they are written, dollars included:
// what is taken for one may be none.
type formulaParser struct{}

func (formulaParser) Trigger() []byte { return []byte{'$'} }

func (formulaParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	n := formulaEnd(line)
	if n == 0 {
		return nil
	}
	block.Advance(n)
	return rawSpan(segment.Start, segment.Start+n)
}

// formulaEnd returns the length of the formula that line begins with, 0 if it is
// none: the first dollar has no space behind it, the last none before it and no
// digit behind it, so that "$5 and $10" is not one.
func formulaEnd(line []byte) int {
	dollars := []byte("$")
	if bytes.HasPrefix(line, []byte("$$")) {
		dollars = []byte("$$")
	}
	n := len(dollars)
	if n >= len(line) || n == 1 && util.IsSpace(line[1]) {
		return 0
	}
	for at := n; at < len(line); at++ {
		switch {
		case line[at] == '\\':
			at++
		case !bytes.HasPrefix(line[at:], dollars):
		case n == 2 && at > n:
			return at + n
		case at == n, util.IsSpace(line[at-1]), at+1 < len(line) && line[at+1] >= '0' && line[at+1] <= '9':
			return 0
		default:
			return at + n
		}
	}
	return 0
}

// rawSpan is a text in which no sign is one of Markdown.
func rawSpan(start, stop int) ast.Node {
	span := ast.NewCodeSpan()
	span.AppendChild(span, ast.NewRawTextSegment(text.NewSegment(start, stop)))
	return span
}

// formulaBlockParser finds formulas between lines that begin and end with "$$". An
// empty line ends one, too.
type formulaBlockParser struct{}

func (formulaBlockParser) Trigger() []byte { return []byte{'$'} }

func (formulaBlockParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 || !bytes.HasPrefix(line[at:], []byte("$$")) || bytes.Contains(line[at+2:], []byte("$$")) {
		return nil, parser.NoChildren
	}
	node := ast.NewCodeBlock()
	node.Lines().Append(segment)
	reader.AdvanceToEOL()
	return node, parser.NoChildren
}

func (formulaBlockParser) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, segment := reader.PeekLine()
	last := node.Lines().At(node.Lines().Len() - 1)
	if util.IsBlank(line) || node.Lines().Len() > 1 && bytes.Contains(last.Value(reader.Source()), []byte("$$")) {
		return parser.Close
	}
	node.Lines().Append(segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (formulaBlockParser) Close(ast.Node, text.Reader, parser.Context) {}
func (formulaBlockParser) CanInterruptParagraph() bool                 { return true }
func (formulaBlockParser) CanAcceptIndentedLine() bool                 { return false }
