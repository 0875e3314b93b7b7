package markup

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/albert-search/albert-search/ingest/extract"
)

// markFurniture decides what belongs to the page and not to its text.
func (p *page) markFurniture() {
	p.headed = p.holdsMain(0)
	p.name()
	p.mark(p.isStrong)
	p.countCore()
	if root := p.root(); root >= 0 {
		o := p.outside(root)
		p.mark(o.is)
	}
	if p.nodes[0].text > 0 {
		return
	}
	for i := range p.nodes { // the page is nothing else
		p.nodes[i].furniture = false
	}
}

// name collects the words of the title of the page and of its headings of the
// first level.
func (p *page) name() {
	for i := range p.nodes {
		if n := &p.nodes[i]; n.DataAtom == atom.H1 || n.DataAtom == atom.Title && n.Namespace == "" {
			p.named = append(p.named, wordsOf(extract.OneLine(plainText(p, int32(i))))...)
		}
	}
	const most = 200
	p.named = p.named[:min(len(p.named), most)]
}

// mark marks the outermost elements for which is holds.
func (p *page) mark(is func(i int32) bool) {
	for i := int32(0); i < int32(len(p.nodes)); i++ {
		n := &p.nodes[i]
		switch {
		case n.skip || n.furniture:
			i = n.end - 1
		case n.Type == html.ElementNode && n.text > 0 && is(i):
			n.furniture = true
			for a := n.parent; a >= 0; a = p.nodes[a].parent {
				at := &p.nodes[a]
				at.text -= n.text
				at.link -= n.link
				at.links -= n.links
				at.prose -= n.prose
			}
			i = n.end - 1
		}
	}
}

// linky reports whether most of what a part shows leads elsewhere.
func (n *node) linky() bool { return 2*n.link > n.text }

// isStrong reports whether an element says itself that it belongs to the page.
func (p *page) isStrong(i int32) bool {
	n := &p.nodes[i]
	if keeps(n.DataAtom) || n.DataAtom == atom.Article {
		return false
	}
	switch n.DataAtom {
	case atom.Nav:
		return !p.holdsMain(i)
	case atom.A:
		return n.signs&navSign != 0 && strings.HasPrefix(attribute(n.Node, "href"), "#") && !p.inSentence(i)
	case atom.Span, atom.Em, atom.I, atom.B, atom.Strong, atom.Code, atom.Small, atom.Abbr, atom.Time, atom.Label, atom.Sup, atom.Sub:
		if p.inSentence(i) {
			return false
		}
	case atom.Button:
		return p.within(i, atom.Form)
	case atom.Option:
		return !p.isSelected(i)
	}
	switch s := n.signs; {
	case s == 0:
		return false
	case s&consentSign != 0:
		return !p.holdsMain(i)
	case s&footSign != 0 && !p.inside(i):
		return !p.holdsMain(i)
	case s&dialogSign != 0 && (n.DataAtom == atom.Dialog || !p.inside(i)):
		return !p.holds(i) && !p.hasValues(i)
	case s&(navSign|shareSign|sideSign) != 0 && n.linky(), s&headSign != 0 && n.linky() && !p.inside(i):
		return !p.holds(i)
	case s&contentsSign != 0 && n.linky():
		// A page may have nothing else to say.
		return !p.holds(i) && 2*n.text < p.nodes[0].text
	case s&legalSign != 0:
		return !p.holds(i)
	case s&accountSign != 0 && p.hasControl(i):
		return !p.holds(i)
	case s&hiddenSign != 0 && s&panelSign == 0:
		return !p.holds(i) && !p.hasValues(i) && !p.hasHeading(i)
	case s&readerSign != 0 && s&hiddenSign == 0:
		return !p.holds(i)
	}
	return false
}

// contains reports whether is holds for an element or for one in it.
func (p *page) contains(i int32, is func(*node) bool) bool {
	for j := i; j < p.nodes[i].end; j++ {
		if is(&p.nodes[j]) {
			return true
		}
	}
	return false
}

// hasValues reports whether a table or a list of terms is in an element.
func (p *page) hasValues(i int32) bool {
	return p.contains(i, func(n *node) bool { return (n.DataAtom == atom.Table || n.DataAtom == atom.Dl) && n.text > 0 })
}

// hasHeading reports whether a heading is in an element.
func (p *page) hasHeading(i int32) bool {
	return p.contains(i, func(n *node) bool { return headingLevel(n.DataAtom) > 0 && n.text > 0 })
}

