package markup

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// markdownText writes what a reader of Markdown is shown. HTML in it goes the
// way of pages of HTML, so that both have the same structure.
type markdownText struct {
	htmlText
	source []byte // of the chunk
	lines  lineCounter
	notes  *footnotes
	// How many comments there are, and their bytes.
	comments, commentBytes int

	// What was written last, and whether a line of the source ended behind it.
	last  rune
	ended bool
	small atom.Atom // Sup or Sub, if what comes is raised or lowered
}

func newMarkdownText(limit int64, body string, notes *footnotes) *markdownText {
	return &markdownText{
		htmlText: htmlText{Writer: structure.NewWriter(limit), flat: true},
		lines:    lineCounter{text: body, line: 1},
		notes:    notes,
	}
}

// lineCounter finds the lines of offsets that mostly ascend.
type lineCounter struct {
	text     string
	base     int // of the chunk, which offsets count from
	at, line int
}

// of returns the line of the offset at of the chunk.
func (l *lineCounter) of(at int) int {
	at = min(max(at+l.base, 0), len(l.text))
	if at >= l.at {
		l.line += strings.Count(l.text[l.at:at], "\n")
	} else {
		l.line -= strings.Count(l.text[at:l.at], "\n")
	}
	l.at = at
	return l.line
}

// verbatim writes lines as they are.
func (m *markdownText) verbatim(lines string, kind document.BlockKind) {
	at := 0
	for line := range strings.Lines(strings.TrimRight(lines, "\r\n")) {
		m.Kind(kind, 0)
		m.Place(document.Place{Line: m.lines.of(at)})
		m.Raw(strings.ReplaceAll(line, "\r\n", "\n"))
		at += len(line)
	}
	m.Break(2)
}

// plain writes a chunk without looking for marks in it.
func (m *markdownText) plain(source string) {
	for _, b := range structure.Prose(source, nil) {
		base := m.lines.base
		m.lines.base += b.Start
		m.Break(2)
		m.verbatim(source[b.Start:b.End], b.Kind)
		m.lines.base = base
	}
}

// block writes a block and what is in it.
func (m *markdownText) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		m.heading(n)
	case *ast.Paragraph:
		m.element(atom.P, n, m.inlines)
	case *ast.TextBlock:
		m.Break(1)
		m.inlines(n)
		m.Break(1)
	case *ast.ThematicBreak:
		m.Break(2)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		m.element(atom.Pre, n, m.code)
	case *ast.HTMLBlock:
		m.htmlBlock(n)
	case *ast.Blockquote:
		m.element(atom.Blockquote, n, m.blocks)
	case *ast.List:
		m.list(n)
	case *extensionast.Table:
		m.element(atom.Table, n, m.blocks)
	case *extensionast.TableHeader:
		m.element(atom.Thead, n, func(n ast.Node) { m.row(n, atom.Th) })
	case *extensionast.TableRow:
		m.row(n, atom.Td)
	case *extensionast.DefinitionList:
		m.element(atom.Dl, n, m.blocks)
	case *extensionast.DefinitionTerm:
		m.element(atom.Dt, n, m.inlines)
	case *extensionast.DefinitionDescription:
		m.element(atom.Dd, n, m.blocks)
	case *extensionast.Footnote:
		m.note(n)
	case *ast.LinkReferenceDefinition:
	default:
		m.blocks(n)
	}
}

func (m *markdownText) blocks(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		m.block(c)
	}
}

// element writes what is in n as in an element of HTML.
func (m *markdownText) element(a atom.Atom, n ast.Node, inside func(ast.Node)) {
	m.open(a, noAttribute)
	inside(n)
	m.close(a)
	m.ended = false
}

func noAttribute(string) string { return "" }

func (m *markdownText) heading(n *ast.Heading) {
	if id, ok := n.AttributeString("id"); ok {
		if id, ok := id.([]byte); ok {
			m.anchor(string(id))
		}
	}
	m.element([]atom.Atom{atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6}[n.Level-1], n, m.inlines)
}

func (m *markdownText) list(n *ast.List) {
	tag := atom.Ul
	if n.IsOrdered() {
		tag = atom.Ol
	}
	m.open(tag, noAttribute)
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		if n.IsOrdered() {
			m.Numbered(len(m.lists)-1, strconv.Itoa(number)+string(n.Marker))
		} else {
			m.Item(len(m.lists) - 1)
		}
		number++
		m.blocks(item)
		m.EndItem()
	}
	m.close(tag)
}

func (m *markdownText) row(n ast.Node, cell atom.Atom) {
	m.open(atom.Tr, noAttribute)
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		m.element(cell, c, m.inlines)
	}
	m.close(atom.Tr)
}

