package modelstore

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/internal/sbert"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/internal/durable"
)

// ImportOptions say how a model is brought.
type ImportOptions struct {
	// Name is what it is called in the store.
	Name string
	// Source and Revision are noted in its record.
	Source, Revision string
	// Notes are put before those that the import has.
	Notes []string
	// Precision is what its weights are stored in.
	Precision albert.Precision
	// Runtime gives the ONNX Runtime by which int8 weights are balanced.
	Runtime func() (*ort.Runtime, error)
	// Samples are the texts that they are balanced over, a passage each, or a
	// question and a passage with a tab between; Samples() when empty. With
	// NoSamples they are not balanced, which takes less memory and time and is
	// less exact.
	Samples   []string
	NoSamples bool
	// Log, if there is one, is told what is being done.
	Log func(step string)

	// from is the record of the model in the store that this one is made of.
	from *Record
}

//go:embed samples.txt
var samples string

// Samples are some texts of the kind that models read.
func Samples() []string { return strings.Split(strings.TrimSpace(samples), "\n") }

// Import brings the model in the folder source. The error says which file is
// not as it should be.
func (s *Store) Import(ctx context.Context, source fs.FS, o ImportOptions) (*Record, error) {
	if err := CheckName(o.Name); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	var r *Record
	err := s.change(ctx, func() (err error) {
		if err := s.free(o.Name); err != nil {
			return err
		}
		r, err = s.build(ctx, source, o)
		return err
	})
	return r, err
}

