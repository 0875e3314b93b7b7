package extract

import (
	"strings"
	"testing"
)

// fuzz checks that reading never panics (which Extract reports as an error)
// and that what it returns is sound.
func fuzz(f *testing.F, name string) {
	f.Fuzz(func(t *testing.T, content string) {
		got, err := extractString(t, name, content)
		if err != nil {
			if strings.Contains(err.Error(), "made its reader fail") {
				t.Error(err)
			}
			return
		}
		checkText(t, got)
		if got.Lines && strings.Count(got.Body, "\n") > strings.Count(content, "\n") {
			t.Error("more lines than the file has")
		}
	})
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"hello\r\n", "\xEF\xBB\xBFhello", "\xFF\xFEh\x00i\x00", "\x00h\x00i\x00!", "gr\xfc\xdfe", "\x1b$B0!\x1b(B", "a\x00b", "\x00\x00\xFE\xFF\x00\x00\x00a"} {
		f.Add(seed)
	}
	fuzz(f, "a.txt")
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"---\ntitle: a\n---\n# b\n\nc\n===\n", "> # a\n- ## b\n```\n# c", "# [a](b) `c` &amp; \\*d*\n", "+++\n+++\n\xff"} {
		f.Add(seed)
	}
	fuzz(f, "a.md")
}

func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		"<title>t</title><h1>a</h1><p>b<br>c<ul><li>d</ul><table><tr><td>e<td>f</table><pre>\n g</pre>",
		"<meta charset=utf-16><p>&amp;&#0;&nbsp;", "<script>var a", "<h2><h3>x</h2></h3>", "<svg><title>a</svg><title>b",
		strings.Repeat("<div>", 300) + "deep" + strings.Repeat("</b></pre></li></td>", 3),
	} {
		f.Add(seed)
	}
	fuzz(f, "a.html")
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
	f.Fuzz(func(t *testing.T, body string) {
		got, err := extractString(t, "a.docx", docxOf(t, styles, body))
		if err != nil {
			if strings.Contains(err.Error(), "made its reader fail") {
				t.Error(err)
			}
			return
		}
		checkText(t, got)
	})
}
