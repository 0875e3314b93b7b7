package markup

import (
	"context"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/parser"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// blockScanner finds the blocks of Markdown line by line: ATX and setext
// headings as CommonMark 0.31 (sections 4.2 and 4.3) defines them, also in
// quotations and behind a bullet, and not in code or comments; and with less
// ceremony code, lists, quotations, tables and definitions. A full parser is no
// use here: those there are take quadratic time for some inputs.
type blockScanner struct {
	body     string
	inline   parser.Parser
	headings []extract.Heading
	blocks   structure.Blocks
	lists    structure.Nesting

	// open says that a line of text belongs to the last block.
	open    bool
	fence   string // that closes the open code block; empty outside of one
	comment bool   // in an HTML comment
	table   bool   // the last line is a row
	code    bool   // the last block is indented code, which empty lines do not end
	// The paragraph that a setext underline would make a heading: where it
	// starts and ends, and -1 without one.
	paragraph, end int
	lines          int // of the paragraph
}

var (
	atxHeading  = regexp.MustCompile(`^(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$`)
	setextLine  = regexp.MustCompile(`^(=+|-+)[ \t]*$`)
	codeFence   = regexp.MustCompile("^(`{3,}[^`]*|~{3,}.*)$")
	listMarker  = regexp.MustCompile(`^(?:[-*+]|[0-9]{1,9}[.)])[ \t]+`)
	interrupter = regexp.MustCompile(`^(?:>|<[a-zA-Z/!?]|[-*+](?:[ \t]|$)|1[.)][ \t])`) // what is not a paragraph
)

// scan finds the blocks and headings of body. Up to the offset start there is
// front matter.
func scan(ctx context.Context, body string, start int) (*blockScanner, error) {
	s := &blockScanner{body: body, inline: newInlineParser(), paragraph: -1}
	if start > 0 {
		s.blocks.Begin(0, document.Code, 0)
	}
	for line := range strings.Lines(body[start:]) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.line(start, line)
		start += len(line)
	}
	return s, nil
}

// line looks at the line that starts at the offset at.
func (s *blockScanner) line(at int, line string) {
	const longest = 4 * extract.MaxTitle // of what can be a heading
	text, indented := trimIndent(strings.TrimRight(extract.Cut(line, longest), "\r\n"))
	trimmed := strings.TrimSpace(text)
	wasTable, wasCode := s.table, s.code
	s.table, s.code = false, false
	switch {
	case s.fence != "":
		if rest, ok := strings.CutPrefix(unquote(text), s.fence); ok && strings.Trim(rest, s.fence[:1]+" \t") == "" {
			s.fence, s.open = "", false
		}
		return
	case s.comment:
		s.comment = !strings.Contains(line, "-->")
		return
	case trimmed == "":
		s.paragraph, s.open, s.code = -1, false, wasCode
		return
	case indented:
		s.indented(at, line, trimmed, wasCode)
		return
	}
	if s.paragraph >= 0 && (text[0] == '=' || text[0] == '-') && setextLine.MatchString(text) {
		s.setext(text)
		return
	}
	// Regular expressions are asked only about lines that begin as they do.
	inner := unquote(text)
	if begins(inner, "-*+0123456789") {
		inner = inner[len(listMarker.FindString(inner)):]
	}
	var atx []string
	if begins(inner, "#") {
		atx = atxHeading.FindStringSubmatch(inner)
	}
	switch {
	case atx != nil && s.heading(at, len(atx[1]), atx[2]):
		s.begin(at, document.Heading, len(atx[1]))
		s.open = false
	case begins(inner, "`~") && codeFence.MatchString(inner):
		s.fence = inner[:len(inner)-len(strings.TrimLeft(inner, inner[:1]))]
		s.begin(at, document.Code, 0)
	case strings.HasPrefix(text, "<!--"):
		s.comment = !strings.Contains(line, "-->")
		s.text(at, line)
	case s.other(at, line, trimmed, wasTable):
		if s.paragraph < 0 {
			s.paragraph, s.lines = at, 0
		}
		s.end = at + len(line)
		s.lines++
	}
	if atx != nil || s.fence != "" || begins(text, "><-*+1") && interrupter.MatchString(text) {
		s.paragraph = -1
	}
}

// begins reports whether s begins with one of the characters.
func begins(s, characters string) bool {
	return s != "" && strings.IndexByte(characters, s[0]) >= 0
}