// free makes sure that no model has the name.
func (s *Store) free(name string) error {
	if _, err := os.Lstat(filepath.Join(s.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %q; remove it first, or give this one another name", ErrExists, name)
	}
	return nil
}

// build makes the model in a folder beside the others and puts it among them.
func (s *Store) build(ctx context.Context, source fs.FS, o ImportOptions) (r *Record, err error) {
	temp, err := os.MkdirTemp(s.dir, tempPrefix)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	b := &builder{ImportOptions: o, source: regular{source}, dir: filepath.Join(temp, "model")}
	if r, err = b.build(ctx); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	// The files are on the disk; now their names, then that of the folder.
	disk := durable.FS{}
	if err := disk.SyncTree(b.dir); err != nil {
		return nil, err
	}
	return r, disk.Rename(b.dir, filepath.Join(s.dir, o.Name))
}

// builder makes the folder of a model.
type builder struct {
	ImportOptions
	source   fs.FS
	dir      string
	sentence *sbert.Settings // nil if there are none
	model    *albert.Model
	record   Record
}

func (b *builder) build(ctx context.Context) (*Record, error) {
	b.Log("reading the model")
	if err := b.load(); err != nil {
		return nil, err
	}
	b.Log("checking the weights")
	if err := b.model.Check(ctx); err != nil {
		return nil, err
	}
	if err := b.describe(); err != nil {
		return nil, err
	}
	if err := b.writeWeights(ctx); err != nil {
		return nil, err
	}
	if err := b.writeOthers(); err != nil {
		return nil, err
	}
	b.Log("reading what was written")
	stored := os.DirFS(b.dir)
	again, err := albert.Load(stored)
	if err != nil {
		return nil, err
	}
	b.record.ID = again.ID()
	if b.record.Files, err = hashFiles(stored); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(b.record, "", "  ")
	if err != nil {
		return nil, err
	}
	return &b.record, b.write(recordFile, append(text, '\n'))
}

// Precheck reads what says of a model whether it can be imported, all but the
// weights.
func Precheck(source fs.FS) error {
	_, source, err := sentenceSettings(regular{source})
	if err != nil {
		return err
	}
	if err := checkSizes(source); err != nil {
		return err
	}
	if _, err := albert.ReadConfig(source); err != nil {
		return err
	}
	_, err = tokenize.Load(source)
	return err
}

// tokenizerFiles are what a tokenizer is read from.
func tokenizerFiles() []string {
	return []string{"spiece.model", "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"}
}

// checkSizes refuses files of a tokenizer that are too long to be one, before
// they are read.
func checkSizes(source fs.FS) error {
	for _, name := range tokenizerFiles() {
		if info, err := fs.Stat(source, name); err == nil && info.Size() > maxTokenizer {
			return fmt.Errorf("%s: it has %d bytes, more than the %d that a tokenizer may have", name, info.Size(), maxTokenizer)
		}
	}
	return nil
}

// Folder returns the files of a model in a folder that is not in a store, and
// how it embeds if it is one of sentence-transformers: "" and 0 if not.
func Folder(source fs.FS) (files fs.FS, pooling string, window int, err error) {
	s, files, err := sentenceSettings(regular{source})
	if err != nil || s == nil {
		return files, "", 0, err
	}
	return files, s.Pooling, s.Window, nil
}

// sentenceSettings reads the settings of sentence-transformers, nil where there
// are none, and returns the folder of the transformer itself.
func sentenceSettings(source fs.FS) (*sbert.Settings, fs.FS, error) {
	if _, err := fs.Stat(source, "modules.json"); errors.Is(err, fs.ErrNotExist) {
		return nil, source, nil
	}
	s, err := sbert.Read(source)
	if err != nil {
		return nil, nil, err
	}
	inner, err := fs.Sub(source, s.Dir)
	return s, inner, err
}

// load reads the source, which may have the folders of sentence-transformers.
func (b *builder) load() error {
	var err error
	if b.sentence, b.source, err = sentenceSettings(b.source); err != nil {
		return err
	}
	if err := checkSizes(b.source); err != nil {
		return err
	}
	if b.model, err = albert.Load(b.source); err != nil {
		return err
	}
	if s := b.sentence; s != nil {
		if most := b.model.Config().MaxPositions; s.Window > most {
			s.Window = most
		}
		if s.Lower && !slices.Equal(ids(b.model.Tokenizer(), "ABC Éa"), ids(b.model.Tokenizer(), "abc éa")) {
			return fmt.Errorf("%w: it puts texts into lower case before its tokenizer, which keeps cases apart", sbert.ErrUnsupported)
		}
	}
	return nil
}

func ids(tok tokenize.Tokenizer, text string) []int32 {
	var out []int32
	for _, t := range tok.Append(nil, text) {
		out = append(out, t.ID)
	}
	return out
}

// describe fills the record with what the source says.
func (b *builder) describe() error {
	c := b.model.Config()
	n, err := b.model.Parameters()
	if err != nil {
		return err
	}
	b.record = Record{
		Format: recordFormat, Name: b.Name, Source: b.Source, Revision: b.Revision, Imported: time.Now().UTC().Truncate(time.Second),
		Converted: c.ConvertedFrom(), Parameters: n, Layers: c.Layers, Groups: c.Groups, Hidden: c.HiddenSize,
		Embedding: c.EmbeddingSize, Vocab: c.VocabSize, Positions: c.MaxPositions, Uses: []string{},
	}
	r := &b.record
	r.Notes = slices.Clone(b.Notes)
	if len(c.Architectures) > 0 {
		r.Architecture = c.Architectures[0]
	}
	if b.from != nil {
		// It has been read once already.
		r.Converted, r.Architecture = b.from.Converted, b.from.Architecture
	}
	if r.Converted == "bert" {
		r.Notes = append(r.Notes, fmt.Sprintf(
			"It was a BERT and is now the ALBERT that computes the same: a group of weights for each of its %d layers, embeddings as wide as the layers.", c.Layers))
	}
	b.describeRoles()
	if strings.HasSuffix(r.Architecture, "ForQuestionAnswering") && !b.model.HasHead(albert.Span) {
		r.Notes = append(r.Notes, "Its class is that of readers, but the weights for the beginning and end of answers (qa_outputs) are missing or have another shape: it cannot read.")
	}
	if b.from != nil {
		r.Notes = slices.Clone(b.from.Notes) // some are of files that are not kept
	}
	return nil
}

// describeRoles says which roles the model can have, and what to know about
// that.
func (b *builder) describeRoles() {
	r := &b.record
	r.Roles = capabilities(b.model, b.sentence != nil)
	r.Uses = uses(r.Roles)
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	const untrained = "Its last hidden states can be used as an embedder's, but were not trained for that."
	switch {
	case b.sentence != nil:
		b.describeSentences()
	case b.model.HasHead(albert.Span):
	case b.model.HasHead(albert.Class):
		note("It sorts texts into classes. Relevance is taken from readers only, which have both heads on one encoder, so that it does not rerank. " + untrained)
	case b.model.HasHead(albert.TokenClass):
		note("It labels the words of texts, which nothing uses yet. " + untrained)
	default:
		note("It was not trained to embed sentences (it has no settings of sentence-transformers): the mean of its last hidden states is used, which finds less than an embedder does.")
	}
}

// describeSentences notes the settings of sentence-transformers.
func (b *builder) describeSentences() {
	r := &b.record
	r.Pooling, r.Window = b.sentence.Pooling, b.sentence.Window
	for i := range r.Roles {
		if r.Roles[i].Role == albert.RoleEmbedder {
			r.Roles[i].Prompts = b.sentence.Prompts
		}
	}
	if how := b.sentence.Similarity; how != "" && how != "cosine" {
		r.Notes = append(r.Notes, fmt.Sprintf("It was trained to compare vectors by %q; here they are compared by their direction (cosine).", how))
	}
	for _, kind := range slices.Sorted(maps.Keys(b.sentence.Prompts)) {
		r.Notes = append(r.Notes, fmt.Sprintf("It was trained with %q before texts of the kind %q, which is not added here: results may be worse than its card says.", b.sentence.Prompts[kind], kind))
	}
}

// weightsFile is where albert.Load looks first.
const weightsFile = "model.safetensors"

func (b *builder) writeWeights(ctx context.Context) error {
	stored, err := b.model.Precision()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(b.dir, weightsFile))
	if err != nil {
		return err
	}
	switch {
	case stored == albert.Int8 && b.Precision != albert.Int8:
		err = fmt.Errorf("the weights are int8 and cannot be had in fp32 again: import the original")
	case stored == albert.Int8:
		b.Log("copying the weights, which are int8 already")
		err = b.copyWeights(f)
	case b.Precision == albert.Float32:
		b.Log("writing the weights in 32 bits")
		err = b.model.Save(ctx, f)
	default:
		err = b.quantize(ctx, f)
	}
	b.record.Precision = b.Precision.String()
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (b *builder) copyWeights(to io.Writer) error {
	from, err := b.source.Open(weightsFile)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, from.Close())
}

