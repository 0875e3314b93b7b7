package formats_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/extract/formats/internal/toy"
	"github.com/albert-search/albert-search/ingest/sandbox"
	"github.com/albert-search/albert-search/ingest/source"
)

// withToy is the registration of the toy format.
func withToy() []extract.Format { return append(formats.All(), toy.Format()) }

// readerVariable makes a process of this test one that reads documents.
const readerVariable = "ALBERT_SEARCH_TEST_READER"

func reader() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), readerVariable+"=1")
	return cmd
}

const toyFile = `TOY
@3
= Harbour
The harbour has two basins and a mole.
@4
* A buoy
* A bell
= Ships
| Year | Ships
| 1900 | 40
| 1901 | forty-one windmills
`

const toyBlocks = `heading1 "Harbour"
paragraph "The harbour has two basins and a mole."
item "- A buoy"
item "- A bell"
heading1 "Ships"
header "Year\tShips"
row "1900\t40"
row "1901\tforty-one windmills"
`

// A new format is a folder and a line in a list. It goes from the name of a file
// through the sandbox, the splitter and the index to a citation, and nothing
// between knows of it.
func TestNewFormat(t *testing.T) {
	plain := extract.New(withToy(), extract.Options{})
	defer plain.Close()
	x := sandbox.New(withToy(), sandbox.Options{Command: reader})
	defer x.Close()

	want := extracttest.Must(t, plain, "a.toy", toyFile)
	if got := extracttest.Blocks(want); got != toyBlocks {
		t.Errorf("blocks\n%s", got)
	}
	for _, name := range []string{"a.toy", "unnamed"} {
		got, err := x.Extract(t.Context(), name, strings.NewReader(toyFile), int64(len(toyFile)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s by another process: %+v, %v, want %+v", name, got, err, want)
		}
	}
	if _, err := extracttest.Extract(plain, "a.pdf", toyFile); err == nil || err.Error() != "not a PDF document, although its name says so: it is a toy" {
		t.Errorf("a toy that is named like a PDF: %v", err)
	}
	if _, err := extracttest.Extract(shared, "a.toy", "\x00\x01\x02\xff"); !errors.As(err, new(*extract.UnsupportedError)) {
		t.Errorf("without the line in the list: %v", err)
	}

	docs := t.TempDir()
	if err := os.WriteFile(filepath.Join(docs, "a.toy"), []byte(toyFile), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := source.Files([]string{docs}, source.FileOptions{Extractor: x})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range s.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		doc, err := e.Load(t.Context())
		if err != nil || doc.Versions() != (document.Versions{Reader: 7, Splitter: ingest.SplitVersion}) || doc.Language != "en" {
			t.Errorf("%+v, %v", doc, err)
		}
	}
	e, err := albertsearch.Open(albertsearch.Options{Dir: t.TempDir(), Embedder: embedtest.Hash{Dimension: 32}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{s}}); err != nil {
		t.Fatal(err)
	}
	found, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: "bell", Mode: albertsearch.Keyword})
	if err != nil || len(found.Hits) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	// The word stands on the second page of the passage.
	if c := found.Hits[0].Citation; c.Type != "toy" || c.Where() != "page 4" || c.Passage == nil || c.Passage.Page != 3 || c.Passage.Last.Page != 4 || !strings.HasSuffix(c.Path, "/a.toy") {
		t.Errorf("cited as %+v", c)
	}
}

// Two formats that claim the same files are a mistake of the list.
func TestFormatsThatClash(t *testing.T) {
	for name, other := range map[string]extract.Format{
		"name":      {Name: "toy", Version: 1, Read: toy.Format().Read},
		"extension": {Name: "doll", Version: 1, Extensions: []string{"toy"}, Read: toy.Format().Read},
		"no reader": {Name: "doll", Version: 1},
		"version":   {Name: "doll", Read: toy.Format().Read},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing is wrong with it", name)
				}
			}()
			extract.New(append(withToy(), other), extract.Options{})
		}()
	}
}
