package main

import (
	"slices"
	"strconv"
	"testing"
)

const list = `# Contributing

## Banned words

Text before.

| banned | write | why |
|---|---|---|
| anew | again | old |
| tells whether, ` + "`says whether`" + ` | reports whether | Go's own phrase |
| salvag* | recover | a ship's word |

## Next

| other | table | x |
`

func words(t *testing.T) []word {
	t.Helper()
	w, err := parseList(list)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestListIsTheTableOfItsSection(t *testing.T) {
	var names []string
	for _, w := range words(t) {
		names = append(names, w.name)
	}
	if want := []string{"anew", "tells whether", "says whether", "salvag*"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	for _, text := range []string{"", "\n## Banned words\n\nNone.\n", "\n## Banned words\n\n| | a | b |\n"} {
		if w, err := parseList(text); err == nil {
			t.Errorf("%q: %v, no error", text, w)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a.md", "It is made\nAnew. Renewed, anewly.\n", []string{"2 anew"}},
		{"a.md", "salvages, Salvage\n", []string{"1 salvag*", "1 salvag*"}},
		{"a.go", "package a\n\n// f tells\n// whether it is.\nfunc f() {}\n", []string{"3 tells whether"}},
		{"a.go", "package a\n\n// f tells\n\n// whether it is.\nfunc f() {}\n", nil},
		{"a.go", "package a\n\nfunc startAnew() { anew_one := 1; _ = `\nsays\nwhether` }\n", []string{"3 anew", "3 anew", "4 says whether"}},
		{"a.go", "package a\n\nvar renew = renewed(canEwe)\n", nil},
		{"run", "# anew\n", []string{"1 anew"}},
	} {
		var got []string
		for _, f := range find(c.name, []byte(c.text), words(t)) {
			got = append(got, strconv.Itoa(f.line)+" "+f.word.name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %q: %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestKnownComesBack(t *testing.T) {
	count := map[string]int{"anew": 3, "tells whether": 1}
	known, err := parseKnown(string(format(count)))
	if err != nil || len(known) != 2 || known["anew"] != 3 || known["tells whether"] != 1 {
		t.Errorf("%v, %v", known, err)
	}
	for _, text := range []string{"x anew\n", "0 anew\n", "3\n"} {
		if _, err := parseKnown(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestSearchable(t *testing.T) {
	for name, want := range map[string]bool{
		"a.go": true, "docs/cli.md": true, "scripts/demo": true, ".ci/run": true, "Makefile": true,
		"CONTRIBUTING.md": false, "testdata/sample/a.md": false, "a/testdata/b.py": false, "a.pdf": false,
	} {
		if got := searchable(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
