package markup

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// htmlText writes the visible text of HTML.
type htmlText struct {
	*structure.Writer
	title, lang  string
	flat         bool // tags come as they are, and need not be closed
	inTitle      bool
	titles       int
	hidden, pre  int // how many elements are open that hide, or keep, their text
	lists        int // how many lists are open in each other
	headingStart int
	headings     int // open in each other
	level        int // of the heading
	// How many are open in each other of what has blocks of its own kind.
	terms, descriptions, captions, quotations, headers int
	// Of the row of a table: how many cells it has, and how many are headers.
	cells, headerCells int
}

// walk writes n and what is in it. It is recursive; n is not nested deeper
// than Limits.Depth.
func (h *htmlText) walk(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		h.content(n.Data)
	case html.ElementNode:
		if n.DataAtom == atom.Html {
			h.lang = attribute(n, "lang")
		}
		if concealed(n) {
			return
		}
		h.open(n.DataAtom)
		h.walkChildren(n)
		h.close(n.DataAtom)
	case html.DocumentNode:
		h.walkChildren(n)
	}
}

func (h *htmlText) walkChildren(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		h.walk(c)
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// concealed reports whether an element says that it is not shown.
func concealed(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			if strings.EqualFold(a.Val, "true") {
				return true
			}
		case "style":
			style := strings.ToLower(strings.ReplaceAll(a.Val, " ", ""))
			if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// content writes a text between tags.
func (h *htmlText) content(s string) {
	switch {
	case h.inTitle:
		if h.titles == 1 && len(h.title) < extract.MaxTitle {
			h.title += s
		}
		return
	case h.hidden > 0:
		return
	}
	h.Kind(h.kind())
	switch {
	case h.pre > 0:
		h.Raw(strings.ReplaceAll(s, "\r\n", "\n"))
	default:
		h.Text(s)
	}
}

// kind is that of a block that begins with the text to come, and its level.
func (h *htmlText) kind() (document.BlockKind, int) {
	switch {
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

// hides reports whether the text in an element is not for reading.
func hides(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Math, atom.Iframe, atom.Object,
		atom.Nav, atom.Select, atom.Button, atom.Textarea, atom.Dialog, atom.Noframes, atom.Audio, atom.Video, atom.Canvas:
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
	case atom.Ul, atom.Ol:
		if h.lists > 0 {
			return 1
		}
		return 2
	case atom.P, atom.Div:
		if h.lists > 0 {
			return 1
		}
		return 2
	case atom.Section, atom.Article, atom.Main, atom.Header, atom.Footer, atom.Aside,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl, atom.Table, atom.Pre,
		atom.Blockquote, atom.Figure, atom.Form, atom.Fieldset, atom.Address, atom.Hr, atom.Center, atom.Body,
		atom.Details:
		return 2
	case atom.Li, atom.Dt, atom.Dd, atom.Tr, atom.Br, atom.Figcaption, atom.Caption, atom.Legend, atom.Summary,
		atom.Option:
		return 1
	}
	return 0
}

func (h *htmlText) open(a atom.Atom) {
	if hides(a) {
		h.hidden++
	}
	if a == atom.Br {
		h.Line()
	} else {
		h.Break(h.breaks(a))
	}
	h.count(a, 1)
	switch a {
	case atom.Ul, atom.Ol:
		h.lists++
	case atom.Title:
		if h.hidden == 0 { // an <svg> has titles too
			h.inTitle = true
			h.titles++
		}
	case atom.Pre:
		h.pre++
	case atom.Li:
		if h.hidden == 0 {
			h.Item(h.lists - 1)
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
	case atom.Ul, atom.Ol:
		h.lists = max(0, h.lists-1)
	case atom.Li:
		h.EndItem()
	case atom.Tr:
		h.EndRow(h.cells > 0 && (h.headers > 0 || h.headerCells == h.cells))
	}
	h.count(a, -1)
	if level := headingLevel(a); level > 0 {
		h.headings = max(0, h.headings-1)
		if h.hidden == 0 {
			h.Heading(h.headingStart, level)
		}
	}
	if a != atom.Br {
		h.Break(h.breaks(a))
	}
}
