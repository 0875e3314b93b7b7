package markup_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
)

func TestMarkdown(t *testing.T) {
	const src = "---\n" +
		"title: \"The *plan*\"\n" +
		"author: Ann\n" +
		"lang: en\n" +
		"draft: true\n" +
		"---\n" +
		"\r\n" +
		"# Part _one_ with `code` and [a link](http://x.test \"t\") &amp; \\* #\n" +
		"text\n" +
		"\n" +
		"Part two\n" +
		"---\n" +
		"```\n" +
		"# not a heading\n" +
		"```\n" +
		"    # nor this\n" +
		"\n" +
		"> ### In a quotation\n" +
		"\n" +
		"#\n" +
		"#hashtag\n"
	got := extracttest.Must(t, shared, "a.md", src)
	if got.Title != "The *plan*" || got.Metadata[extract.MetaAuthor] != "Ann" || got.Metadata[extract.MetaLanguage] != "en" || len(got.Metadata) != 2 {
		t.Errorf("title %q, metadata %v", got.Title, got.Metadata)
	}
	at := func(s string) int { return strings.Index(got.Body, s) }
	want := []extract.Heading{
		{Start: at("Part one"), Level: 1, Text: "Part one with code and a link & *"},
		{Start: at("Part two"), Level: 2, Text: "Part two"},
		{Start: at("In a quotation"), Level: 3, Text: "In a quotation"},
	}
	if !slices.Equal(got.Headings, want) {
		t.Errorf("headings\n%+v, want\n%+v", got.Headings, want)
	}
	const blocks = `code "---\ntitle: \"The *plan*\"\nauthor: Ann\nlang: en\ndraft: true\n---"
heading1 "Part one with code and a link & *"
paragraph "text"
heading2 "Part two"
code "# not a heading"
code "# nor this"
heading3 "In a quotation"
paragraph "#hashtag"
`
	if b := extracttest.Blocks(got); b != blocks {
		t.Errorf("got\n%s\nwant\n%s", b, blocks)
	}
}

// What is shown is read, and nothing else.
func TestMarkdownText(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"emphasis", "It is _very_ wet, __quite__ *dry* and **un***real*, in a_name_of_a_file.", "It is very wet, quite dry and unreal, in a_name_of_a_file."},
		{"struck", "~~Ten~~ nine kegs", "Ten nine kegs"},
		{"links", "[the *pier*](https://x.test/a_b \"t\"), [barn][b], [barn][] and [barn], <https://x.test/_a_>\n\n[b]: /x\n[barn]: <y> 'title'\n", "the pier, barn, barn and barn, https://x.test/_a_"},
		{"undefined link", "see [the shed] and [x][y]", "see [the shed] and [x][y]"},
		{"pictures", "![a *red* door](d.png) and ![](data:image/png;base64,iVBORw0KGgo=) end", "a red door and end"},
		{"embedded by reference", "![door][d]\n\n[d]: data:image/png;base64,iVBORw0KGgo=\n", "door"},
		{"escapes", `\*no\* \_no\_ a\b &copy; &#65; &unknown; &amp;lt; R&D`, `*no* _no_ a\b © A &unknown; &lt; R&D`},
		{"line ends", "one\ntwo  \nthree\\\nfour", "one two\nthree\nfour"},
		{"hyphen at a line end", "a well-\nknown tow-\nrope", "a well-\nknown tow-\nrope"},
		{"line ends of scripts without spaces", "北京\n上海 and\n東京", "北京上海 and 東京"},
		{"code", "use `a  _b_`, ``c`d`` and `*`", "use a  _b_, c`d and *"},
		{"fenced", "~~~ go\nif *a {\n\n\t_b_\n}\n~~~\n", "if *a {\n\n\t_b_\n}"},
		{"numbers", "3. c\n4. d\n   - e\n\n1) f", "3. c\n4. d\n- e\n\n1) f"},
		{"tasks", "- [x] sand\n- [ ] paint", "- ☑ sand\n- ☐ paint"},
		{"table", "| a | *b* |\n|:--|--:|\n| `c\\|d` | e<br>f |\n", "a\tb\nc|d\te\nf"},
		{"footnotes", "Built 1884[^n] by Orme[^2].\n\n[^2]: A _smith_.\n\n[^n]: Or 1885.\n\n    Says who?\n\n[^none]: Alone.", "Built 1884 [1] by Orme [2].\n\n[2] A smith.\n\n[1] Or 1885.\n\nSays who?\n\n[none] Alone."},
		{"no footnote", "a[^b] and ![^c]", "a[^b] and ![^c]"},
		{"formulas", "so $a_1 * b_2$ and $$x_i * y_i$$; $5 and $6 *or* $7", "so $a_1 * b_2$ and $$x_i * y_i$$; $5 and $6 or $7"},
		{"formula", "$$\na_1 * b_1\n\\\\\n$$\n*x*", "$$\na_1 * b_1\n\\\\\n$$\n\nx"},
		{"links of wikis", "see [[Long Pier|the pier]], [[Shed]] and [[a|b]](c)", "see the pier, [[Shed]] and [a|b]"},
		{"definitions", "Keel\n: The *lowest* beam.\n: And more.\n", "Keel\nThe lowest beam.\nAnd more."},
		{"attributes", "# The keel {#keel .x}\n", "The keel"},
		{"rule", "a\n\n***\n\nb", "a\n\nb"},
		{"HTML", "<div align=\"center\">\n  <h1>Boat</h1><p>One<br>two</p>\n</div>\n\na <kbd>Ctrl</kbd> 10<sup>5</sup>, CO<sub>2</sub>", "Boat\n\nOne\ntwo\n\na Ctrl 10^5, CO2"},
		{"HTML around Markdown", "<details><summary>More</summary>\n\nIt is *inside*.\n\n</details>\n\nafter", "More\n\nIt is inside.\n\nafter"},
		{"table of HTML", "<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>c</td>\n<td>d</td></tr>\n</table>", "a\tb\nc\td"},
		{"picture of HTML", "<p><img src=\"x.png\" alt=\"A mast\"></p>", "A mast"},
		{"not shown", "a <!-- *b* --> c\n\n<!--\nd\n-->\n\n<style>\ne { }\n</style>\n\nf", "a c\n\nf"},
		{"words that look like tags", "run `x` on <file>, a List<String> and <script> too", "run x on <file>, a List<String> and too"},
		{"elements that HTML does not know", "a <x-y>b</x-y> c", "a b c"},
		{"not closed", "<div hidden>\n\nstill *here*", "still here"},
	}
	for _, tt := range tests {
		if got := extracttest.Must(t, shared, "a.md", tt.src); got.Body != tt.want {
			t.Errorf("%s: got\n%q, want\n%q", tt.name, got.Body, tt.want)
		}
	}
}

