package indextest

import (
	"math"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

func nanValue() float64 { return math.NaN() }

func testNearestOrder(t *testing.T, o Opener) {
	s := create(t, o)
	a, b, c := doc("a", "exact"), doc("b", "opposite", "also exact"), doc("c", "exact too")
	a.Content[0].Vector = []float32{1, 0, 0, 0, 0, 0, 0, 0}
	b.Content[0].Vector = []float32{-1, 0, 0, 0, 0, 0, 0, 0}
	b.Content[1].Vector = []float32{1, 0, 0, 0, 0, 0, 0, 0}
	c.Content[0].Vector = []float32{1, 0, 0, 0, 0, 0, 0, 0}
	half := doc("d", "half")
	half.Content[0].Vector = unit(0)
	put(t, s, a, b)
	put(t, s, c, half)
	check := func(s *store) {
		t.Helper()
		hits, err := s.Nearest(t.Context(), index.Request{Vector: []float32{1, 0, 0, 0, 0, 0, 0, 0}, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "order", texts(t, s, hits), []string{"exact", "also exact", "exact too", "half", "opposite"})
		for i, want := range []float64{1, 1, 1, 0.5, -1} {
			if math.Abs(hits[i].Score-want) > 1e-6 {
				t.Errorf("score %d is %v, want %v", i, hits[i].Score, want)
			}
		}
	}
	check(s)
	check(reopen(t, s, o))
}

func testKeywordOrder(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s,
		doc("a", "a kettle and many other things that are of no interest to anybody here"),
		doc("b", "kettle kettle kettle"),
		doc("c", "kettle pot pan"),
		doc("d", "nothing of that"),
		doc("e", "kettle pot pan"),
		doc("f", "zeppelin pot pan"))
	check := func(s *store) {
		t.Helper()
		equal(t, "more and shorter first, ties by id", keyword(t, s, words("kettle"), index.Filter{}), []string{
			"kettle kettle kettle", "kettle pot pan", "kettle pot pan",
			"a kettle and many other things that are of no interest to anybody here"})
		equal(t, "rare words count more", keyword(t, s, words("zeppelin kettle"), index.Filter{})[:1], []string{"zeppelin pot pan"})
		hits, err := s.Keyword(t.Context(), index.Request{Query: words("kettle pot"), Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) != 2 || hits[0].Score != hits[1].Score || hits[0].Doc >= hits[1].Doc || hits[0].Score <= 0 {
			t.Errorf("equal passages: %+v", hits)
		}
	}
	check(s)
	check(reopen(t, s, o))
}

func testStemming(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "The engineers' Running engines"), doc("b", "unrelated"))
	for _, q := range []string{"engine", "ENGINES", "runs", "engineer's"} {
		equal(t, q, keyword(t, s, words(q), index.Filter{}), []string{"The engineers' Running engines"})
	}
	for _, q := range []string{"the", "", "?!", "zzz"} {
		equal(t, q, keyword(t, s, words(q), index.Filter{}), []string{})
	}
}

func testFields(t *testing.T, o Opener) {
	s := create(t, o)
	a, b, c := doc("a", "first text"), doc("b", "second text"), doc("c", "walrus text")
	a.Title = "The walrus report"
	b.Content[0].Heading = []string{"Animals", "Walrus"}
	c.Path = "/home/ada/sea-lions/report_2024.txt"
	put(t, s, a, b, c)
	clause := func(field, text string) index.Query {
		return index.Query{Clauses: []index.Clause{{Field: field, Text: text}}}
	}
	unordered(t, "all fields", keyword(t, s, words("walrus"), index.Filter{}), []string{"first text", "second text", "walrus text"})
	equal(t, "title", keyword(t, s, clause("title", "walrus"), index.Filter{}), []string{"first text"})
	equal(t, "heading", keyword(t, s, clause("heading", "walrus"), index.Filter{}), []string{"second text"})
	equal(t, "text", keyword(t, s, clause("text", "walrus"), index.Filter{}), []string{"walrus text"})
	for _, q := range []string{"sea", "LIONS", "report", "2024", "ada"} {
		equal(t, "path "+q, keyword(t, s, clause("path", q), index.Filter{}), []string{"walrus text"})
	}
	equal(t, "a file's name", keyword(t, s, words("report_2024.txt"), index.Filter{}), []string{"walrus text"})
	for _, occur := range []index.Occur{index.Must, index.MustNot} {
		q := index.Query{Clauses: []index.Clause{{Text: "text"}, {Text: "lions", Occur: occur}}}
		want := []string{"first text", "second text", "walrus text"}
		if occur == index.Must {
			want = nil
		}
		unordered(t, "neither required nor excluded in paths", keyword(t, s, q, index.Filter{}), want)
	}
	for _, d := range []string{"d", "e"} {
		same := doc(d, d+" text")
		same.Path = "/home/ada/" + d
		put(t, s, same)
	}
	equal(t, "a word of several paths", keyword(t, s, words("lions walrus"), index.Filter{})[:1], []string{"walrus text"})
	if _, err := s.Keyword(t.Context(), index.Request{Query: clause("author", "x"), Limit: 1}); err == nil {
		t.Error("an unknown field is accepted")
	}
}

