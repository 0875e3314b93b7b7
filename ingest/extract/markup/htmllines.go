package markup

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// lineMark is the attribute in which a line of the file is noted.
const lineMark = "\x01l"

// markLines notes in the first tag of each line which line it is, for the parser
// of trees does not say where something stands.
func markLines(source string) string {
	m := lineMarker{z: html.NewTokenizer(strings.NewReader(source)), line: 1}
	m.b.Grow(len(source) + len(source)/8)
	for {
		kind := m.z.Next()
		raw := m.z.Raw()
		m.line += bytes.Count(raw, []byte("\n"))
		m.read += len(raw)
		switch kind {
		case html.ErrorToken:
			m.b.Write(raw)
			return m.b.String()
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			m.tag(kind, raw, source[m.read:])
		default:
			m.b.Write(raw)
		}
	}
}

// lineMarker is a page while its lines are marked.
type lineMarker struct {
	z           *html.Tokenizer
	b           strings.Builder
	read        int // bytes of the source
	line, noted int
	marks       int
	foreign     int // how many elements are open that are not of HTML
}

// maxMarks is in how many tags a line is noted: each takes memory in the tree.
const maxMarks = 200_000

func (m *lineMarker) tag(kind html.TokenType, raw []byte, rest string) {
	name, _ := m.z.TagName()
	a := atom.Lookup(name)
	switch {
	case a == atom.Svg || a == atom.Math:
		if kind == html.StartTagToken {
			m.foreign++
		} else {
			m.foreign = max(0, m.foreign-1)
		}
	case a == atom.Noscript && kind == html.StartTagToken:
		m.z.NextIsNotRawText() // nor is it to the parser, without scripts
	}
	line := m.line
	if a == atom.Pre && (strings.HasPrefix(rest, "\n") || strings.HasPrefix(rest, "\r\n")) {
		line++ // the parser drops that line end
	}
	if kind == html.EndTagToken || m.foreign > 0 || line == m.noted || m.marks == maxMarks {
		m.b.Write(raw)
		return
	}
	m.noted = line
	m.marks++
	at := 1 + len(name)
	m.b.Write(raw[:at])
	m.b.WriteString(" " + lineMark + `="` + strconv.Itoa(line) + `" `)
	m.b.Write(raw[at:])
}
