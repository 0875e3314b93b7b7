package tokenize_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// check fails unless the ids are in the vocabulary and the byte ranges in the
// text, in order, between characters.
func check(t *testing.T, tok tokenize.Tokenizer, text string) {
	t.Helper()
	boundary := make([]bool, len(text)+1)
	for i := range text {
		boundary[i] = true
	}
	boundary[len(text)] = true
	last := tokenize.Token{}
	for i, p := range tok.Append(nil, text) {
		switch {
		case p.ID < 0 || int(p.ID) >= tok.Size():
			t.Fatalf("%q: token %d: id %d of %d", text, i, p.ID, tok.Size())
		case p.Start < 0 || p.Start > p.End || p.End > len(text):
			t.Fatalf("%q: token %d: range [%d,%d) of %d bytes", text, i, p.Start, p.End, len(text))
		case p.Start < last.Start || p.End < last.End:
			t.Fatalf("%q: token %d: range [%d,%d) after [%d,%d)", text, i, p.Start, p.End, last.Start, last.End)
		case !boundary[p.Start] || !boundary[p.End]:
			t.Fatalf("%q: token %d: range [%d,%d) cuts a character", text, i, p.Start, p.End)
		}
		last = p
	}
}

func all(t testing.TB) []fixture {
	return append(readFixtures(t, "wordpiece.json.gz"), readFixtures(t, "sentencepiece.json.gz")...)
}

func TestRangesAreInTheText(t *testing.T) {
	texts := readStrings(t)
	for _, x := range all(t) {
		t.Run(x.Name, func(t *testing.T) {
			tok := x.load(t)
			for i, text := range texts {
				check(t, tok, text)
				// Cut inside its characters, the text is not valid UTF-8 any more.
				check(t, tok, text[i%3%(len(text)+1):])
				check(t, tok, text[:len(text)-i%3%(len(text)+1)])
			}
		})
	}
}

// A byte that is not UTF-8 is read as U+FFFD, and stands for itself alone.
func TestInvalidUTF8(t *testing.T) {
	texts := []string{"\xff", "a\xffb", "na\xc3 ve", "\xe4\xbd", "x\xed\xa0\x80y", "\xf0\x9f\x98 ok", "\xc0\xaf"}
	for _, x := range all(t) {
		t.Run(x.Name, func(t *testing.T) {
			tok := x.load(t)
			for _, text := range texts {
				var valid strings.Builder
				origin := []int{} // of each byte of valid, and of its end
				for i := 0; i < len(text); {
					r, n := utf8.DecodeRuneInString(text[i:])
					for range utf8.RuneLen(r) {
						origin = append(origin, i)
					}
					valid.WriteRune(r)
					i += n
				}
				origin = append(origin, len(text))
				want := tok.Append(nil, valid.String())
				for i := range want {
					want[i].Start, want[i].End = origin[want[i].Start], origin[want[i].End]
				}
				if got := tok.Append(nil, text); !slices.Equal(got, want) {
					t.Errorf("%q:\n got %v\nwant %v", text, got, want)
				}
			}
		})
	}
}

// What a call appends does not depend on the calls before it, nor on what dst
// held.
func TestAppendKeepsNothing(t *testing.T) {
	texts := readStrings(t)
	for _, x := range all(t) {
		t.Run(x.Name, func(t *testing.T) {
			warm := x.load(t)
			var tokens []tokenize.Token
			for _, text := range texts {
				before := len(tokens)
				tokens = warm.Append(tokens, text)
				if got := warm.Append(nil, text); !slices.Equal(got, tokens[before:]) {
					t.Fatalf("%q: %v, then %v", text, tokens[before:], got)
				}
			}
			last := texts[len(texts)-1]
			if got, want := warm.Append(nil, last), x.load(t).Append(nil, last); !slices.Equal(got, want) {
				t.Errorf("%q: %v, from a new tokenizer %v", last, got, want)
			}
		})
	}
}

func TestAppendFromSeveralGoroutines(t *testing.T) {
	texts := readStrings(t)[:400]
	for _, x := range []fixture{readFixtures(t, "wordpiece.json.gz")[0], readFixtures(t, "sentencepiece.json.gz")[0]} {
		tok := x.load(t)
		var want [][]tokenize.Token
		for _, text := range texts {
			want = append(want, tok.Append(nil, text))
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for i, text := range texts {
					if got := tok.Append(nil, text); !slices.Equal(got, want[i]) {
						t.Errorf("%s: %q: %v, want %v", x.Name, text, got, want[i])
					}
				}
			})
		}
		group.Wait()
	}
}

// An answer is cut from the text by its tokens' ranges.
func TestRangesCoverWhatTheyCameFrom(t *testing.T) {
	starter := readFixtures(t, "wordpiece.json.gz")[0].load(t)
	albert := readFixtures(t, "sentencepiece.json.gz")[0].load(t)
	for _, test := range []struct {
		tok  tokenize.Tokenizer
		text string
		want []string
	}{
		{starter, "a cafe\u0301.", []string{"a", "cafe\u0301", "."}},
		{starter, "the\u200b the", []string{"the", "the"}},
		{starter, "x \u4e2d\u56fd", []string{"x", "\u4e2d", "\u56fd"}},
		{albert, "the ``and''", []string{"the", "", "``", "and", "''"}},
		{albert, "the  the\n", []string{"the", "the"}},
	} {
		var got []string
		for _, p := range test.tok.Append(nil, test.text) {
			got = append(got, test.text[p.Start:p.End])
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

func fuzz(f *testing.F, name string) {
	for _, text := range readStrings(f)[:200] {
		f.Add(text)
	}
	f.Add("a\xff\xc3 \xe2\x96")
	var toks []tokenize.Tokenizer
	for _, x := range readFixtures(f, name) {
		toks = append(toks, x.load(f))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range toks {
			check(t, tok, text)
		}
	})
}

func FuzzWordPiece(f *testing.F) { fuzz(f, "wordpiece.json.gz") }

func FuzzSentencePiece(f *testing.F) { fuzz(f, "sentencepiece.json.gz") }

// FuzzLoad reads damaged files of each kind; what loads must work.
func FuzzLoad(f *testing.F) {
	names := []string{"spiece.model", "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"}
	f.Add(uint(0), smallModel())
	f.Add(uint(0), read(f, "plain.model.gz"))
	f.Add(uint(1), []byte(smallWordPieceJSON))
	f.Add(uint(1), []byte(smallUnigramJSON))
	f.Add(uint(2), []byte(smallVocab))
	f.Add(uint(3), []byte(`{"do_lower_case":null,"unk_token":{"content":"[UNK]"}}`))
	f.Add(uint(4), []byte(`{"cls_token":"[CLS]"}`))
	f.Fuzz(func(t *testing.T, which uint, content []byte) {
		fsys := fstest.MapFS{"vocab.txt": {Data: []byte(smallVocab)}}
		fsys[names[which%uint(len(names))]] = &fstest.MapFile{Data: content}
		tok, err := tokenize.Load(fsys)
		if err != nil {
			return
		}
		for _, text := range []string{"", "the cat, 9,9 ``x'' [SEP]", "\u00e9\u4e2d\u56fd \u00bd\u2581\xff a\u0301", strings.Repeat("ab ", 40)} {
			check(t, tok, text)
		}
	})
}