// other looks at a line that is neither heading nor code, and reports whether it
// may be part of a heading that is underlined.
func (s *blockScanner) other(at int, line, text string, wasTable bool) bool {
	switch last := s.blocks.Last(); {
	case structure.IsTableDelimiter(text) && last != nil && (wasTable && last.Kind == document.TableRow || s.oneLine() && strings.Contains(s.body[last.Start:at], "|")):
		last.Kind = document.TableHeader
		s.open, s.table, s.paragraph = false, true, -1
		return false
	case text[0] == '|', wasTable && strings.Contains(text, "|"):
		s.begin(at, document.TableRow, 0)
		s.open, s.table = false, true
	case structure.IsRule(text):
		s.begin(at, document.Code, 0)
		s.open = false
	case structure.IsListItem(text):
		s.begin(at, document.ListItem, s.lists.Level(indentation(line)))
	case text[0] == '>':
		if last == nil || !s.open || last.Kind != document.Quotation {
			s.begin(at, document.Quotation, 0)
		}
	case strings.HasPrefix(text, ": ") && last != nil && (s.oneLine() || last.Kind == document.Description || last.Kind == document.Term):
		if last.Kind == document.Paragraph {
			last.Kind = document.Term
		}
		s.begin(at, document.Description, 0)
	default:
		s.text(at, line)
	}
	return true
}

// text adds a line of text to the open block, or begins a paragraph.
func (s *blockScanner) text(at int, line string) {
	if s.open {
		return
	}
	if line[0] != ' ' && line[0] != '\t' {
		s.lists = structure.Nesting{}
	}
	s.begin(at, document.Paragraph, 0)
}

// oneLine reports whether the last block is a paragraph of one line so far.
func (s *blockScanner) oneLine() bool {
	last := s.blocks.Last()
	return s.open && last != nil && last.Kind == document.Paragraph && s.paragraph >= last.Start && s.lines == 1
}

// indented looks at a line that is indented by four spaces or more: code, more
// of a paragraph, or part of a list.
func (s *blockScanner) indented(at int, line, text string, wasCode bool) {
	switch {
	case s.lists.Depth() > 0 && structure.IsListItem(text):
		s.begin(at, document.ListItem, s.lists.Level(indentation(line)))
		s.paragraph = -1
	case s.open:
		s.end = at + len(line)
	case s.lists.Depth() > 0:
		s.begin(at, document.Paragraph, 0)
	default:
		if !wasCode {
			s.begin(at, document.Code, 0)
			s.open = false
		}
		s.code = true
	}
}

// setext makes a heading of the paragraph above the line.
func (s *blockScanner) setext(text string) {
	level := 1
	if text[0] == '-' {
		level = 2
	}
	if s.heading(s.paragraph, level, s.body[s.paragraph:s.end]) {
		s.blocks.Rewind(s.paragraph)
		s.begin(s.paragraph, document.Heading, level)
	}
	s.paragraph, s.open = -1, false
}

// begin begins a block to which lines of text belong that follow.
func (s *blockScanner) begin(at int, kind document.BlockKind, level int) {
	s.blocks.Begin(at, kind, level)
	s.open = true
}

// heading records a heading, and reports whether it has a text.
func (s *blockScanner) heading(start, level int, source string) bool {
	if len(s.headings) == extract.MaxHeadings {
		return strings.TrimSpace(source) != ""
	}
	title := markdownInline(s.inline, source)
	if title != "" {
		s.headings = append(s.headings, extract.Heading{Start: start, Level: level, Text: title})
	}
	return title != ""
}

// indentation is the width of the white space at the beginning of a line.
func indentation(line string) int {
	n := 0
	for _, c := range line {
		switch c {
		case ' ':
			n++
		case '\t':
			n += 4 - n%4
		default:
			return n
		}
	}
	return n
}

// trimIndent removes up to three spaces from the start of a line, and reports
// whether there are more, which makes code of it.
func trimIndent(line string) (rest string, indented bool) {
	rest = strings.TrimLeft(line, " ")
	indent := len(line) - len(rest)
	return rest, indent > 3 || strings.HasPrefix(rest, "\t")
}

// unquote removes the markers of quotations from the start of a line.
func unquote(line string) string {
	for strings.HasPrefix(line, ">") {
		line, _ = trimIndent(line[1:])
	}
	return line
}
