package markup

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// maxTree is the size in bytes of the largest page that is made a tree, which
// takes up to 30 times as much memory. Larger pages are read as a sequence of tags.
const maxTree = 4 << 20

// HTML returns the format of web pages. All visible text of a page is read; what
// belongs to the page and not to its text, such as navigation, is marked as
// furniture. Paragraphs are separated by empty lines, the cells of a table by
// tabs; pre-formatted text stays so. Scripts and styles are never text.
func HTML() extract.Format {
	return extract.Format{
		Name: "html", Title: "an HTML page",
		MediaTypes: []string{"text/html", "application/xhtml+xml"},
		Extensions: []string{"html", "htm", "xhtml", "xht"},
		Text:       true,
		Sniff:      func(s *extract.Sample) bool { return s.IsHTML() },
		Isolation:  extract.Subprocess,
		Lines:      extract.Paragraphs,
		Version:    2, Read: readHTML,
	}
}

func readHTML(_ context.Context, in *extract.Input) (*extract.Text, error) {
	source, err := in.Head(in.Limits.TextBytes)
	if err != nil {
		return nil, err
	}
	d, err := in.Decode(source, "")
	if err != nil {
		return nil, err
	}
	t := new(extract.Text)
	d.Describe(t)
	var w *structure.Writer
	if doc := parseHTML(d.Text, in.Limits.Depth); doc != nil {
		w = pageText(doc, t, in.Limits.TextBytes)
	} else {
		d.Notes.Add("too large or too deeply nested to tell the text from what belongs to the page")
		w = flatText(d.Text, t, in.Limits.TextBytes, false)
	}
	if w.Len() == 0 && unclosedScript(d.Text) {
		d.Notes.Add("a script is never closed, so that some of the text may be program code")
		w = flatText(d.Text, t, in.Limits.TextBytes, true)
	}
	w.Finish(t)
	if w.Full() {
		d.Notes.Add("the text was cut at %s", extract.Bytes(in.Limits.TextBytes))
	}
	if t.Body == "" {
		return nil, fmt.Errorf("%w: the page shows nothing without its scripts or pictures", extract.ErrNoText)
	}
	t.Note = d.Notes.String()
	return t, nil
}

// parseHTML returns the tree of a page, or nil if it would be too large or
// deeper than depth.
func parseHTML(source string, depth int) *html.Node {
	if len(source) > maxTree {
		return nil
	}
	doc, err := html.ParseWithOptions(strings.NewReader(markLines(source)), html.ParseOptionEnableScripting(false))
	if err != nil || !depthWithin(doc, depth) {
		return nil
	}
	return doc
}

// depthWithin reports whether no element is nested deeper than depth.
func depthWithin(n *html.Node, depth int) bool {
	level := 0
	for n != nil {
		switch {
		case n.FirstChild != nil:
			n = n.FirstChild
			if level++; level > depth {
				return false
			}
			continue
		default:
			for n != nil && n.NextSibling == nil {
				n = n.Parent
				level--
			}
			if n != nil {
				n = n.NextSibling
			}
		}
	}
	return true
}

// pageText returns the text of a page, and completes t from what the page says
// about itself.
func pageText(doc *html.Node, t *extract.Text, limit int64) *structure.Writer {
	p := newPage(doc)
	p.markFurniture()
	h := &htmlText{Writer: structure.NewWriter(limit)}
	h.walk(p, 0, int32(len(p.nodes)))
	p.describe(t)
	return h.Writer
}

// unclosedScript reports whether the page ends inside a script, as browsers see
// it: nothing behind the script's start is shown.
func unclosedScript(source string) bool {
	source = strings.ToLower(source)
	i := strings.LastIndex(source, "<script")
	return i >= 0 && !strings.Contains(source[i:], "</script")
}

// flatText reads a page as a sequence of tags and text, for pages that cannot
// be made a tree of. With scripts, what is in scripts is read too.
func flatText(source string, t *extract.Text, limit int64, scripts bool) *structure.Writer {
	w := &htmlText{Writer: structure.NewWriter(limit), flat: true}
	w.at.Line = 1
	w.Place(w.at)
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		lines := bytes.Count(z.Raw(), []byte("\n"))
		tag, _ := z.TagName()
		name := atom.Lookup(tag)
		if scripts && name == atom.Script {
			z.NextIsNotRawText()
			continue
		}
		switch kind {
		case html.ErrorToken:
			t.Title = extract.OneLine(w.title)
			return w.Writer
		case html.TextToken:
			w.content(strings.ToValidUTF8(string(z.Text()), "\uFFFD"))
			lines = 0 // they are counted
		case html.StartTagToken:
			w.open(name, func(string) string { return "" })
		case html.EndTagToken:
			w.close(name)
		case html.SelfClosingTagToken:
			w.open(name, func(string) string { return "" })
			w.close(name)
		}
		w.line(lines)
	}
}