// note writes a footnote where it is defined, with its number.
func (m *markdownText) note(n *extensionast.Footnote) {
	m.Break(2)
	mark := string(n.Ref)
	if number, ok := m.notes.numbers[mark]; ok {
		mark = strconv.Itoa(number)
	}
	m.raw(n.Pos(), structure.Raised("", mark, true))
	m.Text(" ")
	if first := n.FirstChild(); first != nil && ast.IsParagraph(first) {
		m.inlines(first)
		for c := first.NextSibling(); c != nil; c = c.NextSibling() {
			m.block(c)
		}
	} else {
		m.blocks(n)
	}
	m.Break(2)
}

// code writes the lines of a block of code as they are.
func (m *markdownText) code(n ast.Node) {
	lines := n.Lines()
	for i := range lines.Len() {
		line := lines.At(i)
		s := string(line.Value(m.source))
		if i == lines.Len()-1 {
			s = strings.TrimRight(s, "\r\n")
		}
		m.raw(line.Start, strings.ReplaceAll(s, "\r\n", "\n"))
	}
}

// inlines writes what is in a paragraph.
func (m *markdownText) inlines(n ast.Node) {
	hidden := m.hidden
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		m.inline(c)
	}
	if n.Type() == ast.TypeBlock {
		m.hidden, m.ended, m.small = hidden, false, 0
	}
}

func (m *markdownText) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		s := string(n.Segment.Value(m.source))
		if !n.IsRaw() {
			s = unescape(s)
		}
		m.text(n.Segment.Start, s)
		switch {
		case n.HardLineBreak():
			m.Line()
		case n.SoftLineBreak():
			m.ended = true
		}
	case *ast.String:
		m.text(n.Pos(), string(n.Value))
	case *ast.CodeSpan:
		m.codeSpan(n)
	case *ast.AutoLink:
		m.raw(n.Pos(), string(n.Label(m.source)))
	case *ast.RawHTML:
		m.html(n.Segments, n)
	case *extensionast.TaskCheckBox:
		mark := "☐ "
		if n.IsChecked {
			mark = "☑ "
		}
		m.raw(n.Pos(), mark)
	case *extensionast.FootnoteLink:
		m.endLine('[')
		m.raw(n.Pos(), structure.Raised(m.Tail(), strconv.Itoa(n.Index), true))
	default:
		m.inlines(n)
	}
}

func (m *markdownText) codeSpan(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			s := string(t.Segment.Value(m.source))
			s, ended := strings.CutSuffix(s, "\n")
			m.raw(t.Segment.Start, strings.TrimSuffix(s, "\r"))
			m.ended = m.ended || ended
		}
	}
}

// text writes a text that stands at the offset at, with its white space joined.
func (m *markdownText) text(at int, s string) { m.write(at, s, m.Text) }

// raw writes a text as it is.
func (m *markdownText) raw(at int, s string) { m.write(at, s, m.Raw) }

func (m *markdownText) write(at int, s string, write func(string)) {
	if s == "" || m.hidden > 0 {
		return
	}
	first, _ := utf8.DecodeRuneInString(s)
	m.endLine(first)
	m.Kind(m.kind())
	m.Place(document.Place{Line: m.lines.of(at), Anchor: m.at.Anchor})
	switch {
	case m.small == 0 || m.Owed():
	case m.small == atom.Sup:
		s = structure.Raised(m.Tail(), s, false)
	default:
		s = structure.Lowered(m.Tail(), s)
	}
	write(s)
	m.last, _ = utf8.DecodeLastRuneInString(s)
}

// endLine ends a line of the source before the character next: it is a space
// between words, and nothing in scripts that have no spaces.
func (m *markdownText) endLine(next rune) {
	switch {
	case !m.ended, spaceless(m.last) && spaceless(next):
	case m.last == '-':
		m.Line() // part of a word, perhaps: package textnorm joins it
	default:
		m.Text(" ")
	}
	m.ended = false
}

func spaceless(r rune) bool {
	return r >= 0x2E80 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFF60)
}

// unescape resolves the backslashes and the entities of a text.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, '&') < 0 {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexAny(s, `\&`)
		if i < 0 {
			b.WriteString(s)
			return strings.ToValidUTF8(b.String(), "\uFFFD")
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := 1
		switch {
		case s[0] == '&' && entity.MatchString(s[:min(len(s), longestEntity)]):
			n = strings.IndexByte(s, ';') + 1
			b.WriteString(html.UnescapeString(s[:n]))
		case s[0] == '\\' && len(s) > 1 && isPunctuation(s[1]):
			b.WriteByte(s[1])
			n = 2
		default:
			b.WriteByte(s[0])
		}
		s = s[n:]
	}
}

// longestEntity is the length of the longest name with its "&" and ";".
const longestEntity = 33

var entity = regexp.MustCompile(`^&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]*);`)

