package markup_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/markup"
)

var shared = extract.New([]extract.Format{markup.Markdown(), markup.HTML()}, extract.Options{})

const prose = "The lighthouse on Gull Rock was lit for the first time in the spring of 1871, and its keeper carried the oil " +
	"up ninety-four steps every evening, whatever the weather, until paraffin followed some years later."

func TestHTMLReadsTheArticle(t *testing.T) {
	page := `<!doctype html><html lang="en-GB"><head><title>Gull Rock | Harbour News</title>
<style>p { color: red }</style><script>var hidden = "<p>program</p>";</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/tides">Tide tables</a></li></ul></nav>
<article><h1>Gull Rock</h1>` + strings.Repeat("<p>"+prose+"</p>", 6) + `
<h2>The   <em>lamp</em></h2><p>It cost &pound;40 &amp; more.<br>Twice.</p>` + strings.Repeat("<p>"+prose+"</p>", 2) + `
</article><footer><p>Subscribe to our newsletter</p></footer></body></html>`
	got := extracttest.Must(t, shared, "a.html", page)
	for _, unwanted := range []string{"Tide tables", "program", "color", "newsletter", "<"} {
		if strings.Contains(got.Body, unwanted) {
			t.Errorf("%q is in the text", unwanted)
		}
	}
	if !strings.Contains(got.Body, prose+"\n\nThe lamp\n\nIt cost £40 & more.\nTwice.\n\n"+prose) {
		t.Errorf("got %q", got.Body)
	}
	if !strings.Contains(got.Title, "Gull Rock") || got.Metadata[extract.MetaLanguage] != "en-GB" || got.Verbatim {
		t.Errorf("title %q, metadata %v", got.Title, got.Metadata)
	}
	if !slices.Contains(got.Headings, extract.Heading{Start: strings.Index(got.Body, "The lamp"), Level: 2, Text: "The lamp"}) {
		t.Errorf("headings %+v", got.Headings)
	}
}

// Pages too short to tell an article are read whole.
func TestHTMLLayout(t *testing.T) {
	tests := []struct{ html, want string }{
		{"<p>One<p>Two", "One\n\nTwo"},
		{"a <b>b</b>c\n d", "a bc d"},
		{"<ul><li>one<li><p>two</p><ul><li>deep</ul></ul>after", "- one\n- two\n- deep\n\nafter"},
		{"<table><tr><th>Year<th>Ships<tr><td>1900<td><p>40</p><tr><td><td>41</table>end", "Year\tShips\n1900\t40\n\t41\n\nend"},
		{"<pre>a\n  b\tc\n</pre>d", "a\n  b\tc\n\n\nd"},
		{"<div hidden>no</div><p style='display: none'>no</p><p aria-hidden=true>no</p>yes", "yes"},
		{"x<script>no</script><noscript>no</noscript><template>no</template><svg><title>no</title></svg>y", "xy"},
		{"<title>T</title>caf&eacute; &#x1F600; &lt;tag&gt;", "café 😀 <tag>"},
		{"<html><head><script>var a='</p>';<body><p>Never closed", "var a='\n\n';\n\nNever closed"},
	}
	for _, tt := range tests {
		if got := extracttest.Must(t, shared, "a.html", tt.html); got.Body != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.html, got.Body, tt.want)
		}
	}
}

