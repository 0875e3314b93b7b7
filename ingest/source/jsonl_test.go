package source_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
)

func TestJSONL(t *testing.T) {
	const lines = `{"id": "a", "title": "T", "text": "one", "metadata": {"k": "v", "n": 1, "l": ["x"], "z": null}, "url": "http://u", "date": "2024-05-06"}

{"_id": 7, "text": "two", "path": "p/q.txt"}
{"text": "three"}
not json
{"id": "a", "text": "again"}
{"id": "b"}
{"id": {}, "text": ""}
[1]
{"id": "c", "text": "four", "date": "yesterday"}
{"id": "d", "text": 5}
{"id": "e", "text": "last"}`
	path := filepath.Join(tree(t, map[string]string{"x.jsonl": lines}), "x.jsonl")
	s, err := source.JSONL(path)
	must(t, err)
	id := filepath.ToSlash(path)
	var got []string
	c := ingest.NewListing(s)
	for _, e := range entries(t, s) {
		c.Add(e)
		line := strings.TrimPrefix(e.ID, id)
		if e.Skip != nil {
			got = append(got, line+" "+e.Skip.Error())
			continue
		}
		doc, err := e.Load(t.Context())
		must(t, err)
		sum, err := e.Hash(t.Context())
		must(t, err)
		if sum != doc.Fingerprint.SHA256 {
			t.Errorf("%s has two hashes", e.ID)
		}
		got = append(got, fmt.Sprint(line, " ", strings.TrimPrefix(e.Path, id), " ", doc.Title, doc.Metadata, doc.Body, doc.Modified.Format(" "+time.DateOnly)))
	}
	expect(t, got,
		`#a  Tmap[k:v l:["x"] n:1 url:http://u z:]one 2024-05-06`,
		`#7 p/q.txt map[]two 0001-01-01`,
		`#sha256-671f146c5e471e8a  map[]three 0001-01-01`,
		`\:5 line 5: is not JSON from its byte 2 on`,
		`\:6 line 6: has the id "a" of line 1`,
		`\:7 line 7: has no "text"`,
		`\:8 line 8: its id is neither a text nor a number`,
		`\:9 line 9: is not a JSON object but a JSON array`,
		`\:10 line 10: its date is neither a day (2006-01-02) nor a time (RFC 3339)`,
		`\:11 line 11: its text is a JSON number`,
		`#e  map[]last 0001-01-01`)
	if gone(c, id+"#elsewhere") {
		t.Error("a record was taken for gone although lines could not be read")
	}
}

func TestJSONLGone(t *testing.T) {
	path := filepath.Join(tree(t, map[string]string{"x": `{"id":"a","text":""}` + "\n"}), "x")
	s, err := source.JSONL(path)
	must(t, err)
	c := ingest.NewListing(s)
	for _, e := range entries(t, s) {
		c.Add(e)
	}
	id := filepath.ToSlash(path)
	for suffix, want := range map[string]bool{"#a": false, "#b": true, `\:3`: true, ":3": true, "": true, "y#b": false} {
		if got := gone(c, id+suffix); got != want {
			t.Errorf("Gone(%q) = %v", suffix, got)
		}
	}

	must(t, os.Remove(path))
	list := entries(t, s)
	if len(list) != 1 || list[0].Skip == nil || list[0].Incomplete != id+"#" {
		t.Errorf("a file that is not there: %+v", list)
	}
}

func TestJSONLLongLine(t *testing.T) {
	long := `{"id":"long","text":"` + strings.Repeat("x", 16<<20) + `"}`
	s := source.JSONLStream("stdin", strings.NewReader(`{"id":"a","text":""}`+"\n"+long+"\n"+`{"id":"b","text":""}`))
	var got []string
	for _, e := range entries(t, s) {
		got = append(got, e.ID)
		if e.Skip != nil {
			got = append(got, e.Skip.Error())
		}
	}
	expect(t, got, "stdin#a", `stdin\:2`, "line 2: is longer than 16 MiB", "stdin#b")
	if s.Covers("stdin#c") || !s.Covers(`stdin\:2`) {
		t.Error("a stream must cover its lines that could not be read, and no records")
	}
}

