package albertsearch_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/memory"
)

// randomPages are documents made by chance in the formats that are easily written:
// sections, paragraphs, lists, tables, code, empty lines and long ones.
func randomPages(r *rand.Rand) map[string]string {
	prose := func() string {
		var words []string
		for range 1 + r.IntN(120) {
			words = append(words, []string{"gear", "wheel", "Zahnrad", "größer", "turns", "and", "ends.", "No. 7", "齿轮。", "e.g.", "(see", "below)"}[r.IntN(12)])
		}
		text := strings.Join(words, " ")
		if r.IntN(3) == 0 {
			text = strings.ReplaceAll(text, "and", "and\n")
		}
		return text
	}
	var md, html, text, code strings.Builder
	html.WriteString("<!DOCTYPE html>\n<html><body>\n")
	for i := range 25 {
		level := 1 + r.IntN(3)
		fmt.Fprintf(&md, "%s Part %d\n\n%s\n\n- %s\n- two\n\n| a | b |\n|---|---|\n| %d | x |\n\n", strings.Repeat("#", level), i, prose(), prose(), i)
		fmt.Fprintf(&html, "<h%d id=part-%d>Part %d</h%d>\n<p>%s</p>\n\n<ul><li>%s<li>two</ul><table><tr><th>a<th>b<tr><td>%d<td>x</table>\n<dl><dt id=t%d>Term<dd>%s</dl>", level, i, i, level, prose(), prose(), i, i, prose())
		fmt.Fprintf(&text, "%s\n%s\n\n\n  %s\r\n", prose(), prose(), prose())
		fmt.Fprintf(&code, "def f%d(x):\n    # %s\n    return x\n\n", i, strings.ReplaceAll(prose(), "\n", " "))
	}
	return map[string]string{"r.md": md.String(), "r.html": html.String(), "r.txt": text.String(), "r.py": code.String(), "r.csv": "a,b\n" + strings.ReplaceAll(prose(), "and", "1,2\n")}
}

// spanCount is how many spans are tried; SPANS asks for more, and SPANS_DOCS for the
// documents of another folder beside the sample.
func spanCount(t *testing.T) int {
	if n := os.Getenv("SPANS"); n != "" {
		count, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	return 2000
}

// TestSpansAreShown cites random spans of documents in every format and looks
// whether Show has them where the citation says, as people read it.
func TestSpansAreShown(t *testing.T) {
	e, err := albertsearch.Open(albertsearch.Options{Backend: memory.New(), Embedder: embedtest.Hash{Dimension: 8}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	for name, content := range randomPages(r) {
		if err := os.WriteFile(dir+"/"+name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths := []string{dir, "testdata/sample"}
	if more := os.Getenv("SPANS_DOCS"); more != "" {
		paths = append(paths, more)
	}
	if _, err := e.IndexPaths(t.Context(), paths...); err != nil {
		t.Fatal(err)
	}
	type passage struct {
		albertsearch.Citation
		text string
	}
	types := make(map[string][]passage)
	if err := e.EachCitation(t.Context(), func(c albertsearch.Citation, text string) error {
		types[c.Type] = append(types[c.Type], passage{c, text})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(types) < 6 {
		t.Fatalf("documents of %d formats", len(types))
	}
	var names []string
	for name := range types {
		names = append(names, name)
	}
	slices.Sort(names)
	tried, lost := make(map[string]int), make(map[string]int)
	for i := range spanCount(t) {
		name := names[i%len(names)]
		p := types[name][r.IntN(len(types[name]))]
		at := randomSpan(r, p.text)
		tried[name]++
		if why := lostSpan(t, e, p.Citation.Part(p.text, at), p.text[at.Start:at.End]); why != nil {
			if lost[name]++; lost[name] < 4 {
				t.Error(why)
			}
		}
	}
	t.Logf("spans tried %v, not shown %v", tried, lost)
}

// randomSpan is a range of whole characters.
func randomSpan(r *rand.Rand, text string) index.Range {
	start := r.IntN(len(text))
	end := min(start+1+r.IntN(200), len(text))
	for start > 0 && !utf8.RuneStart(text[start]) {
		start--
	}
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	return index.Range{Start: start, End: end}
}

// lostSpan says why the text is not shown where it is cited; nil if it is.
func lostSpan(t *testing.T, e *albertsearch.Engine, c albertsearch.Citation, text string) error {
	name := c.Path
	if strings.HasPrefix(c.ID, c.Path+"#") {
		name = c.ID
	}
	bytes := fmt.Sprintf("@%d-%d", c.Start, c.End)
	none := 0
	for _, place := range []string{c.At(), bytes} {
		res, err := e.Show(t.Context(), albertsearch.ShowRequest{Document: name, Place: place, Context: &none})
		if err == nil && place == c.At() {
			// The same behind the name of the document.
			if again, err := e.Show(t.Context(), albertsearch.ShowRequest{Document: name + place, Context: &none}); err != nil || len(again.Parts) != len(res.Parts) {
				return fmt.Errorf("%s%s: %w", name, place, errors.Join(err, errors.New("not the same behind the path")))
			}
		}
		if err != nil {
			return fmt.Errorf("%s, %q: %w", name, place, err)
		}
		if !slices.ContainsFunc(res.Parts, func(p albertsearch.ShownPart) bool { return strings.Contains(p.Text, text) }) {
			return fmt.Errorf("%s, %q, %d parts: %q is not there", name, place, len(res.Parts), text)
		}
	}
	return nil
}
