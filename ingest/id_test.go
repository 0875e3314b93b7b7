package ingest_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest"
)

func TestID(t *testing.T) {
	for want, id := range map[string]ingest.ID{
		"/a/b.txt":            {File: "/a/b.txt"},
		`/C\x23.md`:           {File: "/C#.md"},
		"/x.jsonl#A-1":        {File: "/x.jsonl", Members: []string{"A-1"}},
		"/x.jsonl#urn:a:1":    {File: "/x.jsonl", Members: []string{"urn:a:1"}},
		`/x.jsonl\:7`:         {File: "/x.jsonl", Number: 7},
		`/a.zip#d/b.tar#\x23`: {File: "/a.zip", Members: []string{"d/b.tar", "#"}},
		`/a.zip#b.jsonl\:3`:   {File: "/a.zip", Members: []string{"b.jsonl"}, Number: 3},
		`/\\:7`:               {File: `/\:7`},
		`/\x0A\xFF`:           {File: "/\n\xff"},
		"/a#":                 {File: "/a", Members: []string{""}},
	} {
		if got := id.String(); got != want {
			t.Errorf("%+v is %q, want %q", id, got, want)
		}
		back, err := ingest.ParseID(want)
		if err != nil || back.File != id.File || !slices.Equal(back.Members, id.Members) || back.Number != id.Number {
			t.Errorf("ParseID(%q) = %+v, %v", want, back, err)
		}
		if got := ingest.FileID(want); got != (ingest.ID{File: id.File}).String() {
			t.Errorf("FileID(%q) = %q", want, got)
		}
	}
	for _, bad := range []string{`\`, `\q`, `\x`, `\x1`, `\xzz`, `\:`, `\:0`, `\:07`, `\:+7`, `\:7x`, `a\:7#b`} {
		if id, err := ingest.ParseID(bad); err == nil {
			t.Errorf("%q was taken for %+v", bad, id)
		}
	}
}

// FuzzID makes IDs of names of any kind, and takes strings of any kind for IDs.
func FuzzID(f *testing.F) {
	f.Add("/a#b", "c#d\x00", `e\:7`, 0)
	f.Add("", "", "", 1)
	f.Add(`C:\x`, "\xff/\u2028", "ü:12", 12)
	f.Add(`a\x23#b\\#\:3`, "", "#", -1)
	f.Fuzz(func(t *testing.T, file, a, b string, number int) {
		id := ingest.ID{File: file, Members: []string{a, b}, Number: max(number, 0)}
		s := id.String()
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%+v is %q, which is not printable", id, s)
		}
		back, err := ingest.ParseID(s)
		if err != nil || back.File != file || !slices.Equal(back.Members, id.Members) || back.Number != id.Number {
			t.Errorf("%+v is %q, which is %+v, %v", id, s, back, err)
		}
		if got, want := ingest.FileID(s), (ingest.ID{File: file}).String(); got != want {
			t.Errorf("%q is of the file %q, want %q", s, got, want)
		}
		if id, err := ingest.ParseID(file); err == nil {
			if again, err := ingest.ParseID(id.String()); err != nil || again.String() != id.String() {
				t.Errorf("%q is %+v, then %+v, %v", file, id, again, err)
			}
		}
	})
}

func TestUpgradeID(t *testing.T) {
	for _, c := range []struct{ id, path, want string }{
		{"/d/a.txt", "/d/a.txt", "/d/a.txt"},
		{"/P#/a#1.txt", "/P#/a#1.txt", `/P\x23/a\x231.txt`},
		{`/P#\\/a.txt`, `/P#\\/a.txt`, `/P\x23\\/a.txt`},
		{"/d/r.jsonl#b", "/d/r.jsonl", "/d/r.jsonl#b"},
		{"/d/r.jsonl#b#x", "/d/r.jsonl", `/d/r.jsonl#b\x23x`},
		{"/P#/r.jsonl#b#x", "/P#/r.jsonl", `/P\x23/r.jsonl#b\x23x`},
		{"/P#/r.jsonl:3", "/P#/r.jsonl", `/P\x23/r.jsonl:3`},
		{"/P#/R.JSONL#b#x", "wiki/B", `/P\x23/R.JSONL#b\x23x`},
		{"/d/records#b#x", "wiki/B", `/d/records#b\x23x`},
		{"stdin", "notes", "stdin"},
	} {
		if got := ingest.UpgradeID(c.id, c.path); got != c.want {
			t.Errorf("%s at %s: %s, want %s", c.id, c.path, got, c.want)
		}
	}
}
