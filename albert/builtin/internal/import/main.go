// Command import writes the built-in models of package builtin from
// checkpoints in Hugging Face layout:
//
//	go run ./albert/builtin/internal/import -from DIR -text FILE [-to albert/builtin/models]
//
// DIR has a folder for each model, embedder and reader, with the same
// vocabulary. FILE is text of the kind that the models will read, a passage a
// line, by which the int8 weights are balanced; some hundred lines do.
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
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/tokenize"
)

const (
	// samples is how many passages are used.
	samples = 100
	// window is how many pieces of a passage are read, as the models do.
	window = 256
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
	for _, m := range []struct {
		name string
		pair bool
	}{{"embedder", false}, {"reader", true}} {
		source := os.DirFS(filepath.Join(from, m.name))
		model, err := albert.Load(source)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		var seqs []tokenize.Sequence
		for _, p := range passages {
			seqs = append(seqs, sequence(model.Tokenizer(), p, m.pair))
		}
		var weights bytes.Buffer
		if err := model.Quantize(ctx, rt, seqs, &weights); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if err := write(filepath.Join(to, m.name, "model.safetensors"), weights.Bytes()); err != nil {
			return err
		}
		if err := copyFile(source, "config.json", filepath.Join(to, m.name)); err != nil {
			return err
		}
		if err := copyTokenizer(source, filepath.Join(to, "tokenizer")); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
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

// sequence is what the model would read of a passage; the reader reads two
// texts.
func sequence(tok tokenize.Tokenizer, text string, pair bool) tokenize.Sequence {
	special := tok.Special()
	var q tokenize.Sequence
	q.IDs = append(q.IDs, special.CLS)
	for i, t := range tok.Append(nil, text) {
		if pair && i == questionPieces {
			q.IDs = append(q.IDs, special.SEP)
			q.Split = len(q.IDs)
		}
		if len(q.IDs) == window-1 {
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
