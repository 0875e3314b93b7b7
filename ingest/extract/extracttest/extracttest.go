// Package extracttest helps to test readers of formats.
package extracttest

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// Extract reads content as a file of the given name.
func Extract(x *extract.Extractor, name, content string) (*extract.Text, error) {
	return x.Extract(context.Background(), name, strings.NewReader(content), int64(len(content)))
}

// Must is Extract of what can be read. It checks the text.
func Must(t testing.TB, x *extract.Extractor, name, content string) *extract.Text {
	t.Helper()
	got, err := Extract(x, name, content)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	Check(t, got)
	return got
}

// Check checks what holds for the texts of all formats.
func Check(t testing.TB, got *extract.Text) {
	t.Helper()
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	var whole strings.Builder
	for _, b := range got.Blocks {
		whole.WriteString(got.Body[b.Start:b.End])
	}
	if whole.String() != got.Body {
		t.Error("the blocks are not the text")
	}
}

// Blocks writes the blocks of a text, one a line, for tests to compare: the kind,
// the level where it is not 0, and the text without white space around it.
func Blocks(t *extract.Text) string {
	names := map[document.BlockKind]string{
		document.Paragraph: "paragraph", document.Heading: "heading", document.ListItem: "item", document.Term: "term",
		document.Description: "description", document.TableHeader: "header", document.TableRow: "row", document.Code: "code",
		document.Quotation: "quotation", document.Caption: "caption", document.Furniture: "furniture",
	}
	var out strings.Builder
	for _, b := range t.Blocks {
		out.WriteString(names[b.Kind])
		if b.Level > 0 {
			fmt.Fprint(&out, b.Level)
		}
		fmt.Fprintf(&out, " %q\n", strings.TrimSpace(t.Body[b.Start:b.End]))
	}
	return out.String()
}

// Fuzz checks that reading files of that name never panics, which Extract
// reports as an error, and that what is read is sound. file makes a file of
// what the fuzzer gives; nil takes that as it is.
func Fuzz(f *testing.F, x *extract.Extractor, name string, file func(testing.TB, string) string) {
	f.Fuzz(func(t *testing.T, content string) {
		if file != nil {
			content = file(t, content)
		}
		got, err := Extract(x, name, content)
		if err != nil {
			if strings.Contains(err.Error(), "made its reader fail") {
				t.Error(err)
			}
			return
		}
		Check(t, got)
		if got.Verbatim && strings.Count(got.Body, "\n") > strings.Count(content, "\n") {
			t.Error("more lines than the file has")
		}
	})
}

// Zip makes a zip archive of files by name, in the order of their names.
func Zip(t testing.TB, files map[string]string) string {
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
