package extract

import (
	"slices"
	"strings"
	"testing"
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
	got := mustExtract(t, "a.md", src)
	if got.Body != src || !got.Lines {
		t.Error("the body is not the source")
	}
	if got.Title != "The *plan*" || got.Metadata[MetaAuthor] != "Ann" || got.Metadata[MetaLanguage] != "en" || len(got.Metadata) != 2 {
		t.Errorf("title %q, metadata %v", got.Title, got.Metadata)
	}
	want := []Heading{
		{strings.Index(src, "# Part"), 1, "Part one with code and a link & *"},
		{strings.Index(src, "Part two"), 2, "Part two"},
		{strings.Index(src, "> ###"), 3, "In a quotation"},
	}
	if !slices.Equal(got.Headings, want) {
		t.Errorf("headings\n%+v, want\n%+v", got.Headings, want)
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
		if got := mustExtract(t, "a.md", tt.src); got.Title != tt.title || got.Body != tt.src {
			t.Errorf("%q: title %q, want %q", tt.src, got.Title, tt.title)
		}
	}
}

// Patterns that make parsers slow or overflow their stack.
func TestHostileMarkdown(t *testing.T) {
	for _, s := range []string{">", "> ", "- ", "* ", "[", "![", "*_", "`", "1. ", "<a ", "\\", "# ", "|", "\t", "[a]: b\n", "> - "} {
		src := "# Title\n\n" + strings.Repeat(s, 100_000)
		if got := mustExtract(t, "a.md", src); got.Body != src {
			t.Errorf("%q: the body is not the source", s)
		}
	}
}
