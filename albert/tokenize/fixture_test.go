package tokenize_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// fixture is what transformers makes of the strings of strings.json.gz; both
// are written by testdata/gen.py.
type fixture struct {
	Name  string
	Files map[string]string
	Model string // file of testdata that is spiece.model, "" if there is none
	// Pieces holds for each string three numbers a token: the id, how far its
	// start lies behind the end of the token before, its length.
	Pieces [][]int
	// IDsOnly are the indexes of the strings whose byte ranges are not
	// compared; gen.py says why.
	IDsOnly []int
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readFixtures(t testing.TB, name string) []fixture {
	t.Helper()
	var x []fixture
	if err := json.Unmarshal(read(t, name), &x); err != nil {
		t.Fatal(err)
	}
	return x
}

func readStrings(t testing.TB) []string {
	t.Helper()
	var s []string
	if err := json.Unmarshal(read(t, "strings.json.gz"), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (x fixture) load(t testing.TB) tokenize.Tokenizer {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, content := range x.Files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	if x.Model != "" {
		fsys["spiece.model"] = &fstest.MapFile{Data: read(t, x.Model)}
	}
	tok, err := tokenize.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// unpack is the inverse of the fixture's packing.
func unpack(numbers []int) []tokenize.Token {
	var tokens []tokenize.Token
	end := 0
	for n := range slices.Chunk(numbers, 3) {
		start := end + n[1]
		end = start + n[2]
		tokens = append(tokens, tokenize.Token{ID: int32(n[0]), Start: start, End: end})
	}
	return tokens
}

func TestWordPieceEqualsTransformers(t *testing.T) {
	compare(t, "wordpiece.json.gz")
}

// TestSentencePieceEqualsPublished compares with SentencePiece itself behind
// ALBERT's published preprocessing, which checkpoints were trained with; gen.py
// says where transformers' own, rewritten tokenizer differs.
func TestSentencePieceEqualsPublished(t *testing.T) {
	compare(t, "sentencepiece.json.gz")
}

func compare(t *testing.T, name string) {
	texts := readStrings(t)
	if len(texts) < 2000 {
		t.Fatalf("%d strings in the fixture, want at least 2000", len(texts))
	}
	for _, x := range readFixtures(t, name) {
		t.Run(x.Name, func(t *testing.T) {
			tok := x.load(t)
			if len(x.Pieces) != len(texts) {
				t.Fatalf("tokens of %d strings, want %d", len(x.Pieces), len(texts))
			}
			pieces, differ := 0, 0
			for i, text := range texts {
				want := unpack(x.Pieces[i])
				got := tok.Append(nil, text)
				pieces += len(want)
				equal := slices.Equal(got, want)
				if slices.Contains(x.IDsOnly, i) {
					equal = slices.EqualFunc(got, want, func(a, b tokenize.Token) bool { return a.ID == b.ID })
				}
				if !equal {
					differ++
					if differ <= 10 {
						t.Errorf("%q:\n got %v\nwant %v", text, got, want)
					}
				}
			}
			t.Logf("%d strings, %d tokens compared (ids only in %d strings); %d strings differ",
				len(texts), pieces, len(x.IDsOnly), differ)
		})
	}
}
