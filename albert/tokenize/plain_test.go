package tokenize_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// plainTexts are texts of ASCII: chosen ones, and ones drawn at random of
// syllables and signs that the shorter way could get wrong.
func plainTexts() []string {
	texts := []string{
		"", " ", " \t\r\n\v\f ", "a", " a ", "a b", "a  b", "\ta\n", "A Passage", "9,", "9,9", "1,024, 9,a ,9", "x9, ,", "don't ''quote'' ``this`` ' '",
		"(a) - \"b\" e.g. .5", "\x00", "a\x00b", "a\x1cb\x1fc", "\x7f", "[SEP] <unk> <0x41>", "_", strings.Repeat("long", 13), strings.Repeat("9,", 40),
		"a " + strings.Repeat("Donaudampfschiff", 5) + " b " + strings.Repeat("z", 49) + ", " + strings.Repeat("the ", 400), english,
	}
	parts := []string{
		" ", " ", " ", " ", "  ", "\t", "\n", "the", "The", "ing", "a", "E", "re", "s", "t", "Q", "x", "-", ".", ",", "(", ")", "\"", "'", "''", "`", "``",
		"9", "0", "9,", "1,0", "12,", "$", "%", "/", "@", "[SEP]", "{", "~", "\x00", "\x1e", "\x7f", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		var text strings.Builder
		// Half of them without what some models cut the longer way.
		few := random.IntN(2) == 0
		for range random.IntN(24) {
			part := parts[random.IntN(len(parts))]
			if few && strings.ContainsAny(part, "\x00\x7f\"-.()'`") {
				continue
			}
			text.WriteString(part)
		}
		texts = append(texts, text.String())
	}
	return texts
}

// TestPlainTextIsCutAlike compares the shorter way with the one that takes every
// text.
func TestPlainTextIsCutAlike(t *testing.T) {
	texts := append(plainTexts(), readStrings(t)...)
	for _, x := range readFixtures(t, "sentencepiece.json.gz") {
		t.Run(x.Name, func(t *testing.T) {
			tok := x.load(t)
			slow := tokenize.WithoutPlain(tok)
			taken := 0
			for _, text := range texts {
				if tokenize.TakesPlain(tok, text) {
					taken++
				}
				if got, want := tok.Append(nil, text), slow.Append(nil, text); !slices.Equal(got, want) {
					t.Errorf("%q:\n got %v\nwant %v", text, got, want)
				}
			}
			t.Logf("%d of %d texts are plain", taken, len(texts))
			// A model with tokens over spaces has no shorter way.
			if has := x.Name != "nothing normalised, pieces over spaces"; has != (taken >= 500) {
				t.Errorf("%d texts went the shorter way", taken)
			}
		})
	}
}

// TestPlainTextOfOtherModels has models of rules and tokens that begin with a
// space, or that go on behind a plain character.
func TestPlainTextOfOtherModels(t *testing.T) {
	pieces := []piece{
		{"<pad>", 0, 3}, {"<unk>", 0, 2}, {"[CLS]", 0, 3}, {"[SEP]", 0, 3}, {"\u2581", -2, 1}, {"\u2581a", -3, 1},
		{"a", -4, 1}, {"b", -4, 1}, {"z", -4, 1}, {".", -4, 1}, {"9", -4, 1}, {",", -4, 1}, {"9,", -1, 1}, {"ab", -5, 1},
	}
	texts := append(plainTexts(), "a b", " b", "a  b", "b z", "b \u0308a", "a \u00e9b 9, \u00e9", "\u00e9 \u2581 a", "b a", "a.b", ". b", "ab.", "9 b9, b", "aab")
	for _, test := range []struct {
		name     string
		charsmap []byte
		piece    string // a user's
		plain    string // "z b" and this, if those are cut the shorter way
	}{
		{"no rule", nil, "ab", "b z."},
		{"a rule for a space", tableOf(" ", "z"), "", ""},
		{"a space by rule", tableOf(" ", " "), "", "z."},
		{"a rule for a space and a letter", tableOf(" b", "z"), "", ""},
		{"a rule for a space and a mark", tableOf(" \u0308", "z"), "", ""},
		{"a rule for letters and a space between", tableOf("b z", "z"), "", ""},
		{"a rule for a letter and a space", tableOf("b ", "z"), "", ""},
		{"a rule that goes on behind a letter", tableOf("bz", "z"), "", ""},
		{"a user's space", nil, " ", "z."},
		{"a user's space and letter", nil, " b", ""},
		{"a user's sign", nil, ".", "z.b"},
		{"a user's sign with a rule", tableOf(".", "z"), ".", "z,"},
		{"a user's sign that goes on", nil, "b.", ""},
		{"a user's sign that goes on in another script", nil, "b\u00e9", "b z."},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := pieces
			if test.piece != "" {
				all = append(slices.Clone(pieces), piece{test.piece, -1, 4})
			}
			tok, err := tokenize.Load(fstest.MapFS{"spiece.model": {Data: model(1, test.charsmap, all...)}})
			if err != nil {
				t.Fatal(err)
			}
			if got := tokenize.TakesPlain(tok, "z b"); got != (test.plain != "") {
				t.Errorf("\"z b\" goes the shorter way: %v", got)
			}
			if test.plain != "" && !tokenize.TakesPlain(tok, test.plain) {
				t.Errorf("%q does not go the shorter way", test.plain)
			}
			slow := tokenize.WithoutPlain(tok)
			for _, text := range texts {
				if got, want := tok.Append(nil, text), slow.Append(nil, text); !slices.Equal(got, want) {
					t.Errorf("%q:\n got %v\nwant %v", text, got, want)
				}
			}
		})
	}
}

// FuzzPlain compares the shorter way with the one that takes every text.
func FuzzPlain(f *testing.F) {
	for _, text := range plainTexts()[:200] {
		f.Add(text)
	}
	var toks []tokenize.Tokenizer
	for _, x := range readFixtures(f, "sentencepiece.json.gz") {
		toks = append(toks, x.load(f))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range toks {
			if got, want := tok.Append(nil, text), tokenize.WithoutPlain(tok).Append(nil, text); !slices.Equal(got, want) {
				t.Errorf("%q:\n got %v\nwant %v", text, got, want)
			}
		}
	})
}

// BenchmarkPlain reports how many times as long the way takes that takes every
// text, in turns, so that other work on the machine meets both.
func BenchmarkPlain(b *testing.B) {
	tok := readFixtures(b, "sentencepiece.json.gz")[0].load(b)
	if !tokenize.TakesPlain(tok, english) {
		b.Fatal("the text does not go the shorter way")
	}
	long := strings.Repeat(english, 1<<16/len(english))
	ways := [2]tokenize.Tokenizer{tok, tokenize.WithoutPlain(tok)}
	var tokens []tokenize.Token
	var times [2]time.Duration
	for b.Loop() {
		for i, way := range ways {
			start := time.Now()
			tokens = way.Append(tokens[:0], long)
			times[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(times[1])/float64(times[0]), "x-plain")
}
