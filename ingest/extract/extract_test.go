package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

// shared reads with the default limits. It is one for all tests, so that the
// PDF reader is compiled once.
var shared *Extractor

func TestMain(m *testing.M) {
	cache, err := os.MkdirTemp("", "albert-search-wasm-")
	if err != nil {
		panic(err)
	}
	shared = New(Options{CacheDir: cache})
	code := m.Run()
	if err := errors.Join(shared.Close(), os.RemoveAll(cache)); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// extractString reads content as a file of the given name.
func extractString(t testing.TB, name, content string) (*Text, error) {
	t.Helper()
	return extractWith(t, Limits{}, name, content)
}

func extractWith(t testing.TB, lim Limits, name, content string) (*Text, error) {
	t.Helper()
	x := shared
	if lim != (Limits{}) {
		x = New(Options{Limits: lim, CacheDir: shared.pdf.engine.cacheDir})
		defer x.Close()
	}
	return x.Extract(context.Background(), name, strings.NewReader(content), int64(len(content)))
}

func mustExtract(t testing.TB, name, content string) *Text {
	t.Helper()
	got, err := extractString(t, name, content)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	checkText(t, got)
	return got
}

// checkText checks what holds for every Text.
func checkText(t testing.TB, got *Text) {
	t.Helper()
	if got.Body != strings.ToValidUTF8(got.Body, "?") || got.Title != strings.ToValidUTF8(got.Title, "?") {
		t.Error("not valid UTF-8")
	}
	last := 0
	for _, h := range got.Headings {
		if h.Start < last || h.Start >= len(got.Body) || h.Level < 1 || h.Text == "" {
			t.Errorf("heading %+v after %d in a body of %d bytes", h, last, len(got.Body))
		}
		last = h.Start
	}
	last = 0
	for _, p := range got.Pages {
		if p < last || p > len(got.Body) {
			t.Errorf("page at %d after %d in a body of %d bytes", p, last, len(got.Body))
		}
		last = p
	}
}

func TestKinds(t *testing.T) {
	plainZip := zipOf(t, map[string]string{"hello.txt": "hello"})
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00"
	tests := []struct {
		name, content string
		typ           string // of the text, or
		unsupported   string // part of the reason
		failure       string // part of the reason
	}{
		{name: "a.txt", content: "hello", typ: TypeText},
		{name: `dir\a.TXT`, content: "hello", typ: TypeText},
		{name: "README", content: "hello", typ: TypeText},
		{name: "run", content: "#!/bin/sh\necho\n", typ: TypeCode},
		{name: "Makefile", content: "all:\n", typ: TypeCode},
		{name: "a.go", content: "package a\n", typ: TypeCode},
		{name: "a.json", content: "{", typ: TypeData},
		{name: "a.md", content: "# A\n", typ: TypeMarkdown},
		{name: "a.md", content: "<html><body>HTML in Markdown</body></html>", typ: TypeMarkdown},
		{name: "about-pdf.txt", content: "A PDF begins with %PDF-1.4", typ: TypeText},
		{name: "page", content: "<!doctype html><p>hello</p>", typ: TypeHTML},
		{name: "a.rtf", content: `{\rtf1 hello}`, unsupported: "RTF"},
		{name: "a.xlsx", content: "", unsupported: "Excel"},
		{name: "a.eml", content: "From: a", unsupported: "e-mail"},
		{name: "mystery", content: png, unsupported: "image/png"},
		{name: "mystery.xyz", content: "\x00\x01\x02\x03\xff", unsupported: "binary"},
		{name: "archive", content: plainZip, unsupported: "zip"},
		{name: "a.txt", content: "", failure: "empty file"},
		{name: "a.pdf", content: "", failure: "empty file"},
		{name: "a.txt", content: " \r\n\t ", failure: "no text"},
		{name: "a.txt", content: png, failure: "not a text file, although its name says so: it is a file of type image/png"},
		{name: "a.txt", content: "%PDF-1.4\n", failure: "it is a PDF"},
		{name: "a.txt", content: strings.Repeat("\x00\xfe\x01\x80\xff", 500), failure: "binary"},
		{name: "a.pdf", content: "<html></html>", failure: "not a PDF document, although its name says so: it is an HTML page"},
		{name: "a.docx", content: "<html></html>", failure: "not a Word document, although its name says so: it is an HTML page"},
		{name: "a.docx", content: plainZip, failure: "not a Word document, although its name says so: it is a plain zip archive"},
		{name: "a.docx", content: plainZip[:len(plainZip)/2], failure: "damaged or cut off zip archive"},
		{name: "a.docx", content: "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", failure: "needs a password"},
	}
	for _, tt := range tests {
		got, err := extractString(t, tt.name, tt.content)
		var unsupported *UnsupportedError
		switch {
		case tt.typ != "":
			if err != nil || got.Type != tt.typ {
				t.Errorf("%s %.20q: got %+v, %v, want type %s", tt.name, tt.content, got, err, tt.typ)
			}
		case tt.unsupported != "":
			if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), tt.unsupported) {
				t.Errorf("%s %.20q: got %v, want unsupported %q", tt.name, tt.content, err, tt.unsupported)
			}
		default:
			if err == nil || errors.As(err, &unsupported) || !strings.Contains(err.Error(), tt.failure) {
				t.Errorf("%s %.20q: got %v, want failure %q", tt.name, tt.content, err, tt.failure)
			}
		}
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	docx := docxOf(t, nil, `<w:p><w:r><w:t>hello</w:t></w:r></w:p>`)
	for name, content := range map[string]string{"a.txt": "hello", "a.html": "<p>hello", "a.docx": docx, "a.pdf": readFixture(t, "report.pdf")} {
		_, err := shared.Extract(ctx, name, strings.NewReader(content), int64(len(content)))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want canceled", name, err)
		}
	}
}

func TestFileThatShrank(t *testing.T) {
	_, err := shared.Extract(t.Context(), "a.txt", strings.NewReader("hello"), 500)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("got %v, want that it became shorter", err)
	}
}

// panicking stands for a parser with a bug, whose panic quotes the document.
type panicking struct{}

func (panicking) ReadAt([]byte, int64) (int, error) { panic("cannot read: my secret") }

func TestPanicFailsTheFileOnly(t *testing.T) {
	if _, err := shared.Extract(t.Context(), "a.txt", panicking{}, 5); err == nil || !strings.Contains(err.Error(), "made its reader fail") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want the panic as an error, without its words", err)
	}
}

func TestParallel(t *testing.T) {
	files := map[string]string{
		"a.txt": "hello", "b.md": "# hello", "c.html": "<p>hello",
		"d.docx": docxOf(t, nil, `<w:p><w:r><w:t>hello</w:t></w:r></w:p>`),
		"e.pdf":  readFixture(t, "report.pdf"),
		"f.pdf":  readFixture(t, "scanned.pdf"),
	}
	var wg sync.WaitGroup
	for range 3 {
		for name, content := range files {
			wg.Go(func() {
				r := bytes.NewReader([]byte(content))
				if _, err := shared.Extract(t.Context(), name, r, r.Size()); (err != nil) != (name == "f.pdf") {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	wg.Wait()
}

func readFixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
