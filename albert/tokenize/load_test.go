package tokenize_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/albert-search/albert-search/albert/tokenize"
)

const (
	smallVocab         = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\nC\n##at\ne\n\u00e9\n,\n\u4e2d\n\u4e2d\u56fd\n"
	smallWordPieceJSON = `{"added_tokens":[{"id":4,"content":"[CLS]","special":true}],
		"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":false},
		"pre_tokenizer":{"type":"BertPreTokenizer"},
		"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":5,
		"vocab":{"[UNK]":0,"[SEP]":1,"the":2,"C":3,"##at":5}}}`
	smallUnigramJSON = `{"added_tokens":[{"id":2,"content":"[CLS]","special":true},{"id":3,"content":"[SEP]","special":true}],
		"normalizer":{"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"StripAccents"},{"type":"Lowercase"}]},
		"model":{"type":"Unigram","unk_id":1,"vocab":[["<pad>",0],["<unk>",0],["[CLS]",0],["[SEP]",0],["▁",-2],["▁the",-3],["c",-4],["at",-4],["a",-9],["t",-9]]}}`
)

type piece struct {
	text  string
	score float32
	kind  uint64
}

// model writes a spiece.model of some tokens and a normaliser's table.
func model(kind uint64, charsmap []byte, pieces ...piece) []byte {
	var b []byte
	for _, p := range pieces {
		m := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), p.text)
		m = protowire.AppendFixed32(protowire.AppendTag(m, 2, protowire.Fixed32Type), math.Float32bits(p.score))
		m = protowire.AppendVarint(protowire.AppendTag(m, 3, protowire.VarintType), p.kind)
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), m)
	}
	trainer := protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), kind)
	b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), trainer)
	table := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), charsmap)
	return protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), table)
}

func smallModel() []byte {
	return model(1, nil, piece{"<pad>", 0, 3}, piece{"<unk>", 0, 2}, piece{"[CLS]", 0, 3}, piece{"[SEP]", 0, 3},
		piece{"\u2581", -2, 1}, piece{"\u2581the", -3, 1}, piece{"9,", -3, 1}, piece{"9", -5, 1}, piece{",", -5, 1}, piece{"ab", 0, 4})
}

func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for pair := range slices.Chunk(pairs, 2) {
		fsys[pair[0]] = &fstest.MapFile{Data: []byte(pair[1])}
	}
	return fsys
}

func TestLoad(t *testing.T) {
	for _, test := range []struct {
		name string
		fsys fstest.MapFS
		text string
		ids  []int32
	}{
		{"vocab.txt", files("vocab.txt", smallVocab), "The Cats, \u00e9 [SEP]", []int32{5, 6, 7, 12, 10, 1, 1, 1}},
		{"vocab.txt with carriage returns", files("vocab.txt", strings.ReplaceAll(smallVocab, "\n", "\r\n")), "the cats", []int32{5, 6, 7}},
		{"cased", files("vocab.txt", smallVocab, "tokenizer_config.json", `{"do_lower_case":false}`), "Cat \u00e9", []int32{8, 9, 11}},
		{"accents kept", files("vocab.txt", smallVocab, "tokenizer_config.json", `{"strip_accents":false}`), "\u00c9", []int32{11}},
		{"words of ideographs", files("vocab.txt", smallVocab, "tokenizer_config.json", `{"tokenize_chinese_chars":false}`), "\u4e2d\u56fd", []int32{14}},
		{"tokenizer.json counts before vocab.txt", files("tokenizer.json", smallWordPieceJSON, "vocab.txt", smallVocab), "the The", []int32{2, 0}},
		{"limit on a word's length", files("tokenizer.json", smallWordPieceJSON), "Catat Catatx Catatat", []int32{3, 5, 5, 0, 0}},
		{"configuration counts before tokenizer.json", files("tokenizer.json", smallWordPieceJSON, "tokenizer_config.json", `{"do_lower_case":true}`), "THE C", []int32{2, 0}},
		{"spiece.model counts before all", files("spiece.model", string(smallModel()), "vocab.txt", smallVocab), "the ab", []int32{5, 4, 9}},
		{"a digit before a comma", files("spiece.model", string(smallModel())), "9,9", []int32{4, 7, 8, 7}},
		{"unigram in tokenizer.json", files("tokenizer.json", smallUnigramJSON), "Th\u00e9  C\u00c2T", []int32{5, 4, 6, 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := tokenize.Load(test.fsys)
			if err != nil {
				t.Fatal(err)
			}
			var ids []int32
			for _, p := range tok.Append(nil, test.text) {
				ids = append(ids, p.ID)
			}
			if !slices.Equal(ids, test.ids) {
				t.Errorf("%q: %v, want %v", test.text, ids, test.ids)
			}
		})
	}
}

