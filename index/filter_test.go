package index_test

import (
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

// Records of one file have its path in common, and are told apart by ID.
func TestFilterMatchesRecords(t *testing.T) {
	record := &index.Info{ID: "/shelf/books.jsonl#7", Path: "/shelf/books.jsonl"}
	for pattern, want := range map[string]bool{
		"/shelf/books.jsonl":   true,
		"/shelf/books.jsonl#7": true,
		"books.jsonl#*":        true,
		"/shelf/books.jsonl#8": false,
	} {
		for _, f := range []index.Filter{{Paths: []string{pattern}}, {NotPaths: []string{pattern}}} {
			matches, err := f.Matcher()
			if err != nil {
				t.Fatal(err)
			}
			if got := matches(record); got != (want == (f.Paths != nil)) {
				t.Errorf("%+v: %v", f, got)
			}
		}
	}
}

func TestFilterUnknownDate(t *testing.T) {
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, f := range []index.Filter{{Before: day}, {After: day}, {After: day, Before: day.AddDate(1, 0, 0)}} {
		matches, err := f.Matcher()
		if err != nil {
			t.Fatal(err)
		}
		if matches(&index.Info{}) {
			t.Errorf("%+v lets a document pass whose date is not known", f)
		}
	}
}

// A file is named as its name is typed.
func TestFilterNames(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"cr\u00e8me.txt", "/d/cre\u0300me.txt", true},
		{"cre\u0300me.txt", "/d/cr\u00e8me.txt", true},
		{"M\u00fcsli/", "/d/Mu\u0308sli/a.txt", true},
		{"Mu\u0308sl?/*.txt", "/d/M\u00fcsli/a.txt", true},
		{"creme.txt", "/d/cre\u0300me.txt", false},
		{"[draft] plan.md", "/d/[draft] plan.md", true},
		{"[draft] plan.md", "/d/d plan.md", true}, // one of the letters
		{"[draft] plan.md", "/d/x plan.md", false},
		{"[draft]", "/d/[draft]/a.txt", true},
		{"/d/[draft]*/a.txt", "/d/[draft] 2/a.txt", true},
		{"plan{1}.md", "/d/plan{1}.md", true},
		{"plan{1,2}.md", "/d/plan2.md", true},
		{`\[draft\] plan.md`, "/d/[draft] plan.md", true},
		{`\[draft\] plan.md`, "/d/d plan.md", false},
	} {
		matches, err := index.Filter{Paths: []string{tt.pattern}}.Matcher()
		if err != nil {
			t.Fatal(err)
		}
		if got := matches(&index.Info{ID: tt.path, Path: tt.path}); got != tt.want {
			t.Errorf("%q matches %q: %v", tt.pattern, tt.path, got)
		}
	}
}
