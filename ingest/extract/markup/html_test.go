package markup_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/markup"
)

var shared = extract.New([]extract.Format{markup.Markdown(), markup.HTML()}, extract.Options{})

const prose = "The lighthouse on Gull Rock was lit for the first time in the spring of 1871, and its keeper carried the oil " +
	"up ninety-four steps every evening, whatever the weather, until paraffin followed some years later."

// textOf is the text of a page that is not furniture.
func textOf(t *extract.Text) (text, furniture string) {
	for _, b := range t.Blocks {
		if b.Kind == document.Furniture {
			furniture += t.Body[b.Start:b.End]
		} else {
			text += t.Body[b.Start:b.End]
		}
	}
	return text, furniture
}

func TestHTMLReadsThePage(t *testing.T) {
	page := `<!doctype html><html lang="en-GB"><head><title>Gull Rock | Harbour News</title>
<style>p { color: red }</style><script>var hidden = "<p>program</p>";</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/tides">Tide tables</a></li></ul></nav>
<article><h1>Gull Rock</h1>` + strings.Repeat("<p>"+prose+"</p>", 6) + `
<h2 id="lamp">The   <em>lamp</em></h2><p>It cost &pound;40 &amp; more.<br>Twice.</p>` + strings.Repeat("<p>"+prose+"</p>", 2) + `
</article><footer><p>Subscribe to our newsletter</p></footer></body></html>`
	got := extracttest.Must(t, shared, "a.html", page)
	text, furniture := textOf(got)
	for _, unwanted := range []string{"Tide tables", "newsletter"} {
		if strings.Contains(text, unwanted) || !strings.Contains(furniture, unwanted) {
			t.Errorf("%q is not furniture", unwanted)
		}
	}
	for _, unwanted := range []string{"program", "color", "<"} {
		if strings.Contains(got.Body, unwanted) {
			t.Errorf("%q is in the text", unwanted)
		}
	}
	if !strings.Contains(text, prose+"\n\nThe lamp\n\nIt cost £40 & more.\nTwice.\n\n"+prose) {
		t.Errorf("got %q", text)
	}
	if got.Title != "Gull Rock" || got.Metadata[extract.MetaLanguage] != "en-GB" || got.Verbatim {
		t.Errorf("title %q, metadata %v", got.Title, got.Metadata)
	}
	lamp := strings.Index(got.Body, "The lamp")
	if !slices.Contains(got.Headings, extract.Heading{Start: lamp, Level: 2, Text: "The lamp"}) {
		t.Errorf("headings %+v", got.Headings)
	}
	if p := got.Place(lamp + 20); p.Line != 5 || p.Anchor != "lamp" {
		t.Errorf("the lamp is at %+v", p)
	}
	left := []document.LeftOut{{What: "script", Count: 1, Bytes: 30}, {What: "style", Count: 1, Bytes: 16}}
	if !slices.Equal(got.LeftOut, left) {
		t.Errorf("left out: %+v", got.LeftOut)
	}
}

