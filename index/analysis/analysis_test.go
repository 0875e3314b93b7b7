package analysis

import (
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
)

// A term of megabytes is kept by its beginning, in documents and queries alike.
func TestShortTerms(t *testing.T) {
	a, err := New("en")
	if err != nil {
		t.Fatal(err)
	}
	for f := range NumFields {
		tokens := a.Analyze(f, "gear "+strings.Repeat("a", 5<<20)+" wheel")
		if len(tokens) != 3 || len(tokens[1].Term) != maxTerm || string(tokens[2].Term) != "wheel" || tokens[1].End != 5+5<<20 {
			t.Errorf("field %v: got %d tokens, the second of %d bytes, to %d", f, len(tokens), len(tokens[1].Term), tokens[1].End)
		}
	}
}

func TestHighlight(t *testing.T) {
	var s Languages
	for _, tc := range []struct {
		query, text string
		want        []string
	}{
		{"gear", "The gears of a Gear box", []string{"gears", "Gear"}},
		{"engineers running", "An engineer runs.", []string{"engineer", "runs"}},
		{`"gear box"`, "gear, box of gears; a gear box", []string{"gear, box", "gear box"}},
		{`"gear box" box gear`, "gear box gear", []string{"gear box", "gear"}},
		{"gear -box", "gear box", []string{"gear"}},
		{"path:box gear", "gear box", []string{"gear"}},
		{"title:box", "gear box", []string{"box"}},
		{"größe", "Die Größe 🙂 größe", []string{"Größe", "größe"}},
		{"the of", "the gear of", nil},
		{"zeppelin", "gear", nil},
		{"gear", "", nil},
	} {
		q, err := index.ParseQuery(tc.query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		last := 0
		for _, r := range s.Highlight(q, tc.text, "") {
			if r.Start < last || r.End <= r.Start || r.End > len(tc.text) {
				t.Fatalf("%s in %q: range %+v after %d", tc.query, tc.text, r, last)
			}
			got = append(got, tc.text[r.Start:r.End])
			last = r.End
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s in %s: got %q, want %q", tc.query, tc.text, got, tc.want)
		}
	}
}

// TestLanguages checks which language a text is analysed in.
func TestLanguages(t *testing.T) {
	if _, err := NewLanguages([]string{"en", "klingon"}); err == nil || !strings.Contains(err.Error(), "klingon") {
		t.Errorf("an unknown language: %v", err)
	}
	l, err := NewLanguages([]string{"en", "de"})
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"": "en", "en": "en", "de": "de", "de-AT": "de", "tr": "en", "en-GB": "en"} {
		if got := l.Of(tag); got != want {
			t.Errorf("%q is analysed as %q, want %q", tag, got, want)
		}
	}
	q := index.Query{Clauses: []index.Clause{{Text: "Haus"}}}
	if got := l.Highlight(q, "zwei Häuser", "de"); len(got) != 1 {
		t.Errorf("in German %v is found", got)
	}
	if got := l.Highlight(q, "zwei Häuser", "en"); len(got) != 0 {
		t.Errorf("in English %v is found", got)
	}
}

// FuzzHighlight checks that ranges lie in the text, in order, and that the
// text may be anything.
func FuzzHighlight(f *testing.F) {
	a, err := New("en")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("gear ratio", "The gears' ratio: a gear-ratio")
	f.Add(`"gear ratio" +x`, "gear ratio gear ratio")
	f.Add("größe 🙂", "GRÖSSE größe 🙂")
	f.Add("\xff", "a\xffb \xff\xfe")
	f.Fuzz(func(t *testing.T, query, text string) {
		q, err := index.ParseQuery(query)
		if err != nil {
			return
		}
		last := 0
		for _, r := range a.Highlight(q, text) {
			if r.Start < last || r.End <= r.Start || r.End > len(text) {
				t.Fatalf("range %+v after %d in %q", r, last, text)
			}
			last = r.End
		}
	})
}
