package albert

import (
	"io/fs"
	"strings"
	"testing"
)

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"a": "../model.safetensors"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		index, err := parseIndex(b, weightsFile)
		if err != nil {
			return
		}
		for tensor, file := range index {
			if !fs.ValidPath(file) || strings.Contains(file, "/") || !strings.HasSuffix(file, ".safetensors") {
				t.Errorf("tensor %q in %q is accepted", tensor, file)
			}
		}
	})
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"model_type": "albert", "hidden_size": 32, "num_attention_heads": 4}`))
	f.Add([]byte(`{"model_type": "bert", "hidden_act": "gelu", "is_decoder": false}`))
	f.Add([]byte(`{"model_type": "bert", "hidden_size": -1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseConfig(b)
		if err != nil || c.check() != nil {
			return
		}
		if c.ModelType != "albert" || c.HiddenSize < 1 || c.HiddenSize > maxSize || c.HiddenSize%c.Heads != 0 || c.Layers > maxLayers {
			t.Errorf("accepted %+v", c)
		}
		for layer := range c.Layers {
			if g := c.group(layer); g < 0 || g >= c.Groups {
				t.Errorf("pass %d uses group %d of %d", layer, g, c.Groups)
			}
		}
	})
}

// FuzzNames makes sure that no two names of a checkpoint become one silently.
func FuzzNames(f *testing.F) {
	f.Add("bert.encoder.layer.0.attention.self.query.weight")
	f.Add("module.albert.embeddings.LayerNorm.gamma")
	f.Add("bert.pooler.dense.weight")
	f.Fuzz(func(t *testing.T, name string) {
		if again := modernName(name); strings.HasSuffix(again, ".gamma") && !strings.HasSuffix(name, ".gamma") {
			t.Errorf("%q becomes %q", name, again)
		}
		if got := bertName(modernName(name)); strings.HasPrefix(got, "bert.") {
			t.Errorf("%q becomes %q", name, got)
		}
	})
}
