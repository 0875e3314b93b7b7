package markup

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// htmlText writes the visible text of HTML.
type htmlText struct {
	*structure.Writer
	title        string
	flat         bool // tags come as they are, and need not be closed
	inTitle      bool
	titles       int
	hidden, pre  int // how many elements are open that hide, or keep, their text
	furniture    int // how many are open that belong to the page
	headingStart int
	headings     int // open in each other
	level        int // of the heading
	lists        []list
	// How many are open in each other of what has blocks of its own kind.
	terms, descriptions, captions, quotations, headers int
	// Of the row of a table: how many cells it has, and how many are headers.
	cells, headerCells int
	at                 document.Place
	layout             bool // the table that is open lays out a page
}

// list is an open list.
type list struct {
	ordered bool
	number  int // of the next item
	step    int
	kind    string // of the numbers: "1", "a", "A", "i" or "I"
}

// walk writes the nodes from i to end. It is recursive; nodes are not nested deeper
// than Limits.Depth.
func (h *htmlText) walk(p *page, i, end int32) {
	for i < end {
		n := &p.nodes[i]
		switch {
		case n.skip:
			h.line(int(n.lines))
		case n.Type == html.TextNode:
			h.content(n.Data)
		case n.Type == html.DocumentNode:
			h.walk(p, i+1, n.end)
		case n.Type == html.ElementNode:
			h.element(p, i)
		}
		i = n.end
	}
}

func (h *htmlText) element(p *page, i int32) {
	n := &p.nodes[i]
	h.locate(n.Node)
	if n.furniture {
		h.Break(1)
		h.furniture++
	}
	if h.pre == 0 && p.partsWords(i) {
		h.Text(" ")
	}
	switch n.DataAtom {
	case atom.Table:
		layout := h.layout
		h.layout = p.isLayout(i)
		h.inside(p, i)
		h.layout = layout
	case atom.Sup, atom.Sub:
		h.mark(p, i)
	case atom.Ruby:
		h.ruby(p, i)
	case atom.Img, atom.Area:
		h.alt(p, i)
	case atom.Link:
		h.neighbour(n.Node)
	case atom.Input:
		h.input(n.Node)
	case atom.Math:
		h.content(" " + p.mathText(i) + " ")
	case atom.Script:
		h.content(" " + strings.TrimSpace(plainText(p, i)) + " ")
	default:
		h.inside(p, i)
	}
	if n.furniture {
		h.furniture--
		h.Break(1)
	}
}

// inside writes an element that is nothing special.
func (h *htmlText) inside(p *page, i int32) {
	n := &p.nodes[i]
	h.open(n.DataAtom, func(key string) string { return attribute(n.Node, key) })
	if n.DataAtom == atom.Ol && len(h.lists) > 0 {
		h.lists[len(h.lists)-1].reverse(p, i)
	}
	h.walk(p, i+1, n.end)
	h.close(n.DataAtom)
}

