package modelstore

import (
	"slices"
	"testing"

	"golang.org/x/text/language"
)

var cards = []struct {
	card string
	want []string
}{
	{"---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n", []string{"en"}},
	{"---\nlanguage: [en, \"de\", 'tr']\n---\n", []string{"en", "de", "tr"}},
	{"---\ntags:\n- fr\nlanguage:\n  - en\n  - de\n  - en\n- zh-Hant\nlicense: mit\n- ja\n---\nlanguage: es\n", []string{"en", "de", "zh-Hant"}},
	{"---\r\nlanguage: en\r\n---\r\n", []string{"en"}},
	{"---\nlanguage: multilingual nonsense\n---\n", nil},
	{"---\nlanguage:\n---\n", nil},
	{"# language: en\n", nil},
	{"", nil},
}

func TestCardLanguages(t *testing.T) {
	for _, c := range cards {
		if got := cardLanguages([]byte(c.card)); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.card, got, c.want)
		}
	}
}

func FuzzCardLanguages(f *testing.F) {
	for _, c := range cards {
		f.Add([]byte(c.card))
	}
	f.Fuzz(func(t *testing.T, card []byte) {
		got := cardLanguages(card)
		if len(got) > maxLanguages {
			t.Errorf("%d languages", len(got))
		}
		for _, tag := range got {
			if _, err := language.Parse(tag); err != nil {
				t.Errorf("%q: %v", tag, err)
			}
		}
	})
}
