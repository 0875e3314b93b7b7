package modelstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/safetensors"
)

const checkpoints = "../testdata/checkpoints/"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copyOf is a checkpoint whose files can be changed.
func copyOf(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	must(t, fs.WalkDir(os.DirFS(checkpoints+name), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(checkpoints, name, file))
		fsys[file] = &fstest.MapFile{Data: b}
		return err
	}))
	return fsys
}

// options are those of an import in 32 bits, which needs no runtime.
func options(name string) modelstore.ImportOptions {
	return modelstore.ImportOptions{Name: name, Source: "a test", Precision: albert.Float32}
}

// left lists what is in the store beside the models and the choice.
func left(t *testing.T, s *modelstore.Store) []string {
	t.Helper()
	entries, err := os.ReadDir(s.Dir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	must(t, err)
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && e.Name() != ".lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestImport(t *testing.T) {
	rt := orttest.Runtime(t)
	s := modelstore.Open(filepath.Join(t.TempDir(), "models"))
	for name, want := range map[string]modelstore.Record{
		"base":         {Architecture: "AlbertModel", Uses: []string{"embedder"}},
		"pretraining":  {Architecture: "AlbertForPreTraining", Uses: []string{"embedder"}},
		"masked":       {Architecture: "AlbertForMaskedLM", Uses: []string{"embedder"}},
		"answers":      {Architecture: "AlbertForQuestionAnswering", Uses: []string{"reader"}},
		"sequences":    {Architecture: "AlbertForSequenceClassification", Uses: []string{"classifier"}},
		"tokens":       {Architecture: "AlbertForTokenClassification", Uses: []string{"tagger"}},
		"bert":         {Architecture: "BertModel", Converted: "bert", Uses: []string{"embedder"}},
		"bertanswers":  {Architecture: "BertForQuestionAnswering", Converted: "bert", Uses: []string{"reader"}},
		"bertclasses":  {Architecture: "BertForSequenceClassification", Converted: "bert", Uses: []string{"classifier"}},
		"sentencecls":  {Architecture: "AlbertModel", Uses: []string{"embedder"}, Pooling: "cls", Window: 12},
		"sentencemean": {Architecture: "AlbertModel", Uses: []string{"embedder"}, Pooling: "mean", Window: 40},
		// from the tests of package albert
		"../parity/reader": {Architecture: "AlbertForQuestionAnswering", Uses: []string{"reader", "relevance"}},
	} {
		for _, precision := range []albert.Precision{albert.Float32, albert.Int8} {
			o := options(path.Base(name) + "." + precision.String())
			o.Precision, o.Runtime = precision, func() (*ort.Runtime, error) { return rt, nil }
			r, err := s.Import(t.Context(), os.DirFS(checkpoints+name), o)
			if err != nil {
				t.Errorf("%s: %v", o.Name, err)
				continue
			}
			if r.Architecture != want.Architecture || r.Converted != want.Converted || !slices.Equal(r.Uses, want.Uses) ||
				r.Pooling != want.Pooling || r.Window != want.Window || r.Precision != precision.String() ||
				r.Hidden != 32 && r.Hidden != 36 || r.Positions != 40 || r.Source != "a test" || r.Name != o.Name {
				t.Errorf("%s: %+v", o.Name, r)
			}
			said := strings.Contains(strings.Join(r.Notes, " "), "It was a BERT")
			if said != (want.Converted != "") {
				t.Errorf("%s: notes %q", o.Name, r.Notes)
			}
			model, err := albert.Load(s.Files(o.Name))
			must(t, err)
			if model.ID() != r.ID {
				t.Errorf("%s: ID %s, the record has %s", o.Name, model.ID(), r.ID)
			}
			if err := s.Verify(t.Context(), o.Name); err != nil {
				t.Error(err)
			}
		}
	}
	names, err := s.Names()
	must(t, err)
	if len(names) != 24 {
		t.Errorf("models %q", names)
	}
	if l := left(t, s); len(l) > 0 {
		t.Errorf("%q are left", l)
	}
	// What is quantised later is what would have been at once.
	o := options("later")
	o.Runtime = func() (*ort.Runtime, error) { return rt, nil }
	later, err := s.Quantize(t.Context(), "bert.fp32", o)
	must(t, err)
	once, err := s.Get("bert.int8")
	must(t, err)
	if later.Converted != "bert" || !slices.Equal(later.Notes, once.Notes) || later.ID != once.ID {
		t.Errorf("later %+v\nat once %+v", later, once)
	}
	if _, err := s.Quantize(t.Context(), "later", options("again")); err == nil {
		t.Error("an int8 model is quantised again")
	}
	// An int8 model stays what it is when it is imported again, and cannot
	// become fp32.
	o.Name, o.Precision = "copy", albert.Int8
	again, err := s.Import(t.Context(), s.Files("later"), o)
	must(t, err)
	if again.ID != later.ID {
		t.Errorf("imported again it is %s, was %s", again.ID, later.ID)
	}
	if _, err := s.Import(t.Context(), s.Files("later"), options("wide")); err == nil || !strings.Contains(err.Error(), "int8") {
		t.Errorf("an int8 model in fp32: %v", err)
	}
}

// weights returns the tensors of a checkpoint's model.safetensors, changed.
func weights(t *testing.T, fsys fstest.MapFS, change func(*safetensors.Data)) {
	t.Helper()
	old := fsys["model.safetensors"].Data
	st, err := safetensors.Open(bytes.NewReader(old), int64(len(old)))
	must(t, err)
	var all []safetensors.Data
	for _, info := range st.Tensors() {
		b, err := st.Bytes(info)
		must(t, err)
		d := safetensors.Data{Name: info.Name, Type: info.Type, Shape: info.Shape, Bytes: b}
		change(&d)
		all = append(all, d)
	}
	var w bytes.Buffer
	must(t, safetensors.Write(&w, all, nil))
	fsys["model.safetensors"].Data = w.Bytes()
}

func TestImportRefuses(t *testing.T) {
	const pickle = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80\x02M\xe9\x03.\x80\x02}." +
		"\x80\x02cbuiltins\nexec\nX\x01\x00\x00\x00x\x85R."
	for _, c := range []struct {
		name, from string
		change     func(fstest.MapFS)
		want       string
		is         func(error) bool
	}{
		{"a number that is none", "base", func(f fstest.MapFS) {
			weights(t, f, func(d *safetensors.Data) {
				if strings.HasSuffix(d.Name, "ffn.weight") {
					binary.LittleEndian.PutUint32(d.Bytes[40:], math.Float32bits(float32(math.NaN())))
				}
			})
		}, "ffn.weight", nil},
		{"an infinite one in 16 bits", "tokens", func(f fstest.MapFS) {
			weights(t, f, func(d *safetensors.Data) {
				if strings.HasSuffix(d.Name, "LayerNorm.bias") {
					binary.LittleEndian.PutUint16(d.Bytes, 0x7c00)
				}
			})
		}, "LayerNorm.bias", nil},
		{"code", "pretraining", func(f fstest.MapFS) { f["pytorch_model.bin"].Data = []byte(pickle) }, "builtins.exec",
			func(err error) bool { return errors.Is(err, albert.ErrUnsafe) }},
		{"a header that lies", "base", func(f fstest.MapFS) {
			binary.LittleEndian.PutUint64(f["model.safetensors"].Data, 1<<40)
		}, "header", nil},
		{"weights cut off", "masked", func(f fstest.MapFS) {
			f["pytorch_model.bin"].Data = f["pytorch_model.bin"].Data[:20000]
		}, "pytorch_model.bin", nil},
		{"a shard elsewhere", "answers", func(f fstest.MapFS) {
			i := f["model.safetensors.index.json"]
			i.Data = bytes.ReplaceAll(i.Data, []byte("model-00001-of-00003"), []byte("../../model"))
		}, "../../model.safetensors", nil},
		{"a shard that is missing", "answers", func(f fstest.MapFS) { delete(f, "model-00002-of-00003.safetensors") }, "model-00002-of-00003.safetensors", nil},
		{"a tensor in no shard", "sequences", func(f fstest.MapFS) {
			i := f["pytorch_model.bin.index.json"]
			i.Data = bytes.Replace(i.Data, []byte("albert.pooler.weight"), []byte("albert.cooler.weight"), 1)
		}, "albert.cooler.weight", nil},
		{"huge dimensions", "base", func(f fstest.MapFS) {
			f["config.json"].Data = bytes.Replace(f["config.json"].Data, []byte(`"hidden_size": 32`), []byte(`"hidden_size": 1000000000`), 1)
		}, "hidden_size", nil},
		{"another kind of model", "base", func(f fstest.MapFS) {
			f["config.json"].Data = bytes.Replace(f["config.json"].Data, []byte(`"albert"`), []byte(`"t5"`), 1)
		}, "t5", func(err error) bool { return errors.Is(err, albert.ErrNotALBERT) }},
		{"a decoder", "bert", func(f fstest.MapFS) {
			f["config.json"].Data = bytes.Replace(f["config.json"].Data, []byte(`"is_decoder": false`), []byte(`"is_decoder": true`), 1)
		}, "decoder", func(err error) bool { return errors.Is(err, albert.ErrNotALBERT) }},
		{"weights for another library", "base", func(f fstest.MapFS) {
			delete(f, "model.safetensors")
			f["tf_model.h5"] = &fstest.MapFile{}
		}, "tf_model.h5", func(err error) bool { return errors.Is(err, albert.ErrNoWeights) }},
		{"a step that is not known", "sentencemean", func(f fstest.MapFS) {
			f["modules.json"].Data = bytes.Replace(f["modules.json"].Data, []byte("normalize.Normalize"), []byte("dense.Dense"), 1)
		}, "Dense", func(err error) bool { return errors.Is(err, modelstore.ErrUnsupported) }},
		{"a tokenizer without end", "base", func(f fstest.MapFS) { f["spiece.model"].Data = make([]byte, 65<<20) }, "a tokenizer may have", nil},
		{"a configuration without end", "base", func(f fstest.MapFS) { f["config.json"].Data = make([]byte, 17<<20) }, "config.json: it is longer", nil},
		{"a pipe for weights", "base", func(f fstest.MapFS) { f["model.safetensors"].Mode = fs.ModeNamedPipe }, "model.safetensors is no file", nil},
		{"a device for a tokenizer", "base", func(f fstest.MapFS) { f["spiece.model"].Mode = fs.ModeDevice }, "spiece.model is no file", nil},
		{"a pipe for settings", "sentencemean", func(f fstest.MapFS) { f["1_Pooling/config.json"].Mode = fs.ModeNamedPipe }, "config.json is no file", nil},
		{"no tokenizer", "base", func(f fstest.MapFS) { delete(f, "spiece.model") }, "spiece.model", nil},
	} {
		s := modelstore.Open(t.TempDir())
		fsys := copyOf(t, c.from)
		c.change(fsys)
		_, err := s.Import(t.Context(), fsys, options("m"))
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !c.is(err) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if l := left(t, s); len(l) > 0 {
			t.Errorf("%s: %q are left", c.name, l)
		}
		if names, err := s.Names(); len(names) > 0 || err != nil {
			t.Errorf("%s: the store has %q, %v", c.name, names, err)
		}
	}
}

