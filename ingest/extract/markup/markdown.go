// Package markup reads texts with marks in them: Markdown and HTML.
package markup

import (
	"context"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/albert-search/albert-search/ingest/extract"
)

// Markdown returns the format Markdown. The Body stays the source, so that its
// lines and bytes are those of the file; headings and, from the front matter,
// title and metadata are taken out of it. Without a title there, the title is
// the first heading of level 1.
func Markdown() extract.Format {
	return extract.Format{
		Name: "markdown", Title: "a Markdown document",
		MediaTypes: []string{"text/markdown", "text/x-markdown"},
		Extensions: []string{"md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"},
		Text:       true,
		Isolation:  extract.Subprocess,
		Verbatim:   true, FrontMatter: true,
		Version: 1, Read: readMarkdown,
	}
}

func readMarkdown(ctx context.Context, in *extract.Input) (*extract.Text, error) {
	d, err := in.ReadText("")
	if err != nil {
		return nil, err
	}
	t := d.Document()
	front, start := frontMatter(t.Body)
	for key, value := range front {
		if key == "title" {
			t.Title = extract.OneLine(value)
			continue
		}
		t.SetMeta(key, value)
	}
	t.SetLanguage(front[extract.MetaLanguage])
	blocks, err := scan(ctx, t.Body, start)
	if err != nil {
		return nil, err
	}
	t.Blocks, t.Headings = blocks.blocks.Finish(len(t.Body)), blocks.headings
	for _, h := range t.Headings {
		if t.Title == "" && h.Level == 1 {
			t.Title = h.Text
		}
	}
	return t, nil
}

// frontMatter reads the scalars of interest of a YAML (---) or TOML (+++)
// block at the very start of s, and returns where the block ends.
func frontMatter(s string) (values map[string]string, end int) {
	fence, rest, ok := strings.Cut(s, "\n")
	fence = strings.TrimRight(fence, " \t\r")
	if !ok || fence != "---" && fence != "+++" {
		return nil, 0
	}
	separator := map[string]string{"---": ":", "+++": "="}[fence]
	values = map[string]string{}
	for line := range strings.Lines(rest) {
		end += len(line)
		key := strings.TrimRight(line, " \t\r\n")
		if key == fence || fence == "---" && key == "..." {
			return values, len(s) - len(rest) + end
		}
		key, value, _ := strings.Cut(key, separator)
		switch key = strings.ToLower(strings.TrimSpace(key)); key {
		case "lang":
			key = extract.MetaLanguage
		case "title", extract.MetaAuthor, extract.MetaDate, extract.MetaLanguage, extract.MetaSubject, extract.MetaKeywords:
		default:
			continue
		}
		if value = strings.TrimSpace(value); len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		values[key] = value
	}
	return nil, 0 // never closed: a thematic break, not front matter
}

// newInlineParser returns a parser for what stands in a line.
func newInlineParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(util.Prioritized(parser.NewParagraphParser(), 1000)),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
	)
}

// markdownInline returns the text of a heading without its markup.
func markdownInline(inline parser.Parser, source string) string {
	source = extract.Cut(source, extract.MaxTitle)
	if !strings.ContainsAny(source, "*_`[]<>&\\!") {
		return extract.OneLine(source)
	}
	line := []byte(source)
	var b strings.Builder
	_ = ast.Walk(inline.Parse(text.NewReader(line)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(n.Value(line)))))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(line))
		}
		return ast.WalkContinue, nil
	})
	return extract.OneLine(b.String())
}
