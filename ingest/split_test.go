package ingest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/clipperhouse/uax29/v2/words"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// pieces counts as a WordPiece tokenizer does whose vocabulary has words of up
// to four letters: runs of letters and digits in fours, anything else alone.
type pieces struct{}

func (pieces) CountTokens(text string) int {
	n, run := 0, 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if run%4 == 0 {
				n++
			}
			run++
			continue
		}
		run = 0
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// checkPassages holds what is true of every splitting.
func checkPassages(t *testing.T, text *extract.Text, budget int, got []document.Passage) {
	t.Helper()
	body := text.Body
	boundaries := map[int]bool{0: true}
	for it := words.FromString(body); it.Next(); {
		boundaries[it.End()] = true
	}
	characters := map[int]bool{0: true}
	for it := graphemes.FromString(body); it.Next(); {
		characters[it.End()] = true
	}
	covered := 0
	for i, p := range got {
		switch {
		case p.Start < 0 || p.Start >= p.End || p.End > len(body):
			t.Fatalf("passage %d is %d..%d of %d bytes", i, p.Start, p.End, len(body))
		case i > 0 && (p.Start <= got[i-1].Start || p.End <= got[i-1].End):
			t.Errorf("passage %d, %d..%d, does not come after %d..%d", i, p.Start, p.End, got[i-1].Start, got[i-1].End)
		case p.Start > covered && strings.TrimSpace(body[covered:p.Start]) != "":
			t.Errorf("%q before passage %d is lost", body[covered:p.Start], i)
		}
		covered = p.End
		for _, edge := range []int{p.Start, p.End} {
			before, _ := utf8.DecodeLastRuneInString(body[:edge])
			after, _ := utf8.DecodeRuneInString(body[edge:])
			if unicode.Is(unicode.Cf, before) && unicode.IsSpace(after) {
				continue // a sign such as U+0600, which stands before digits, and no digits
			}
			if !characters[edge] || !boundaries[edge] && !unicode.IsSpace(before) {
				t.Errorf("%d is inside a word or character: %q|%q", edge, body[max(0, edge-9):edge], body[edge:min(len(body), edge+9)])
			}
		}
		if part := body[p.Start:p.End]; (pieces{}).CountTokens(part) > budget && !oneWord(part) {
			t.Errorf("passage %d has %d tokens of %d: %q", i, (pieces{}).CountTokens(part), budget, part)
		}
		if text.Verbatim {
			before := body[:p.Start]
			if line := strings.Count(before, "\n") + 1; p.Place.Line != line || p.Place.Column != len(before)-strings.LastIndex(before, "\n") {
				t.Errorf("passage %d is said to be at %d:%d", i, p.Place.Line, p.Place.Column)
			}
		}
	}
	if strings.TrimSpace(body[covered:]) != "" {
		t.Errorf("%q at the end is lost", body[covered:])
	}
}

// oneWord tells whether s cannot be cut any more.
func oneWord(s string) bool {
	ends := map[int]bool{} // of characters
	for it := graphemes.FromString(s); it.Next(); {
		ends[it.End()] = true
	}
	n := 0
	for it := words.FromString(s); it.Next(); {
		if strings.TrimSpace(it.Value()) != "" && ends[it.End()] {
			n++
		}
	}
	return n <= 1
}

// read gives a text the blocks that a reader of its type does, and makes its
// headings sound.
func read(text *extract.Text) {
	for i := range text.Headings {
		h := &text.Headings[i]
		if h.Start >= 0 && h.Start <= len(text.Body) {
			h.Start = structure.HeadingStart(text.Body, h.Start)
		}
	}
	switch text.Type {
	case "code", "data":
		text.Blocks = structure.Code(text.Body)
	default:
		text.Blocks = structure.Prose(text.Body, text.Headings)
	}
}

func split(t *testing.T, text *extract.Text, budget int) []document.Passage {
	t.Helper()
	read(text)
	got := ingest.Split(text, ingest.SplitOptions{Tokens: budget}, pieces{})
	checkPassages(t, text, budget, got)
	return got
}

