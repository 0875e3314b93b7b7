package albertsearch_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What has nothing to list has an empty list, and what goes out comes back.
func TestResultsAsJSON(t *testing.T) {
	f := newFixture(t, "dough")
	f.write("bread.txt", bread)
	f.write("stars.txt", stars)
	summary := f.index()
	for _, limit := range []int{0, 1} {
		search, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "bread -zyx", Limit: limit, Mode: albertsearch.Keyword})
		if err != nil {
			t.Fatal(err)
		}
		ask, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "What rises?"})
		if err != nil || len(ask.Answers) == 0 {
			t.Fatal(ask, err)
		}
		if ask.Answers[0].Rank != 1 || ask.Answers[0].Certainty == "" || ask.Mode != albertsearch.Hybrid || ask.Fusion == "" {
			t.Errorf("the answer lacks something: %+v", ask)
		}
		for _, v := range []any{search, ask, summary, status(t, f.Engine), &albertsearch.SearchResult{Hits: []albertsearch.Hit{}}} {
			out := toJSON(t, v)
			if bytes.Contains(out, []byte(":null")) {
				t.Errorf("%T has a null: %s", v, out)
			}
		}
		var back albertsearch.SearchResult
		if err := json.Unmarshal(toJSON(t, search), &back); err != nil {
			t.Fatal(err)
		}
		if len(back.Hits) == 0 || back.Hits[0].Line != search.Hits[0].Line || back.Hits[0].Score != search.Hits[0].Score ||
			!slices.Equal(back.Hits[0].Matches, search.Hits[0].Matches) {
			t.Errorf("%+v came back as %+v", search, back)
		}
	}
	none, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "xylophone", Mode: albertsearch.Keyword})
	if err != nil {
		t.Fatal(err)
	}
	if out := toJSON(t, none); !bytes.Contains(out, []byte(`"hits":[]`)) || bytes.Contains(out, []byte("fusion")) {
		t.Errorf("without hits: %s", out)
	}
}

func TestMilliseconds(t *testing.T) {
	d := albertsearch.Milliseconds(1500 * time.Microsecond)
	out := toJSON(t, d)
	var back albertsearch.Milliseconds
	if err := json.Unmarshal(out, &back); err != nil || string(out) != "1" || back.Duration() != time.Millisecond {
		t.Errorf("1.5 ms are %s and come back as %v, %v", out, back.Duration(), err)
	}
	if err := json.Unmarshal([]byte(`"soon"`), &back); err == nil {
		t.Error("a text is taken for a duration")
	}
}

func TestPartOfACitation(t *testing.T) {
	text := "one\ntwo three\nfour"
	lines := albertsearch.Citation{
		Place: document.Place{Line: 7, Column: 3}, Last: &document.Place{Line: 9, Column: 4}, Start: 100, End: 100 + len(text),
	}
	for _, c := range []struct {
		cut               string
		line, column      int
		where             string
		start, endsInLine int
	}{
		{"one", 7, 3, "line 7", 100, 0},
		{"three", 8, 5, "line 8", 108, 0},
		{"three\nfour", 8, 5, "lines 8-9", 108, 9},
	} {
		at := bytes.Index([]byte(text), []byte(c.cut))
		got := lines.Part(text, index.Range{Start: at, End: at + len(c.cut)})
		last := 0
		if got.Last != nil {
			last = got.Last.Line
		}
		if got.Line != c.line || got.Column != c.column || got.Where() != c.where || got.Start != c.start || last != c.endsInLine {
			t.Errorf("%q is cited as %+v, %s", c.cut, got, got.Where())
		}
	}
	if lines.Last.Line != 9 {
		t.Error("the citation itself was changed")
	}
	pages := albertsearch.Citation{Place: document.Place{Page: 7}, Last: &document.Place{Page: 8}}
	if got := pages.Part(text, index.Range{Start: 4, End: 7}); got.Where() != "pages 7-8" || got.Start != 4 {
		t.Errorf("a part of two pages is cited as %s", got.Where())
	}
}
