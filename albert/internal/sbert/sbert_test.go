package sbert_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert/internal/sbert"
)

const (
	transformer = `{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}`
	pooling     = `{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}`
	normalize   = `{"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}`
	dense       = `{"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}`
)

func folder(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name string
		fsys fs.FS
		want sbert.Settings
	}{
		{"as version 6 saves it", os.DirFS("../../testdata/checkpoints/sentencecls"), sbert.Settings{Dir: ".", Pooling: sbert.CLS, Window: 12}},
		{"with Normalize", os.DirFS("../../testdata/checkpoints/sentencemean"), sbert.Settings{Dir: ".", Pooling: sbert.Mean, Window: 40}},
		{"as version 2 saved it", folder(
			"modules.json", "["+transformer+","+pooling+","+normalize+"]",
			"sentence_bert_config.json", `{"max_seq_length": 128, "do_lower_case": true}`,
			"1_Pooling/config.json", `{"word_embedding_dimension": 768, "pooling_mode_cls_token": false, "pooling_mode_max_tokens": true}`,
		), sbert.Settings{Dir: ".", Pooling: sbert.Max, Window: 128, Lower: true}},
		{"in a folder of its own, without a length", folder(
			"modules.json", "["+strings.Replace(transformer, `""`, `"0_Transformer"`, 1)+","+pooling+"]",
			"0_Transformer/sentence_bert_config.json", `{"max_seq_length": null}`,
			"0_Transformer/tokenizer_config.json", `{"model_max_length": 1000000000000000019884624838656}`,
			"1_Pooling/config.json", `{"pooling_mode_mean_sqrt_len_tokens": true}`,
		), sbert.Settings{Dir: "0_Transformer", Pooling: sbert.Mean}},
	} {
		got, err := sbert.Read(c.fsys)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got.Prompts != nil {
			t.Errorf("%s: prompts %q", c.name, got.Prompts)
		}
		got.Prompts = nil
		if got.Dir != c.want.Dir || got.Pooling != c.want.Pooling || got.Window != c.want.Window || got.Lower != c.want.Lower {
			t.Errorf("%s: %+v, want %+v", c.name, *got, c.want)
		}
		// What is written says the same.
		files, err := got.Write()
		if err != nil {
			t.Fatal(err)
		}
		written := fstest.MapFS{}
		for name, b := range files {
			written[name] = &fstest.MapFile{Data: b}
		}
		again, err := sbert.Read(written)
		if err != nil {
			t.Errorf("%s, written: %v", c.name, err)
			continue
		}
		if again.Pooling != c.want.Pooling || again.Window != c.want.Window || again.Lower != c.want.Lower || again.Dir != "." {
			t.Errorf("%s, written: %+v, want %+v", c.name, *again, c.want)
		}
	}
}

func TestPrompts(t *testing.T) {
	s, err := sbert.Read(folder(
		"modules.json", "["+transformer+","+pooling+"]", "1_Pooling/config.json", `{"pooling_mode": "mean"}`,
		"config_sentence_transformers.json", `{"prompts": {"query": "query: ", "document": ""}, "similarity_fn_name": "dot"}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Prompts) != 1 || s.Prompts["query"] != "query: " || s.Similarity != "dot" {
		t.Errorf("prompts %q, similarity %q", s.Prompts, s.Similarity)
	}
}

func TestReadRefuses(t *testing.T) {
	mean := `{"pooling_mode": "mean"}`
	for _, c := range []struct {
		name        string
		fsys        fs.FS
		unsupported bool
		want        string
	}{
		{"a layer on top", folder("modules.json", "["+transformer+","+pooling+","+dense+"]", "1_Pooling/config.json", mean), true, "Dense"},
		{"no pooling", folder("modules.json", "["+transformer+"]"), true, "Pooling"},
		{"nothing", folder("modules.json", "[]"), true, "Transformer"},
		{"pooling first", folder("modules.json", "["+pooling+","+transformer+"]", "1_Pooling/config.json", mean), true, "Pooling"},
		{"two poolings at once", folder("modules.json", "["+transformer+","+pooling+"]",
			"1_Pooling/config.json", `{"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}`), true, "max_tokens"},
		{"a pooling that is not known", folder("modules.json", "["+transformer+","+pooling+"]",
			"1_Pooling/config.json", `{"pooling_mode": "lasttoken"}`), true, "lasttoken"},
		{"no settings of the pooling", folder("modules.json", "["+transformer+","+pooling+"]"), false, "1_Pooling/config.json"},
		{"a path that leaves the folder", folder("modules.json", "["+strings.Replace(transformer, `""`, `"../../etc"`, 1)+"]"), false, "../../etc"},
		{"a length that is none", folder("modules.json", "["+transformer+","+pooling+"]", "1_Pooling/config.json", mean,
			"sentence_bert_config.json", `{"max_seq_length": -1}`), false, "sentence_bert_config.json: max_seq_length"},
		{"broken", folder("modules.json", "["), false, "modules.json"},
	} {
		_, err := sbert.Read(c.fsys)
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, sbert.ErrUnsupported) != c.unsupported {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := sbert.Read(folder()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v, want ErrNotExist", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("["+transformer+","+pooling+"]"), []byte(`{"pooling_mode": "mean"}`), []byte(`{"max_seq_length": 128}`))
	f.Add([]byte("["+transformer+","+pooling+","+dense+"]"), []byte(`{"pooling_mode": ["mean", "cls"]}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, modules, pool, config []byte) {
		s, err := sbert.Read(fstest.MapFS{
			"modules.json": {Data: modules}, "1_Pooling/config.json": {Data: pool}, "sentence_bert_config.json": {Data: config},
		})
		if err != nil {
			return
		}
		if s.Pooling != sbert.Mean && s.Pooling != sbert.CLS && s.Pooling != sbert.Max || !fs.ValidPath(s.Dir) || s.Window < 0 {
			t.Errorf("accepted %+v", *s)
		}
	})
}
