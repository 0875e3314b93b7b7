package markup

import (
	"context"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/parser"

	"github.com/albert-search/albert-search/ingest/extract"
)

// blockScanner finds the headings of Markdown line by line: ATX and setext
// headings as CommonMark 0.31 (sections 4.2 and 4.3) defines them, also in
// quotations and behind a bullet, and not in code or comments. A full parser
// is no use here: those there are take quadratic time for some inputs.
type blockScanner struct {
	body     string
	inline   parser.Parser
	headings []extract.Heading
	fence    string // that closes the open code block; empty outside of one
	comment  bool   // in an HTML comment
	// The paragraph that a setext underline would make a heading: where it
	// starts and ends, and -1 without one.
	paragraph, end int
}

var (
	atxHeading  = regexp.MustCompile(`^(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$`)
	setextLine  = regexp.MustCompile(`^(=+|-+)[ \t]*$`)
	codeFence   = regexp.MustCompile("^(`{3,}[^`]*|~{3,}.*)$")
	listMarker  = regexp.MustCompile(`^(?:[-*+]|[0-9]{1,9}[.)])[ \t]+`)
	interrupter = regexp.MustCompile(`^(?:>|<[a-zA-Z/!?]|[-*+](?:[ \t]|$)|1[.)][ \t])`) // what is not a paragraph
)

// markdownHeadings returns the headings of body from the offset start on.
func markdownHeadings(ctx context.Context, body string, start int) ([]extract.Heading, error) {
	s := blockScanner{body: body, inline: newInlineParser(), paragraph: -1}
	for line := range strings.Lines(body[start:]) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(s.headings) == extract.MaxHeadings {
			break
		}
		s.line(start, line)
		start += len(line)
	}
	return s.headings, nil
}

// line looks at the line that starts at the offset at.
func (s *blockScanner) line(at int, line string) {
	const longest = 4 * extract.MaxTitle // of what can be a heading
	text, indented := trimIndent(strings.TrimRight(extract.Cut(line, longest), "\r\n"))
	switch {
	case s.fence != "":
		if rest, ok := strings.CutPrefix(unquote(text), s.fence); ok && strings.Trim(rest, s.fence[:1]+" \t") == "" {
			s.fence = ""
		}
		return
	case s.comment:
		s.comment = !strings.Contains(line, "-->")
		return
	case strings.TrimSpace(text) == "":
		s.paragraph = -1
		return
	case indented:
		// Code, or more of a paragraph.
		s.end = at + len(line)
		return
	}
	if s.paragraph >= 0 && setextLine.MatchString(text) {
		level := 1
		if text[0] == '-' {
			level = 2
		}
		s.add(s.paragraph, level, s.body[s.paragraph:s.end])
		s.paragraph = -1
		return
	}
	inner := unquote(text)
	inner = inner[len(listMarker.FindString(inner)):]
	switch m := atxHeading.FindStringSubmatch(inner); {
	case m != nil:
		s.add(at, len(m[1]), m[2])
		s.paragraph = -1
	case codeFence.MatchString(inner):
		s.fence = inner[:len(inner)-len(strings.TrimLeft(inner, inner[:1]))]
		s.paragraph = -1
	case strings.HasPrefix(text, "<!--"):
		s.comment = !strings.Contains(line, "-->")
		s.paragraph = -1
	case interrupter.MatchString(text):
		s.paragraph = -1
	default:
		if s.paragraph < 0 {
			s.paragraph = at
		}
		s.end = at + len(line)
	}
}

func (s *blockScanner) add(start, level int, source string) {
	if title := markdownInline(s.inline, source); title != "" {
		s.headings = append(s.headings, extract.Heading{Start: start, Level: level, Text: title})
	}
}

// trimIndent removes up to three spaces from the start of a line, and tells
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
