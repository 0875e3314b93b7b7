package structure

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// Prose finds the blocks of a text of which nothing is known but its lines:
// paragraphs between empty lines, list items, rows of tables that are drawn with
// bars, and fenced code. A rule, a line drawn with one character, counts as
// code. headings are what is known of the text otherwise, in ascending order of
// Start; a block begins at each of them, of kind Heading if nothing but the
// title is left of the line.
func Prose(body string, headings []extract.Heading) []document.Block {
	p := prose{body: body}
	for pos := 0; pos < len(body); {
		line, next := LineAt(body, pos, len(body))
		for len(headings) > 0 && headings[0].Start < pos {
			headings = headings[1:]
		}
		if len(headings) > 0 && headings[0].Start < next {
			h := headings[0]
			headings = headings[1:]
			end := pos + len(line)
			if h.Start > pos {
				p.line(pos, body[pos:min(h.Start, end)])
			}
			p.heading(h, body[min(h.Start, end):end])
		} else {
			p.line(pos, line)
		}
		pos = next
	}
	return p.blocks.Finish(len(body))
}

// prose is a text while its blocks are looked for.
type prose struct {
	body   string
	blocks Blocks
	// open says that a line of text belongs to the last block.
	open  bool
	fence string // what closes the code; empty outside of any
	table bool   // the last line is a row
	lists Nesting
}

func (p *prose) heading(h extract.Heading, line string) {
	p.open, p.fence, p.table = false, "", false
	if title := strings.TrimSpace(line); title == "" || !strings.HasSuffix(extract.OneLine(title), h.Text) {
		p.line(h.Start, line)
		return
	}
	p.blocks.Begin(h.Start, document.Heading, h.Level)
}

// line looks at the line, or the part of one, that begins at pos.
func (p *prose) line(pos int, line string) {
	text := strings.TrimSpace(line)
	wasTable := p.table
	p.table = false
	switch {
	case p.fence != "":
		if strings.HasPrefix(text, p.fence) {
			p.fence, p.open = "", false
		}
	case text == "":
		p.open = false
	case strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
		p.fence = text[:3]
		p.blocks.Begin(pos, document.Code, 0)
	case text[0] == '|':
		p.row(pos, text, wasTable)
	case IsRule(text):
		p.blocks.Begin(pos, document.Code, 0)
		p.open = false
	case IsListItem(text):
		p.blocks.Begin(pos, document.ListItem, p.lists.Level(strings.Index(line, text)))
		p.open = true
	case !p.open:
		if line[0] != ' ' && line[0] != '\t' {
			p.lists = Nesting{}
		}
		p.blocks.Begin(pos, document.Paragraph, 0)
		p.open = true
	}
}

// row begins a row of a table. The line below the header, "|---|---|", belongs
// to the header.
func (p *prose) row(pos int, text string, wasTable bool) {
	p.open, p.table = false, true
	if last := p.blocks.Last(); wasTable && IsTableDelimiter(text) && last != nil && last.Kind == document.TableRow {
		last.Kind = document.TableHeader
		return
	}
	p.blocks.Begin(pos, document.TableRow, 0)
}

// Code finds the blocks of source code and records: parts that begin behind an
// empty line at the left margin.
func Code(body string) []document.Block {
	var blocks Blocks
	blank := true
	for pos := 0; pos < len(body); {
		line, next := LineAt(body, pos, len(body))
		switch {
		case strings.TrimSpace(line) == "":
			blank = true
		case blank && line[0] != ' ' && line[0] != '\t':
			blocks.Begin(pos, document.Code, 0)
			blank = false
		default:
			blank = false
		}
		pos = next
	}
	if blocks.Len() == 0 {
		blocks.Begin(0, document.Code, 0)
	}
	return blocks.Finish(len(body))
}

// LineAt returns the line at pos without its end, and where the next begins.
func LineAt(body string, pos, end int) (line string, next int) {
	n := strings.IndexByte(body[pos:end], '\n')
	if n < 0 {
		return body[pos:end], end
	}
	return body[pos : pos+n], pos + n + 1
}

// IsListItem recognises bullets and numbers at the beginning of a line: "- x",
// "• x", "12. x", "a) x".
func IsListItem(line string) bool {
	first, n := utf8.DecodeRuneInString(line)
	if strings.ContainsRune("-*+•‣◦▪–", first) {
		return len(line) > n && line[n] == ' '
	}
	i := 0
	for i < len(line) && i < 4 && line[i] >= '0' && line[i] <= '9' {
		i++
	}
	if i == 0 && n == 1 && unicode.IsLetter(first) {
		return len(line) > 2 && line[1] == ')' && line[2] == ' '
	}
	return i > 0 && len(line) > i+1 && (line[i] == '.' || line[i] == ')') && line[i+1] == ' '
}

// IsRule recognises a line that is drawn with one character, as under a
// heading or between parts.
func IsRule(line string) bool {
	return len(line) >= 3 && strings.IndexByte("=-~*_^#+", line[0]) >= 0 &&
		strings.Trim(line, line[:1]) == ""
}

// IsTableDelimiter recognises the line below the header of a table that is
// drawn with bars: "|---|:-:|".
func IsTableDelimiter(line string) bool {
	return strings.Contains(line, "-") && strings.Contains(line, "|") && strings.Trim(line, "|-: \t\r") == ""
}

// HeadingStart moves the start of a heading before its number on the same line;
// where there is other text before it, to the beginning of the word.
func HeadingStart(body string, start int) int {
	for start > 0 && start < len(body) && !utf8.RuneStart(body[start]) {
		start--
	}
	line := strings.LastIndexByte(body[:start], '\n') + 1
	if strings.IndexFunc(body[line:start], unicode.IsLetter) < 0 {
		return line
	}
	for start > line && start < len(body) {
		r, n := utf8.DecodeLastRuneInString(body[:start])
		if unicode.IsSpace(r) && !JoinsPrevious(body[start:]) {
			break
		}
		start -= n
	}
	return start
}

// JoinsPrevious reports whether s begins with a character that belongs to the
// one before it.
func JoinsPrevious(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r >= 0x80 && (unicode.In(r, unicode.M, unicode.Cf) || r == 0xFF9E || r == 0xFF9F || r >= 0x1F3FB && r <= 0x1F3FF)
}
