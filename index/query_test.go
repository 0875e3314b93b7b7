package index_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/albert-search/albert-search/index"
)

func TestParseQuery(t *testing.T) {
	type C = index.Clause
	for _, tc := range []struct {
		in   string
		want []C
	}{
		{"gear", []C{{Text: "gear"}}},
		{"  gear \t ratio\n", []C{{Text: "gear ratio"}}},
		{"who approved the budget?", []C{{Text: "who approved the budget?"}}},
		{`"gear ratio"`, []C{{Text: "gear ratio", Phrase: true, Occur: index.Must}}},
		{`“gear  ratio”`, []C{{Text: "gear ratio", Phrase: true, Occur: index.Must}}},
		{`-"gear box" ratio`, []C{{Text: "gear box", Phrase: true, Occur: index.MustNot}, {Text: "ratio"}}},
		{`+"gear box"`, []C{{Text: "gear box", Phrase: true, Occur: index.Must}}},
		{"+gear -ratio", []C{{Text: "gear", Occur: index.Must}, {Text: "ratio", Occur: index.MustNot}}},
		{"a +b c d", []C{{Text: "a"}, {Text: "b", Occur: index.Must}, {Text: "c d"}}},
		{"title:gear ratio", []C{{Text: "gear", Field: "title"}, {Text: "ratio"}}},
		{"+path:manuals gear", []C{{Text: "manuals", Field: "path", Occur: index.Must}, {Text: "gear"}}},
		{`heading:"gear ratio"`, []C{{Text: "gear ratio", Field: "heading", Phrase: true, Occur: index.Must}}},
		{`text:"gear`, []C{{Text: "gear", Field: "text", Phrase: true, Occur: index.Must}}},
		{`gear "ratio of`, []C{{Text: "gear"}, {Text: "ratio of", Phrase: true, Occur: index.Must}}},
		{`gear "`, []C{{Text: "gear"}}},
		{`gear ""ratio`, []C{{Text: "gear ratio"}}},
		{"http://example.com/x", []C{{Text: "http://example.com/x"}}},
		{"Title:gear", []C{{Text: "Title:gear"}}},
		{"a - b", []C{{Text: "a - b"}}},
		{"+ title: +path:", []C{{Text: "+ title: +path:"}}},
		{"state-of-the-art", []C{{Text: "state-of-the-art"}}},
		{`27" screen`, []C{{Text: `27" screen`}}},
		{"--x y", []C{{Text: "-x", Occur: index.MustNot}, {Text: "y"}}},
		{"a\u00a0b", []C{{Text: "a b"}}},
	} {
		got, err := index.ParseQuery(tc.in)
		if err != nil || !reflect.DeepEqual(got.Clauses, tc.want) {
			t.Errorf("ParseQuery(%q) = %+v, %v; want %+v", tc.in, got.Clauses, err, tc.want)
		}
	}
	for _, in := range []string{"", " ", `""`, "-gear", `-"gear`, `-a -"b c"`} {
		if q, err := index.ParseQuery(in); !errors.Is(err, index.ErrEmptyQuery) {
			t.Errorf("ParseQuery(%q) = %+v, %v; want ErrEmptyQuery", in, q, err)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"gear ratio", `+a -b "c d" title:e path:"f`, `“x” -`, "", "+", `"`, "text:+\"", "\xff:\"\xfe", "a\u00a0-\u2003+b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := index.ParseQuery(s)
		if err != nil {
			if !errors.Is(err, index.ErrEmptyQuery) {
				t.Fatalf("error %v", err)
			}
			return
		}
		wanted := false
		for _, c := range q.Clauses {
			if strings.TrimSpace(c.Text) == "" {
				t.Errorf("empty clause in %+v", q)
			}
			if c.Phrase && c.Occur == index.Should {
				t.Errorf("optional phrase in %+v", q)
			}
			if utf8.ValidString(s) && !utf8.ValidString(c.Text) {
				t.Errorf("clause %q cuts a character", c.Text)
			}
			wanted = wanted || c.Occur != index.MustNot
		}
		if !wanted {
			t.Errorf("%+v looks for nothing", q)
		}
	})
}