// inSentence reports whether an element stands amid other text of a paragraph.
func (p *page) inSentence(i int32) bool {
	text := p.nodes[i].text
	for a := p.nodes[i].parent; a > 0; a = p.nodes[a].parent {
		switch n := &p.nodes[a]; n.DataAtom {
		case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dt, atom.Dd, atom.Figcaption, atom.Blockquote, atom.Pre:
			return n.text > text
		case atom.Div, atom.Section, atom.Article, atom.Main, atom.Body, atom.Ul, atom.Table:
			return false
		}
	}
	return false
}

// isSelected reports whether an option is what its list shows before it is opened.
func (p *page) isSelected(i int32) bool {
	return slices.ContainsFunc(p.nodes[i].Attr, func(a html.Attribute) bool { return a.Key == "selected" })
}

// within reports whether an element is in one of that kind.
func (p *page) within(i int32, kind atom.Atom) bool {
	return p.under(i, func(a atom.Atom) bool { return a == kind })
}

// under reports whether is holds for what an element is in, at any depth.
func (p *page) under(i int32, is func(atom.Atom) bool) bool {
	for a := p.nodes[i].parent; a >= 0; a = p.nodes[a].parent {
		if is(p.nodes[a].DataAtom) {
			return true
		}
	}
	return false
}

// inside reports whether an element is in the article, or another part that the page is about.
func (p *page) inside(i int32) bool {
	return p.under(i, func(a atom.Atom) bool { return a == atom.Article || a == atom.Main || a == atom.Blockquote })
}

// holds reports whether an element has in it what the page is about: its main
// part, its heading, or most of its text.
func (p *page) holds(i int32) bool {
	n, all := &p.nodes[i], &p.nodes[0]
	if p.holdsMain(i) || 2*n.prose > all.prose && n.prose > 0 {
		return true
	}
	for a := n.parent; a > 0; a = p.nodes[a].parent {
		if m := &p.nodes[a]; m.DataAtom == atom.Main || m.DataAtom == atom.Body && !p.headed {
			return 2*n.text >= m.text
		}
	}
	return false
}

// holdsMain reports whether the main part of the page, or its heading, is in an element.
func (p *page) holdsMain(i int32) bool {
	return p.contains(i, func(n *node) bool {
		switch n.DataAtom {
		case atom.Main, atom.H1:
			return n.text > 0
		case atom.Body:
			return n.text > 0 && i > 0
		}
		return false
	})
}

// hasControl reports whether an element has something to fill in or to press.
func (p *page) hasControl(i int32) bool {
	return p.contains(i, func(n *node) bool {
		switch n.DataAtom {
		case atom.Input, atom.Button, atom.Form, atom.Textarea:
			return true
		}
		return false
	})
}

// asideSigns name parts whose prose is not that of the page.
const asideSigns = commentSign | relatedSign | sideSign | adSign | accountSign | authorSign

// countCore counts the prose of the page that is not in parts that are named
// after something else.
func (p *page) countCore() {
	for i := int32(len(p.nodes)) - 1; i >= 0; i-- {
		n := &p.nodes[i]
		if n.skip || n.furniture {
			continue
		}
		if n.Type == html.TextNode {
			n.core = n.prose
		}
		if n.parent >= 0 && (n.signs&asideSigns == 0 || keeps(n.DataAtom) || p.holdsMain(i)) {
			p.nodes[n.parent].core += n.core
		}
	}
	if all := &p.nodes[0]; 4*all.core < all.prose {
		for i := range p.nodes {
			p.nodes[i].core = p.nodes[i].prose
		}
	}
}

// root returns the innermost element that has most of the page's prose; -1 if it
// has none, or most of the page is not prose.
func (p *page) root() int32 {
	all := &p.nodes[0]
	if all.core == 0 || 2*all.prose < all.text {
		return -1
	}
	root := int32(0)
	for {
		next := int32(-1)
		for c := root + 1; c < p.nodes[root].end; c = p.nodes[c].end {
			if n := &p.nodes[c]; n.Type == html.ElementNode && !n.furniture && !n.skip && 4*n.core >= 3*all.core && n.DataAtom != atom.P {
				next = c
			}
		}
		if next < 0 {
			return root
		}
		root = next
	}
}

// outside knows what is beside the article that a page has.
type outside struct {
	*page
	root int32
	// listing says that the main part of the page lists others with more text than
	// the article has, so that they are what it is about; forum that what readers
	// say is longer than what they speak about.
	listing, forum bool
	declared       bool // the page says that it is an article
}

