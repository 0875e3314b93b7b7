package squadtext_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/internal/squadtext"
)

// TestWords has texts whose words are known; package eval compares some hundred
// with the official script.
func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"The U.S. Navy":  {"us", "navy"},
		"an apple a day": {"apple", "day"},
		"a–b":            {"–b"},
		"":               nil,
	} {
		if got := squadtext.Words(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"The U.S.A.", "a–b", "ΟΔΟΣ", "İstanbul", "an_a", "x\x1cthe y", "\xff a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := squadtext.Normalize(s)
		if again := squadtext.Normalize(n); again != n {
			t.Fatalf("%q became %q, then %q", s, n, again)
		}
		if strings.ContainsAny(n, ".,\"'(ABC") || n != strings.TrimSpace(n) {
			t.Fatalf("%q became %q", s, n)
		}
	})
}