func (b *builder) quantize(ctx context.Context, to io.Writer) error {
	if b.NoSamples {
		b.Log("rounding the weights to int8")
		return b.model.Quantize(ctx, nil, nil, to)
	}
	rt, err := b.Runtime()
	if err != nil {
		return err
	}
	texts := b.Samples
	if len(texts) == 0 {
		texts = Samples()
	}
	seqs := sequences(b.model, texts)
	b.Log(fmt.Sprintf("rounding the weights to int8, balanced over %d texts", len(seqs)))
	return b.model.Quantize(ctx, rt, seqs, to)
}

// maxTokenizer and maxCard are the longest of the other files that are copied.
const (
	maxTokenizer = 64 << 20
	maxCard      = 1 << 20
)

// writeOthers writes all files but the weights.
func (b *builder) writeOthers() error {
	config, err := b.model.SaveConfig()
	if err != nil {
		return err
	}
	files := map[string][]byte{"config.json": config}
	for _, name := range tokenizerFiles() {
		if files[name], err = readUpTo(b.source, name, maxTokenizer); err != nil {
			return err
		}
	}
	for _, name := range []string{"README.md", "LICENSE", "LICENSE.txt"} {
		if files[name], err = readUpTo(b.source, name, maxCard); err != nil {
			// A card that cannot be read is no reason to refuse its model.
			b.record.Notes = append(b.record.Notes, fmt.Sprintf("%s was left out: %v.", name, err))
		}
	}
	b.record.Languages = cardLanguages(files["README.md"])
	if b.sentence != nil {
		settings, err := b.sentence.Write()
		if err != nil {
			return err
		}
		maps.Copy(files, settings)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] == nil {
			continue
		}
		if err := b.write(name, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// readUpTo reads a file that may be missing, which is then nil.
func readUpTo(fsys fs.FS, name string, most int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it is longer than %d bytes", most)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

func (b *builder) write(name string, text []byte) error {
	file := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return durable.FS{}.WriteNew(file, text, 0o644)
}

// hashFiles lists the files of a model but its record.
func hashFiles(fsys fs.FS) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(name) == recordFile {
			return err
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		n, err := io.Copy(h, f)
		files = append(files, File{name, n, hex.EncodeToString(h.Sum(nil))})
		return err
	})
	return files, err
}

// Verify compares a model's files with its record and reads all its weights.
// The error is ErrDamaged where they are not what they were.
func (s *Store) Verify(ctx context.Context, name string) error {
	r, err := s.Get(name)
	if err != nil {
		return err
	}
	files, err := hashFiles(s.Files(name))
	if err != nil {
		return err
	}
	var wrong []string
	for _, f := range r.Files {
		switch i := slices.IndexFunc(files, func(g File) bool { return g.Name == f.Name }); {
		case i < 0:
			wrong = append(wrong, f.Name+" is missing")
		case files[i].Size != f.Size:
			wrong = append(wrong, fmt.Sprintf("%s has %d bytes, not %d", f.Name, files[i].Size, f.Size))
		case files[i] != f:
			wrong = append(wrong, f.Name+" has other content")
		}
	}
	for _, g := range files {
		if !slices.ContainsFunc(r.Files, func(f File) bool { return f.Name == g.Name }) {
			wrong = append(wrong, g.Name+" was not there")
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%w: %s: %s; remove it and import it again", ErrDamaged, name, strings.Join(wrong, ", "))
	}
	model, err := albert.Load(s.Files(name))
	if err != nil {
		return err
	}
	if model.ID() != r.ID {
		return fmt.Errorf("%w: %s: its content is %.12s, its record says %.12s", ErrDamaged, name, model.ID(), r.ID)
	}
	return model.Check(ctx)
}

// Quantize makes an int8 model, called o.Name, of one in the store that is
// not.
func (s *Store) Quantize(ctx context.Context, name string, o ImportOptions) (*Record, error) {
	r, err := s.Get(name)
	if err != nil {
		return nil, err
	}
	if r.Precision == albert.Int8.String() {
		return nil, fmt.Errorf("%s is int8 already", name)
	}
	o.Source, o.Revision, o.Precision, o.from = r.Source, r.Revision, albert.Int8, r
	return s.Import(ctx, s.Files(name), o)
}
