package markup

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// isLayout reports whether a table lays out a page, so that its cells are parts
// of it and no values.
func (p *page) isLayout(i int32) bool {
	n := &p.nodes[i]
	if role := attribute(n.Node, "role"); role == "presentation" || role == "none" {
		return true
	}
	rows, columns, built := 0, 0, false
	for j := i + 1; j < n.end; j++ {
		switch c := &p.nodes[j]; c.DataAtom {
		case atom.Th, atom.Caption, atom.Thead:
			return false
		case atom.Table:
			built = true
			j = c.end - 1
		case atom.Tr:
			rows++
			columns = max(columns, p.cells(j))
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Form, atom.Article, atom.Section, atom.Nav:
			built = true
		}
	}
	return built || rows < 2 && columns < 3 || columns < 2
}

// cells is how many cells a row has.
func (p *page) cells(row int32) int {
	cells := 0
	for c := row + 1; c < p.nodes[row].end; c = p.nodes[c].end {
		if a := p.nodes[c].DataAtom; a == atom.Td || a == atom.Th {
			cells++
		}
	}
	return cells
}

// isGutter reports whether an element has nothing in it but the numbers of the
// lines of the code beside it.
func (p *page) isGutter(i int32) bool {
	n := &p.nodes[i]
	if n.text == 0 || n.DataAtom != atom.Td && n.DataAtom != atom.Span && n.DataAtom != atom.Div && n.DataAtom != atom.Pre && n.DataAtom != atom.A {
		return false
	}
	if n.DataAtom == atom.Td {
		if !besideCode(n.Node) && !namesGutter(n.Node) {
			return false
		}
	} else if !namesGutter(n.Node) {
		return false
	}
	for j := i + 1; j < n.end; j++ {
		if c := &p.nodes[j]; c.Type == html.TextNode && strings.Trim(c.Data, "0123456789 \t\r\n\u00a0.:|") != "" {
			return false
		}
	}
	return true
}

func namesGutter(n *html.Node) bool {
	class := strings.ToLower(attribute(n, "class"))
	for _, name := range []string{"lineno", "linenos", "gutter", "linenumber", "line-number", "line_number", "blob-num", "lnum", "ln-num", "code-line-num"} {
		if strings.Contains(class, name) {
			return true
		}
	}
	return false
}

// besideCode reports whether the next cell of the row is a listing. A cell with
// code in a line is none: what stands beside it are error codes or the like, and
// part of the table.
func besideCode(n *html.Node) bool {
	isListing := func(n *html.Node) bool { return n != nil && n.DataAtom == atom.Pre }
	code := func(n *html.Node) bool {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if isListing(c) || isListing(c.FirstChild) {
				return true
			}
		}
		return false
	}
	for s := n.NextSibling; s != nil; s = s.NextSibling {
		if s.DataAtom == atom.Td {
			return code(n) && code(s)
		}
	}
	return false
}
