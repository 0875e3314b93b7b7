// Command import writes the built-in models of package builtin from
// checkpoints in Hugging Face layout:
//
//	go run ./internal/tools/importmodel -from DIR -text FILE [-to albert/builtin/models]
//
// DIR has a folder for each model, embedder and reader, with the same
// vocabulary. FILE is text of the kind that the models will read, a passage a
// line, by which the int8 weights are balanced; some hundred lines do.
//
// The weights of both models are written together, each distinct tensor once.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/internal/modelpack"
)

const (
	// samples is how many passages are used.
	samples = 100
	// questionPieces is the length of the first text in samples for the
	// reader.
	questionPieces = 12
)

func main() {
	from := flag.String("from", "", "folder with the checkpoints, embedder and reader")
	text := flag.String("text", "", "file of passages, one a line")
	to := flag.String("to", "albert/builtin/models", "folder to write to")
	flag.Parse()
	if *from == "" || *text == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *from, *text, *to); err != nil {
		fmt.Fprintln(os.Stderr, "import:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, from, text, to string) (err error) {
	passages, err := readPassages(text)
	if err != nil {
		return err
	}
	rt, err := ort.Load(ort.FindOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	models := []*checkpoint{
		{name: "embedder", window: builtin.EmbedderWindow},
		{name: "reader", window: builtin.ReaderWindow, pair: true},
	}
	var all []albert.Quantization
	for _, m := range models {
		m.files = os.DirFS(filepath.Join(from, m.name))
		model, err := albert.Load(m.files)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		m.window = min(m.window, model.Config().MaxPositions)
		var seqs []tokenize.Sequence
		for _, p := range passages {
			seqs = append(seqs, m.sequence(model.Tokenizer(), p))
		}
		all = append(all, albert.Quantization{Model: model, Samples: seqs, To: &m.weights})
	}
	if err := albert.QuantizeTogether(ctx, rt, all...); err != nil {
		return err
	}
	for _, m := range models {
		if err := m.writeFiles(to); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return writeWeights(models, to)
}

// checkpoint is a model to be imported.
type checkpoint struct {
	name string
	// window is how many tokens of a sample are read.
	window int
	// pair says that the model reads two texts.
	pair    bool
	files   fs.FS
	weights bytes.Buffer
}

// writeFiles writes what is not weights.
func (m *checkpoint) writeFiles(to string) error {
	return errors.Join(
		copyFile(m.files, "config.json", filepath.Join(to, m.name)),
		copyTokenizer(m.files, filepath.Join(to, "tokenizer")))
}

// writeWeights writes the weights of all models, each distinct tensor once, and
// says how much that is.
func writeWeights(models []*checkpoint, to string) error {
	var packer modelpack.Packer
	before, sum := 0, 0
	for _, m := range models {
		layout, err := packer.Add(m.weights.Bytes())
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		added := len(packer.Blob()) - before
		before += added
		sum += m.weights.Len()
		fmt.Printf("%-9s %10d bytes, %d of them new\n", m.name, m.weights.Len(), added)
		var b bytes.Buffer
		if err := layout.Write(&b); err != nil {
			return err
		}
		if err := write(filepath.Join(to, m.name, "model.layout"), b.Bytes()); err != nil {
			return err
		}
		// The form of models that are stored one by one.
		if err := os.Remove(filepath.Join(to, m.name, "model.safetensors")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := write(filepath.Join(to, "shared", "model.blob"), packer.Blob()); err != nil {
		return err
	}
	fmt.Printf("shared    %10d bytes: what is there more than once in one model or both\n", sum-len(packer.Blob()))
	total, err := embedded(to)
	fmt.Printf("total     %10d bytes in the program, with configurations and tokenizer\n", total)
	return err
}

// embedded is the size of the files that become part of the program.
func embedded(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".md" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

func readPassages(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var passages []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && len(passages) < samples {
		if line := lines.Text(); len(line) > 400 {
			passages = append(passages, line)
		}
	}
	if len(passages) < samples {
		return nil, errors.Join(lines.Err(), fmt.Errorf("%s has %d lines of more than 400 bytes, %d are needed", file, len(passages), samples))
	}
	return passages, nil
}

// sequence is what the model would read of a passage.
func (m *checkpoint) sequence(tok tokenize.Tokenizer, text string) tokenize.Sequence {
	special := tok.Special()
	var q tokenize.Sequence
	q.IDs = append(q.IDs, special.CLS)
	for i, t := range tok.Append(nil, text) {
		if m.pair && i == questionPieces {
			q.IDs = append(q.IDs, special.SEP)
			q.Split = len(q.IDs)
		}
		if len(q.IDs) == m.window-1 {
			break
		}
		q.IDs = append(q.IDs, t.ID)
	}
	q.IDs = append(q.IDs, special.SEP)
	if q.Split == 0 {
		q.Split = len(q.IDs)
	}
	return q
}

// copyTokenizer copies the files that the tokenizer is read from, in the
// smallest form. A vocabulary written before must be the same.
func copyTokenizer(source fs.FS, to string) error {
	vocabulary, err := fs.ReadFile(source, "vocab.txt")
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(filepath.Join(to, "vocab.txt")); err == nil && !bytes.Equal(old, vocabulary) {
		return fmt.Errorf("vocab.txt differs from %s; remove that one if all models change their vocabulary", filepath.Join(to, "vocab.txt"))
	}
	return errors.Join(copyFile(source, "vocab.txt", to), copyFile(source, "tokenizer_config.json", to))
}

func copyFile(source fs.FS, name, to string) error {
	b, err := fs.ReadFile(source, name)
	if err != nil {
		return err
	}
	return write(filepath.Join(to, name), b)
}

func write(file string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o644)
}