// parts returns the passages' text, with their headings where there are some.
func parts(text *extract.Text, passages []document.Passage) []string {
	var out []string
	for _, p := range passages {
		s := text.Body[p.Start:p.End]
		if len(p.Heading) > 0 {
			s = strings.Join(p.Heading, ">") + ": " + s
		}
		out = append(out, s)
	}
	return out
}

func TestSplitProse(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		budget int
		want   []string
	}{
		"empty":          {"", 10, nil},
		"only space":     {" \n\n\t", 10, nil},
		"fits":           {" One. Two.\n", 10, []string{"One. Two."}},
		"overlap":        {"Aaa bb. Cc dd ee ff gg. Hh ii jj kk.", 12, []string{"Aaa bb. Cc dd ee ff gg.", "Hh ii jj kk."}},
		"short overlap":  {"Aa bb cc dd ee ff gg hh. Cc. Hh ii jj kk ll mm nn.", 12, []string{"Aa bb cc dd ee ff gg hh. Cc.", "Cc. Hh ii jj kk ll mm nn."}},
		"paragraphs":     {"Aa bb cc dd.\n\nEe ff gg hh. Ii jj. Kk ll mm nn.", 12, []string{"Aa bb cc dd.\n\nEe ff gg hh.", "Ii jj. Kk ll mm nn."}},
		"abbreviations":  {"Dr. J. Smith of the U.S. Navy had e.g. 3.5 apples, cf. Fig. 3. Aa.", 31, []string{"Dr. J. Smith of the U.S. Navy had e.g. 3.5 apples, cf. Fig. 3.", "Aa."}},
		"lines joined":   {"One sentence on\ntwo lines here.\nAnd another one.", 10, []string{"One sentence on\ntwo lines here.", "And another one."}},
		"Chinese":        {"今天天气很好。我们去公园。你来吗？", 5, []string{"今天天气很好。", "我们去公园。你来吗？"}},
		"list":           {"- one two three\n- four five six\n- seven eight", 9, []string{"- one two three\n- four five six", "- seven eight"}},
		"long sentence":  {"aa bb cc, dd ee ff gg hh ii, jj kk ll", 8, []string{"aa bb cc,", "dd ee ff gg hh ii,", "jj kk ll"}},
		"clause":         {"aa bb cc dd ee, ff gg hh ii jj kk", 8, []string{"aa bb cc dd ee,", "ff gg hh ii jj kk"}},
		"long word":      {"aa " + strings.Repeat("x", 50) + " bb", 5, []string{"aa", strings.Repeat("x", 50), "bb"}},
		"table":          {"| a | b |\n| c | d |\n| e | f |", 10, []string{"| a | b |\n| c | d |", "| e | f |"}},
		"fence":          {"Text.\n\n```\na. B\nc\n\nd e f g h\n```\nMore.", 14, []string{"Text.\n\n```\na. B\nc", "d e f g h\n```\nMore."}},
		"URL":            {"See http://x.org/?q=A.B&c=D.E now. Aa bb.", 26, []string{"See http://x.org/?q=A.B&c=D.E now. Aa bb."}},
		"numbered title": {"3. Results are here. Aa.", 7, []string{"3. Results are here.", "Aa."}},
	} {
		text := &extract.Text{Body: c.body, Type: "text"}
		t.Run(name, func(t *testing.T) {
			expect(t, parts(text, split(t, text, c.budget)), c.want...)
		})
	}
}

