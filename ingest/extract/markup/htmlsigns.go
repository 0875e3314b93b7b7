package markup

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// signs are what elements, roles and names say of a part of a page.
type signs uint32

const (
	navSign      signs = 1 << iota // leads elsewhere on the site or on the page
	shareSign                      // leads to other sites
	consentSign                    // asks for consent
	adSign                         // advertises
	relatedSign                    // leads to other pages like this one
	sideSign                       // stands beside the text
	footSign                       // is the foot of the page
	headSign                       // is its head
	dialogSign                     // lies above the page
	accountSign                    // asks to sign up or in, or to subscribe
	commentSign                    // is what readers say
	tagsSign                       // is what the page is filed under
	hiddenSign                     // is not shown before something happens
	readerSign                     // is read aloud and not shown
	panelSign                      // is shown when its heading is chosen
	noteSign                       // leads to a note
	legalSign                      // says whose the page is
	authorSign                     // says who wrote it
	contentsSign                   // lists the parts of the page, or the pages of a part
)

// signOf is what a word of a class or an ID says.
func signOf(word []byte) signs {
	switch string(word) {
	case "nav", "navbar", "navigation", "navi", "menu", "menubar", "submenu", "menus", "megamenu", "breadcrumb", "breadcrumbs", "crumbs",
		"crumb", "pagination", "pager", "paging", "paginator", "skip", "skiplink", "skiplinks", "topbar", "toolbar", "hamburger",
		"sitemap", "offcanvas", "drawer", "sidenav", "subnav", "topnav", "navlinks", "quicklinks", "navbox", "navmenu", "dropdown":
		return navSign
	case "share", "sharing", "shares", "social", "socials", "sharethis", "addthis", "addtoany", "sharedaddy", "sns", "sharebar", "follow", "socialmedia":
		return shareSign
	case "cookie", "cookies", "consent", "gdpr", "onetrust", "ccpa", "cookiebar", "cookiebanner", "cookieconsent":
		return consentSign
	case "ad", "ads", "advert", "adverts", "advertisement", "advertising", "adsense", "sponsor", "sponsored", "outbrain", "taboola", "adsbygoogle":
		return adSign
	case "related", "recommended", "recommendations", "recommendation", "recommend", "popular", "trending", "mostread", "suggested",
		"suggestions", "similar", "upsell", "upsells", "crosssell", "recirc", "morefrom", "alsolike", "recentposts", "relatedposts":
		return relatedSign
	case "sidebar", "sidebars", "rail", "aside", "sphinxsidebar":
		return sideSign
	case "footer", "colophon", "footers", "globalfooter", "prefooter", "footersection", "foot":
		return footSign
	case "header", "masthead":
		return headSign
	case "modal", "modals", "popup", "popups", "overlay", "lightbox", "toast", "popover", "tooltip", "dialog", "popmake", "modalwindow", "sidesheet":
		return dialogSign
	case "newsletter", "newsletters", "subscribe", "subscription", "signup", "login", "signin", "register", "optin":
		return accountSign
	case "comment", "comments", "disqus", "respond", "commentlist", "commentform":
		return commentSign
	case "tags", "tag", "taglist", "categories":
		return tagsSign
	case "screenreader", "visuallyhidden":
		return readerSign
	case "panel", "tab", "tabs", "tabpanel", "accordion", "collapse", "collapsible", "faq", "toggle", "expand", "expandable":
		return panelSign
	case "footnote", "reference", "noteref", "fn", "footnotes":
		return noteSign
	case "bio", "authorbox", "biography":
		return authorSign
	case "toc", "tableofcontents":
		return contentsSign
	case "copyright", "legal":
		return legalSign
	}
	return 0
}

// signsOf is what the attributes of an element say.
func signsOf(n *html.Node) signs {
	var s signs
	switch n.DataAtom {
	case atom.Dialog:
		s |= dialogSign
	case atom.Nav:
		s |= navSign
	case atom.Aside:
		s |= sideSign
	case atom.Footer:
		s |= footSign
	case atom.Header:
		s |= headSign
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "class", "id":
			s |= signsIn(a.Val)
		case "role":
			s |= roleSign(a.Val)
		case "hidden":
			s |= hiddenSign
		case "aria-hidden":
			if strings.EqualFold(a.Val, "true") {
				s |= hiddenSign
			}
		case "aria-modal":
			s |= dialogSign
		case "style":
			style := strings.ToLower(strings.ReplaceAll(a.Val, " ", ""))
			if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				s |= hiddenSign
			}
		}
	}
	return s
}

func roleSign(role string) signs {
	switch role {
	case "navigation", "menu", "menubar", "toolbar", "search":
		return navSign
	case "complementary":
		return sideSign
	case "contentinfo":
		return footSign
	case "banner":
		return headSign
	case "dialog", "alertdialog", "tooltip":
		return dialogSign
	case "tabpanel", "tab":
		return panelSign
	case "doc-noteref":
		return noteSign
	}
	return 0
}

// signsIn is what the words of a class or an ID say, which are parted by signs
// or begin with a capital.
func signsIn(names string) signs {
	const longest = 512
	names = names[:min(len(names), longest)]
	var s signs
	if strings.Contains(names, "sr-only") || strings.Contains(names, "screen-reader") || strings.Contains(names, "visually-hidden") {
		s |= readerSign
	}
	var word [24]byte
	n, lower := 0, false
	for i := 0; i <= len(names); i++ {
		var c byte
		if i < len(names) {
			c = names[i]
		}
		upper := c >= 'A' && c <= 'Z'
		letter := upper || c >= 'a' && c <= 'z'
		if !letter || upper && lower {
			if n > 0 && n <= len(word) {
				s |= signOf(word[:n])
			}
			n = 0
		}
		lower = letter && !upper
		if letter {
			if n < len(word) {
				word[n] = c | 0x20
			}
			n++
		}
	}
	return s
}
