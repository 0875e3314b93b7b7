package office_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
)

func numbered(list, level int, s string) string {
	return fmt.Sprintf(`<w:p><w:pPr><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr></w:pPr>%s</w:p>`, level, list, s)
}

// Items have the numbers that Word shows.
func TestDOCXNumbers(t *testing.T) {
	level := func(i int, format, text string) string {
		return fmt.Sprintf(`<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="%s"/><w:lvlText w:val="%s"/></w:lvl>`, i, format, text)
	}
	num := func(id, of int, more string) string {
		return fmt.Sprintf(`<w:num w:numId="%d"><w:abstractNumId w:val="%d"/>%s</w:num>`, id, of, more)
	}
	parts := map[string]string{
		"word/numbering.xml": `<w:numbering ` + wordNamespace + `>` +
			`<w:abstractNum w:abstractNumId="7">` + level(0, "decimal", "%1.") + level(1, "lowerLetter", "%1.%2)") + level(2, "upperRoman", "(%3)") + `</w:abstractNum>` +
			`<w:abstractNum w:abstractNumId="8">` + level(0, "bullet", "*") + `</w:abstractNum>` +
			num(1, 7, "") + num(2, 8, "") + num(3, 7, `<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>`) + `</w:numbering>`,
		"word/styles.xml": `<w:styles ` + wordNamespace + `><w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 1"/>` +
			`<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>`,
	}
	body := numbered(1, 0, run("one")) + numbered(1, 1, run("a")) + numbered(1, 1, "") + numbered(1, 1, run("c")) + numbered(1, 2, run("deep")) +
		para("between") + numbered(1, 0, run("two")) + numbered(1, 1, run("a again")) + numbered(2, 0, run("dot")) +
		numbered(3, 0, run("five")) + numbered(3, 0, run("six")) + styled("H", "Seven") +
		`<w:tbl><w:tr><w:tc>` + numbered(1, 0, run("eight")) + numbered(2, 0, run("x")) + `</w:tc><w:tc>` + para("y") + `</w:tc></w:tr></w:tbl>`
	got := extracttest.Must(t, shared, "a.docx", docxOf(t, parts, body))
	const want = "1. one\n1.a) a\n1.c) c\n(I) deep\n\nbetween\n2. two\n2.a) a again\n- dot\n5. five\n6. six\n\n7. Seven\n\n8. eight\nx\ty"
	if got.Body != want {
		t.Errorf("got\n%q, want\n%q", got.Body, want)
	}
	if len(got.Headings) != 1 || got.Headings[0].Text != "7. Seven" || got.Title != "7. Seven" {
		t.Errorf("headings %+v, title %q", got.Headings, got.Title)
	}
}