func TestMarkdownLeavesOut(t *testing.T) {
	got := extracttest.Must(t, shared, "a.md", "a <!-- b --> c\n\n<!--\nd\n-->\n")
	if want := []document.LeftOut{{What: "comment", Count: 2, Bytes: 20}}; !slices.Equal(got.LeftOut, want) {
		t.Errorf("left out are %+v, want %+v", got.LeftOut, want)
	}
}

func TestMarkdownBlocks(t *testing.T) {
	got := extracttest.Must(t, shared, "a.md", "# One #\n"+
		"para\n"+
		"more\n"+
		"- item\n"+
		"  lazy\n"+
		"  - nested\n"+
		"    1. deeper\n"+
		"\n"+
		"  paragraph in the list\n"+
		"\n"+
		"Setext\n"+
		"======\n"+
		"> quoted\n"+
		"> more\n"+
		"lazy\n"+
		">\n"+
		"> > twice\n"+
		"\n"+
		"| a | b |\n"+
		"|---|---|\n"+
		"| 1 | 2 |\n"+
		"| 3 |\n"+
		"\n"+
		"x | y\n"+
		"--|--\n"+
		"1 | 2\n"+
		"\n"+
		"Term\n"+
		": Desc\n"+
		": Desc 2\n"+
		"\n"+
		"end\n"+
		"\n"+
		"    indented\n"+
		"\n"+
		"    code\n")
	const want = `heading1 "One"
paragraph "para more"
item "- item lazy"
item1 "- nested"
item2 "1. deeper"
paragraph "paragraph in the list"
heading1 "Setext"
quotation "quoted more lazy"
quotation1 "twice"
header "a\tb"
row "1\t2"
row "3"
header "x\ty"
row "1\t2"
term "Term"
description "Desc"
description "Desc 2"
paragraph "end"
code "indented\n\ncode"
`
	if blocks := extracttest.Blocks(got); blocks != want {
		t.Errorf("got\n%s\nwant\n%s", blocks, want)
	}
}

func TestMarkdownTitles(t *testing.T) {
	tests := []struct{ src, title string }{
		{"text\n\n## Two\n\n# One\n", "One"},
		{"+++\ntitle = 'From TOML'\n+++\n# One\n", "From TOML"},
		{"---\ntitle: no end\n", ""},
		{"---\ntitle:\n---\n# One\n", "One"},
		{"text only\n", ""},
		{"<h1 align=\"center\">The <i>boat</i></h1>\n\ntext", "The boat"},
	}
	for _, tt := range tests {
		if got := extracttest.Must(t, shared, "a.md", tt.src); got.Title != tt.title {
			t.Errorf("%q: title %q, want %q", tt.src, got.Title, tt.title)
		}
	}
}

