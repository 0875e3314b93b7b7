package markup_test

import (
	"slices"
	"strings"
	"testing"

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
	if got.Body != src || !got.Verbatim {
		t.Error("the body is not the source")
	}
	if got.Title != "The *plan*" || got.Metadata[extract.MetaAuthor] != "Ann" || got.Metadata[extract.MetaLanguage] != "en" || len(got.Metadata) != 2 {
		t.Errorf("title %q, metadata %v", got.Title, got.Metadata)
	}
	want := []extract.Heading{
		{Start: strings.Index(src, "# Part"), Level: 1, Text: "Part one with code and a link & *"},
		{Start: strings.Index(src, "Part two"), Level: 2, Text: "Part two"},
		{Start: strings.Index(src, "> ###"), Level: 3, Text: "In a quotation"},
	}
	if !slices.Equal(got.Headings, want) {
		t.Errorf("headings\n%+v, want\n%+v", got.Headings, want)
	}
}

func TestMarkdownBlocks(t *testing.T) {
	got := extracttest.Must(t, shared, "a.md", "---\n"+
		"title: a\n"+
		"---\n"+
		"# One #\n"+
		"para\n"+
		"more\n"+
		"- item\n"+
		"  lazy\n"+
		"  - nested\n"+
		"      - deeper\n"+
		"\n"+
		"    paragraph in the list\n"+
		"12. twelfth\n"+
		"---\n"+
		"Setext\n"+
		"======\n"+
		"> quoted\n"+
		"> more\n"+
		"lazy\n"+
		"> # In it\n"+
		"\n"+
		"| a | b |\n"+
		"|---|---|\n"+
		"| 1 | 2 |\n"+
		"after\n"+
		"\n"+
		"x | y\n"+
		"--|--\n"+
		"1 | 2\n"+
		"\n"+
		"Term\n"+
		": Desc\n"+
		": Desc 2\n"+
		"\n"+
		"    indented\n"+
		"\n"+
		"    code\n"+
		"text\n"+
		"```go\n"+
		"# code\n"+
		"\n"+
		"```\n"+
		"***\n"+
		"<!-- # comment\n"+
		"x -->\n"+
		"#\n"+
		"end\n")
	const want = `code "---\ntitle: a\n---"
heading1 "# One #"
paragraph "para\nmore"
item "- item\n  lazy"
item1 "- nested"
item2 "- deeper"
paragraph "paragraph in the list"
heading2 "12. twelfth\n---"
heading1 "Setext\n======"
quotation "> quoted\n> more\nlazy"
heading1 "> # In it"
header "| a | b |\n|---|---|"
row "| 1 | 2 |"
paragraph "after"
header "x | y\n--|--"
row "1 | 2"
term "Term"
description ": Desc"
description ": Desc 2"
code "indented\n\n    code"
paragraph "text"
code "` + "`" + `` + "`" + `` + "`" + `go\n# code\n\n` + "`" + `` + "`" + `` + "`" + `"
code "***"
paragraph "<!-- # comment\nx -->\n#\nend"
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
	}
	for _, tt := range tests {
		if got := extracttest.Must(t, shared, "a.md", tt.src); got.Title != tt.title || got.Body != tt.src {
			t.Errorf("%q: title %q, want %q", tt.src, got.Title, tt.title)
		}
	}
}

// Patterns that make parsers slow or overflow their stack.
func TestHostileMarkdown(t *testing.T) {
	for _, s := range []string{">", "> ", "- ", "* ", "[", "![", "*_", "`", "1. ", "<a ", "\\", "# ", "|", "\t", "[a]: b\n", "> - "} {
		src := "# Title\n\n" + strings.Repeat(s, 100_000)
		if got := extracttest.Must(t, shared, "a.md", src); got.Body != src {
			t.Errorf("%q: the body is not the source", s)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"---\ntitle: a\n---\n# b\n\nc\n===\n", "> # a\n- ## b\n```\n# c", "# [a](b) `c` &amp; \\*d*\n", "+++\n+++\n\xff"} {
		f.Add(seed)
	}
	extracttest.Fuzz(f, shared, "a.md", nil)
}