// stopping ends a context when a file is opened.
type stopping struct {
	fs.FS
	file string
	stop func()
}

func (s stopping) Open(name string) (fs.File, error) {
	if name == s.file {
		s.stop()
	}
	return s.FS.Open(name)
}

func TestImportInterrupted(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	source := stopping{os.DirFS(checkpoints + "base"), "spiece.model", func() { cancel(reason) }}
	if _, err := s.Import(ctx, source, options("m")); !errors.Is(err, reason) {
		t.Errorf("error %v", err)
	}
	if _, err := s.Get("m"); !errors.Is(err, modelstore.ErrUnknown) {
		t.Errorf("the model is there: %v", err)
	}
	if l := left(t, s); len(l) > 0 {
		t.Errorf("%q are left", l)
	}
	// What a process that was killed has left is removed by the next.
	must(t, os.MkdirAll(filepath.Join(s.Dir(), ".new-1", "model"), 0o755))
	if _, err := s.Import(t.Context(), os.DirFS(checkpoints+"base"), options("m")); err != nil {
		t.Fatal(err)
	}
	if l := left(t, s); len(l) > 0 {
		t.Errorf("%q are left", l)
	}
}

func TestNames(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "builtin", "Builtin", "choice.json", "-x", ".x", "a b", strings.Repeat("x", 101)} {
		if _, err := s.Import(t.Context(), os.DirFS(checkpoints+"base"), options(name)); err == nil {
			t.Errorf("a model can be called %q", name)
		}
		if _, err := s.Get(name); err == nil {
			t.Errorf("there is a model %q", name)
		}
		if _, err := s.Remove(t.Context(), name); err == nil {
			t.Errorf("%q can be removed", name)
		}
	}
	_, err := s.Import(t.Context(), os.DirFS(checkpoints+"base"), options("m"))
	must(t, err)
	if _, err := s.Import(t.Context(), os.DirFS(checkpoints+"bert"), options("m")); !errors.Is(err, modelstore.ErrExists) {
		t.Errorf("the same name again: %v", err)
	}
}

