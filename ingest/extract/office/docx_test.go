package office_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/office"
)

var shared = extract.New([]extract.Format{office.DOCX()}, extract.Options{})

const wordNamespace = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`

// docxOf makes a Word document of the given body and other parts.
func docxOf(t testing.TB, parts map[string]string, body string) string {
	t.Helper()
	files := map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a"
			Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="/word/document.xml"/></Relationships>`,
		"word/document.xml": `<?xml version="1.0"?><w:document ` + wordNamespace + `><w:body>` + body + `</w:body></w:document>`,
	}
	maps.Copy(files, parts)
	return extracttest.Zip(t, files)
}

func run(s string) string { return `<w:r><w:t xml:space="preserve">` + s + `</w:t></w:r>` }

func para(s string) string { return `<w:p>` + run(s) + `</w:p>` }

func styled(style, s string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>` + run(s) + `</w:p>`
}

func item(s string) string {
	return `<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr></w:pPr>` + run(s) + `</w:p>`
}

func TestDOCX(t *testing.T) {
	styles := `<w:styles ` + wordNamespace + `>
		<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
		<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="Unser Stil"/><w:basedOn w:val="Base"/></w:style>
		<w:style w:type="paragraph" w:styleId="Base"><w:name w:val="Basis"/><w:basedOn w:val="Sub"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
		<w:style w:type="paragraph" w:styleId="Liste"><w:name w:val="Liste"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
		</w:styles>`
	note := func(s string) string {
		return `<w:footnotes ` + wordNamespace + `><w:footnote>` + para(s) + `</w:footnote></w:footnotes>`
	}
	parts := map[string]string{
		"word/styles.xml":    styles,
		"word/header1.xml":   `<w:hdr ` + wordNamespace + `>` + para("Letterhead") + `</w:hdr>`,
		"word/footnotes.xml": note("A footnote."),
		"docProps/core.xml":  `<c:coreProperties xmlns:c="c" xmlns:dc="d"><dc:title>The plan</dc:title><dc:creator>Ann</dc:creator><c:keywords/></c:coreProperties>`,
	}
	cell := func(s string) string { return `<w:tc>` + para(s) + `</w:tc>` }
	body := styled("berschrift1", "Over view") +
		`<w:p><w:pPr><w:tabs><w:tab w:pos="1"/></w:tabs></w:pPr>` + run("The ") + run("budget") + `<w:r><w:tab/><w:t>is</w:t><w:br/><w:t>tight.</w:t></w:r></w:p>` +
		styled("Sub", "Costs") +
		`<w:tbl><w:tr>` + cell("Year") + cell("Sum") + `</w:tr><w:tr>` + cell("1900") + cell("40") + `</w:tr></w:tbl>` +
		item("first") + item("second") + styled("Liste", "third") +
		`<w:p>` + run("Paid ") + `<w:ins>` + run("twice") + `</w:ins><w:del><w:r><w:delText>once</w:delText></w:r></w:del>` +
		`<w:moveFrom>` + run("gone") + `</w:moveFrom><w:r><w:instrText>PAGE</w:instrText></w:r>` + run(".") + `</w:p>` +
		`<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr>` + run("End") + `</w:p><w:p/>`
	want := "Over view\n\nThe budget\tis\ntight.\n\nCosts\n\nYear\tSum\n1900\t40\n\n- first\n- second\n- third\n\nPaid twice.\n\nEnd\n\nA footnote.\n\nLetterhead"
	got := extracttest.Must(t, shared, "a.docx", docxOf(t, parts, body))
	if got.Body != want {
		t.Errorf("got  %q\nwant %q", got.Body, want)
	}
	headings := []extract.Heading{{Level: 1, Text: "Over view"}, {Start: strings.Index(want, "Costs"), Level: 2, Text: "Costs"}, {Start: strings.Index(want, "End"), Level: 1, Text: "End"}}
	if !slices.Equal(got.Headings, headings) {
		t.Errorf("headings %+v, want %+v", got.Headings, headings)
	}
	if got.Title != "The plan" || got.Metadata[extract.MetaAuthor] != "Ann" || got.Note != "" || got.Verbatim {
		t.Errorf("got %+v", got)
	}
}

func TestDOCXBlocks(t *testing.T) {
	style := func(id, name string) string {
		return `<w:style w:type="paragraph" w:styleId="` + id + `"><w:name w:val="` + name + `"/></w:style>`
	}
	styles := `<w:styles ` + wordNamespace + `><w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val="de-at" w:eastAsia="ja-JP"/></w:rPr></w:rPrDefault></w:docDefaults>` +
		style("H", "heading 2") + style("Q", "Quote") + style("C", "caption") + style("P", "HTML Preformatted") + `</w:styles>`
	cell := func(s string) string { return `<w:tc>` + s + `</w:tc>` }
	row := func(header string, cells ...string) string {
		return `<w:tr><w:trPr>` + header + `</w:trPr>` + strings.Join(cells, "") + `</w:tr>`
	}
	body := styled("H", "Head") + para("Text.") + item("one") +
		`<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr></w:pPr>` + run("in it") + `</w:p>` +
		styled("C", "Table 1") +
		`<w:tbl>` + row(`<w:tblHeader/>`, cell(para("Year")), cell(para("Ships"))) + row("", cell(para("1900")), cell(para("40")+para("or so"))) +
		row("", cell(styled("H", "Left")), cell(para("right"))) + `</w:tbl>` +
		styled("Q", "Said.") + styled("P", "a  b") +
		`<w:p>` + run("Line") + `<w:r><w:br/><w:t>break</w:t></w:r></w:p>`
	got := extracttest.Must(t, shared, "a.docx", docxOf(t, map[string]string{"word/styles.xml": styles}, body))
	const want = `heading2 "Head"
paragraph "Text."
item "- one"
item1 "- in it"
caption "Table 1"
header "Year\tShips"
row "1900\t40\nor so"
heading2 "Left"
paragraph "right"
quotation "Said."
code "a  b"
paragraph "Line\nbreak"
`
	if blocks := extracttest.Blocks(got); blocks != want {
		t.Errorf("got\n%s\nwant\n%s", blocks, want)
	}
	if got.Language != "de-AT" || got.Metadata[extract.MetaLanguage] != "" {
		t.Errorf("language %q, metadata %v", got.Language, got.Metadata)
	}
}

func TestBrokenDOCX(t *testing.T) {
	good := docxOf(t, nil, para("hello"))
	tests := []struct {
		name, content, failure string
	}{
		{"no words", docxOf(t, nil, "<w:p/>"), "no text"},
		{"truncated", good[:len(good)-40], "damaged or cut off"},
		{"not XML", docxOf(t, nil, para("hello")+"<w:p><w:r>"), "word/document.xml"},
		{"no content types", extracttest.Zip(t, map[string]string{"word/document.xml": "<a/>"}), "[Content_Types].xml"},
		{"no document", extracttest.Zip(t, map[string]string{"[Content_Types].xml": "<a/>", "word/other.xml": "<a/>"}), "word/document.xml"},
		{"deep", docxOf(t, nil, strings.Repeat("<w:p>", 300)+strings.Repeat("</w:p>", 300)), "deeper than 256"},
	}
	for _, tt := range tests {
		if got, err := extracttest.Extract(shared, "a.docx", tt.content); err == nil || !strings.Contains(err.Error(), tt.failure) {
			t.Errorf("%s: got %+v, %v, want %q", tt.name, got, err, tt.failure)
		}
	}
}

// limited keeps to the limits.
func limited(lim extract.Limits) *extract.Extractor {
	return extract.New([]extract.Format{office.DOCX()}, extract.Options{Limits: lim})
}

// claiming is an archive that says that it has so many entries.
func claiming(archive string, entries uint16) string {
	b := []byte(archive)
	binary.LittleEndian.PutUint16(b[len(b)-12:], entries)
	return string(b)
}

func TestDOCXLimits(t *testing.T) {
	bomb := docxOf(t, nil, para(strings.Repeat("A", 60<<20)))
	if len(bomb) > 100<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	varied := &strings.Builder{}
	for i := range 200_000 {
		fmt.Fprintf(varied, "%d ", i*i)
	}
	many := map[string]string{}
	for i := range 20 {
		many[fmt.Sprintf("word/media/%d.png", i)] = "x"
	}
	tests := []struct {
		name    string
		lim     extract.Limits
		content string
		failure string
	}{
		{"ratio", extract.Limits{}, bomb, "more than 200 times its size"},
		{"one long element", extract.Limits{TextBytes: 1 << 20}, docxOf(t, nil, styled(varied.String(), "hello")), "a single element"},
		{"expanded", extract.Limits{ExpandedBytes: 1 << 20}, docxOf(t, nil, para(varied.String())), "expands to more than 1.0 MiB"},
		{"entries", extract.Limits{Entries: 10}, docxOf(t, many, para("hello")), "more than 10 files"},
		{"entries that are not there", extract.Limits{}, claiming(docxOf(t, nil, para("hello")), 20_000), "more than 10000 files"},
	}
	for _, tt := range tests {
		if got, err := extracttest.Extract(limited(tt.lim), "a.docx", tt.content); !errors.Is(err, extract.ErrTooLarge) || !strings.Contains(err.Error(), tt.failure) {
			t.Errorf("%s: got %+v, %v, want %q", tt.name, got, err, tt.failure)
		}
	}
	for _, body := range []string{strings.Repeat(para("hello, you"), 1000), para(varied.String())} {
		got, err := extracttest.Extract(limited(extract.Limits{TextBytes: 2000}), "a.docx", docxOf(t, nil, body))
		if err != nil || len(got.Body) > 2000 || len(got.Body) < 1980 || !strings.Contains(got.Note, "cut") {
			t.Errorf("got %+v, %v, want 2000 bytes", got, err)
		}
	}
}

// A damaged part beside the text costs that part only.
func TestDOCXDamagedFootnotes(t *testing.T) {
	got := extracttest.Must(t, shared, "a.docx", docxOf(t, map[string]string{"word/footnotes.xml": "<broken", "word/styles.xml": "<broken"}, para("hello")))
	if got.Body != "hello" || !strings.Contains(got.Note, "footnotes.xml") || !strings.Contains(got.Note, "headings") {
		t.Errorf("got %q, note %q", got.Body, got.Note)
	}
}

// FuzzDOCX fuzzes the XML in the archive; the archive itself is the business
// of archive/zip.
func FuzzDOCX(f *testing.F) {
	for _, seed := range []string{
		para("hello"), styled("Title", "a") + item("b"), "</w:body>", "</w:p></w:tbl></w:r>", `<w:tbl><w:tr><w:tc><w:p><w:tbl/>` + run("a"),
		`<w:p><w:p>` + run("a") + `</w:p>` + run("b") + `</w:p>`, `<w:del>` + run("a"), "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;",
	} {
		f.Add(seed)
	}
	styles := map[string]string{"word/styles.xml": `<w:styles ` + wordNamespace + `><w:style w:styleId="Title"><w:name w:val="Title"/></w:style></w:styles>`}
	extracttest.Fuzz(f, shared, "a.docx", func(t testing.TB, body string) string { return docxOf(t, styles, body) })
}
