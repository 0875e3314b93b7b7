package tokenize

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// settings is what a checkpoint's files say of text normalisation and of the
// names of the special tokens.
type settings struct {
	lower bool
	strip bool // strip accents
	cjk   bool // tokenize_chinese_chars
	clean bool // clean_text
}

type specialNames struct {
	CLS  name `json:"cls_token"`
	SEP  name `json:"sep_token"`
	PAD  name `json:"pad_token"`
	UNK  name `json:"unk_token"`
	MASK name `json:"mask_token"`
}

// name is the text of a special token: a JSON string, or an object that holds
// it as content.
type name string

func (n *name) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var token struct {
			Content string `json:"content"`
		}
		err := json.Unmarshal(b, &token)
		*n = name(token.Content)
		return err
	}
	return json.Unmarshal(b, (*string)(n))
}

// configFile is tokenizer_config.json. A field that is absent, or null, leaves
// the default in place.
type configFile struct {
	specialNames
	DoLowerCase          *bool `json:"do_lower_case"`
	StripAccents         *bool `json:"strip_accents"`
	KeepAccents          *bool `json:"keep_accents"`
	RemoveSpace          *bool `json:"remove_space"`
	TokenizeChineseChars *bool `json:"tokenize_chinese_chars"`
}

// readConfig reads tokenizer_config.json, and for the names that it leaves out
// special_tokens_map.json. Neither has to be there.
func readConfig(fsys fs.FS) (configFile, error) {
	var c configFile
	if err := readJSON(fsys, "special_tokens_map.json", &c.specialNames); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if err := readJSON(fsys, "tokenizer_config.json", &c); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	return c, nil
}

func readJSON(fsys fs.FS, name string, v any) error {
	b, err := readFile(fsys, name)
	if err != nil {
		return fmt.Errorf("reading the tokenizer: %w", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("reading the tokenizer: %s: %w", name, err)
	}
	return nil
}

// or returns the names, with those of d where there is none.
func (n specialNames) or(d specialNames) specialNames {
	for _, p := range []struct{ to, from *name }{
		{&n.CLS, &d.CLS}, {&n.SEP, &d.SEP}, {&n.PAD, &d.PAD}, {&n.UNK, &d.UNK}, {&n.MASK, &d.MASK},
	} {
		if *p.to == "" {
			*p.to = *p.from
		}
	}
	return n
}

// find looks the special tokens up. CLS, SEP and UNK must be there, PAD and
// MASK are -1 where the vocabulary lacks them.
func (n specialNames) find(id func(string) int32) (Special, error) {
	s := Special{
		CLS: id(string(n.CLS)), SEP: id(string(n.SEP)), PAD: id(string(n.PAD)),
		UNK: id(string(n.UNK)), MASK: id(string(n.MASK)),
	}
	for _, must := range []struct {
		id   int32
		name name
	}{{s.CLS, n.CLS}, {s.SEP, n.SEP}, {s.UNK, n.UNK}} {
		if must.id < 0 {
			return s, fmt.Errorf("reading the tokenizer: the vocabulary has no special token %q: is it named otherwise in tokenizer_config.json?", must.name)
		}
	}
	return s, nil
}

func set(to *bool, from *bool) {
	if from != nil {
		*to = *from
	}
}