func TestChoice(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	want := func(embedder, reader string) {
		t.Helper()
		c, err := s.Choice()
		must(t, err)
		if c.Of(albert.RoleEmbedder) != embedder || c.Of(albert.RoleReader) != reader {
			t.Errorf("in use: %+v, want %s, %s", c, embedder, reader)
		}
	}
	want("builtin", "builtin")
	if err := s.Use(t.Context(), albert.RoleEmbedder, "m"); !errors.Is(err, modelstore.ErrUnknown) {
		t.Errorf("a model that is not there: %v", err)
	}
	for _, name := range []string{"m", "n"} {
		_, err := s.Import(t.Context(), os.DirFS(checkpoints+"answers"), options(name))
		must(t, err)
	}
	must(t, s.Use(t.Context(), albert.RoleEmbedder, "m"))
	must(t, s.Use(t.Context(), albert.RoleReader, "n"))
	want("m", "n")
	must(t, s.Use(t.Context(), albert.RoleReader, "m"))
	want("m", "m")
	must(t, s.Use(t.Context(), albert.RoleEmbedder, modelstore.Builtin))
	want("builtin", "m")
	roles, err := s.Remove(t.Context(), "m")
	must(t, err)
	if !slices.Equal(roles, []albert.Role{albert.RoleReader}) {
		t.Errorf("it was in use as %v", roles)
	}
	want("builtin", "builtin")
	if roles, err := s.Remove(t.Context(), "n"); len(roles) > 0 || err != nil {
		t.Errorf("roles %v, %v", roles, err)
	}
	if _, err := s.Remove(t.Context(), "n"); !errors.Is(err, modelstore.ErrUnknown) {
		t.Errorf("removed twice: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(s.Dir(), "choice.json"), []byte("{"), 0o644))
	if _, err := s.Choice(); err == nil || !strings.Contains(err.Error(), "choice.json") {
		t.Errorf("a broken choice: %v", err)
	}
}

func TestVerify(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	_, err := s.Import(t.Context(), os.DirFS(checkpoints+"sentencecls"), options("m"))
	must(t, err)
	must(t, s.Verify(t.Context(), "m"))
	for file, change := range map[string]func(path string) error{
		"model.safetensors": func(path string) error {
			b, err := os.ReadFile(path)
			b[len(b)-1] ^= 1
			return errors.Join(err, os.WriteFile(path, b, 0o644))
		},
		"config.json":           func(path string) error { return os.Truncate(path, 10) },
		"1_Pooling/config.json": os.Remove,
		"extra.bin":             func(path string) error { return os.WriteFile(path, nil, 0o644) },
	} {
		path := filepath.Join(s.Dir(), "m", file)
		before, missing := os.ReadFile(path)
		must(t, change(path))
		if err := s.Verify(t.Context(), "m"); !errors.Is(err, modelstore.ErrDamaged) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v", file, err)
		}
		if missing != nil {
			must(t, os.Remove(path))
		} else {
			must(t, os.WriteFile(path, before, 0o644))
		}
	}
	must(t, s.Verify(t.Context(), "m"))
}

func TestOneChangesAtATime(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	var inner error
	source := stopping{os.DirFS(checkpoints + "base"), "spiece.model", func() {
		_, inner = s.Import(t.Context(), os.DirFS(checkpoints+"base"), options("other"))
	}}
	_, err := s.Import(t.Context(), source, options("m"))
	must(t, err)
	if !errors.Is(inner, modelstore.ErrBusy) {
		t.Errorf("an import during another: %v", inner)
	}
}

// TestNotes is about what a model expects that is not done here.
func TestNotes(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	fsys := copyOf(t, "sentencemean")
	fsys["config_sentence_transformers.json"].Data = []byte(`{"prompts": {"query": "query: "}, "similarity_fn_name": "dot"}`)
	r, err := s.Import(t.Context(), fsys, options("m"))
	must(t, err)
	for _, want := range []string{`"dot"`, `"query: "`} {
		if !strings.Contains(strings.Join(r.Notes, " "), want) {
			t.Errorf("notes %q do not have %s", r.Notes, want)
		}
	}
	fsys = copyOf(t, "base")
	config := fsys["config.json"]
	config.Data = bytes.Replace(config.Data, []byte("AlbertModel"), []byte("AlbertForQuestionAnswering"), 1)
	r, err = s.Import(t.Context(), fsys, options("headless"))
	must(t, err)
	if !strings.Contains(strings.Join(r.Notes, " "), "it cannot read") || slices.Contains(r.Uses, "reader") {
		t.Errorf("a reader without its head: %q, %q", r.Uses, r.Notes)
	}
	if r, err = s.Import(t.Context(), os.DirFS(checkpoints+"sentencemean"), options("n")); err != nil || len(r.Notes) > 0 {
		t.Errorf("notes %q, %v", r.Notes, err)
	}
}

func TestPrecheck(t *testing.T) {
	for _, name := range []string{"base", "bert", "sentencemean"} {
		fsys := copyOf(t, name)
		delete(fsys, "model.safetensors")
		if err := modelstore.Precheck(fsys); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		delete(fsys, "config.json")
		if err := modelstore.Precheck(fsys); err == nil {
			t.Errorf("%s without a configuration passes", name)
		}
	}
}

func TestSamples(t *testing.T) {
	texts := modelstore.Samples()
	if len(texts) < 32 {
		t.Errorf("%d samples", len(texts))
	}
	for i, text := range texts {
		if question, passage, ok := strings.Cut(text, "\t"); !ok || len(question) < 10 || len(passage) < 100 {
			t.Error(fmt.Errorf("sample %d is %q", i, text))
		}
	}
}
