package albert

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// renamed is tensors under the names that transformers gives those of an
// ALBERT today.
type renamed struct {
	tensors
	// old has the tensors as they are called in the file, by their new names.
	old   map[string]safetensors.Info
	names []string
	// identity is the name of the map from the embeddings to the hidden size
	// where the model has none, as BERT, whose two sizes are one.
	identity string
	width    int
}

// rename gives the tensors of w, a checkpoint of the kind that config says,
// their names of today. Where they have them already it is w's.
func rename(t tensors, config Config) (tensors, error) {
	r := &renamed{tensors: t, old: map[string]safetensors.Info{}, width: config.HiddenSize}
	changed := false
	for _, info := range t.Tensors() {
		name := modernName(info.Name)
		if config.convertedFrom == "bert" {
			name = bertName(name)
		}
		if _, twice := r.old[name]; twice {
			return nil, fmt.Errorf("two tensors are %q, by an old and a new name", name)
		}
		r.old[name] = info
		r.names = append(r.names, name)
		changed = changed || name != info.Name
	}
	if config.convertedFrom == "bert" {
		prefix := ""
		if _, ok := r.old["albert."+wordEmbeddings]; ok {
			prefix = "albert."
		}
		r.identity = prefix + "encoder.embedding_hidden_mapping_in"
		r.names = append(r.names, r.identity+".weight", r.identity+".bias")
		changed = true
	}
	if !changed {
		return t, nil
	}
	return r, nil
}

// modernName undoes what TensorFlow's checkpoints (gamma and beta) and training
// on several devices (module.) made of names.
func modernName(name string) string {
	name = strings.TrimPrefix(name, "module.")
	if rest, ok := strings.CutSuffix(name, ".gamma"); ok {
		return rest + ".weight"
	}
	if rest, ok := strings.CutSuffix(name, ".beta"); ok {
		return rest + ".bias"
	}
	return name
}

var bertLayer = regexp.MustCompile(`^((?:albert\.)?)encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$`)

// bertParts are the maps of a layer of BERT's, by name, as ALBERT names them.
var bertParts = map[string]string{
	"attention.self.query": "attention.query", "attention.self.key": "attention.key", "attention.self.value": "attention.value",
	"attention.output.dense": "attention.dense", "attention.output.LayerNorm": "attention.LayerNorm",
	"intermediate.dense": "ffn", "output.dense": "ffn_output", "output.LayerNorm": "full_layer_layer_norm",
}

// bertName is the name that a tensor of a BERT has in the ALBERT that computes
// the same: one with a group of its own for each layer.
func bertName(name string) string {
	if rest, ok := strings.CutPrefix(name, "bert."); ok {
		name = "albert." + rest
	}
	for _, what := range []string{"weight", "bias"} {
		name = strings.Replace(name, "pooler.dense."+what, "pooler."+what, 1)
	}
	if m := bertLayer.FindStringSubmatch(name); m != nil {
		if part, ok := bertParts[m[3]]; ok {
			return fmt.Sprintf("%sencoder.albert_layer_groups.%s.albert_layers.0.%s.%s", m[1], m[2], part, m[4])
		}
	}
	return name
}

func (r *renamed) Tensors() []safetensors.Info {
	all := make([]safetensors.Info, len(r.names))
	for i, name := range r.names {
		all[i], _ = r.Tensor(name)
	}
	return all
}

func (r *renamed) Tensor(name string) (safetensors.Info, bool) {
	if r.identity != "" {
		switch name {
		case r.identity + ".weight":
			return safetensors.Info{Name: name, Type: safetensors.F32, Shape: []int{r.width, r.width}}, true
		case r.identity + ".bias":
			return safetensors.Info{Name: name, Type: safetensors.F32, Shape: []int{r.width}}, true
		}
	}
	info, ok := r.old[name]
	info.Name = name
	return info, ok
}

func (r *renamed) Floats(t safetensors.Info) ([]float32, error) {
	if old, ok := r.old[t.Name]; ok {
		return r.tensors.Floats(old)
	}
	v := make([]float32, t.Len())
	if t.Name == r.identity+".weight" {
		for i := range r.width {
			v[i*r.width+i] = 1
		}
	}
	return v, nil
}

func (r *renamed) Bytes(t safetensors.Info) ([]byte, error) {
	old, ok := r.old[t.Name]
	if !ok {
		return nil, fmt.Errorf("tensor %q is not in the file", t.Name)
	}
	return r.tensors.Bytes(old)
}
