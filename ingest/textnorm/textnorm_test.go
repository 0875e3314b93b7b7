package textnorm_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest/textnorm"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"Plain - text\r\n": "Plain - text\r\n",
		"a -\nb, c-\n\nd":  "a -\nb, c-\n\nd",

		// What cannot be seen.
		"in\u00advisible\u200b \ufeffhere\u202e": "invisible here",
		"nul\x00, bell\a, del\x7f":               "nul, bell, del",
		"e\u00ad\u0301":                          "é",

		// Typography.
		"“It’s” — ‘1990–1995’…":        `"It's" - '1990-1995'...`,
		"«a» ‹b› `c´":                  `"a" 'b' 'c'`,
		"non\u00a0breaking\u2009space": "non breaking space",
		"minus \u22125":                "minus -5",

		// Compatibility characters.
		"eﬃcient ﬁle ﬂow":     "efficient file flow",
		"ＡＬＢＥＲＴ　２":            "ALBERT 2",
		"x² ① ㎏ ½":            "x2 1 kg 1/2",
		"cafe\u0301":          "café",
		"Größe, naïve, 東京, й": "Größe, naïve, 東京, й",

		// Line-end hyphenation.
		"exam-\nple":                "example",
		"exam-  \r\n\tple":          "example",
		"exam\u00ad\nple":           "example",
		"exam\u2010\nple":           "example",
		"well-\nknown":              "well-known",
		"state-of-the-\nart":        "state-of-the-art",
		"Anglo-\nSaxon, covid-\n19": "Anglo-Saxon, covid-19",
		"pre-\nand post-war":        "pre-\nand post-war",
		"--\nx, a--\nb":             "--\nx, a--\nb",
		"Über-\nfluß":               "Überfluß",

		// Words that mix scripts.
		"еmbеdding":             "embedding",
		"fасtоrizеd":            "factorized",
		"АLBЕRТ":                "ALBERT",
		"transformeri᧐n":        "transformerion",
		"ϲontinue":              "continue",
		"nɑtural lɑnguage":      "natural language",
		"мoсква":                "москва",
		"Αθήvα":                 "Αθήνα",
		"caf\u0435\u0301":       "café",
		"Word2Vеc":              "Word2Vec",
		"Москва and Αθήνα":      "Москва and Αθήνα",
		"TNFα, μm, Δt, α-helix": "TNFα, μm, Δt, α-helix",
		"HTMLки":                "HTMLки",
		"ALBERTは日本語":            "ALBERTは日本語",
		"ışık, łódź, þorn":      "ışık, łódź, þorn",

		// Bytes that are not UTF-8.
		"a\xffb\xc3": "a\ufffdb\ufffd",
		"ﬁ\xff":      "fi\ufffd",
	} {
		if got := textnorm.Normalize(in).String(); got != want {
			t.Errorf("%+q:\ngot  %+q\nwant %+q", in, got, want)
		}
	}
}

func TestOriginal(t *testing.T) {
	for _, c := range []struct{ in, part, want string }{
		{"The АLBЕRТ model", "ALBERT", "АLBЕRТ"},
		{"an exam-\nple here", "example", "exam-\nple"},
		{"an exam-\nple here", "here", "here"},
		{"an eﬃcient one", "efficient", "eﬃcient"},
		{"an eﬃcient one", "ef", "eﬃ"},
		{"an eﬃcient one", "cient", "cient"},
		{"a so\u00adft hyphen", "soft", "so\u00adft"},
		{"a \u200bb\u200b c", "b", "b"},
		{"e\u00ad\u0301t", "é", "e\u00ad\u0301"},
		{"“x”", "x", "x"},
		{"“x”", `"x"`, "“x”"},
		{"\u00adа\u200bb\u00ad", "ab", "а\u200bb"},
		{"plain", "lai", "lai"},
	} {
		n := textnorm.Normalize(c.in)
		i := strings.Index(n.String(), c.part)
		if i < 0 {
			t.Errorf("%+q is not in %+q", c.part, n.String())
			continue
		}
		start, end := n.Original(i, i+len(c.part))
		if got := c.in[start:end]; got != c.want {
			t.Errorf("%+q in %+q: got %+q, want %+q", c.part, c.in, got, c.want)
		}
	}
}

func TestOriginalOfBadRanges(t *testing.T) {
	n := textnorm.Normalize("ﬁ\u00adﬁ")
	for _, r := range [][2]int{{-1, 99}, {99, -1}, {3, 1}, {4, 4}, {0, 0}, {2, 2}} {
		start, end := n.Original(r[0], r[1])
		if start < 0 || start > end || end > 8 {
			t.Errorf("Original(%d, %d) = %d, %d", r[0], r[1], start, end)
		}
	}
}

func TestPlainASCIIAllocatesNothing(t *testing.T) {
	s := strings.Repeat("The quick brown fox - well-known - jumps.\n", 100)
	if n := testing.AllocsPerRun(10, func() { textnorm.Normalize(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// check holds what is true of every normalised text.
func check(t *testing.T, in string) {
	t.Helper()
	n := textnorm.Normalize(in)
	s := n.String()
	if again := textnorm.Normalize(s).String(); again != s {
		t.Errorf("%+q:\nonce  %+q\ntwice %+q", in, s, again)
	}
	if !utf8.ValidString(s) {
		t.Errorf("%+q became %+q, which is not UTF-8", in, s)
	}
	start, end := 0, 0
	for i, r := range s {
		size := utf8.RuneLen(r)
		a, b := n.Original(i, i+size)
		if a < start || b < end || a >= b || b > len(in) {
			t.Errorf("%+q: %d..%d leads to %d..%d after %d..%d", in, i, i+size, a, b, start, end)
		}
		if utf8.ValidString(in) && (!boundary(in, a) || !boundary(in, b)) {
			t.Errorf("%+q: %d..%d leads into a character: %d..%d", in, i, i+size, a, b)
		}
		// The range that reaches from the begin holds that of the character.
		if first, last := n.Original(0, i+size); first > a || last != b {
			t.Errorf("%+q: 0..%d leads to %d..%d, its last character to %d..%d", in, i+size, first, last, a, b)
		}
		start, end = a, b
	}
}

func boundary(s string, i int) bool { return i == len(s) || utf8.RuneStart(s[i]) }

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{
		"plain", "exam-\nple", "e\u00ad\u0301", "“a” — ﬁ", "АLBЕRТ а", "мoсква\u00ad\nx", "a\xff-\n\u0301b", "\u1100\u00ad\u1161", "α\u0345A", "ϓ\u0301x-\n", "᧐-\na", "l·l", "ŀa", "\u0344\u200d",
	} {
		f.Add(s)
	}
	f.Fuzz(check)
}

func BenchmarkNormalize(b *testing.B) {
	for _, c := range []struct{ name, unit string }{
		{"ASCII", "The gear ratio of a well-known bicycle is the number of teeth of its chainring over that of its sprocket.\n"},
		{"Quotes", "“The gear ratio” of a bicycle – it’s well known – is the number of teeth of its chainring over that of its sprocket.\n"},
		{"Hyphens", "The gear ratio of a bi-\ncycle is the number of teeth of its chainring over that of its sprock-\net.\n"},
		{"Russian", "Передаточное отношение велосипеда есть отношение числа зубьев ведущей звёздочки к числу зубьев ведомой.\n"},
		{"Mixed", "The gеar rаtio of a bicycle is the numbеr of teeth of its сhainring оver that of its sprocket.\n"},
	} {
		text := strings.Repeat(c.unit, 1000)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				textnorm.Normalize(text)
			}
		})
	}
}
