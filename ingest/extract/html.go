package extract

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxReadable is the size in bytes of the largest page of which the readable
// part is looked for: a tree takes up to 30 times as much memory. Of larger
// pages all text is read.
const maxReadable = 4 << 20

// minReadable is how much of the visible text of a page its readable part has
// to be, in bytes and as a share, to be taken for it.
const (
	minReadable      = 250
	minReadableShare = 0.1
)

// readHTML reads the part of a page that is meant to be read, without
// navigation, and all visible text where no such part can be told. Paragraphs
// are separated by empty lines, the cells of a table by tabs; pre-formatted
// text stays so. Scripts and styles are never text. The lines are not those of
// the file.
func readHTML(ctx context.Context, in input) (*Text, error) {
	source, err := in.head(in.lim.TextBytes)
	if err != nil {
		return nil, err
	}
	d, err := decode(source, declaredCharset(source), int64(len(source)) < in.size)
	if err != nil {
		return nil, err
	}
	var n notes
	if d.note != "" {
		n.add("%s", d.note)
	}
	if int64(len(source)) < in.size {
		n.add("only the first %s of %s were read", bytesText(int64(len(source))), bytesText(in.size))
	}
	t := &Text{Type: TypeHTML}
	if d.charset != "utf-8" {
		t.setMeta(MetaCharset, d.charset)
	}
	var w *textWriter
	if doc := parseHTML(d.text, in.lim.Depth); doc != nil {
		w = readableText(ctx, doc, t, in.lim.TextBytes)
	} else {
		n.add("too large or too deeply nested to tell the readable part from the rest")
		w = flatText(d.text, t, in.lim.TextBytes, false)
	}
	if w.b.Len() == 0 && unclosedScript(d.text) {
		n.add("a script is never closed, so that some of the text may be program code")
		w = flatText(d.text, t, in.lim.TextBytes, true)
	}
	t.Body, t.Headings = w.b.String(), w.headings
	if w.full {
		n.add("the text was cut at %s", bytesText(in.lim.TextBytes))
	}
	if t.Body == "" {
		return nil, fmt.Errorf("%w: the page shows nothing without its scripts or pictures", ErrNoText)
	}
	t.Note = n.String()
	return t, nil
}

var metaCharset = regexp.MustCompile(`(?i)<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-z0-9_:.-]{2,40})`)

// declaredCharset returns the character set that a page names in the place
// where the HTML standard (section 4.2.5.4) wants it.
func declaredCharset(source []byte) string {
	if m := metaCharset.FindSubmatch(source[:min(len(source), 1024)]); m != nil {
		return strings.ToLower(string(m[1]))
	}
	return ""
}

// parseHTML returns the tree of a page, or nil if it would be too large or
// deeper than depth.
func parseHTML(source string, depth int) *html.Node {
	if len(source) > maxReadable {
		return nil
	}
	doc, err := html.ParseWithOptions(strings.NewReader(source), html.ParseOptionEnableScripting(false))
	if err != nil || !depthWithin(doc, depth) {
		return nil
	}
	return doc
}

// depthWithin tells whether no element is nested deeper than depth.
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

// readableText returns the text of the readable part of doc, and completes t
// from what the page says about itself.
func readableText(ctx context.Context, doc *html.Node, t *Text, limit int64) *textWriter {
	whole := &htmlText{textWriter: textWriter{limit: limit}}
	whole.walk(doc)
	t.Title = oneLine(whole.title)
	t.setMeta(MetaLanguage, whole.lang)
	if ctx.Err() != nil {
		return &whole.textWriter
	}
	parser := readability.NewParser()
	article, err := parser.ParseAndMutate(doc, nil)
	if err != nil || article.Node == nil {
		return &whole.textWriter
	}
	part := &htmlText{textWriter: textWriter{limit: limit}}
	part.walk(article.Node)
	if part.b.Len() < minReadable && part.b.Len() < whole.b.Len() || float64(part.b.Len()) < minReadableShare*float64(whole.b.Len()) {
		return &whole.textWriter
	}
	// The title of the article leaves out the name of the site.
	if title := oneLine(article.Title()); title != "" {
		t.Title = title
	}
	t.setMeta(MetaAuthor, article.Byline())
	return &part.textWriter
}

// unclosedScript tells whether the page ends inside a script, as browsers see
// it: nothing behind the script's start is shown.
func unclosedScript(source string) bool {
	source = strings.ToLower(source)
	i := strings.LastIndex(source, "<script")
	return i >= 0 && !strings.Contains(source[i:], "</script")
}

// flatText reads a page as a sequence of tags and text, for pages that cannot
// be made a tree of. With scripts, what is in scripts is read too.
func flatText(source string, t *Text, limit int64, scripts bool) *textWriter {
	w := &htmlText{textWriter: textWriter{limit: limit}}
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		tag, _ := z.TagName()
		name := atom.Lookup(tag)
		if scripts && name == atom.Script {
			z.NextIsNotRawText()
			continue
		}
		switch kind {
		case html.ErrorToken:
			t.Title = oneLine(w.title)
			return &w.textWriter
		case html.TextToken:
			w.content(strings.ToValidUTF8(string(z.Text()), "\uFFFD"))
		case html.StartTagToken:
			w.open(name)
		case html.EndTagToken:
			w.close(name)
		case html.SelfClosingTagToken:
			w.open(name)
			w.close(name)
		}
	}
}
