package markup

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/albert-search/albert-search/ingest/extract"
)

// about is what a page says about itself.
type about struct {
	title, openTitle, site, heading string
	language, author, byline, date  string
	keywords                        string
}

// describe completes t from what the page says about itself.
func (p *page) describe(t *extract.Text) {
	var a about
	for i := range p.nodes {
		a.read(p, int32(i))
	}
	t.Title = a.name()
	t.SetMeta(extract.MetaLanguage, a.language)
	t.SetLanguage(a.language)
	if a.author == "" {
		a.author = a.byline
	}
	t.SetMeta(extract.MetaAuthor, a.author)
	t.SetMeta(extract.MetaDate, a.date)
	t.SetMeta(extract.MetaKeywords, a.keywords)
	for what, c := range p.left {
		t.LeaveOut(what, c[0], c[1])
	}
}

func (a *about) read(p *page, i int32) {
	n := &p.nodes[i]
	if n.Type != html.ElementNode {
		return
	}
	switch n.DataAtom {
	case atom.Html:
		for _, key := range []string{"lang", "xml:lang"} {
			first(&a.language, attribute(n.Node, key))
		}
	case atom.Title:
		if n.Namespace == "" {
			first(&a.title, plainText(p, i))
		}
	case atom.Meta:
		a.meta(n.Node)
	case atom.H1:
		if !n.furniture {
			first(&a.heading, plainText(p, i))
		}
	case atom.A:
		if strings.Contains(attribute(n.Node, "rel"), "author") {
			first(&a.byline, plainText(p, i))
		}
	}
	if strings.Contains(attribute(n.Node, "itemprop"), "author") {
		first(&a.byline, plainText(p, i))
	}
}

func (a *about) meta(n *html.Node) {
	name := attribute(n, "name")
	if name == "" {
		name = attribute(n, "property")
	}
	if name == "" {
		name = attribute(n, "http-equiv")
	}
	content := attribute(n, "content")
	switch strings.ToLower(name) {
	case "og:title", "twitter:title", "dc.title", "citation_title":
		first(&a.openTitle, content)
	case "og:site_name", "application-name":
		first(&a.site, content)
	case "author", "dc.creator", "citation_author", "article:author", "byl":
		if !strings.Contains(content, "://") {
			first(&a.author, content)
		}
	case "article:published_time", "date", "dc.date", "dcterms.created", "citation_publication_date", "datepublished":
		first(&a.date, content)
	case "keywords":
		first(&a.keywords, content)
	case "content-language":
		first(&a.language, content)
	}
}

// first sets what is not yet known.
func first(field *string, value string) {
	if *field == "" {
		*field = extract.OneLine(value)
	}
}

// name is the title of the page without the name of the site: what its title and
// its heading, or the title for links to it, have in common.
func (a *about) name() string {
	title := a.title
	if title == "" {
		if title = a.openTitle; title == "" {
			title = a.heading
		}
	}
	for _, known := range []string{a.heading, a.openTitle} {
		if known != "" && known != a.site && isPartOf(title, known) {
			return known
		}
	}
	if a.site != "" && a.site != title && isPartOf(title, a.site) {
		if strings.HasPrefix(title, a.site) {
			return trimSeparators(title[len(a.site):])
		}
		return trimSeparators(title[:len(title)-len(a.site)])
	}
	return title
}

// isPartOf reports whether a title begins or ends with a part that is set off
// from the rest.
func isPartOf(title, part string) bool {
	if title == part {
		return true
	}
	rest, ok := strings.CutPrefix(title, part)
	if ok {
		rest = strings.TrimSpace(rest)
	} else if rest, ok = strings.CutSuffix(title, part); ok {
		rest = strings.TrimSpace(rest)
		rest = rest[max(0, len(rest)-3):]
	}
	if !ok || rest == "" {
		return false
	}
	return trimSeparators(rest) != rest
}

// trimSeparators drops what stands between a title and the name of a site.
func trimSeparators(s string) string { return strings.Trim(s, " |-–—·•:»«/>‹›~") }
