// Package sbert reads the settings that the library sentence-transformers
// (Reimers and Gurevych 2019, https://sbert.net) saves beside a model that
// embeds sentences: modules.json, which names the steps from text to vector,
// and a folder for each step.
package sbert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/internal/errkind"
)

// ErrUnsupported is the error of a folder whose steps this program cannot do.
var ErrUnsupported = errkind.New(errkind.UnsupportedModel, "the sentence-transformers model is not supported")

// The ways of pooling.
const (
	Mean = "mean"
	CLS  = "cls"
	Max  = "max"
)

const modulesFile = "modules.json"

// Settings say how a model embeds.
type Settings struct {
	// Dir is the folder of the transformer itself, "." if it is not in one of
	// its own.
	Dir string
	// Pooling is Mean, CLS or Max.
	Pooling string
	// Window is the most tokens of a text that are read, special tokens
	// included; 0 if nothing says.
	Window int
	// Lower says that texts are put into lower case before they are cut into
	// tokens.
	Lower bool
	// Similarity is how the model's vectors are meant to be compared, as "dot"
	// or "cosine"; "" if nothing says.
	Similarity string
	// Prompts are what the model expects before a text, by the kind of text;
	// empty ones are left out.
	Prompts map[string]string
}

type module struct {
	Name string `json:"name"`
	Path string `json:"path"`
	Type string `json:"type"`
}

// Read reads the settings of a folder. Without a modules.json the error is
// fs.ErrNotExist.
func Read(fsys fs.FS) (*Settings, error) {
	var modules []module
	if err := readJSON(fsys, modulesFile, &modules); err != nil {
		return nil, err
	}
	s := &Settings{}
	for i, m := range modules {
		if m.Path == "" {
			m.Path = "."
		}
		if !fs.ValidPath(m.Path) || strings.ContainsAny(m.Path, `\:`) {
			return nil, fmt.Errorf("%s: module %q is said to be in %q, which is no folder below it", modulesFile, m.Name, m.Path)
		}
		if err := s.add(fsys, i, m); err != nil {
			return nil, err
		}
	}
	if s.Dir == "" || s.Pooling == "" {
		return nil, fmt.Errorf("%s: %w: it needs a Transformer and a Pooling", modulesFile, ErrUnsupported)
	}
	return s, s.readUse(fsys)
}

// add takes the i-th step from text to vector.
func (s *Settings) add(fsys fs.FS, i int, m module) error {
	kind := m.Type[strings.LastIndexByte(m.Type, '.')+1:]
	switch {
	case kind == "Transformer" && i == 0:
		s.Dir = m.Path
		return s.readTransformer(fsys)
	case kind == "Pooling" && i == 1:
		return s.readPooling(fsys, path.Join(m.Path, "config.json"))
	case kind == "Normalize" && i >= 2, kind == "Dropout":
		// Vectors are compared by their direction only.
		return nil
	}
	return fmt.Errorf("%s: %w: module %d is %q, which changes the vectors; known are Transformer, Pooling and Normalize, in this order",
		modulesFile, ErrUnsupported, i, m.Type)
}

func (s *Settings) readTransformer(fsys fs.FS) error {
	var c struct {
		MaxSeqLength *int `json:"max_seq_length"`
		DoLowerCase  bool `json:"do_lower_case"`
	}
	from := ""
	// It has had several names; the last is today's.
	for _, name := range []string{
		"sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_albert_config.json", "sentence_bert_config.json",
	} {
		name = path.Join(s.Dir, name)
		switch err := readJSON(fsys, name, &c); {
		case err == nil:
			from = name
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	s.Lower = c.DoLowerCase
	if c.MaxSeqLength != nil {
		return s.setWindow(*c.MaxSeqLength, from+": max_seq_length")
	}
	// Newer versions leave the length to the tokenizer, which has a number
	// without meaning where it is not known.
	var t struct {
		MaxLength float64 `json:"model_max_length"`
	}
	name := path.Join(s.Dir, "tokenizer_config.json")
	if err := readJSON(fsys, name, &t); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if t.MaxLength > maxWindow || t.MaxLength == 0 {
		return nil
	}
	return s.setWindow(int(t.MaxLength), name+": model_max_length")
}

// maxWindow is more tokens than any such model reads.
const maxWindow = 1 << 20

func (s *Settings) setWindow(n int, what string) error {
	if n < 3 || n > maxWindow {
		return fmt.Errorf("%s is %d, not the length of a text", what, n)
	}
	s.Window = n
	return nil
}

func (s *Settings) readPooling(fsys fs.FS, name string) error {
	var c map[string]any
	if err := readJSON(fsys, name, &c); err != nil {
		return err
	}
	var modes []string
	switch mode := c["pooling_mode"].(type) {
	case string:
		modes = append(modes, mode)
	case []any:
		for _, m := range mode {
			modes = append(modes, fmt.Sprint(m))
		}
	default: // before version 5.3: a truth value for each
		for key, on := range c {
			if mode, ok := strings.CutPrefix(key, "pooling_mode_"); ok && on == true {
				modes = append(modes, mode)
			}
		}
		slices.Sort(modes)
	}
	if len(modes) == 1 {
		switch modes[0] {
		case "mean", "mean_tokens", "mean_sqrt_len_tokens", "mean_sqrt_len":
			// Dividing by the root of the length instead of the length does
			// not change the direction.
			s.Pooling = Mean
			return nil
		case "cls", "cls_token":
			s.Pooling = CLS
			return nil
		case "max", "max_tokens":
			s.Pooling = Max
			return nil
		}
	}
	return fmt.Errorf("%s: %w: it pools by %q; known are mean, cls and max, one of them", name, ErrUnsupported, modes)
}

// readUse reads what is said of the use of the vectors.
func (s *Settings) readUse(fsys fs.FS) error {
	var c struct {
		Prompts    map[string]string `json:"prompts"`
		Similarity string            `json:"similarity_fn_name"`
	}
	if err := readJSON(fsys, "config_sentence_transformers.json", &c); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.Similarity = c.Similarity
	for kind, prompt := range c.Prompts {
		if prompt != "" {
			if s.Prompts == nil {
				s.Prompts = map[string]string{}
			}
			s.Prompts[kind] = prompt
		}
	}
	return nil
}

// Write returns the files that say the settings, by name, for a folder that
// holds the transformer itself.
func (s *Settings) Write() (map[string][]byte, error) {
	const models = "sentence_transformers.models."
	files := map[string][]byte{}
	for name, v := range map[string]any{
		modulesFile: []map[string]any{
			{"idx": 0, "name": "0", "path": "", "type": models + "Transformer"},
			{"idx": 1, "name": "1", "path": "1_Pooling", "type": models + "Pooling"},
		},
		"1_Pooling/config.json": map[string]any{
			"pooling_mode_mean_tokens": s.Pooling == Mean,
			"pooling_mode_cls_token":   s.Pooling == CLS,
			"pooling_mode_max_tokens":  s.Pooling == Max,
		},
		"sentence_bert_config.json": s.transformerConfig(),
	} {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return nil, err
		}
		files[name] = append(b, '\n')
	}
	return files, nil
}

func (s *Settings) transformerConfig() map[string]any {
	c := map[string]any{"do_lower_case": s.Lower}
	if s.Window > 0 {
		c["max_seq_length"] = s.Window
	}
	return c
}

// maxJSON is the longest file read.
const maxJSON = 1 << 20

func readJSON(fsys fs.FS, name string, v any) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxJSON+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(b) > maxJSON {
		return fmt.Errorf("%s: it is longer than %d bytes", name, maxJSON)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