func TestStream(t *testing.T) {
	s := source.Stream("-", strings.NewReader("text"), verbatim{})
	e := entries(t, s)[0]
	sum, err := e.Hash(t.Context())
	must(t, err)
	doc, err := e.Load(t.Context())
	must(t, err)
	if e.ID != "-" || doc.Body != "text" || doc.Fingerprint.SHA256 != sum {
		t.Errorf("%+v %+v", e, doc)
	}
	if s.Covers("-") {
		t.Error("a stream covers a document")
	}
}

func FuzzJSONL(f *testing.F) {
	f.Add("{\"id\":\"a\",\"text\":\"b\"}\n{\"text\":\"c\"}")
	f.Add("{\"id\":null,\"text\":\"\xff\",\"metadata\":{\"\xfe\":[1,{}]},\"date\":\"2024-01-01T00:00:00Z\"}\r\n\n")
	f.Add("[]\nnull\n\"\"\n{\"id\":\"\\u0000\",\"text\":\"x\"}")
	f.Fuzz(func(t *testing.T, content string) {
		ids := map[string]bool{}
		list := entries(t, source.JSONLStream("f", strings.NewReader(content)))
		if lines := strings.Count(content, "\n") + 1; len(list) > lines {
			t.Errorf("%d entries of %d lines", len(list), lines)
		}
		for _, e := range list {
			if !utf8.ValidString(e.ID) || ids[e.ID] {
				t.Errorf("the ID %q is not valid or not unique", e.ID)
			}
			ids[e.ID] = true
			if e.Skip != nil {
				continue
			}
			doc, err := e.Load(t.Context())
			must(t, err)
			if !utf8.ValidString(doc.Body) {
				t.Errorf("the text is not UTF-8: %q", doc.Body)
			}
		}
	})
}

// A file of records below a folder is offered record by record, any other
// *.jsonl as the text that it is.
func TestFilesOffersRecords(t *testing.T) {
	dir := tree(t, map[string]string{
		"a.jsonl":  `{"id": "x", "text": "one"}` + "\n" + `{"id": "y", "text": "two"}` + "\n",
		"b.ndjson": `{"event": "start"}` + "\n",
		"c.jsonl":  "not json\n" + `{"id": "z", "text": "three"}` + "\n",
	})
	id := filepath.ToSlash(dir)
	for _, c := range []struct {
		root string
		ids  []string
	}{
		{dir, []string{id + "/a.jsonl#x", id + "/a.jsonl#y", id + "/b.ndjson", id + "/c.jsonl"}},
		{filepath.Join(dir, "a.jsonl"), []string{id + "/a.jsonl#x", id + "/a.jsonl#y"}},
		{filepath.Join(dir, "c.jsonl"), []string{id + "/c.jsonl"}},
	} {
		s, err := source.Files([]string{c.root}, source.FileOptions{})
		must(t, err)
		var got []string
		for _, e := range entries(t, s) {
			got = append(got, e.ID)
		}
		expect(t, got, c.ids...)
	}
}

// A record is read when it is loaded: one that was changed since it was listed
// is refused.
func TestJSONLChangedMeanwhile(t *testing.T) {
	path := filepath.Join(tree(t, map[string]string{"x.jsonl": `{"id":"a","text":"one"}` + "\r\n" + `{"id":"b","text":"two"}`}), "x.jsonl")
	s, err := source.JSONL(path)
	must(t, err)
	list := entries(t, s)
	if len(list) != 2 {
		t.Fatalf("%d records, want 2", len(list))
	}
	for i, want := range []string{"one", "two"} {
		doc, err := list[i].Load(t.Context())
		must(t, err)
		if doc.Body != want {
			t.Errorf("record %d is %q, want %q", i, doc.Body, want)
		}
	}
	must(t, os.WriteFile(path, []byte(`{"id":"a","text":"one"}`+"\r\n"+`{"id":"b","text":"too"}`), 0o644))
	if _, err := list[1].Load(t.Context()); !errors.Is(err, ingest.ErrChanged) {
		t.Errorf("loading a changed record gives %v, want ErrChanged", err)
	}
}
