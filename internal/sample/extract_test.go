package sample_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	sampleDir = "../../testdata/sample/"
	sourceDir = "../../testdata/gen/src/"
	brokenDir = "../../testdata/broken/"
)

// readDocument returns the text of a document of the collection, read with as
// little code as will do, so that the collection is not judged by the very
// extractors that it is there to test. What is read of a PDF is its source.
func readDocument(name string) (string, error) {
	name, record, isRecord := strings.Cut(name, "#")
	if path.Ext(name) == ".pdf" {
		return readSource(name)
	}
	data, err := os.ReadFile(sampleDir + name)
	if err != nil {
		return "", err
	}
	switch path.Ext(name) {
	case ".docx":
		return docxText(data)
	case ".html":
		return htmlText(string(data)), nil
	case ".jsonl":
		if isRecord {
			return recordText(data, record)
		}
	}
	return decode(data), nil
}

// readSource returns the text from which a PDF or DOCX file was made, without
// its header.
func readSource(name string) (string, error) {
	data, err := os.ReadFile(sourceDir + name + ".md")
	if err != nil {
		return "", err
	}
	_, body, found := strings.Cut(string(data), "\n\n")
	if !found {
		return "", fmt.Errorf("%s.md has no header", name)
	}
	marks := regexp.MustCompile(`(?m)^(#+ |- |\d+\. |\\pagebreak$)`)
	return marks.ReplaceAllString(body, ""), nil
}

func decode(data []byte) string {
	if rest, ok := bytes.CutPrefix(data, []byte{0xff, 0xfe}); ok {
		units := make([]uint16, len(rest)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(rest[2*i:])
		}
		return string(utf16.Decode(units))
	}
	if utf8.Valid(data) {
		return string(data)
	}
	latin1 := make([]rune, len(data))
	for i, b := range data {
		latin1[i] = rune(b)
	}
	return string(latin1)
}

var (
	unread     = regexp.MustCompile(`(?s)<(script|style|nav|header|footer|aside)\b.*?</(?:script|style|nav|header|footer|aside)>|<div[^>]*role="navigation".*?</div>`)
	inlineTags = regexp.MustCompile(`</?(em|strong|b|i|q)>`)
	tags       = regexp.MustCompile(`<[^>]*>`)
)

func htmlText(page string) string {
	page = unread.ReplaceAllString(page, " ")
	page = inlineTags.ReplaceAllString(page, "")
	return html.UnescapeString(tags.ReplaceAllString(page, " "))
}

func docxText(data []byte) (string, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	part, err := archive.Open("word/document.xml")
	if err != nil {
		return "", err
	}
	defer part.Close()
	var text strings.Builder
	for decoder := xml.NewDecoder(part); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return text.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			if token.Name.Local == "p" {
				text.WriteByte('\n')
			}
		}
	}
}

type record struct {
	ID, Title, Text string
	Metadata        map[string]string
}

func records(data []byte) ([]record, error) {
	var all []record
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		var r record
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
}

func recordText(data []byte, id string) (string, error) {
	all, err := records(data)
	if err != nil {
		return "", err
	}
	for _, r := range all {
		if r.ID == id {
			return r.Text, nil
		}
	}
	return "", fmt.Errorf("no record %s", id)
}

var (
	commentMarks = regexp.MustCompile(`(?m)^\s*(//|#) ?`)
	// Emphasis, code and table marks of Markdown.
	markup = strings.NewReplacer("*", "", "`", "", "|", " ")
)

// flat is a text without markup, on one line.
func flat(text string) string {
	text = commentMarks.ReplaceAllString(text, " ")
	return strings.Join(strings.Fields(markup.Replace(text)), " ")
}