func TestSplitCode(t *testing.T) {
	text := &extract.Text{Type: "code", Verbatim: true, Body: "package p\n\nfunc a() {\n\tx. Y()\n\n\tz()\n}\n\nfunc b() {\n}\n"}
	got := split(t, text, 20)
	expect(t, parts(text, got), "package p\n\nfunc a() {\n\tx. Y()\n\n\tz()\n}", "func b() {\n}")
	if got[1].Place.Line != 9 || got[1].Place.Column != 1 {
		t.Errorf("%+v", got[1])
	}
	text = &extract.Text{Type: "code", Body: "// Aa bb.\n// Cc dd.\n//\n// Ee ff.\n// Gg hh.\n"}
	expect(t, parts(text, split(t, text, 20)), "// Aa bb.\n// Cc dd.\n//", "// Ee ff.\n// Gg hh.")
	text = &extract.Text{Type: "data", Verbatim: true, Body: "a,b. C\r\n1,2\r\n3,4\r\n"}
	expect(t, parts(text, split(t, text, 8)), "a,b. C\r\n1,2", "3,4")
}

// markdown makes a Text of lines, of which those that begin with # are
// headings.
func markdown(lines ...string) *extract.Text {
	text := &extract.Text{Type: "markdown", Verbatim: true}
	for _, l := range lines {
		if level := len(l) - len(strings.TrimLeft(l, "#")); level > 0 {
			title := strings.TrimSpace(l[level:])
			text.Headings = append(text.Headings, extract.Heading{
				Start: len(text.Body) + len(l) - len(title), Level: level, Text: title})
		}
		text.Body += l + "\n"
	}
	return text
}

func TestSplitHeadings(t *testing.T) {
	text := markdown("Preface aa bb cc dd ee.", "# A", "## A1", "Aa bb cc dd ee ff.", "## A2", "Aa bb cc dd ee gg.", "### A2a", "Aa.", "# B", "Bb cc dd ee ff gg.")
	expect(t, parts(text, split(t, text, 24)),
		"Preface aa bb cc dd ee.",
		"A>A1: # A\n## A1\nAa bb cc dd ee ff.",
		"A>A2: ## A2\nAa bb cc dd ee gg.",
		"A>A2>A2a: ### A2a\nAa.",
		"B: # B\nBb cc dd ee ff gg.")

	text = markdown("# Words", "## a", "One.", "## b", "Two.", "## c", "Three.", "## d", "Four.")
	expect(t, parts(text, split(t, text, 50)), "Words>a: # Words\n## a\nOne.", "Words>b: ## b\nTwo.", "Words>c: ## c\nThree.", "Words>d: ## d\nFour.")
}

func TestSplitOddHeadings(t *testing.T) {
	body := "Aa bb Cc dd ee.\nFf gg."
	text := &extract.Text{Body: body, Headings: []extract.Heading{{Start: -1}, {Start: 7, Level: 2, Text: "x"}, {Start: 3, Level: 9, Text: "y"}, {Start: 7, Level: -4}, {Start: 99}, {Start: len(body), Level: 1}}}
	expect(t, parts(text, split(t, text, 4)), "Aa bb", "x: Cc dd ee.", "x: Ff gg.")
}

func TestSplitPages(t *testing.T) {
	text := &extract.Text{Body: "Aa bb cc.\nDd ee ff.\nGg hh ii.", Places: []extract.PlaceAt{
		{Offset: 0, Place: document.Place{Page: 1}}, {Offset: 10, Place: document.Place{Page: 2}}, {Offset: 12, Place: document.Place{Page: 3}}}}
	var pages []int
	for _, p := range split(t, text, 4) {
		pages = append(pages, p.Place.Page)
		if p.Place.Line != 0 || p.Place.Column != 0 {
			t.Errorf("a passage of a text without lines has one: %+v", p)
		}
	}
	if want := []int{1, 2, 3}; !slices.Equal(pages, want) {
		t.Errorf("pages %v, want %v", pages, want)
	}
}

func TestSplitCountsLinearly(t *testing.T) {
	body := strings.Repeat("Some words here, and some more. ", 2000) + strings.Repeat("endless words ", 2000)
	counted := 0
	ingest.Split(&extract.Text{Body: body}, ingest.SplitOptions{}, counter(func(s string) int {
		counted += len(s)
		return len(strings.Fields(s))
	}))
	if counted > 3*len(body) {
		t.Errorf("%d bytes counted of %d", counted, len(body))
	}
}

