package albert

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/albert-search/albert-search/albert/internal/avx512"
	"github.com/albert-search/albert-search/internal/errkind"
)

// ErrNotALBERT is the error of Load for a model of another kind.
var ErrNotALBERT = errkind.New(errkind.UnsupportedModel, "not an ALBERT")

const configFile = "config.json"

// Config is the shape of a model, as its config.json says it. What the file
// leaves out has the default of transformers' AlbertConfig.
type Config struct {
	ModelType    string `json:"model_type"`
	VocabSize    int    `json:"vocab_size"`
	MaxPositions int    `json:"max_position_embeddings"`
	TokenTypes   int    `json:"type_vocab_size"`
	// EmbeddingSize is the width of the embedding tables, which a linear map
	// takes to HiddenSize (ALBERT, Lan et al. 2020, section 3.1).
	EmbeddingSize int `json:"embedding_size"`
	HiddenSize    int `json:"hidden_size"`
	// Layers are passes; they share the weights of Groups groups, each of
	// InnerGroup layers that every pass runs one behind the other.
	Layers           int     `json:"num_hidden_layers"`
	Groups           int     `json:"num_hidden_groups"`
	InnerGroup       int     `json:"inner_group_num"`
	Heads            int     `json:"num_attention_heads"`
	IntermediateSize int     `json:"intermediate_size"`
	Activation       string  `json:"hidden_act"`
	LayerNormEps     float32 `json:"layer_norm_eps"`
	PadID            int32   `json:"pad_token_id"`
	// Positions is how positions are told apart; only "absolute" is known.
	Positions string `json:"position_embedding_type"`
	// Architectures names the class of transformers that saved the model, as
	// "AlbertForQuestionAnswering".
	Architectures []string `json:"architectures"`

	// LabelNames are the names of a classifier's labels by their numbers in
	// decimal, as far as the file has them.
	LabelNames labelNames `json:"id2label"`

	// convertedFrom is the model_type of a checkpoint of another kind that is
	// read as an ALBERT: "bert", or "".
	convertedFrom string
}

// labelNames are names of labels by number. What has another form is as if it
// were not there: a model can be run without.
type labelNames map[string]string

func (l *labelNames) UnmarshalJSON(text []byte) error {
	names := map[string]string{}
	if json.Unmarshal(text, &names) == nil {
		*l = names
	}
	return nil
}

func defaultConfig() Config {
	return Config{
		VocabSize: 30000, MaxPositions: 512, TokenTypes: 2,
		EmbeddingSize: 128, HiddenSize: 4096,
		Layers: 12, Groups: 1, InnerGroup: 1, Heads: 64, IntermediateSize: 16384,
		Activation: "gelu_new", LayerNormEps: 1e-12, Positions: "absolute",
	}
}

// ReadConfig reads and checks the config.json of a model without looking at its
// other files. The error of a model of another kind is ErrNotALBERT.
func ReadConfig(fsys fs.FS) (Config, error) { return readConfig(fsys) }

func readConfig(fsys fs.FS) (Config, error) {
	text, err := readSmall(fsys, configFile)
	if err != nil {
		return Config{}, err
	}
	c, err := parseConfig(text)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", configFile, err)
	}
	return c, nil
}

// maxConfig is the longest config.json read. One with all labels of a
// classifier has some hundred kilobytes.
const maxConfig = 16 << 20

// readSmall reads a file that is not longer than maxConfig.
func readSmall(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err == nil && len(text) > maxConfig {
		err = fmt.Errorf("%s: it is longer than %d bytes", name, maxConfig)
	}
	return text, err
}

