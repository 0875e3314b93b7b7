package tokenize

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// loadUnigramJSON reads a tokenizer.json that was made from a spiece.model, as
// the fast ALBERT tokenizers are. Text is treated as for spiece.model.
func loadUnigramJSON(f modelFile, config configFile) (Tokenizer, error) {
	var model struct {
		Unknown      *int  `json:"unk_id"`
		ByteFallback bool  `json:"byte_fallback"`
		Vocab        []any `json:"vocab"`
	}
	if err := json.Unmarshal(f.Model, &model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	m := pieceModel{dummyPrefix: true, mergeSpaces: true, escapeSpaces: true, byteFallback: model.ByteFallback}
	special := map[string]bool{}
	for _, t := range f.AddedTokens {
		if t.ID < 0 || t.ID >= int64(len(model.Vocab)) || !t.Special {
			return nil, fmt.Errorf("%w: added token %q is not a special token of the vocabulary", ErrUnsupported, t.Content)
		}
		special[t.Content] = true
	}
	for i, v := range model.Vocab {
		pair, _ := v.([]any)
		if len(pair) != 2 {
			return nil, fmt.Errorf("model: token %d is not a pair of text and score", i)
		}
		text, isText := pair[0].(string)
		score, isNumber := pair[1].(float64)
		if !isText || !isNumber {
			return nil, fmt.Errorf("model: token %d is not a pair of text and score", i)
		}
		p := piece{text: text, score: float32(score), kind: normalPiece}
		_, isByte := byteOfPiece(text)
		switch {
		case model.Unknown != nil && *model.Unknown == i:
			p.kind = unknownPiece
		case special[text]:
			p.kind = controlPiece
		case model.ByteFallback && isByte:
			p.kind = bytePiece
		}
		m.pieces = append(m.pieces, p)
	}
	c := cleaner{removeSpace: true, keepAccents: true}
	if err := readNormalizers(f.Normalizer, &m, &c); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	return newSentencePiece(m, c, config)
}

// readNormalizers takes the settings and the table of replacements out of a
// normalizer or a sequence of them.
func readNormalizers(b json.RawMessage, m *pieceModel, c *cleaner) error {
	if len(b) == 0 {
		return nil
	}
	var n struct {
		Type        string            `json:"type"`
		Normalizers []json.RawMessage `json:"normalizers"`
		Charsmap    string            `json:"precompiled_charsmap"`
	}
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	switch n.Type {
	case "Sequence":
		for _, b := range n.Normalizers {
			if err := readNormalizers(b, m, c); err != nil {
				return err
			}
		}
	case "Precompiled":
		table, err := base64.StdEncoding.DecodeString(n.Charsmap)
		if err != nil {
			return err
		}
		m.charsmap = table
	case "Lowercase":
		c.lower = true
	case "StripAccents":
		c.keepAccents = false
	case "Replace", "NFKD", "": // quotes and white space, which are always treated so
	default:
		return fmt.Errorf("%w: Unigram with normalizer %q", ErrUnsupported, n.Type)
	}
	return nil
}
