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