func TestHTMLBlocks(t *testing.T) {
	got := extracttest.Must(t, shared, "a.html", "<h1>Title<br>two</h1><p>One.<br>- not an item</p>lose text\n"+
		"<ul><li>one<li><p>two</p><p>more of two</p><ul><li>deep</ul></ul>\n"+
		"<blockquote><p>Said.</p><p>Again.</p></blockquote>\n"+
		"<table><caption>Ships</caption><thead><tr><td>Year<td>Ships</thead><tr><td><p>1900</p><td>40<tr><th>1901<td><p>41</p><p>or so</p></table>\n"+
		"<table><tr><td><h3>Left</h3>text<td><h3>Right</h3>text<ul><li>x</ul></table>\n"+
		"<dl><dt>Term<dd>Description<dd><dl><dt>Inner<dd>Deep</dl></dl>\n"+
		"<figure><img><figcaption>A picture</figcaption></figure><pre>a\n"+
		"  b</pre><li><h4>In an item</h4></li>\n")
	const want = `heading1 "Title\ntwo"
paragraph "One.\n- not an item"
paragraph "lose text"
item "- one"
item "- two"
paragraph "more of two"
item1 "- deep"
quotation "Said."
quotation "Again."
caption "Ships"
header "Year\tShips"
row "1900\t40"
row "1901\t41\n\nor so"
heading3 "Left"
paragraph "text"
heading3 "Right"
paragraph "text"
item "- x"
term "Term"
description "Description"
term1 "Inner"
description1 "Deep"
caption "A picture"
code "a\n  b"
heading4 "- In an item"
`
	if blocks := extracttest.Blocks(got); blocks != want {
		t.Errorf("got\n%s\nwant\n%s", blocks, want)
	}
	// Pages that cannot be made a tree of have blocks as well, and headings that
	// are never closed end somewhere.
	got = extracttest.Must(t, shared, "a.html", "<h2>Head<p>text<ul><li>x"+strings.Repeat("<div>", 300)+"deep")
	if blocks := extracttest.Blocks(got); blocks != "heading2 \"Head\"\nparagraph \"text\"\nitem \"- x\"\nparagraph \"deep\"\n" {
		t.Errorf("got %s", blocks)
	}
}

func TestHTMLCharset(t *testing.T) {
	const declared = "<meta http-equiv=Content-Type content='text/html; charset=%s'><p>"
	tests := []struct{ html, body, charset string }{
		{strings.Replace(declared, "%s", "koi8-r", 1) + "\xED\xC1\xD1\xCB", "Маяк", "koi8-r"},
		{"<meta charset=shift_jis><p>\x93\x94\x91\xE4", "灯台", "shift_jis"},
		// What the bytes say counts more than what the page says.
		{strings.Replace(declared, "%s", "iso-8859-1", 1) + "Маяк", "Маяк", ""},
		{"<p>gr\xfc\xdfe und sch\xf6nes Wetter", "grüße und schönes Wetter", "windows-1252"},
	}
	for _, tt := range tests {
		if got := extracttest.Must(t, shared, "a.html", tt.html); got.Body != tt.body || got.Metadata[extract.MetaCharset] != tt.charset {
			t.Errorf("%q: got %q, %v", tt.html, got.Body, got.Metadata)
		}
	}
}

func TestHTMLWithoutText(t *testing.T) {
	for _, page := range []string{"<html><body><img src=x></body></html>", "<script>var a = 1</script>"} {
		if got, err := extracttest.Extract(shared, "a.html", page); !errors.Is(err, extract.ErrNoText) {
			t.Errorf("%s: got %+v, %v, want extract.ErrNoText", page, got, err)
		}
	}
}

func TestHostileHTML(t *testing.T) {
	for _, tag := range []string{"<div>", "<b>", "<table><tr><td>", "<ul><li>", "<a href=x><p>", "<select>", "<svg><g>", "<template>"} {
		page := "before" + strings.Repeat(tag, 1_000_000/len(tag)) + "inside"
		got := extracttest.Must(t, shared, "a.html", page)
		if !strings.Contains(got.Body, "before") {
			t.Errorf("%s: got %.50q", tag, got.Body)
		}
	}
	// As deep as is asked for.
	page := strings.Repeat("<div>", 1_000_000) + "deep" + strings.Repeat("</div>", 1_000_000)
	if got := extracttest.Must(t, shared, "a.html", page); got.Body != "deep" || !strings.Contains(got.Note, "too deeply nested") {
		t.Errorf("got %q, note %q", got.Body, got.Note)
	}
}

func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		"<title>t</title><h1>a</h1><p>b<br>c<ul><li>d</ul><table><tr><td>e<td>f</table><pre>\n g</pre>",
		"<meta charset=utf-16><p>&amp;&#0;&nbsp;", "<script>var a", "<h2><h3>x</h2></h3>", "<svg><title>a</svg><title>b",
		strings.Repeat("<div>", 300) + "deep" + strings.Repeat("</b></pre></li></td>", 3),
	} {
		f.Add(seed)
	}
	extracttest.Fuzz(f, shared, "a.html", nil)
}