// words is a document of so many different words, with marks, in lines of a few.
func words(n int) string {
	var b strings.Builder
	word := 0
	next := func() string { word++; return fmt.Sprintf("w%05dx", word) }
	for word < n {
		fmt.Fprintf(&b, "# %s _%s_\n\n%s **%s**\n%s &amp; [%s](x) %s\n\n", next(), next(), next(), next(), next(), next(), next())
		fmt.Fprintf(&b, "- %s\n- %s\n  %s\n  1. `%s`\n\n> %s\n> ~~%s~~\n\n", next(), next(), next(), next(), next(), next())
		fmt.Fprintf(&b, "| %s | %s |\n|---|---|\n| %s | *%s* |\n\n```\n%s\n\n  %s\n```\n\n", next(), next(), next(), next(), next(), next())
		fmt.Fprintf(&b, "<div>\n<b>%s</b>\n%s</div>\n\n%s\n: %s\n\n[%s]\n\n[^%d]: %s\n\n$$\n%s\n$$\n\n", next(), next(), next(), next(), next(), word, next(), next())
	}
	return b.String()
}

// Each word is said to stand in the line that it stands in, also in documents that
// are parsed in chunks.
func TestMarkdownLines(t *testing.T) {
	for _, n := range []int{20, 20_000} {
		src := "---\ntitle: w\n---\n" + words(n)
		got := extracttest.Must(t, shared, "a.md", src)
		lines := map[string]int{}
		for i, line := range strings.Split(src, "\n") {
			for _, w := range strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				if len(w) == 7 {
					lines[w] = i + 1
				}
			}
		}
		at, found := got.Locator(), 0
		for i := 0; i+7 <= len(got.Body); i++ {
			if want, ok := lines[got.Body[i:i+7]]; ok {
				found++
				if line := at.At(i).Line; line != want {
					t.Fatalf("%d words: %s stands in line %d, not %d", n, got.Body[i:i+7], want, line)
				}
			}
		}
		if found != len(lines) {
			t.Errorf("%d words: %d of %d are there", n, found, len(lines))
		}
	}
}

// In a long document that is parsed in chunks, links lead to definitions in others,
// and code and lists stay whole.
func TestLongMarkdown(t *testing.T) {
	filler := strings.Repeat("A paragraph of some words.\n\n", 5000)
	src := "[The *pier*][p] and a note[^1].\n\n" + filler +
		"```\n# no heading\n\n*as it is*\n" + strings.Repeat("\n# x\n\ny\n", 9000) + "```\n\n" +
		"- a\n\n  ```\n  *b*\n\n# End\n\n" + filler + "[p]: /x\n[^1]: the note\n"
	got := extracttest.Must(t, shared, "a.md", src)
	if !strings.HasPrefix(got.Body, "The pier and a note [1].\n") || !strings.HasSuffix(got.Body, "\n[1] the note") {
		t.Errorf("begins with %.60q, ends with %q", got.Body, got.Body[len(got.Body)-60:])
	}
	if len(got.Headings) != 1 || got.Headings[0].Text != "End" || !strings.Contains(got.Body, "# no heading\n\n*as it is*\n\n# x\n") {
		t.Errorf("headings %+v", got.Headings[:min(9, len(got.Headings))])
	}
}

// Patterns that make parsers slow or overflow their stack. All words are there.
func TestHostileMarkdown(t *testing.T) {
	for _, s := range []string{
		">", "> ", "- ", "* ", "[", "![", "*_", "`", "1. ", "<a ", "\\", "# ", "|", "\t", "[a]: b\n", "> - ", "a**b_c", "[a](", "[a](<b",
		"~~a~", "<!--", "<?", "$", "[[", "[^a]: ", "[^a]", "| a |\n|-|\n", "a | b\n", "- a\n", "* a\n ", "*a _b ~~c ", "a\n: b\n", "<b>", "&#", "$$\n", "```\n- ",
	} {
		src := "# Title\n\n" + strings.Repeat(s, 400_000/len(s)) + "\n\nbehind it\n"
		got := extracttest.Must(t, shared, "a.md", src)
		if words := strings.Fields(got.Body); !slices.Contains(words, "behind") {
			t.Errorf("%q: what is behind it is lost: %.80q", s, got.Body[max(0, len(got.Body)-80):])
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"---\ntitle: a\n---\n# b\n\nc\n===\n", "> # a\n- ## b\n```\n# c", "# [a](b) `c` &amp; \\*d*\n", "+++\n+++\n\xff",
		"| a | b |\n|--|--|\n| `c\\|d` |\n", "a[^1] $b$ [[c|d]]\n\n[^1]: e\n\n    f\n$$\ng\n\n$$", "<div><b title='\n'>c</p>\n\n<!-- d --><img alt=e>\n<x>", "a\n: b\n\n1) c\n\n   \t- [x] d\n> e\\\n",
	} {
		f.Add(seed)
	}
	extracttest.Fuzz(f, shared, "a.md", nil)
}
