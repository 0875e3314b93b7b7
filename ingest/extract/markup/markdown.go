// Package markup reads texts with marks in them: Markdown and HTML.
package markup

import (
	"context"
	"strings"

	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// Markdown returns the format Markdown: CommonMark, and what people add to it. The
// Body is what its readers are shown, without the marks; Places lead to the lines
// of the file. Code stays as it is, and so does front matter, of which title and
// metadata are taken. Without a title there, the title is the first heading of
// level 1.
func Markdown() extract.Format {
	return extract.Format{
		Name: "markdown", Title: "a Markdown document",
		MediaTypes: []string{"text/markdown", "text/x-markdown"},
		Extensions: []string{"md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"},
		Text:       true,
		Isolation:  extract.Subprocess,
		Lines:      extract.Paragraphs, FrontMatter: true,
		Version: 2, Read: readMarkdown,
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
	if err := writeMarkdown(ctx, in, t, start); err != nil {
		return nil, err
	}
	for _, h := range t.Headings {
		if t.Title == "" && h.Level == 1 {
			t.Title = h.Text
		}
	}
	return t, nil
}

// writeMarkdown makes what is shown of the Body of t, which is the source. Up to
// the offset start there is front matter, which stays as it is.
func writeMarkdown(ctx context.Context, in *extract.Input, t *extract.Text, start int) error {
	source := t.Body
	notes := findFootnotes(source)
	w := newMarkdownText(in.Limits.TextBytes, source, notes)
	w.verbatim(source[:start], document.Code)
	var references map[string]parser.Reference
	for c := range chunks(source, start) {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.lines.base = c.start
		if c.plain {
			w.plain(source[c.start:c.end])
			continue
		}
		if references == nil && c.end < len(source) {
			references = findReferences(source)
		}
		w.source = []byte(source[c.start:c.end])
		pc := &markdownContext{Context: parser.NewContext(), references: references, notes: notes}
		w.block(newMarkdownParser().Parse(text.NewReader(w.source), parser.WithContext(pc)))
	}
	w.Finish(t)
	if w.comments > 0 {
		t.LeftOut = append(t.LeftOut, document.LeftOut{What: "comment", Count: w.comments, Bytes: w.commentBytes})
	}
	return nil
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
