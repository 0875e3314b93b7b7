package formats_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
)

// shared reads with the default limits. It is one for all tests, so that the
// PDF reader is compiled once.
var shared *extract.Extractor

func TestMain(m *testing.M) {
	if os.Getenv(readerVariable) != "" {
		sandbox.Main(withToy())
	}
	cache, err := os.MkdirTemp("", "albert-search-wasm-")
	if err != nil {
		panic(err)
	}
	shared = formats.New(extract.Options{CacheDir: cache})
	code := m.Run()
	if err := errors.Join(shared.Close(), os.RemoveAll(cache)); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func TestKinds(t *testing.T) {
	plainZip := extracttest.Zip(t, map[string]string{"hello.txt": "hello"})
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00"
	tests := []struct {
		name, content string
		typ           string // of the text, or
		unsupported   string // part of the reason
		failure       string // part of the reason
	}{
		{name: "a.txt", content: "hello", typ: "text"},
		{name: `dir\a.TXT`, content: "hello", typ: "text"},
		{name: "README", content: "hello", typ: "text"},
		{name: "run", content: "#!/bin/sh\necho\n", typ: "code"},
		{name: "Makefile", content: "all:\n", typ: "code"},
		{name: "a.go", content: "package a\n", typ: "code"},
		{name: "a.json", content: "{", typ: "data"},
		{name: "a.md", content: "# A\n", typ: "markdown"},
		{name: "a.md", content: "<html><body>HTML in Markdown</body></html>", typ: "markdown"},
		{name: "about-pdf.txt", content: "A PDF begins with %PDF-1.4", typ: "text"},
		{name: "page", content: "<!doctype html><p>hello</p>", typ: "html"},
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
		got, err := extracttest.Extract(shared, tt.name, tt.content)
		var unsupported *extract.UnsupportedError
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

// Blocks cover the text of every fixture, and concatenated they are the text.
func TestFixturesAreSound(t *testing.T) {
	seen := map[string]int{}
	for _, root := range []string{"../../../testdata", "../pdf/testdata", "../plain/testdata"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			got, err := extracttest.Extract(shared, path, string(content))
			if err != nil {
				return nil // some are broken on purpose
			}
			seen[got.Type]++
			extracttest.Check(t, got)
			if t.Failed() {
				t.Fatal(path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range formats.Names() {
		if seen[name] == 0 {
			t.Errorf("no fixture of format %s", name)
		}
	}
}

// The documentation lists the formats.
func TestFormatsAreDocumented(t *testing.T) {
	table, err := os.ReadFile("../../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	cli, err := os.ReadFile("../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	_, types, _ := strings.Cut(string(cli), "| `--type TYPE` |")
	types, _, _ = strings.Cut(types, "\n")
	for _, f := range formats.All() {
		_, row, ok := strings.Cut(string(table), "\n| `"+f.Name+"` |")
		row, _, _ = strings.Cut(row, "\n")
		files := strings.Fields(row)
		for _, e := range f.Extensions {
			ok = ok && slices.Contains(files, "."+e)
		}
		for _, n := range f.Names {
			ok = ok && slices.Contains(files, n)
		}
		if !ok {
			t.Errorf("docs/formats.md does not list %s with all its names: %q", f.Name, row)
		}
		if !strings.Contains(types, "`"+f.Name+"`") {
			t.Errorf("docs/cli.md does not list --type %s", f.Name)
		}
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	docx := helloDOCX(t)
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
		"d.docx": helloDOCX(t),
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

// endless is a file of "ä" in UTF-8, as large as one likes, that counts how
// much of it was read.
type endless struct{ read int64 }

func (e *endless) ReadAt(p []byte, off int64) (int, error) {
	e.read += int64(len(p))
	for i := range p {
		p[i] = "ä"[(off+int64(i))%2]
	}
	return len(p), nil
}

func TestHugeFileIsCut(t *testing.T) {
	const limit = 1<<20 + 1 // in the middle of a character
	for _, name := range []string{"a.txt", "a.md", "a.html"} {
		x := formats.New(extract.Options{Limits: extract.Limits{TextBytes: limit}})
		file := &endless{}
		got, err := x.Extract(t.Context(), name, file, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		extracttest.Check(t, got)
		if len(got.Body) != limit-1 || file.read > limit+8<<10 || !strings.Contains(got.Note, "only the first 1.0 MiB of 1.0 GiB") {
			t.Errorf("%s: %d bytes of text, %d read, note %q", name, len(got.Body), file.read, got.Note)
		}
	}
}

// helloDOCX is a Word document.
func helloDOCX(t testing.TB) string {
	return extracttest.Zip(t, map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"word/document.xml": `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>
			<w:p><w:r><w:t>hello</w:t></w:r></w:p></w:body></w:document>`,
	})
}

func readFixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("../pdf/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