func testClauses(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s,
		doc("a", "gear ratio of the rear wheel"),
		doc("b", "ratio of a gear"),
		doc("c", "gear box", "gear ratio and gear box"),
		doc("d", "the chain"))
	for _, tc := range []struct {
		query string
		want  []string
	}{
		{"gear", []string{"gear ratio of the rear wheel", "ratio of a gear", "gear box", "gear ratio and gear box"}},
		{`"gear ratio"`, []string{"gear ratio of the rear wheel", "gear ratio and gear box"}},
		{`"gears ratios"`, []string{"gear ratio of the rear wheel", "gear ratio and gear box"}},
		{`"ratio gear"`, nil},
		{`"ratio of the rear"`, []string{"gear ratio of the rear wheel"}},
		{"gear -box", []string{"gear ratio of the rear wheel", "ratio of a gear"}},
		{`gear -"gear ratio"`, []string{"ratio of a gear", "gear box"}},
		{"+wheel gear", []string{"gear ratio of the rear wheel"}},
		{"+gear +box", []string{"gear box", "gear ratio and gear box"}},
		{"+gear +box -ratio", []string{"gear box"}},
		{"+gear chain", []string{"gear ratio of the rear wheel", "ratio of a gear", "gear box", "gear ratio and gear box"}},
		{"+zeppelin gear", nil},
		{"+the gear -of", []string{"gear ratio of the rear wheel", "ratio of a gear", "gear box", "gear ratio and gear box"}},
		{"chain gear-ratio", []string{"the chain", "gear ratio of the rear wheel", "ratio of a gear", "gear box", "gear ratio and gear box"}},
		{"+gear-ratio", []string{"gear ratio of the rear wheel", "gear ratio and gear box"}},
		{"-gear-ratio gear", []string{"ratio of a gear", "gear box"}},
		{`"gear ratio" "gear box"`, []string{"gear ratio and gear box"}},
	} {
		q, err := index.ParseQuery(tc.query)
		if err != nil {
			t.Fatal(err)
		}
		unordered(t, tc.query, keyword(t, s, q, index.Filter{}), tc.want)
	}
	should := index.Query{Clauses: []index.Clause{{Text: "gear box", Phrase: true}, {Text: "chain"}}}
	unordered(t, "optional phrase", keyword(t, s, should, index.Filter{}), []string{"gear box", "gear ratio and gear box", "the chain"})
	if got := keyword(t, s, index.Query{Clauses: []index.Clause{{Text: "gear", Occur: index.MustNot}}}, index.Filter{}); len(got) != 0 {
		t.Errorf("a query that only excludes found %q", got)
	}
	if got := keyword(t, s, index.Query{}, index.Filter{}); len(got) != 0 {
		t.Errorf("an empty query found %q", got)
	}
}

func testClausesRestrictNearest(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "gear ratio", "gear box"), doc("b", "chain ratio"))
	for _, tc := range []struct {
		query string
		want  []string
	}{
		{"gear", []string{"gear ratio", "gear box", "chain ratio"}}, // only optional
		{"+gear", []string{"gear ratio", "gear box"}},
		{`"gear box"`, []string{"gear box"}},
		{"x -ratio", []string{"gear box"}},
		{"+ratio -chain", []string{"gear ratio"}},
		{"+zeppelin", nil},
	} {
		q, err := index.ParseQuery(tc.query)
		if err != nil {
			t.Fatal(err)
		}
		unordered(t, tc.query, nearest(t, s, unit(0), q, index.Filter{}), tc.want)
	}
	q, _ := index.ParseQuery("+ratio")
	equal(t, "with a filter", nearest(t, s, unit(0), q, index.Filter{Paths: []string{"b.txt"}}), []string{"chain ratio"})
}

