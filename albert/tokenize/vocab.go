package tokenize

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// vocabulary is what a WordPiece model file holds.
type vocabulary struct {
	entries  []entry
	special  map[string]int32 // tokens that no text is cut into
	size     int
	prefix   string // of a token that continues a word
	maxChars int
}

// loadVocabTxt reads a vocab.txt: one token a line, its id the line's number
// from 0.
func loadVocabTxt(b []byte, config configFile) (Tokenizer, error) {
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("the vocabulary is not UTF-8 text")
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", "\n"), "\r", "\n")
	v := vocabulary{prefix: "##", maxChars: maxWordChars}
	for line := range strings.Lines(text) {
		v.entries = append(v.entries, entry{strings.TrimSuffix(line, "\n"), int32(v.size)})
		v.size++
	}
	return loadWordPiece(v, settings{lower: true, cjk: true, clean: true}, nil, config)
}

// modelFile is tokenizer.json as far as it is read here.
type modelFile struct {
	AddedTokens []struct {
		ID      int64  `json:"id"`
		Content string `json:"content"`
		Special bool   `json:"special"`
	} `json:"added_tokens"`
	Normalizer   json.RawMessage `json:"normalizer"`
	PreTokenizer *struct {
		Type string `json:"type"`
	} `json:"pre_tokenizer"`
	Model json.RawMessage `json:"model"`
}

func loadJSON(b []byte, config configFile) (Tokenizer, error) {
	var f modelFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	var model struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(f.Model, &model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	switch model.Type {
	case "WordPiece", "": // files of older versions do not name it
		return loadWordPieceJSON(f, config)
	case "Unigram":
		return loadUnigramJSON(f, config)
	}
	return nil, fmt.Errorf("%w: model type %q", ErrUnsupported, model.Type)
}

func loadWordPieceJSON(f modelFile, config configFile) (Tokenizer, error) {
	model := struct {
		Prefix   string           `json:"continuing_subword_prefix"`
		MaxChars int              `json:"max_input_chars_per_word"`
		Vocab    map[string]int64 `json:"vocab"`
	}{Prefix: "##", MaxChars: maxWordChars}
	if err := json.Unmarshal(f.Model, &model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if f.PreTokenizer != nil && f.PreTokenizer.Type != "BertPreTokenizer" {
		return nil, fmt.Errorf("%w: WordPiece with pre-tokenizer %q", ErrUnsupported, f.PreTokenizer.Type)
	}
	normalizer := struct {
		Type         string `json:"type"`
		CleanText    *bool  `json:"clean_text"`
		ChineseChars *bool  `json:"handle_chinese_chars"`
		StripAccents *bool  `json:"strip_accents"`
		Lowercase    *bool  `json:"lowercase"`
	}{Type: "BertNormalizer"}
	if len(f.Normalizer) > 0 {
		if err := json.Unmarshal(f.Normalizer, &normalizer); err != nil {
			return nil, fmt.Errorf("normalizer: %w", err)
		}
	}
	if normalizer.Type != "BertNormalizer" {
		return nil, fmt.Errorf("%w: WordPiece with normalizer %q", ErrUnsupported, normalizer.Type)
	}
	s := settings{lower: true, cjk: true, clean: true}
	set(&s.clean, normalizer.CleanText)
	set(&s.cjk, normalizer.ChineseChars)
	set(&s.lower, normalizer.Lowercase)

	v := vocabulary{prefix: model.Prefix, maxChars: model.MaxChars, special: map[string]int32{}}
	for piece, id := range model.Vocab {
		if err := v.cover(piece, id); err != nil {
			return nil, err
		}
		v.entries = append(v.entries, entry{piece, int32(id)})
	}
	for _, t := range f.AddedTokens {
		if _, known := model.Vocab[t.Content]; known {
			continue
		}
		if !t.Special {
			return nil, fmt.Errorf("%w: added token %q is not a special one", ErrUnsupported, t.Content)
		}
		if err := v.cover(t.Content, t.ID); err != nil {
			return nil, err
		}
		v.special[t.Content] = int32(t.ID)
	}
	return loadWordPiece(v, s, normalizer.StripAccents, config)
}

// cover makes the vocabulary as large as the id of a token asks.
func (v *vocabulary) cover(piece string, id int64) error {
	if id < 0 || id >= math.MaxInt32 {
		return fmt.Errorf("token %q has id %d", piece, id)
	}
	v.size = max(v.size, int(id)+1)
	return nil
}

func loadWordPiece(v vocabulary, s settings, strip *bool, config configFile) (Tokenizer, error) {
	set(&s.lower, config.DoLowerCase)
	set(&s.cjk, config.TokenizeChineseChars)
	// Unless something says otherwise, accents go with the case, as in the
	// original BERT.
	s.strip = s.lower
	set(&s.strip, strip)
	set(&s.strip, config.StripAccents)

	w := newWordPiece(v, s)
	names := config.specialNames.or(specialNames{CLS: "[CLS]", SEP: "[SEP]", PAD: "[PAD]", UNK: "[UNK]", MASK: "[MASK]"})
	special, err := names.find(func(piece string) int32 {
		if id, ok := v.special[piece]; ok {
			return id
		}
		return w.vocab.find(piece)
	})
	if err != nil {
		return nil, err
	}
	w.special = special
	return w, nil
}