func TestSpecial(t *testing.T) {
	for _, test := range []struct {
		name string
		fsys fstest.MapFS
		want tokenize.Special
		size int
	}{
		{"default names", files("vocab.txt", smallVocab), tokenize.Special{PAD: 0, UNK: 1, CLS: 2, SEP: 3, MASK: 4}, 15},
		{"names of the map", files("vocab.txt", smallVocab, "special_tokens_map.json", `{"cls_token":"the","sep_token":{"content":"cat"}}`),
			tokenize.Special{PAD: 0, UNK: 1, CLS: 5, SEP: 6, MASK: 4}, 15},
		{"configuration before the map", files("vocab.txt", smallVocab, "special_tokens_map.json", `{"cls_token":"the"}`, "tokenizer_config.json", `{"cls_token":"cat"}`),
			tokenize.Special{PAD: 0, UNK: 1, CLS: 6, SEP: 3, MASK: 4}, 15},
		{"added and missing tokens", files("tokenizer.json", smallWordPieceJSON), tokenize.Special{PAD: -1, UNK: 0, CLS: 4, SEP: 1, MASK: -1}, 6},
		{"spiece.model", files("spiece.model", string(smallModel())), tokenize.Special{PAD: 0, UNK: 1, CLS: 2, SEP: 3, MASK: -1}, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := tokenize.Load(test.fsys)
			if err != nil {
				t.Fatal(err)
			}
			if got := tok.Special(); got != test.want || tok.Size() != test.size {
				t.Errorf("%+v of %d tokens, want %+v of %d", got, tok.Size(), test.want, test.size)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	table := binary.LittleEndian.AppendUint32(nil, math.MaxUint32)
	unknown := piece{"<unk>", 0, 2}
	for _, test := range []struct {
		name string
		fsys fstest.MapFS
		is   error
		says string
	}{
		{"an empty folder", files(), tokenize.ErrNoTokenizer, ""},
		{"a vocabulary without special tokens", files("vocab.txt", "the\ncat\n"), nil, `no special token "[CLS]"`},
		{"a vocabulary that is not text", files("vocab.txt", "\xff\xfe"), nil, "vocab.txt: the vocabulary is not UTF-8"},
		{"damaged configuration", files("vocab.txt", smallVocab, "tokenizer_config.json", "{"), nil, "tokenizer_config.json"},
		{"another model", files("tokenizer.json", `{"model":{"type":"BPE","vocab":{}}}`), tokenize.ErrUnsupported, "BPE"},
		{"another normaliser", files("tokenizer.json", `{"normalizer":{"type":"NFC"},"model":{"type":"WordPiece","vocab":{}}}`), tokenize.ErrUnsupported, "NFC"},
		{"a negative id", files("tokenizer.json", `{"model":{"type":"WordPiece","vocab":{"the":-1}}}`), nil, `"the" has id -1`},
		{"an empty model", files("spiece.model", ""), nil, "spiece.model: it holds no tokens"},
		{"a truncated model", files("spiece.model", string(smallModel()[:60])), nil, "spiece.model: damaged"},
		{"a BPE model", files("spiece.model", string(model(2, nil, unknown))), tokenize.ErrUnsupported, "not unigram"},
		{"a model without unknown token", files("spiece.model", string(model(1, nil, piece{"a", 0, 1}))), nil, "no token is for unknown characters"},
		{"a table larger than its file", files("spiece.model", string(model(1, table, unknown))), nil, "does not fit"},
		{"unigram without unknown token", files("tokenizer.json", strings.Replace(smallUnigramJSON, `"unk_id":1`, `"unk_id":null`, 1)), nil, "no token is for unknown characters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := tokenize.Load(test.fsys)
			if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %v that says %q", err, test.is, test.says)
			}
		})
	}
}

// The model's table and tokens out of a spiece.model and out of the
// tokenizer.json made from it give the same tokenizer.
func TestUnigramJSONWithTable(t *testing.T) {
	table := normalisationTable()
	pieces := []piece{{"<unk>", 0, 2}, {"[CLS]", 0, 3}, {"[SEP]", 0, 3}, {"\u2581", -1, 1}, {"yes", -2, 1}}
	config := `{"do_lower_case":true}`
	json := `{"added_tokens":[{"id":1,"content":"[CLS]","special":true},{"id":2,"content":"[SEP]","special":true}],
		"normalizer":{"type":"Precompiled","precompiled_charsmap":"` + base64.StdEncoding.EncodeToString(table) + `"},
		"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["[CLS]",0],["[SEP]",0],["▁",-1],["yes",-2]]}}`
	want := []tokenize.Token{{ID: 3, Start: 0, End: 0}, {ID: 4, Start: 0, End: 1}, {ID: 0, Start: 1, End: 2}}
	for _, fsys := range []fstest.MapFS{
		files("spiece.model", string(model(1, table, pieces...)), "tokenizer_config.json", config),
		files("tokenizer.json", json, "tokenizer_config.json", config),
	} {
		tok, err := tokenize.Load(fsys)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Append(nil, "Y!"); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// normalisationTable is a table with one rule, by which "y" becomes "yes".
func normalisationTable() []byte { return tableOf("y", "yes") }

// tableOf is a normaliser's table with one rule.
func tableOf(from, to string) []byte {
	const block = 256 // the children of each unit have one of their own
	// A unit that is a value is reached by no byte.
	units := slices.Repeat([]uint32{1 << 31}, block*(len(from)+2))
	unit := 0
	units[unit] = block << 10
	for i, c := range []byte(from) {
		unit = block*(i+1) ^ int(c)
		units[unit] = uint32(c) | uint32(unit^block*(i+2))<<10
	}
	units[unit] |= 1 << 8 // and its child is the value, 0
	b := binary.LittleEndian.AppendUint32(nil, uint32(4*len(units)))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint32(b, u)
	}
	return append(append(b, to...), 0)
}

// endless is a folder in which one file never ends.
type endless struct{ name string }

func (e endless) Open(name string) (fs.File, error) {
	if name != e.name {
		return nil, fs.ErrNotExist
	}
	return endlessFile{}, nil
}

type endlessFile struct{ fs.File }

func (endlessFile) Read(p []byte) (int, error) { return len(p), nil }
func (endlessFile) Close() error               { return nil }

func TestLoadEndlessFiles(t *testing.T) {
	for _, name := range []string{"spiece.model", "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"} {
		if _, err := tokenize.Load(endless{name}); err == nil || !strings.Contains(err.Error(), name+" is longer than") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