// isPunctuation reports whether a backslash before c is markup.
func isPunctuation(c byte) bool {
	return c > ' ' && c < 0x7F && (c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z')
}

// htmlBlock writes a block of HTML. What it hides it shows again at its end at the
// latest: Markdown behind it is shown.
func (m *markdownText) htmlBlock(n *ast.HTMLBlock) {
	var lines text.Segments
	lines.AppendAll(n.Lines().Sliced(0, n.Lines().Len()))
	if n.HasClosure() {
		lines.Append(n.ClosureLine)
	}
	hidden := m.hidden
	m.Break(1)
	m.html(&lines, nil)
	m.hidden = hidden
	m.Break(1)
}

// html writes HTML. in is the node if it is HTML within a line.
func (m *markdownText) html(segments *text.Segments, in ast.Node) {
	var source strings.Builder
	starts := make([][2]int, 0, 4) // where the lines begin, here and in the chunk
	for i := range segments.Len() {
		segment := segments.At(i)
		starts = append(starts, [2]int{source.Len(), segment.Start})
		source.Write(segment.Value(m.source))
	}
	place := func(at int) int {
		for len(starts) > 1 && starts[1][0] <= at {
			starts = starts[1:]
		}
		return starts[0][1] + max(0, at-starts[0][0])
	}
	z := html.NewTokenizer(strings.NewReader(source.String()))
	for at := 0; len(starts) > 0; {
		kind := z.Next()
		raw := string(z.Raw())
		if kind == html.ErrorToken {
			return
		}
		m.htmlToken(kind, z, raw, in, at, place)
		at += len(raw)
	}
}

func (m *markdownText) htmlToken(kind html.TokenType, z *html.Tokenizer, raw string, in ast.Node, at int, place func(int) int) {
	switch kind {
	case html.CommentToken, html.DoctypeToken:
		m.comments++
		m.commentBytes += len(raw)
	case html.TextToken:
		for line := range strings.Lines(raw) {
			m.htmlLine(place(at), html.UnescapeString(line))
			at += len(line)
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		if in != nil || !isProgram(raw) {
			z.NextIsNotRawText()
		}
		m.startTag(z, raw, in, kind == html.SelfClosingTagToken, place(at))
	case html.EndTagToken:
		name, _ := z.TagName()
		if a := atom.Lookup(name); a != 0 && !isText(a) && !(in != nil && hides(a)) {
			m.close(a)
		}
		m.small = 0
	}
}

// htmlLine writes a line of text of HTML.
func (m *markdownText) htmlLine(at int, s string) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	switch {
	case m.pre > 0:
		m.raw(at, strings.ReplaceAll(s, "\r\n", "\n"))
	case strings.TrimSpace(s) == "":
		m.Text(s)
	default:
		m.text(at, s)
	}
}

// startTag opens an element. Within a line one that hides what is in it is none:
// it may be a word that its author forgot to mark as code; and so may one that
// HTML does not know, which is then shown as it is.
func (m *markdownText) startTag(z *html.Tokenizer, raw string, in ast.Node, closed bool, at int) {
	tag, more := z.TagName()
	name, a := string(tag), atom.Lookup(tag)
	var attributes []html.Attribute
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		attributes = append(attributes, html.Attribute{Key: string(key), Val: strings.ToValidUTF8(string(value), "\uFFFD")})
	}
	value := func(key string) string { return attribute(&html.Node{Attr: attributes}, key) }
	m.anchor(value("id"))
	switch {
	case a == atom.Img:
		m.text(at, " "+value("alt")+" ")
	case (a == 0 && in != nil || isText(a)) && attributes == nil && !closed && !m.closedLater(in, name):
		m.text(at, raw)
	case a == 0, isText(a), in != nil && hides(a):
	case a == atom.Sup, a == atom.Sub:
		m.small = a
	default:
		if a == atom.A {
			m.anchor(value("name"))
		}
		m.open(a, value)
		if closed || isVoid(a) {
			m.close(a)
		}
	}
}

// isProgram reports whether a tag begins what is no text.
func isProgram(tag string) bool {
	tag = strings.ToLower(tag[:min(len(tag), len("<script"))])
	return tag == "<script" || strings.HasPrefix(tag, "<style")
}

// isText reports whether an element has no place in Markdown, so that what is in
// it is text.
func isText(a atom.Atom) bool {
	switch a {
	case atom.Title, atom.Textarea, atom.Xmp, atom.Plaintext, atom.Noembed, atom.Noframes:
		return true
	}
	return false
}

func isVoid(a atom.Atom) bool {
	switch a {
	case atom.Br, atom.Hr, atom.Input, atom.Wbr, atom.Area, atom.Base, atom.Col, atom.Embed, atom.Link, atom.Meta, atom.Source, atom.Track:
		return true
	}
	return false
}

// closedLater reports whether an element is closed in the same paragraph.
func (m *markdownText) closedLater(n ast.Node, name string) bool {
	if n == nil {
		return false
	}
	for n = n.NextSibling(); n != nil; n = n.NextSibling() {
		if raw, ok := n.(*ast.RawHTML); ok && raw.Segments.Len() > 0 {
			s := raw.Segments.At(0)
			if strings.HasPrefix(strings.ToLower(string(s.Value(m.source))), "</"+name) {
				return true
			}
		}
	}
	return false
}
