package ingest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/formats"
)

func splitFile(t *testing.T, name, content string, o ingest.SplitOptions) (*extract.Text, []document.Passage) {
	t.Helper()
	x := formats.New(extract.Options{})
	defer x.Close()
	text := extracttest.Must(t, x, name, content)
	got := ingest.Split(text, o, pieces{})
	checkPassages(t, text, o.Tokens, got)
	return text, got
}

// A passage that begins inside a table or a description says on what it depends.
func TestPassagesHaveTheirContext(t *testing.T) {
	page := "<p>Ships by year, as counted.</p><table><tr><th>Year<th>Ships</tr>" +
		strings.Repeat("<tr><td>1900<td><p>40</p></tr>", 6) + "</table>" +
		"<table><tr><td>a b c d<td>e</tr></table>" +
		"<dl><dt>Buoy<dd>It floats on the water. It has a bell. It is red or green. <dt>Mole<dd>It is made of stone.</dl>"
	const none = ""
	for _, tt := range []struct{ name, content string }{
		{"a.html", page},
		{"a.md", "Ships by year, as counted.\n\n| Year | Ships |\n|---|--:|\n" + strings.Repeat("| 1900 | 40 |\n", 6) +
			"\n| a b c d | e |\n\nBuoy\n: It floats on the water. It has a bell. It is red or green.\n\nMole\n: It is made of stone.\n"},
	} {
		text, got := splitFile(t, tt.name, tt.content, ingest.SplitOptions{Tokens: 12})
		var rows, descriptions int
		for _, p := range got {
			part := text.Body[p.Start:p.End]
			switch {
			case strings.HasPrefix(part, "1900"), strings.HasPrefix(part, "| 1900"):
				rows++
				if !strings.Contains(p.Context, "Year") || !strings.Contains(p.Context, "Ships") || strings.Contains(p.Context, "---") {
					t.Errorf("%s: the context of %q is %q", tt.name, part, p.Context)
				}
			case strings.HasPrefix(part, "It has"):
				descriptions++
				if p.Context != "Buoy" {
					t.Errorf("%s: the context of %q is %q", tt.name, part, p.Context)
				}
			case p.Context != none && !strings.Contains(part, "It is"):
				t.Errorf("%s: %q depends on %q", tt.name, part, p.Context)
			}
		}
		if rows == 0 || descriptions == 0 {
			t.Errorf("%s: %q", tt.name, parts(text, got))
		}
	}
}

// Rows of a table stay whole, and code keeps to its lines, where a format knows
// what they are.
func TestSplitKnownStructure(t *testing.T) {
	text, got := splitFile(t, "a.html", "<table>"+strings.Repeat("<tr><td>A. B<td>C. D</tr>", 4)+"</table>", ingest.SplitOptions{Tokens: 7})
	expect(t, parts(text, got), "A. B\tC. D", "A. B\tC. D", "A. B\tC. D", "A. B\tC. D")
	text, got = splitFile(t, "a.md", "Text.\n\n    a. B\n    c. D\n    e. F\n", ingest.SplitOptions{Tokens: 8})
	expect(t, parts(text, got), "Text.\n\na. B\nc. D", "e. F")
}

// What a passage spans is said from its first to its last place.
func TestPassagesHaveTheirRange(t *testing.T) {
	text := &extract.Text{Body: "Aa bb.\nCc dd.\n\nEe ff.", Verbatim: true, Places: []extract.PlaceAt{
		{Offset: 0, Place: document.Place{Page: 4}}, {Offset: 15, Place: document.Place{Page: 5}}}}
	got := split(t, text, 100)
	if len(got) != 1 || !got[0].Place.Equal(document.Place{Page: 4, Line: 1, Column: 1}) || !got[0].Last.Equal(document.Place{Page: 5, Line: 4}) {
		t.Errorf("%+v", got)
	}
	if got = split(t, text, 3); len(got) != 3 || !got[1].Last.IsZero() || got[2].Place.Page != 5 {
		t.Errorf("%+v", got)
	}
}

type finnish struct{}

func (finnish) DetectLanguage(text string) string {
	if strings.Contains(text, "ää") {
		return "fi"
	}
	return "en"
}

// The language of a document is what it declares, else what the detector says;
// a passage in another language says so.
func TestLanguages(t *testing.T) {
	for content, want := range map[string]string{
		"---\nlang: pt_BR\n---\ntext\n":       "pt-BR",
		"---\nlanguage: Portuguese\n---\nx\n": "",
		"text":                                "",
	} {
		if text, _ := splitFile(t, "a.md", content, ingest.SplitOptions{Tokens: 99}); text.Language != want {
			t.Errorf("%q: %q, want %q", content, text.Language, want)
		}
	}
	if text, _ := splitFile(t, "a.html", "<html lang=zh-hant-tw><p>text", ingest.SplitOptions{Tokens: 99}); text.Language != "zh-Hant-TW" {
		t.Errorf("the language of the page is %q", text.Language)
	}
	text, _ := splitFile(t, "a.txt", "Text in English.\n\nSää on hyvä tänään.", ingest.SplitOptions{Tokens: 99})
	text.DetectLanguage(nil)
	if text.Language != "" {
		t.Errorf("nobody said that it is %q", text.Language)
	}
	text.DetectLanguage(finnish{})
	if text.Language != "fi" {
		t.Errorf("the language found is %q", text.Language)
	}
	var languages []string
	for _, p := range ingest.Split(text, ingest.SplitOptions{Tokens: 7, Languages: finnish{}}, pieces{}) {
		languages = append(languages, p.Language)
	}
	if !slices.Equal(languages, []string{"en", ""}) {
		t.Errorf("languages of the passages: %q", languages)
	}
}
