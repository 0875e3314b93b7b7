package extract

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// zipOf makes a zip archive.
func zipOf(t testing.TB, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

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
	return zipOf(t, files)
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
	got := mustExtract(t, "a.docx", docxOf(t, parts, body))
	if got.Body != want {
		t.Errorf("got  %q\nwant %q", got.Body, want)
	}
	headings := []Heading{{0, 1, "Over view"}, {strings.Index(want, "Costs"), 2, "Costs"}, {strings.Index(want, "End"), 1, "End"}}
	if !slices.Equal(got.Headings, headings) {
		t.Errorf("headings %+v, want %+v", got.Headings, headings)
	}
	if got.Title != "The plan" || got.Metadata[MetaAuthor] != "Ann" || got.Note != "" || got.Lines {
		t.Errorf("got %+v", got)
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
		{"no content types", zipOf(t, map[string]string{"word/document.xml": "<a/>"}), "[Content_Types].xml"},
		{"no document", zipOf(t, map[string]string{"[Content_Types].xml": "<a/>", "word/other.xml": "<a/>"}), "word/document.xml"},
		{"deep", docxOf(t, nil, strings.Repeat("<w:p>", 300)+strings.Repeat("</w:p>", 300)), "deeper than 256"},
	}
	for _, tt := range tests {
		if got, err := extractString(t, "a.docx", tt.content); err == nil || !strings.Contains(err.Error(), tt.failure) {
			t.Errorf("%s: got %+v, %v, want %q", tt.name, got, err, tt.failure)
		}
	}
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
		lim     Limits
		content string
		failure string
	}{
		{"ratio", Limits{}, bomb, "more than 200 times its size"},
		{"one long element", Limits{TextBytes: 1 << 20}, docxOf(t, nil, styled(varied.String(), "hello")), "a single element"},
		{"expanded", Limits{ExpandedBytes: 1 << 20}, docxOf(t, nil, para(varied.String())), "expands to more than 1.0 MiB"},
		{"entries", Limits{Entries: 10}, docxOf(t, many, para("hello")), "more than 10 files"},
		{"entries that are not there", Limits{}, claiming(docxOf(t, nil, para("hello")), 20_000), "more than 10000 files"},
	}
	for _, tt := range tests {
		if got, err := extractWith(t, tt.lim, "a.docx", tt.content); !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), tt.failure) {
			t.Errorf("%s: got %+v, %v, want %q", tt.name, got, err, tt.failure)
		}
	}
	for _, body := range []string{strings.Repeat(para("hello, you"), 1000), para(varied.String())} {
		got, err := extractWith(t, Limits{TextBytes: 2000}, "a.docx", docxOf(t, nil, body))
		if err != nil || len(got.Body) > 2000 || len(got.Body) < 1980 || !strings.Contains(got.Note, "cut") {
			t.Errorf("got %+v, %v, want 2000 bytes", got, err)
		}
	}
}

// A damaged part beside the text costs that part only.
func TestDOCXDamagedFootnotes(t *testing.T) {
	got := mustExtract(t, "a.docx", docxOf(t, map[string]string{"word/footnotes.xml": "<broken", "word/styles.xml": "<broken"}, para("hello")))
	if got.Body != "hello" || !strings.Contains(got.Note, "footnotes.xml") || !strings.Contains(got.Note, "headings") {
		t.Errorf("got %q, note %q", got.Body, got.Note)
	}
}