// What is furniture follows from what encloses it, and not from how long it is.
func TestHTMLFurniture(t *testing.T) {
	const article = "<main><h1>Title</h1><p>" + prose + "</p>"
	tests := []struct{ html, text, furniture string }{
		{"<div class=breadcrumbs><a href=a>Home</a> <a href=b>Rocks</a></div>" + article, "Title", "Rocks"},
		{article + "<div class=share-buttons><a href=a>Post this</a></div></main>", "Title", "Post this"},
		{article + "</main><div role=contentinfo>Printed in Hull</div>", "Title", "Printed in Hull"},
		{article + "</main><div id=cookie-banner><p>We store biscuits.</p><button>Fine</button></div>", "Title", "biscuits"},
		{article + "</main><aside><ul><li><a href=a>Other rocks</a></ul></aside>", "Title", "Other rocks"},
		{article + "</main><aside><p>An aside with prose.</p></aside>", "aside with prose", ""},
		{article + "<aside class=related><a href=a>Seals</a></aside></main>", "Title", "Seals"},
		{article + "</main><div role=dialog><p>Do you want to leave?</p></div>", "Title", "leave"},
		{article + "</main><div hidden><p>Behind a click.</p></div>", "Title", "Behind a click"},
		{article + "<details><summary>More</summary><p>Within details.</p></details></main>", "Within details", ""},
		{article + "<p class=comment>A lantern was given.</p><p class=footer-note>Hangs in the shop.</p></main>", "lantern was given.\n\nHangs in the shop.", ""},
		{"<header class=intro><p>The mayor comes on Monday.</p></header>" + article, "mayor", ""},
		{article + "<div class=item><button class=toggle>May dogs come?</button><div class=panel hidden><p>On a lead.</p></div></div></main>", "May dogs come?\n\nOn a lead.", ""},
		{article + "<form><label>Name <input value=Marl></label><select><option>one<option selected>two</select><button>Send</button></form></main>", "two", "one"},
		{article + "<noscript><p>Without a program.</p></noscript></main>", "Without a program", ""},
		{article + "<figure><img src=a alt='A grey seal'><figcaption>On the rock</figcaption></figure></main>", "A grey seal\nOn the rock", ""},
		{article + "<p>Seen <a href=a>from <img src=b alt='Hull'></a> only.</p></main>", "Seen from Hull only.", ""},
		{article + "<a href=a><img src=b alt='The shop'></a></main>", "Title", "The shop"},
		// What follows an article is not part of it, where the page says that it is
		// one; the answers of a thread are.
		{"<meta property=og:type content=article>" + article + "</main><div><p>Write to us.</p></div>", "Title", "Write to us"},
		{article + "</main><div><p>Write to us.</p></div>", "Write to us", ""},
		{"<meta property=og:type content=article><h1>Oil</h1><div class=post><p>" + prose + "</p></div><div class=post><p>Try it.</p></div>", "Try it", ""},
		// A page of links alone is about them.
		{"<body><nav><a href=a>One</a> <a href=b>Two</a></nav>", "One Two", ""},
		{"<h1>Part I</h1><div class=toc><ul><li><a href=a>Lamps and wicks</a><li><a href=b>Oil</a></ul></div>", "- Lamps and wicks", ""},
		{article + "<div class=toc><a href=#a>Lamps</a></div></main>", "Title", "Lamps"},
		{"<main><h1>Contents</h1><ul class=menu><li><a href=a>Lamps</a><li><a href=b>Oil</a></ul></main>", "- Lamps\n- Oil", ""},
	}
	for _, tt := range tests {
		text, furniture := textOf(extracttest.Must(t, shared, "a.html", tt.html))
		if !strings.Contains(text, tt.text) || !strings.Contains(furniture, tt.furniture) {
			t.Errorf("%s:\ntext %q\nfurniture %q", tt.html, text, furniture)
		}
		if tt.furniture != "" && strings.Contains(text, tt.furniture) {
			t.Errorf("%s:\n%q is in the text", tt.html, tt.furniture)
		}
	}
}

func TestHTMLPlaces(t *testing.T) {
	page := "<!-- one\ntwo --><h1\n id=top>Three</h1>\n<pre>\nfive\nsix</pre><p>seven\nstill\n<b>nine</b></p><script>\n\n</script>ten <a name=end></a><p>eleven"
	got := extracttest.Must(t, shared, "a.html", strings.ReplaceAll(page, "eleven", "eleven"))
	for word, want := range map[string]document.Place{
		"Three": {Line: 3, Anchor: "top"}, "five": {Line: 5, Anchor: "top"}, "six": {Line: 6, Anchor: "top"}, "seven": {Line: 6, Anchor: "top"},
		"nine": {Line: 8, Anchor: "top"}, "ten": {Line: 10, Anchor: "top"}, "eleven": {Line: 10, Anchor: "end"},
	} {
		if p := got.Place(strings.Index(got.Body, word)); !p.Equal(want) {
			t.Errorf("%s is at %+v, want %+v", word, p, want)
		}
	}
}