// testMatch checks that Match is searched and Text is shown.
func testMatch(t *testing.T, o Opener) {
	s := create(t, o)
	d := doc("a", "АLBERT ﬁnds")
	d.Content[0].Match = "ALBERT finds"
	put(t, s, d)
	equal(t, "normalised", keyword(t, s, words("albert"), index.Filter{}), []string{"АLBERT ﬁnds"})
	equal(t, "normalised", keyword(t, s, words("find"), index.Filter{}), []string{"АLBERT ﬁnds"})
}

func testFilter(t *testing.T, o Opener) {
	s := create(t, o)
	day := func(d int) time.Time { return time.Date(2024, 5, d, 0, 0, 0, 0, time.UTC) }
	for _, d := range []struct {
		path, typ string
		modified  time.Time
		metadata  map[string]string
	}{
		{"/home/ada/notes/a.md", "markdown", day(1), map[string]string{"lang": "en", "team": "red"}},
		{"/home/ada/notes/old/b.md", "markdown", day(2), map[string]string{"lang": "de", "team": "red"}},
		{"/home/ada/c.pdf", "pdf", day(3), nil},
		{"/home/bob/notes/d.txt", "text", day(4), map[string]string{"lang": "en", "team": ""}},
		{"relative/e.txt", "text", time.Time{}, nil},
	} {
		doc := doc(d.path, d.path+" common")
		doc.Path, doc.Type, doc.Modified, doc.Metadata = d.path, d.typ, d.modified, d.metadata
		doc.Language = map[string]string{"pdf": "de-AT", "text": "de"}[d.typ]
		put(t, s, doc)
	}
	const a, b, c, d, e = "/home/ada/notes/a.md", "/home/ada/notes/old/b.md", "/home/ada/c.pdf", "/home/bob/notes/d.txt", "relative/e.txt"
	tests := []struct {
		name   string
		filter index.Filter
		want   []string
	}{
		{"none", index.Filter{}, []string{a, b, c, d, e}},
		{"base name", index.Filter{Paths: []string{"*.md"}}, []string{a, b}},
		{"base names", index.Filter{Paths: []string{"*.pdf", "d.*"}}, []string{c, d}},
		{"alternatives", index.Filter{Paths: []string{"*.{pdf,txt}"}}, []string{c, d, e}},
		{"whole path", index.Filter{Paths: []string{"/home/ada/**"}}, []string{a, b, c}},
		{"whole path, one level", index.Filter{Paths: []string{"/home/ada/*"}}, []string{c}},
		{"tail", index.Filter{Paths: []string{"notes/*"}}, []string{a, d}},
		{"tail across levels", index.Filter{Paths: []string{"notes/**"}}, []string{a, b, d}},
		{"tail of a relative path", index.Filter{Paths: []string{"relative/*"}}, []string{e}},
		{"a tail begins at a name", index.Filter{Paths: []string{"tes/*"}}, nil},
		{"folder", index.Filter{Paths: []string{"notes"}}, []string{a, b, d}},
		{"folder only", index.Filter{Paths: []string{"notes/"}}, []string{a, b, d}},
		{"a file is no folder", index.Filter{Paths: []string{"c.pdf/"}}, nil},
		{"folders by pattern", index.Filter{Paths: []string{"o*/"}}, []string{b}},
		{"no folders by pattern", index.Filter{Paths: []string{"o*"}}, nil},
		{"folder in a folder", index.Filter{Paths: []string{"ada/notes"}}, []string{a, b}},
		{"whole path of a folder", index.Filter{Paths: []string{"/home/ada"}}, []string{a, b, c}},
		{"everywhere", index.Filter{Paths: []string{"/"}}, []string{a, b, c, d, e}},
		{"from here", index.Filter{Paths: []string{"./ada/notes/**"}}, []string{a, b}},
		{"folder from here", index.Filter{Paths: []string{".//relative"}}, []string{e}},
		{"not in a folder", index.Filter{NotPaths: []string{"notes"}}, []string{c, e}},
		{"not", index.Filter{NotPaths: []string{"*.md", "e.txt"}}, []string{c, d}},
		{"path and not", index.Filter{Paths: []string{"notes/**"}, NotPaths: []string{"**/old/**"}}, []string{a, d}},
		{"type", index.Filter{Types: []string{"pdf"}}, []string{c}},
		{"types", index.Filter{Types: []string{"pdf", "text"}}, []string{c, d, e}},
		{"unknown type", index.Filter{Types: []string{"PDF"}}, nil},
		{"language", index.Filter{Languages: []string{"de"}}, []string{c, d, e}},
		{"special language", index.Filter{Languages: []string{"de-at"}}, []string{c}},
		{"languages", index.Filter{Languages: []string{"en", "de-AT", ""}}, []string{a, b, c}},
		{"a tag ends at a hyphen", index.Filter{Languages: []string{"d", "de-A"}}, nil},
		{"metadata", index.Filter{Metadata: map[string]string{"lang": "en"}}, []string{a, d}},
		{"all metadata", index.Filter{Metadata: map[string]string{"lang": "en", "team": "red"}}, []string{a}},
		{"empty value", index.Filter{Metadata: map[string]string{"team": ""}}, []string{d}},
		{"after", index.Filter{After: day(3)}, []string{c, d}},
		{"before", index.Filter{Before: day(3)}, []string{a, b}},
		{"between", index.Filter{After: day(2), Before: day(4)}, []string{b, c}},
		{"all together", index.Filter{Paths: []string{"/home/**"}, NotPaths: []string{"b.*"}, Types: []string{"markdown", "text"},
			Metadata: map[string]string{"lang": "en"}, After: day(1), Before: day(4)}, []string{a}},
	}
	check := func(s *store) {
		t.Helper()
		for _, tc := range tests {
			var want []string
			for _, w := range tc.want {
				want = append(want, w+" common")
			}
			unordered(t, tc.name+", keyword", keyword(t, s, words("common"), tc.filter), want)
			unordered(t, tc.name+", nearest", nearest(t, s, unit(0), index.Query{}, tc.filter), want)
		}
	}
	check(s)
	check(reopen(t, s, o))
}

