package markup

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is a page in document order: the subtree of a node is the range behind
// it, up to its end.
type page struct {
	nodes []node
	// headed says that the page has a main part or a heading of its own.
	headed bool
	named  []string // the words of its title and heading
	// has are these and the words of the node beside, of which a picture was looked at.
	has    map[string]bool
	beside int32
	left   leftOut
}

// node is an element or a text of a page.
type node struct {
	*html.Node
	parent, end int32
	// text is how many bytes that are not white space the subtree shows, link
	// how many of these are in links, and links how many links there are.
	text, link, links int32
	// prose is how many of text are in paragraphs or sentences, outside of links.
	prose int32
	// core is prose without what stands in parts that are named after something else, as the
	// comments of readers.
	core int32
	// line is the line of the file that the node begins in, 0 if unknown; lines
	// is how many line ends a node has that is skipped.
	lines     int32
	signs     signs
	skip      bool // neither it nor what is in it is shown
	furniture bool
}

// leftOut counts what is not text of a page, by what it is.
type leftOut map[string][2]int

func (l leftOut) add(what string, bytes int) {
	c := l[what]
	l[what] = [2]int{c[0] + 1, c[1] + bytes}
}

// newPage makes a page of a tree that is not deeper than Limits.Depth.
func newPage(doc *html.Node) *page {
	p := &page{left: leftOut{}}
	p.add(doc, -1, false, false)
	return p
}

func (p *page) add(n *html.Node, parent int32, linked, prose bool) {
	i := int32(len(p.nodes))
	p.nodes = append(p.nodes, node{Node: n, parent: parent})
	switch {
	case n.Type == html.TextNode:
		p.nodes[i].text = int32(shown(n.Data))
		if linked {
			p.nodes[i].link = p.nodes[i].text
		} else if prose || hasSentence(n.Data) {
			p.nodes[i].prose = p.nodes[i].text
		}
	case n.Type == html.ElementNode && neverShown(n):
		p.nodes[i].skip = true
		bytes := 0
		bytes, p.nodes[i].lines = skipped(n)
		p.left.add(n.Data, bytes)
	case n.Type == html.ElementNode || n.Type == html.DocumentNode:
		p.nodes[i].signs = signsOf(n)
		if n.DataAtom == atom.A && attribute(n, "href") != "" {
			linked = true
			p.nodes[i].links++
		}
		if n.DataAtom == atom.P {
			prose = true
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			p.add(c, i, linked, prose)
		}
		p.nodes[i].end = int32(len(p.nodes))
		if p.isGutter(i) {
			p.nodes[i].skip = true
			bytes := 0
			bytes, p.nodes[i].lines = skipped(n)
			p.left.add("line numbers", bytes)
			return
		}
	case n.Type == html.CommentNode:
		p.nodes[i].skip = true
		p.nodes[i].lines = int32(strings.Count(n.Data, "\n"))
	}
	p.nodes[i].end = int32(len(p.nodes))
	if parent >= 0 {
		at, sum := &p.nodes[parent], &p.nodes[i]
		at.text += sum.text
		at.link += sum.link
		at.links += sum.links
		at.prose += sum.prose
	}
}

// hasSentence reports whether a text has a sign that sentences have.
func hasSentence(s string) bool {
	return strings.Contains(s, ". ") || strings.Contains(s, ", ") || strings.HasSuffix(s, ".") || strings.ContainsAny(s, "。、，؟।")
}

// shown is how many bytes of s are not white space.
func shown(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] > ' ' {
			n++
		}
	}
	return n
}

// skipped returns how many bytes of text and how many line ends are in a node.
func skipped(n *html.Node) (bytes int, lines int32) {
	for d := range n.Descendants() {
		if d.Type == html.TextNode || d.Type == html.CommentNode {
			bytes += len(d.Data)
			lines += int32(strings.Count(d.Data, "\n"))
		}
	}
	return bytes, lines
}

// neverShown reports whether no browser ever shows what is in an element.
func neverShown(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script:
		return !isTeX(n)
	case atom.Style, atom.Iframe, atom.Noframes, atom.Noembed, atom.Datalist:
		return true
	case atom.Template:
		return attribute(n, "shadowrootmode") == ""
	case atom.Title, atom.Desc:
		return n.Namespace == "svg"
	}
	return n.Namespace == "svg" && n.Data == "metadata"
}