func (p *page) outside(root int32) *outside {
	o := &outside{page: p, root: root, declared: p.isArticle()}
	comments, lists := int32(0), int32(0)
	for i := int32(0); i < int32(len(p.nodes)); i++ {
		n := &p.nodes[i]
		if n.skip || n.furniture {
			i = n.end - 1
			continue
		}
		if n.Type != html.ElementNode || keeps(n.DataAtom) {
			continue
		}
		switch {
		case n.signs&commentSign != 0 && !p.holdsMain(i):
			comments += n.prose
			i = n.end - 1
		case p.inside(i) && o.is(i):
			lists += n.text
			i = n.end - 1
		}
	}
	core := p.nodes[root].core
	o.listing, o.forum = lists > core, 2*comments > core && !o.declared
	return o
}

// is reports whether an element is beside the article and leads elsewhere.
func (o *outside) is(i int32) bool {
	n := &o.nodes[i]
	root := &o.nodes[o.root]
	within := i > o.root && i < root.end
	switch {
	case i <= o.root && o.root < n.end, keeps(n.DataAtom), o.holdsMain(i), o.listing && o.inside(i):
		return false
	case o.isSibling(i):
		return false
	case n.signs&commentSign != 0:
		return !o.forum
	case n.signs&authorSign != 0:
		return true
	case n.signs&(relatedSign|adSign|tagsSign) != 0:
		return n.linky() || n.links > 0 && n.signs&relatedSign != 0
	case within:
		return n.signs&asideSigns != 0 && n.linky()
	}
	return n.linky() || o.isTeasers(i) || o.declared && i >= root.end && n.DataAtom != atom.Aside && !o.hasValues(i)
}

// isSibling reports whether an element is one of a row of parts of which the
// article is another, as the answers of a thread are.
func (o *outside) isSibling(i int32) bool {
	n := &o.nodes[i]
	for a := o.root; a > 0; a = o.nodes[a].parent {
		if m := &o.nodes[a]; m.parent == n.parent {
			class := attribute(n.Node, "class")
			return m.DataAtom == n.DataAtom && class != "" && class == attribute(m.Node, "class")
		}
	}
	return false
}

// isArticle reports whether the page says of itself that it is an article.
func (p *page) isArticle() bool {
	for i := range p.nodes {
		n := &p.nodes[i]
		switch {
		case n.DataAtom == atom.Body:
			return false
		case n.DataAtom == atom.Meta && attribute(n.Node, "property") == "og:type":
			return attribute(n.Node, "content") == "article"
		}
	}
	return false
}

// isTeasers reports whether an element is a row of parts that all lead elsewhere
// by their headings.
func (p *page) isTeasers(i int32) bool {
	parts := 0
	for c := i + 1; c < p.nodes[i].end; c = p.nodes[c].end {
		n := &p.nodes[c]
		if n.skip || n.furniture || n.text == 0 {
			continue
		}
		if n.Type != html.ElementNode || !p.isTeaser(c) {
			return false
		}
		parts++
	}
	return parts > 1
}

func (p *page) isTeaser(i int32) bool {
	for c := i; c < p.nodes[i].end; c++ {
		n := &p.nodes[c]
		if headingLevel(n.DataAtom) > 0 {
			return n.link > 0 || p.linkedUp(c, i)
		}
	}
	return false
}

func (p *page) linkedUp(c, i int32) bool {
	for ; c >= i; c = p.nodes[c].parent {
		if p.nodes[c].DataAtom == atom.A {
			return true
		}
	}
	return false
}

// keeps reports whether an element is never furniture by itself.
func keeps(a atom.Atom) bool {
	switch a {
	case atom.Html, atom.Head, atom.Body, atom.Main, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.P, atom.Table,
		atom.Tbody, atom.Tr, atom.Td, atom.Th, atom.Dl, atom.Dt, atom.Dd, atom.Figure, atom.Figcaption, atom.Caption, atom.Pre:
		return true
	}
	return false
}

// repeats reports whether the picture at i is that of a link, so that its text
// names the page that it leads to, or says what stands beside it or what the page
// is called.
func (p *page) repeats(i int32, alt string) bool {
	const largest = 1000 // nodes that are looked at
	beside := int32(-1)
	for a := p.nodes[i].parent; a > 0; a = p.nodes[a].parent {
		n := &p.nodes[a]
		if n.DataAtom == atom.A {
			return true
		}
		if beside < 0 && n.text > 0 && n.DataAtom != atom.Body {
			beside = a
		}
	}
	if beside != p.beside || p.has == nil {
		p.beside, p.has = beside, map[string]bool{}
		for _, w := range p.named {
			p.has[w] = true
		}
		if beside >= 0 && p.nodes[beside].end-beside <= largest {
			for _, w := range wordsOf(plainText(p, beside)) {
				p.has[w] = true
			}
		}
	}
	for _, w := range wordsOf(alt) {
		if !p.has[w] {
			return false
		}
	}
	return true
}

// wordsOf returns the words of a text in small letters.
func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
