package structure_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

func expect(t *testing.T, body string, blocks []document.Block, want string) {
	t.Helper()
	text := &extract.Text{Body: body, Blocks: blocks}
	extracttest.Check(t, text)
	if got := extracttest.Blocks(text); got != want {
		t.Errorf("%q: got\n%s\nwant\n%s", body, got, want)
	}
}

func TestProse(t *testing.T) {
	body := "\n\nTitle\n=====\nOne\ntwo.\n\n- a\n  b\n    1. c\n\nThree.\n| h | i |\n|---|---|\n| j | k |\n```\nx\n\ny\n```\nFour. Costs\nmore\n3.2 Outlook\nFive.\n"
	headings := []extract.Heading{
		{Start: strings.Index(body, "Costs"), Level: 1, Text: "Costs"},
		{Start: strings.Index(body, "more"), Level: 1, Text: "Not in the text"},
		{Start: strings.Index(body, "3.2"), Level: 2, Text: "Outlook"},
	}
	expect(t, body, structure.Prose(body, headings), `paragraph "Title"
code "====="
paragraph "One\ntwo."
item "- a\n  b"
item1 "1. c"
paragraph "Three."
header "| h | i |\n|---|---|"
row "| j | k |"
code "`+"```"+`\nx\n\ny\n`+"```"+`"
paragraph "Four."
heading1 "Costs"
paragraph "more"
heading2 "3.2 Outlook"
paragraph "Five."
`)
	for _, body := range []string{"", " ", "\n", "```", "|", "a"} {
		text := &extract.Text{Body: body, Blocks: structure.Prose(body, nil)}
		extracttest.Check(t, text)
	}
}

func TestCode(t *testing.T) {
	body := "package p\n\nfunc a() {\n\n\tx()\n}\n\n\tstray\n\n// b\nfunc b()\n"
	expect(t, body, structure.Code(body), `code "package p"
code "func a() {\n\n\tx()\n}\n\n\tstray"
code "// b\nfunc b()"
`)
}

// However many blocks a text has, they take no more than so much memory, and
// cover it.
func TestManyBlocks(t *testing.T) {
	body := strings.Repeat("- a\n", extract.MaxBlocks+10)
	blocks := structure.Prose(body, nil)
	extracttest.Check(t, &extract.Text{Body: body, Blocks: blocks})
	if last := blocks[len(blocks)-1]; len(blocks) != extract.MaxBlocks || last.Kind != document.Paragraph || last.End != len(body) {
		t.Errorf("%d blocks, the last %+v", len(blocks), last)
	}
}

func FuzzProse(f *testing.F) {
	f.Add("One.\n- a\n  - b\n| c |\n|---|\n```\n", 5, "a")
	f.Add("Title\n====\n\n3. Costs\r\nmore", 14, "Costs")
	f.Add("a\n\n\tb\n\nc", 1, "")
	f.Fuzz(func(t *testing.T, body string, at int, title string) {
		body = strings.ToValidUTF8(body, "?")
		headings := []extract.Heading{{Start: at, Level: 1, Text: title}}
		if at >= 0 && at < len(body) {
			headings[0].Start = structure.HeadingStart(body, at)
			if start := headings[0].Start; start > at || !utf8.RuneStart(body[start]) {
				t.Errorf("heading at %d moved to %d", at, start)
			}
		}
		for _, blocks := range [][]document.Block{structure.Prose(body, headings), structure.Code(body)} {
			extracttest.Check(t, &extract.Text{Body: body, Blocks: blocks})
			for _, b := range blocks {
				end := b.Start
				for part := range structure.Titles(body, b) {
					if part.Start != end {
						t.Errorf("a part begins at %d behind %d", part.Start, end)
					}
					end = part.End
				}
				if end != b.End {
					t.Errorf("the parts of %+v end at %d", b, end)
				}
			}
		}
	})
}

// FuzzWriter calls the writer in any order, as HTML does.
func FuzzWriter(f *testing.F) {
	f.Add("hat bt Ht ict rcatcbt et", 100)
	f.Add("rctccHtbte rctcte iHt", 9)
	f.Fuzz(func(t *testing.T, calls string, limit int) {
		w := structure.NewWriter(int64(limit % 1000))
		start := 0
		for i, c := range calls {
			switch c {
			case 'h':
				w.Kind(document.Heading, i%6+1)
				start = w.Position()
			case 'H':
				w.Heading(start, i%6+1)
				w.Kind(document.Paragraph, 0)
			case 'p':
				w.Kind(document.Code, 0)
			case 'b':
				w.Break(i%2 + 1)
			case 'l':
				w.Line()
			case 'i':
				w.Item(i % 3)
			case 'I':
				w.EndItem()
			case 'r':
				w.Row()
			case 'c':
				w.Cell()
			case 'e':
				w.EndRow(i%2 == 0)
			default:
				w.Text(string(c))
			}
		}
		text := new(extract.Text)
		w.Finish(text)
		extracttest.Check(t, text)
		if len(text.Body) > max(0, limit%1000) {
			t.Errorf("%d bytes of at most %d", len(text.Body), limit%1000)
		}
	})
}