func TestDOCXTraits(t *testing.T) {
	vertical := func(how, s string) string {
		return `<w:r><w:rPr><w:vertAlign w:val="` + how + `"/></w:rPr><w:t>` + s + `</w:t></w:r>`
	}
	note := func(kind, id string) string { return `<w:r><w:` + kind + `Reference w:id="` + id + `"/></w:r>` }
	notes := func(kind string, list ...string) string {
		s := `<w:` + kind + `s ` + wordNamespace + `><w:` + kind + ` w:type="separator" w:id="-1"><w:p/></w:` + kind + `>`
		for i, text := range list {
			s += fmt.Sprintf(`<w:%s w:id="%d"><w:p>%s</w:p></w:%s>`, kind, i+1, run(text), kind)
		}
		return s + `</w:` + kind + `s>`
	}
	deleted := `<w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr>`
	tests := []struct{ name, body, want string }{
		{"raised and lowered", `<w:p>` + run("In 1884") + vertical("superscript", "7") + run(" 10") + vertical("superscript", "5") + run(" CO") + vertical("subscript", "2") + `</w:p>`, "In 1884^7 10^5 CO2"},
		{"deleted mark", `<w:p>` + deleted + run("The pier ") + `</w:p><w:p>` + run("is long.") + `</w:p>` + para("Next."), "The pier is long.\n\nNext."},
		{"drop capital", `<w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr>` + run("T") + `</w:p>` + para("he pier."), "The pier."},
		{"symbols", `<w:p>` + run("an ") + `<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r><w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r><w:r><w:sym w:font="Arial" w:char="00E9"/></w:r></w:p>`, "an α✓é"},
		{"pictures", `<w:p>` + run("See ") + `<w:r><w:drawing><wp:docPr xmlns:wp="wp" descr="A red door"/></w:drawing></w:r>` + run("!") + `<w:r><w:drawing><wp:docPr xmlns:wp="wp"/></w:drawing></w:r></w:p>`, "See A red door !"},
		{"notes", `<w:p>` + run("Built 1884") + note("footnote", "2") + run(" by Orme") + note("footnote", "1") + note("endnote", "1") + run(".") + `</w:p>`,
			"Built 1884 [1] by Orme [2] [i].\n\n[i] See above.\n\n[2] A smith.\n\n[1] Or 1885."},
		{"formula", `<w:p><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath></w:p>`, "a/b"},
	}
	for _, tt := range tests {
		parts := map[string]string{}
		if tt.name == "notes" {
			parts["word/footnotes.xml"], parts["word/endnotes.xml"] = notes("footnote", "A smith.", "Or 1885."), notes("endnote", "See above.")
		}
		got := extracttest.Must(t, shared, "a.docx", docxOf(t, parts, tt.body))
		if got.Body != tt.want {
			t.Errorf("%s: got\n%q, want\n%q", tt.name, got.Body, tt.want)
		}
		if want := []document.LeftOut{{What: "picture", Count: 1}}; tt.name == "pictures" && !slices.Equal(got.LeftOut, want) {
			t.Errorf("left out are %+v", got.LeftOut)
		}
	}
}

// What is repeated on the pages is marked; a title that says nothing is none.
func TestDOCXFurniture(t *testing.T) {
	parts := map[string]string{
		"word/footer1.xml":  `<w:ftr ` + wordNamespace + `>` + para("Tarrow Works, page") + `</w:ftr>`,
		"docProps/core.xml": `<c:coreProperties xmlns:c="c" xmlns:dc="d"><dc:title>Microsoft Word - lease_3.doc</dc:title></c:coreProperties>`,
	}
	got := extracttest.Must(t, shared, "a.docx", docxOf(t, parts, `<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr>`+run("The lease")+`</w:p>`+para("Text.")))
	const want = `heading1 "The lease"
paragraph "Text."
furniture "Tarrow Works, page"
`
	if blocks := extracttest.Blocks(got); blocks != want || got.Title != "The lease" {
		t.Errorf("title %q, got\n%s\nwant\n%s", got.Title, blocks, want)
	}
	if strings.Contains(got.Note, "picture") {
		t.Error(got.Note)
	}
}

// FuzzNumbering fuzzes the part that says how lists are numbered.
func FuzzNumbering(f *testing.F) {
	for _, seed := range []string{
		`<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="upperLetter"/><w:lvlText w:val="%1"/></w:lvl></w:abstractNum><w:num w:numId="3"><w:abstractNumId w:val="0"/></w:num>`,
		`<w:num w:numId="3"><w:abstractNumId w:val="9"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="-4"/></w:lvlOverride></w:num>`,
		`<w:lvl w:ilvl="99"><w:start/></w:lvl><w:num`,
	} {
		f.Add(seed)
	}
	extracttest.Fuzz(f, shared, "a.docx", func(t testing.TB, lists string) string {
		return docxOf(t, map[string]string{"word/numbering.xml": `<w:numbering ` + wordNamespace + `>` + lists + `</w:numbering>`}, item("a")+item("b")+numbered(3, 2, run("c")))
	})
}
