package markup

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// mathText writes a formula: in TeX where the page has that, else in a line.
func (p *page) mathText(i int32) string {
	n := &p.nodes[i]
	for j := i + 1; j < n.end; j++ {
		if c := &p.nodes[j]; c.Data == "annotation" && strings.Contains(strings.ToLower(attribute(c.Node, "encoding")), "tex") {
			return strings.TrimSpace(plainText(p, j))
		}
	}
	if s := attribute(n.Node, "alttext"); s != "" {
		return s
	}
	return strings.TrimSpace(p.inLine(i))
}

// inLine writes a part of a formula. Formulas are not nested deeper than
// Limits.Depth.
func (p *page) inLine(i int32) string {
	n := &p.nodes[i]
	if n.Type == html.TextNode {
		return strings.TrimSpace(n.Data)
	}
	var parts []string
	for c := i + 1; c < n.end; c = p.nodes[c].end {
		if m := &p.nodes[c]; !m.skip && m.Data != "annotation" && m.Data != "annotation-xml" {
			if s := p.inLine(c); s != "" {
				parts = append(parts, s)
			}
		}
	}
	joined := func(sign string) string {
		for k, s := range parts {
			parts[k] = grouped(s)
		}
		return strings.Join(parts, sign)
	}
	switch n.Data {
	case "msup", "mover":
		return joined("^")
	case "msub", "munder":
		return joined("_")
	case "msubsup", "munderover":
		if len(parts) == 3 {
			return parts[0] + "_" + grouped(parts[1]) + "^" + grouped(parts[2])
		}
	case "mfrac":
		return joined("/")
	case "msqrt":
		return "√" + grouped(strings.Join(parts, " "))
	case "mroot":
		if len(parts) == 2 {
			return "root(" + parts[0] + ", " + parts[1] + ")"
		}
	case "mtr", "mlabeledtr":
		return strings.Join(parts, ", ") + ";"
	case "mi", "mn", "mo", "mtext", "ms":
		return strings.Join(parts, "")
	}
	return strings.Join(parts, " ")
}

// grouped puts a part in brackets that has more than one.
func grouped(s string) string {
	if strings.Contains(s, " ") {
		return "(" + s + ")"
	}
	return s
}

// isTeX reports whether an element is a formula for a script that shows it.
func isTeX(n *html.Node) bool {
	return n.DataAtom == atom.Script && strings.HasPrefix(strings.ToLower(attribute(n, "type")), "math/tex")
}