func TestHTMLTitle(t *testing.T) {
	tests := []struct{ html, want string }{
		{"<title>Oil | Gull Rock</title><h1>Oil</h1>", "Oil"},
		{"<title>Gull Rock: Oil</title><h1>Oil</h1>", "Oil"},
		{"<title>Oil - Gull Rock</title><meta property=og:title content=Oil>x", "Oil"},
		{"<title>Oil - Gull Rock</title><meta property=og:site_name content='Gull Rock'>x", "Oil"},
		{"<title>Oil lamps of old</title><h1>Oil</h1>", "Oil lamps of old"},
		{"<h1>Oil</h1>", "Oil"},
		{"<title>Oil</title><h1>Welcome</h1>", "Oil"},
	}
	for _, tt := range tests {
		if got := extracttest.Must(t, shared, "a.html", tt.html); got.Title != tt.want {
			t.Errorf("%s: got %q, want %q", tt.html, got.Title, tt.want)
		}
	}
	got := extracttest.Must(t, shared, "a.html", "<meta name=author content='A. Marl'><meta property=article:published_time content=1871-03-02><p>x")
	if got.Metadata[extract.MetaAuthor] != "A. Marl" || got.Metadata[extract.MetaDate] != "1871-03-02" {
		t.Errorf("metadata %v", got.Metadata)
	}
}

func TestHTMLLayout(t *testing.T) {
	tests := []struct{ html, want string }{
		{"<p>One<p>Two", "One\n\nTwo"},
		{"a <b>b</b>c\n d", "a bc d"},
		{"<ul><li>one<li><p>two</p><ul><li>deep</ul></ul>after", "- one\n- two\n- deep\n\nafter"},
		{"<table><tr><th>Year<th>Ships<tr><td>1900<td><p>40</p><tr><td><td>41</table>end", "Year\tShips\n1900\t40\n\t41\n\nend"},
		{"<pre>a\n  b\tc\n</pre>d", "a\n  b\tc\n\n\nd"},
		{"x<script>no</script><template>no</template><svg><title>no</title></svg>y", "xy"},
		{"<ol start=3><li>c<li value=7>g<ol type=i><li>x<li>y</ol></ol>", "3. c\n7. g\ni. x\nii. y"},
		{"<ol reversed><li>b<li>a</ol><ol type=A start=27><li>x</ol>", "2. b\n1. a\n\nAA. x"},
		{"lit in 1871<sup>4</sup>, 905 m<sup>2</sup>, 10<sup>5</sup>, keeper<sup><a href='#n1'>1</a></sup>, CO<sub>2</sub>, x<sub>i</sub>", "lit in 1871^4, 905 m2, 10^5, keeper [1], CO2, x_i"},
		{"<ruby>灯<rp>(</rp><rt>とう</rt><rp>)</rp>台<rt>だい</rt></ruby>へ", "灯台(とうだい)へ"},
		{"<math><msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><mfrac><mn>1</mn><mi>y</mi></mfrac></math>", "x^2 = 1/y"},
		{"<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x_{1}</annotation></semantics></math>", "x_{1}"},
		{"so <script type='math/tex'>a^2</script> is", "so a^2 is"},
		{"<a href=a>one</a><a href=b>two</a> <span>May</span><span>Marl</span> <b>l</b><i>amp</i>", "one two May Marl lamp"},
		{"<p>a</p><table role=presentation><tr><td>left<td>right</table>", "a\n\nleft\n\nright"},
		{"<table><tr><td class=gutter><pre>1\n2</pre></td><td><pre>a\nb</pre></td></table>", "a\nb"},
		{"<table><tr><td><code>404</code><td><code>not_there</code><tr><td>405<td><p><code>not_so</code></table>", "404\tnot_there\n405\tnot_so"},
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