func testMalformedFilter(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "text"))
	for _, f := range []index.Filter{{Paths: []string{"[a"}}, {NotPaths: []string{"{a"}}, {Paths: []string{""}}, {Paths: []string{"./"}}} {
		if _, err := s.Keyword(t.Context(), index.Request{Query: words("text"), Filter: f, Limit: 1}); err == nil {
			t.Errorf("Keyword accepts %+v", f)
		}
		if _, err := s.Nearest(t.Context(), index.Request{Vector: unit(0), Filter: f, Limit: 1}); err == nil {
			t.Errorf("Nearest accepts %+v", f)
		}
	}
}

func testLimit(t *testing.T, o Opener) {
	s := create(t, o)
	put(t, s, doc("a", "word", "word word", "word word word"), doc("b", "word"))
	var all []index.Hit
	for limit := 10; limit > 0; limit-- {
		for name, search := range map[string]func() ([]index.Hit, error){
			"Keyword": func() ([]index.Hit, error) {
				return s.Keyword(t.Context(), index.Request{Query: words("word"), Limit: limit})
			},
			"Nearest": func() ([]index.Hit, error) {
				return s.Nearest(t.Context(), index.Request{Vector: unit(1), Limit: limit})
			},
		} {
			hits, err := search()
			if err != nil || len(hits) != min(limit, 4) {
				t.Fatalf("%s of at most %d: %d hits, %v", name, limit, len(hits), err)
			}
			if name != "Keyword" {
				continue
			}
			if all == nil {
				all = hits
			}
			for i, h := range hits {
				if h != all[i] {
					t.Errorf("with limit %d hit %d is %+v, without %+v", limit, i, h, all[i])
				}
			}
		}
	}
	for _, limit := range []int{0, -1} {
		if _, err := s.Keyword(t.Context(), index.Request{Query: words("word"), Limit: limit}); err == nil {
			t.Errorf("Keyword accepts a limit of %d", limit)
		}
		if _, err := s.Nearest(t.Context(), index.Request{Vector: unit(0), Limit: limit}); err == nil {
			t.Errorf("Nearest accepts a limit of %d", limit)
		}
	}
	if _, err := s.Nearest(t.Context(), index.Request{Vector: []float32{1}, Limit: 1}); err == nil {
		t.Error("Nearest accepts a vector of another length")
	}
}