func parseConfig(text []byte) (Config, error) {
	var kind struct {
		ModelType     string   `json:"model_type"`
		Architectures []string `json:"architectures"`
		Groups        *int     `json:"num_hidden_groups"`
		IsDecoder     bool     `json:"is_decoder"`
		CrossAttends  bool     `json:"add_cross_attention"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return Config{}, err
	}
	if kind.ModelType == "" {
		// The first versions of transformers did not say it.
		switch {
		case kind.Groups != nil, len(kind.Architectures) > 0 && strings.HasPrefix(kind.Architectures[0], "Albert"):
			kind.ModelType = "albert"
		case len(kind.Architectures) > 0 && strings.HasPrefix(kind.Architectures[0], "BertFor"), len(kind.Architectures) > 0 && kind.Architectures[0] == "BertModel":
			kind.ModelType = "bert"
		}
	}
	c := defaultConfig()
	if kind.ModelType != "bert" {
		err := json.Unmarshal(text, &c)
		c.ModelType = kind.ModelType
		return c, err
	}
	if kind.IsDecoder || kind.CrossAttends {
		return Config{}, fmt.Errorf("%w: this BERT is a decoder, whose layers are others", ErrNotALBERT)
	}
	c = defaultBERT()
	if err := json.Unmarshal(text, &c); err != nil {
		return Config{}, err
	}
	return c.fromBERT(), nil
}

// defaultBERT has the defaults of transformers' BertConfig.
func defaultBERT() Config {
	return Config{
		VocabSize: 30522, MaxPositions: 512, TokenTypes: 2, HiddenSize: 768,
		Layers: 12, Heads: 12, IntermediateSize: 3072,
		Activation: "gelu", LayerNormEps: 1e-12, Positions: "absolute",
	}
}

// fromBERT is the shape of the ALBERT that computes what a BERT of shape c
// does: embeddings as wide as the hidden states, whose map is then the
// identity, and a group of weights for each layer.
func (c Config) fromBERT() Config {
	c.ModelType, c.convertedFrom = "albert", "bert"
	c.EmbeddingSize, c.Groups, c.InnerGroup = c.HiddenSize, c.Layers, 1
	return c
}

// ConvertedFrom is the model_type of a checkpoint of another kind that is read
// as the ALBERT that computes the same: "bert", or "" for an ALBERT.
func (c Config) ConvertedFrom() string { return c.convertedFrom }

// maxSize is more than any width, count or length of a model that could be
// run, and small enough for the product of two to be an int.
const maxSize = 1 << 20

// maxLayers bounds the length of the graph, whatever the file says.
const maxLayers = 1 << 10

func (c Config) check() error {
	if c.ModelType != "albert" {
		return fmt.Errorf("%w: model_type is %q; an ALBERT is needed, or a BERT, which is converted", ErrNotALBERT, c.ModelType)
	}
	if c.Positions != "absolute" {
		return fmt.Errorf("position_embedding_type %q: an ALBERT has absolute positions", c.Positions)
	}
	for _, f := range []struct {
		name     string
		v, limit int
	}{
		{"vocab_size", c.VocabSize, 1 << 24},
		{"max_position_embeddings", c.MaxPositions, maxSize},
		{"type_vocab_size", c.TokenTypes, maxSize},
		{"embedding_size", c.EmbeddingSize, maxSize},
		{"hidden_size", c.HiddenSize, maxSize},
		{"num_hidden_layers", c.Layers, maxLayers},
		{"num_hidden_groups", c.Groups, maxLayers},
		{"inner_group_num", c.InnerGroup, maxLayers},
		{"num_attention_heads", c.Heads, maxSize},
		{"intermediate_size", c.IntermediateSize, maxSize},
	} {
		if f.v < 1 || f.v > f.limit {
			return fmt.Errorf("%s is %d, not between 1 and %d", f.name, f.v, f.limit)
		}
	}
	if passed := c.Layers * c.InnerGroup; passed > maxLayers {
		return fmt.Errorf("num_hidden_layers times inner_group_num is %d, more than %d", passed, maxLayers)
	}
	if c.HiddenSize%c.Heads != 0 {
		return fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.HiddenSize, c.Heads)
	}
	if _, err := activationNamed(c.Activation); err != nil {
		return err
	}
	if !(c.LayerNormEps >= 0) {
		return fmt.Errorf("layer_norm_eps is %g", c.LayerNormEps)
	}
	if c.PadID < 0 || int(c.PadID) >= c.VocabSize {
		return fmt.Errorf("pad_token_id is %d, the vocabulary has %d tokens", c.PadID, c.VocabSize)
	}
	return nil
}

// group is the group of weights that a pass uses: what transformers computes,
// in the same arithmetic, so that also counts that do not divide agree.
func (c Config) group(layer int) int {
	return int(float64(layer) / (float64(c.Layers) / float64(c.Groups)))
}

// activation is a hidden_act.
type activation struct {
	// op is the ONNX operator, approximate its attribute if it is Gelu.
	op, approximate string
	// floor is a number that the function never goes below.
	floor float32
	// kernel is the function in package avx512.
	kernel avx512.Activation
}

func activationNamed(name string) (activation, error) {
	// The least values of GELU and of its approximation are -0.16997 and
	// -0.17004.
	const geluFloor = -0.171
	switch name {
	case "gelu":
		return activation{"Gelu", "none", geluFloor, avx512.GELU}, nil
	case "gelu_new", "gelu_pytorch_tanh":
		return activation{"Gelu", "tanh", geluFloor, avx512.GELUTanh}, nil
	case "relu":
		return activation{"Relu", "", 0, avx512.ReLU}, nil
	}
	return activation{}, fmt.Errorf("hidden_act %q is not supported; gelu, gelu_new, gelu_pytorch_tanh and relu are", name)
}
