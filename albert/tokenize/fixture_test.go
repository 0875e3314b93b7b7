package tokenize_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// fixture is a file written by testdata/gen.py: strings, and for each of some
// tokenizers the pieces of each string.
type fixture struct {
	Strings    []string
	Tokenizers []struct {
		Name  string
		Files map[string]string
		// Pieces holds for each string three numbers a piece: the id, how far
		// its start lies behind the end of the piece before, its length.
		Pieces [][]int
		// IDsOnly are the indexes of the strings whose byte ranges are not
		// compared; gen.py says why.
		IDsOnly []int
	}
}

func readFixture(t testing.TB, name string) fixture {
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
	var x fixture
	if err := json.NewDecoder(z).Decode(&x); err != nil {
		t.Fatal(err)
	}
	return x
}

func load(t testing.TB, files map[string]string) tokenize.Tokenizer {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
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

func compare(t *testing.T, name string) {
	fixture := readFixture(t, name)
	if len(fixture.Strings) < 2000 {
		t.Fatalf("%d strings in the fixture, want at least 2000", len(fixture.Strings))
	}
	for _, x := range fixture.Tokenizers {
		t.Run(x.Name, func(t *testing.T) {
			tok := load(t, x.Files)
			if len(x.Pieces) != len(fixture.Strings) {
				t.Fatalf("pieces of %d strings, want %d", len(x.Pieces), len(fixture.Strings))
			}
			pieces, differ := 0, 0
			for i, text := range fixture.Strings {
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
			t.Logf("%d strings, %d pieces compared (ids only in %d strings); %d strings differ",
				len(fixture.Strings), pieces, len(x.IDsOnly), differ)
		})
	}
}