type counter func(string) int

func (c counter) CountTokens(s string) int { return c(s) }

// TestSplitGenerated splits texts made by chance of everything that the
// splitter looks at.
func TestSplitGenerated(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	atoms := []string{"word", "Word", "a", "Dr.", "e.g.", "3.14", ". ", "! ", "? ", "。", "，", "中文", "ไทยคำ", "한국어", "é", "e\u0301", " \u0308", "\u00ad", "\u200d", "👨‍👩‍👧", "🇩🇪", "\r\n", "\n", "\n\n", "\n- ", "\n1. ", "| a |\n", "```\n", "\t", " ", " ", " ", "\u2028", "\u00a0", "====\n", "# ", "א.ב", strings.Repeat("long", 40), "f(x):", "\f", "\u0600", "น้ำ"}
	types := []string{"text", "code", "markdown", "data"}
	for i := range 1500 {
		text := &extract.Text{Type: types[i%len(types)], Verbatim: i%3 == 0}
		var b strings.Builder
		for range rng.IntN(120) {
			if rng.IntN(12) == 0 {
				text.Headings = append(text.Headings, extract.Heading{Start: b.Len(), Level: 1 + rng.IntN(3), Text: fmt.Sprint(b.Len())})
			}
			b.WriteString(atoms[rng.IntN(len(atoms))])
		}
		text.Body = b.String()
		split(t, text, 1+rng.IntN(40))
		if t.Failed() {
			t.Fatalf("text %d: %q %v", i, text.Body, text.Headings)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("One sentence. Another one, e.g. this.\n\nA paragraph.", 5, 20, 1)
	f.Add("```\ncode\n```\n- a\n- b\n| t |\n", 3, 4, 9)
	f.Add("中文。日本語！\u0301 e\u0308 ไทย👩‍👧", 2, 3, 6)
	f.Add("a.\r\n\u00ad\u200d \u0301x\u2029", 1, 0, 1)
	f.Fuzz(func(t *testing.T, body string, budget, first, second int) {
		if len(body) > 5000 {
			return
		}
		body = strings.ToValidUTF8(body, "?")
		text := &extract.Text{Body: body, Verbatim: budget%2 == 0, Headings: []extract.Heading{{Start: first, Level: 1, Text: "a"}, {Start: second, Level: budget, Text: "b"}}}
		if first%2 == 0 {
			text.Type = "code"
		}
		budget = max(1, budget%300)
		split(t, text, budget)
		if t.Failed() {
			return
		}
		a, b := ingest.Sentence(body, first, second)
		if a < 0 || a > b || b > len(body) || !utf8.ValidString(body[a:b]) && utf8.ValidString(body[clamp(first, body):max(clamp(first, body), clamp(second, body))]) {
			t.Errorf("Sentence(%d, %d) = %d, %d", first, second, a, b)
		}
	})
}

func clamp(i int, s string) int { return min(max(i, 0), len(s)) }

func TestSentence(t *testing.T) {
	const body = "Before it. The budget was approved by Dr. A.\nStone, in 1990. After it.\n\nA heading\n\n- an item\n- another one\n"
	for span, want := range map[string]string{
		"budget":            "The budget was approved by Dr. A.\nStone, in 1990.",
		"1990":              "The budget was approved by Dr. A.\nStone, in 1990.",
		"1990. After":       "The budget was approved by Dr. A.\nStone, in 1990. After it.",
		"it.\n\nA":          "After it.\n\nA heading",
		"item":              "- an item",
		"Before it.":        "Before it.",
		"heading\n\n- an i": "A heading\n\n- an item",
	} {
		i := strings.Index(body, span)
		start, end := ingest.Sentence(body, i, i+len(span))
		if got := body[start:end]; got != want {
			t.Errorf("around %q: %q, want %q", span, got, want)
		}
	}
	long := strings.Repeat("x", 5000) + " " + strings.Repeat("word ", 2000)
	start, end := ingest.Sentence(long, 9000, 9004)
	if end-start > 5000 || start > 9000 || end < 9004 || long[start-1] != ' ' {
		t.Errorf("%d..%d of a sentence without end", start, end)
	}
}

// In the text of a PDF no empty line parts a title from what follows, and lines
// are wrapped wherever they are full.
func TestSentenceBelowTitle(t *testing.T) {
	const body = `Parks, beach and allotments
Lifeguards on Strand Beach cost £48,600 for seventeen weeks. The council has asked the county to share the
cost, as two swimmers in three come from outside the town, which Mayor Abernathy-Featherstonehaugh of
Pellacombe did not say. The repair of
Mr Gould's sheep
Barn is left to the eleven sheep and has been told that it is a local matter, which it has not been since
1990 or so.
Harbour dues 2020
2021
Dues rise since two crab boats have moved here from Ardvey, and since the toll goes from £2.10 to £2.35
`
	for span, want := range map[string]string{
		"48,600":      "Lifeguards on Strand Beach cost £48,600 for seventeen weeks.",
		"allotments":  "Parks, beach and allotments",
		"beach and a": "Parks, beach and allotments",
		"Featherston": "The council has asked the county to share the\ncost, as two swimmers in three come from outside the town, which Mayor Abernathy-Featherstonehaugh of\nPellacombe did not say.",
		"repair":      "The repair of\nMr Gould's sheep",
		"1990":        "Barn is left to the eleven sheep and has been told that it is a local matter, which it has not been since\n1990 or so.",
		"crab":        "Dues rise since two crab boats have moved here from Ardvey, and since the toll goes from £2.10 to £2.35",
		"2020":        "Harbour dues 2020",
	} {
		i := strings.Index(body, span)
		start, end := ingest.Sentence(body, i, i+len(span))
		if got := body[start:end]; got != want {
			t.Errorf("around %q: %q, want %q", span, got, want)
		}
	}
}

// A numbered title looks like an item of a list.
func TestSentenceBelowNumberedTitle(t *testing.T) {
	const body = `3. Repair of the East Mole
The harbour engineer, Ms Orrell, reported on the damage that the storm of 28 January had done
to the mole. She had found eleven blocks out of line and a gap on the seaward face.
`
	const want = "The harbour engineer, Ms Orrell, reported on the damage that the storm of 28 January had done\nto the mole."
	i := strings.Index(body, "Ms Orrell")
	start, end := ingest.Sentence(body, i, i+len("Ms Orrell"))
	if got := body[start:end]; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func BenchmarkSplit(b *testing.B) {
	prose := "The gear ratio of a bicycle is the number of teeth of its chainring over that of its sprocket. Dr. Miller measured it, e.g. in 1990; it was 3.5.\nThe third sentence of the paragraph ends it.\n\n"
	for _, c := range []struct{ name, typ, body string }{
		{"Prose", "text", strings.Repeat(prose, 20<<20/len(prose))},
		{"OneParagraph", "text", strings.Repeat(strings.ReplaceAll(prose, "\n", " "), 20<<20/len(prose))},
		{"NoSentences", "text", strings.Repeat("words ", 20<<20/6)},
		{"Lines", "data", strings.Repeat("a,b,c,1,2,3\n", 20<<20/12)},
		{"OneWord", "text", strings.Repeat("x", 20<<20)},
		{"Brackets", "text", "End." + strings.Repeat(") “", 20<<20/5)},
		{"Marks", "text", "a." + strings.Repeat("\u0301", 20<<20/2)},
		{"Chinese", "text", strings.Repeat("今天天气很好，我们去公园。你来吗？", 20<<20/51)},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := &extract.Text{Body: c.body, Type: c.typ, Verbatim: true}
			b.SetBytes(int64(len(c.body)))
			for b.Loop() {
				read(text)
				ingest.Split(text, ingest.SplitOptions{}, pieces{})
			}
		})
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