// partsWords reports whether an element stands directly behind another one and
// is set off from it by the style of the page alone.
func (p *page) partsWords(i int32) bool {
	n := &p.nodes[i]
	before := n.PrevSibling
	if before == nil || before.Type != html.ElementNode || n.text == 0 {
		return false
	}
	switch {
	case n.DataAtom == atom.A && before.DataAtom == atom.A, n.DataAtom == atom.Button, n.DataAtom == atom.Label:
		return true
	case n.DataAtom != before.DataAtom:
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(lastText(before))
	first, _ := utf8.DecodeRuneInString(firstText(n.Node))
	return (unicode.IsLower(last) || unicode.IsDigit(last)) && unicode.IsUpper(first)
}

// firstText is the first text in a node, lastText the last one.
func firstText(n *html.Node) string {
	for n != nil && n.Type != html.TextNode {
		n = n.FirstChild
	}
	if n == nil {
		return ""
	}
	return n.Data
}

func lastText(n *html.Node) string {
	for n != nil && n.Type != html.TextNode {
		n = n.LastChild
	}
	if n == nil {
		return ""
	}
	return n.Data
}

// locate notes where an element stands.
func (h *htmlText) locate(n *html.Node) {
	for _, a := range n.Attr {
		switch a.Key {
		case lineMark:
			h.at.Line, _ = strconv.Atoi(a.Val)
		case "id":
			h.anchor(a.Val)
		case "name":
			if n.DataAtom == atom.A {
				h.anchor(a.Val)
			}
		}
	}
	h.Place(h.at)
}

func (h *htmlText) anchor(id string) {
	const longest = 256
	if id != "" && len(id) <= longest && utf8.ValidString(id) {
		h.at.Anchor = id
	}
}

func (h *htmlText) line(n int) {
	if h.at.Line > 0 && n > 0 {
		h.at.Line += n
		h.Place(h.at)
	}
}

// mark writes what is raised or lowered apart from the word before it.
func (h *htmlText) mark(p *page, i int32) {
	n := &p.nodes[i]
	s := plainText(p, i)
	const longest = 40 // longer ones are small print
	if h.hidden > 0 || h.pre > 0 || strings.TrimSpace(s) == "" || len(s) > longest || h.Owed() {
		h.walk(p, i+1, n.end)
		return
	}
	if n.DataAtom == atom.Sup {
		s = structure.Raised(h.Tail(), s, n.links > 0 || n.signs&noteSign != 0)
	} else {
		s = structure.Lowered(h.Tail(), s)
	}
	h.content(s)
}

// replaced writes what an element says in place of what it shows.
func (h *htmlText) replaced(s string) {
	if s = strings.TrimSpace(s); s != "" {
		h.content(" " + s + " ")
	}
}

// aside writes a text that belongs to the page.
func (h *htmlText) aside(s string) {
	h.furniture++
	h.Break(1)
	h.replaced(s)
	h.Break(1)
	h.furniture--
}

// alt writes what stands for a picture. What names a link, or says again what
// stands beside it, belongs to the page.
func (h *htmlText) alt(p *page, i int32) {
	s := extract.OneLine(attribute(p.nodes[i].Node, "alt"))
	switch {
	case s == "":
	case h.furniture == 0 && !p.inSentence(i) && p.repeats(i, s):
		h.aside(s)
	default:
		h.replaced(s)
	}
}

// neighbour writes the title of the page before or behind this one.
func (h *htmlText) neighbour(n *html.Node) {
	switch strings.ToLower(attribute(n, "rel")) {
	case "prev", "previous", "next", "up", "start", "contents", "index", "home":
		h.aside(extract.OneLine(attribute(n, "title")))
	}
}

// input writes what is in a field, or on a button.
func (h *htmlText) input(n *html.Node) {
	switch strings.ToLower(attribute(n, "type")) {
	case "hidden", "password", "checkbox", "radio", "file", "color", "range":
		return
	case "image":
		h.replaced(attribute(n, "alt"))
		return
	}
	h.replaced(attribute(n, "value"))
	h.aside(attribute(n, "placeholder"))
}

// ruby writes the text and, in brackets behind it, how it is read.
func (h *htmlText) ruby(p *page, i int32) {
	n := &p.nodes[i]
	var reading []string
	for j := i + 1; j < n.end; {
		c := &p.nodes[j]
		switch {
		case c.DataAtom == atom.Rt:
			reading = append(reading, plainText(p, j))
		case c.DataAtom == atom.Rp:
		case c.Type == html.TextNode:
			h.content(c.Data)
		case c.Type == html.ElementNode && !c.skip:
			j++
			continue
		}
		j = c.end
	}
	if s := strings.Join(strings.Fields(strings.Join(reading, "")), " "); s != "" {
		h.content("(" + s + ")")
	}
}

// plainText is the text of a subtree.
func plainText(p *page, i int32) string {
	var b strings.Builder
	for j := i + 1; j < p.nodes[i].end; j++ {
		switch c := &p.nodes[j]; {
		case c.skip:
			j = c.end - 1
		case c.Type == html.TextNode:
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// content writes a text between tags.
func (h *htmlText) content(s string) {
	switch {
	case h.inTitle:
		if h.titles == 1 && len(h.title) < extract.MaxTitle {
			h.title += s
		}
		h.line(strings.Count(s, "\n"))
		return
	case h.hidden > 0:
		h.line(strings.Count(s, "\n"))
		return
	}
	h.Kind(h.kind())
	if h.pre > 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	for s != "" {
		line, rest := s, ""
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			line, rest = s[:i+1], s[i+1:]
		}
		if h.pre > 0 {
			h.Raw(line)
		} else {
			h.Text(line)
		}
		if len(line) < len(s) || strings.HasSuffix(line, "\n") {
			h.line(1)
		}
		s = rest
	}
}

// kind is that of a block that begins with the text to come, and its level.
func (h *htmlText) kind() (document.BlockKind, int) {
	switch {
	case h.furniture > 0:
		return document.Furniture, 0
	case h.headings > 0:
		return document.Heading, h.level
	case h.pre > 0:
		return document.Code, 0
	case h.captions > 0:
		return document.Caption, 0
	case h.terms > 0:
		return document.Term, h.definitions() - 1
	case h.descriptions > 0:
		return document.Description, h.definitions() - 1
	case h.quotations > 0:
		return document.Quotation, h.quotations - 1
	}
	return document.Paragraph, 0
}

// definitions is how many definition lists are open in each other.
func (h *htmlText) definitions() int { return h.terms + h.descriptions }

// hides reports whether the text in an element is never shown.
func hides(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Template, atom.Iframe, atom.Noframes, atom.Noembed, atom.Datalist:
		return true
	}
	return false
}

func headingLevel(a atom.Atom) int {
	switch a {
	case atom.H1:
		return 1
	case atom.H2:
		return 2
	case atom.H3:
		return 3
	case atom.H4:
		return 4
	case atom.H5:
		return 5
	case atom.H6:
		return 6
	}
	return 0
}

// breaks returns how many line ends set an element off from its surroundings.
func (h *htmlText) breaks(a atom.Atom) int {
	switch a {
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		if len(h.lists) > 0 {
			return 1
		}
		return 2
	case atom.P, atom.Div:
		if len(h.lists) > 0 {
			return 1
		}
		return 2
	case atom.Section, atom.Article, atom.Main, atom.Header, atom.Footer, atom.Aside, atom.Nav, atom.Hgroup, atom.Search,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl, atom.Table, atom.Pre,
		atom.Blockquote, atom.Figure, atom.Form, atom.Fieldset, atom.Address, atom.Hr, atom.Center, atom.Body,
		atom.Details, atom.Dialog, atom.Noscript, atom.Select, atom.Textarea:
		return 2
	case atom.Li, atom.Dt, atom.Dd, atom.Tr, atom.Br, atom.Figcaption, atom.Caption, atom.Legend, atom.Summary,
		atom.Option, atom.Optgroup, atom.Button, atom.Label, atom.Object, atom.Video, atom.Audio, atom.Canvas:
		return 1
	}
	return 0
}

func (h *htmlText) open(a atom.Atom, attribute func(key string) string) {
	if hides(a) {
		h.hidden++
	}
	if a == atom.Br {
		h.Line()
	} else {
		h.Break(h.breaks(a))
	}
	h.count(a, 1)
	if h.layout && (a == atom.Tr || a == atom.Td || a == atom.Th) {
		h.Break(2)
		return
	}
	switch a {
	case atom.Ul, atom.Menu, atom.Dir:
		h.lists = append(h.lists, list{})
	case atom.Ol:
		h.lists = append(h.lists, orderedList(attribute))
	case atom.Title:
		if h.hidden == 0 { // an <svg> has titles too
			h.inTitle = true
			h.titles++
		}
	case atom.Pre:
		h.pre++
	case atom.Li:
		if h.hidden == 0 {
			h.item(attribute)
		}
	case atom.Tr:
		h.Row()
		h.cells, h.headerCells = 0, 0
	case atom.Td, atom.Th:
		h.cells++
		if a == atom.Th {
			h.headerCells++
		}
		if h.hidden == 0 {
			h.Cell()
		}
	}
	if level := headingLevel(a); level > 0 {
		h.headingStart = h.Position()
		h.headings++
		h.level = level
	} else if h.flat && h.breaks(a) == 2 {
		h.headings = 0 // it was never closed
	}
}

// count keeps count of what is open: tags need not match.
func (h *htmlText) count(a atom.Atom, n int) {
	var open *int
	switch a {
	case atom.Dt:
		open = &h.terms
	case atom.Dd:
		open = &h.descriptions
	case atom.Caption, atom.Figcaption:
		open = &h.captions
	case atom.Blockquote:
		open = &h.quotations
	case atom.Thead:
		open = &h.headers
	default:
		return
	}
	*open = max(0, *open+n)
}

func (h *htmlText) close(a atom.Atom) {
	if hides(a) {
		h.hidden = max(0, h.hidden-1)
	}
	switch a {
	case atom.Title:
		h.inTitle = false
	case atom.Pre:
		h.pre = max(0, h.pre-1)
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		h.lists = h.lists[:max(0, len(h.lists)-1)]
	case atom.Li:
		h.EndItem()
	case atom.Tr:
		if h.layout {
			h.Break(2)
			return
		}
		h.EndRow(h.cells > 0 && (h.headers > 0 || h.headerCells == h.cells))
	}
	h.count(a, -1)
	if level := headingLevel(a); level > 0 {
		h.headings = max(0, h.headings-1)
		if h.hidden == 0 && h.furniture == 0 {
			h.Heading(h.headingStart, level)
		}
	}
	if a != atom.Br {
		h.Break(h.breaks(a))
	}
}

// orderedList reads how a list is numbered.
func orderedList(attribute func(string) string) list {
	l := list{ordered: true, number: 1, step: 1, kind: attribute("type")}
	if n, err := strconv.Atoi(strings.TrimSpace(attribute("start"))); err == nil {
		l.number = n
	}
	return l
}

// reverse makes a list count down, if it does.
func (l *list) reverse(p *page, i int32) {
	n := &p.nodes[i]
	reversed, started := false, false
	for _, a := range n.Attr {
		reversed = reversed || a.Key == "reversed"
		started = started || a.Key == "start"
	}
	if !reversed {
		return
	}
	l.step = -1
	if started {
		return
	}
	l.number = 0
	for c := i + 1; c < n.end; c = p.nodes[c].end {
		if p.nodes[c].DataAtom == atom.Li {
			l.number++
		}
	}
}

// item starts an item of a list with the bullet or number that is shown.
func (h *htmlText) item(attribute func(string) string) {
	if len(h.lists) == 0 {
		h.Item(0)
		return
	}
	l := &h.lists[len(h.lists)-1]
	if !l.ordered {
		h.Item(len(h.lists) - 1)
		return
	}
	if n, err := strconv.Atoi(strings.TrimSpace(attribute("value"))); err == nil {
		l.number = n
	}
	h.Numbered(len(h.lists)-1, numeral(l.number, l.kind)+".")
	l.number += l.step
}

// numeral writes a number as a list of the given type shows it.
func numeral(n int, kind string) string {
	const longest = 4000
	switch {
	case n < 1 || n > longest:
	case kind == "a" || kind == "A":
		var b []byte
		for ; n > 0; n = (n - 1) / 26 {
			b = append([]byte{kind[0] + byte((n-1)%26)}, b...)
		}
		return string(b)
	case kind == "i" || kind == "I":
		s := roman(n)
		if kind == "i" {
			s = strings.ToLower(s)
		}
		return s
	}
	return strconv.Itoa(n)
}

func roman(n int) string {
	values := [...]int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1}
	symbols := [...]string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"}
	var b strings.Builder
	for i, v := range values {
		for ; n >= v; n -= v {
			b.WriteString(symbols[i])
		}
	}
	return b.String()
}
