// Package sample_test checks the sample collection in testdata: that it is as
// large and as varied as the demo and the measurements on it assume, and that
// the answers of its question set stand in the documents.
package sample_test

import (
	"archive/zip"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

//go:generate ../../scripts/python ../../testdata/gen/build.py

// documents lists the files that are to be indexed.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(sampleDir), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name == "tidewright/build":
			return fs.SkipDir // named in .albertignore
		case entry.IsDir(), strings.HasPrefix(entry.Name(), "."), path.Ext(name) == ".bak":
			return nil
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestSize(t *testing.T) {
	names := documents(t)
	if len(names) < 28 {
		t.Errorf("%d documents; want at least 28", len(names))
	}
	words := 0
	var bytes int64
	for _, name := range names {
		text, err := readDocument(name)
		if err != nil {
			t.Fatal(err)
		}
		words += len(strings.Fields(text))
		info, err := os.Stat(sampleDir + name)
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
	}
	if words < 15000 {
		t.Errorf("%d words; want at least 15000", words)
	}
	if bytes > 1<<20 {
		t.Errorf("the collection has %d bytes; a clone should not carry more than 1 MiB of it", bytes)
	}
}

func TestFormats(t *testing.T) {
	files := map[string]int{}
	var utf16LE, latin1 int
	for _, name := range documents(t) {
		files[path.Ext(name)]++
		if path.Ext(name) != ".txt" {
			continue
		}
		data, err := os.ReadFile(sampleDir + name)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(string(data), "\xff\xfe"):
			utf16LE++
		case !utf8.Valid(data):
			latin1++
		}
	}
	least := map[string]int{".txt": 6, ".md": 6, ".html": 4, ".pdf": 4, ".docx": 3, ".go": 1, ".py": 1, ".jsonl": 1}
	for ext, want := range least {
		if files[ext] < want {
			t.Errorf("%d files %s; want at least %d", files[ext], ext, want)
		}
	}
	if utf16LE < 1 || latin1 < 1 {
		t.Errorf("%d files in UTF-16LE, %d in Latin-1; want one of each", utf16LE, latin1)
	}
}

func TestRecords(t *testing.T) {
	data, err := os.ReadFile(sampleDir + "museum/catalogue.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	all, err := records(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 6 {
		t.Errorf("%d records; want at least 6", len(all))
	}
	for _, r := range all {
		if r.ID == "" || r.Title == "" || r.Text == "" || len(r.Metadata) == 0 {
			t.Errorf("record %q lacks an id, a title, a text or metadata", r.ID)
		}
	}
}

// A source that was changed without running build.py again would make the
// answers of the question set wrong.
func TestMadeFilesMatchSources(t *testing.T) {
	for _, name := range documents(t) {
		switch path.Ext(name) {
		case ".docx":
			source, err := readSource(name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := readDocument(name)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := flat(text), flat(source); got != want {
				t.Errorf("%s is not what its source says; run testdata/gen/build.py\n got %.300q\nwant %.300q", name, got, want)
			}
		case ".pdf":
			if _, err := readSource(name); err != nil {
				t.Error(err)
			}
			if n := pdfPages(t, name); n < 2 {
				t.Errorf("%s has %d pages; want several", name, n)
			}
		}
	}
}

var pageObject = regexp.MustCompile(`/Type /Page\b[^s]`)

func pdfPages(t *testing.T, name string) int {
	t.Helper()
	data, err := os.ReadFile(sampleDir + name)
	if err != nil {
		t.Fatal(err)
	}
	return len(pageObject.FindAll(data, -1))
}

type question struct {
	ID           string `json:"id"`
	Question     string `json:"question"`
	IsImpossible bool   `json:"is_impossible"`
	Answers      []struct {
		Text string `json:"text"`
	} `json:"answers"`
	Document string `json:"document"`
	Page     int    `json:"page"`
	Evidence string `json:"evidence"`
	Reason   string `json:"reason"`
}

func questions(t *testing.T) []question {
	t.Helper()
	data, err := os.ReadFile("../../testdata/questions.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Data []question }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Data
}

func TestQuestionSet(t *testing.T) {
	all := questions(t)
	if len(all) < 70 {
		t.Errorf("%d questions; want at least 70", len(all))
	}
	impossible := 0
	answered := map[string]int{}
	asked := map[string]bool{}
	seen := map[string]bool{}
	for _, q := range all {
		name, _, _ := strings.Cut(q.Document, "#")
		asked[name] = true
		if seen[q.ID] || seen[q.Question] {
			t.Errorf("%s is there twice: %s", q.ID, q.Question)
		}
		seen[q.ID], seen[q.Question] = true, true
		if q.IsImpossible {
			impossible++
		} else {
			answered[path.Ext(name)]++
		}
	}
	if 3*impossible < len(all)-2 || impossible < 24 {
		t.Errorf("%d of %d questions are without an answer; want a third", impossible, len(all))
	}
	for _, ext := range []string{".txt", ".md", ".html", ".pdf", ".docx", ".jsonl", ".go", ".py"} {
		if answered[ext] == 0 {
			t.Errorf("no question is answered by a file %s", ext)
		}
	}
	for _, name := range documents(t) {
		if !asked[name] {
			t.Errorf("no question about %s", name)
		}
	}
}

func TestAnswersStandInDocuments(t *testing.T) {
	for _, q := range questions(t) {
		t.Run(q.ID, func(t *testing.T) {
			text, err := readDocument(q.Document)
			if err != nil {
				t.Fatal(err)
			}
			if q.IsImpossible {
				if len(q.Answers) > 0 || q.Reason == "" {
					t.Error("a question without an answer needs a reason and no answers")
				}
				return
			}
			if len(q.Answers) == 0 {
				t.Error("no answers")
			}
			if !strings.Contains(flat(text), flat(q.Evidence)) {
				t.Errorf("%s does not say %q", q.Document, q.Evidence)
			}
			// Spaces that do not break stand for spaces: &nbsp; in HTML.
			plain := strings.ReplaceAll(text, "\u00a0", " ")
			inEvidence := false
			for _, a := range q.Answers {
				if !strings.Contains(plain, a.Text) {
					t.Errorf("%q is not in %s as it stands", a.Text, q.Document)
				}
				inEvidence = inEvidence || strings.Contains(flat(q.Evidence), flat(a.Text))
			}
			if !inEvidence {
				t.Error("the evidence holds none of the answers")
			}
			if isPDF := path.Ext(q.Document) == ".pdf"; isPDF != (q.Page > 0) {
				t.Errorf("page %d of %s", q.Page, q.Document)
			} else if isPDF && q.Page > pdfPages(t, q.Document) {
				t.Errorf("%s has no page %d", q.Document, q.Page)
			}
		})
	}
}

func TestBroken(t *testing.T) {
	var names []string
	entries, err := os.ReadDir(brokenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	want := []string{
		"bad-lines.jsonl", "binary.txt", "encrypted.pdf", "expands.docx", "half-scanned.pdf", "invalid-utf8.md",
		"not-a-pdf.pdf", "truncated.pdf", "zero-bytes.docx", "zero-bytes.pdf", "zero-bytes.txt", "zip-renamed.docx",
	}
	if !slices.Equal(names, want) {
		t.Errorf("broken files:\n got %q\nwant %q", names, want)
	}

	archive, err := zip.OpenReader(filepath.Join(brokenDir, "expands.docx"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var expanded uint64
	for _, f := range archive.File {
		expanded += f.UncompressedSize64
	}
	if expanded < 60_000_000 {
		t.Errorf("expands.docx expands to %d bytes; want 60 MB", expanded)
	}
}
