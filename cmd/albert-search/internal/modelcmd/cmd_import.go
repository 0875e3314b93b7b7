package modelcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// folderOptions are the flags of import.
type folderOptions struct {
	importOptions
	Precision precision
}

func (o *folderOptions) Flags() []cli.Flag {
	return append(o.flags("as its folder"), precisionFlag(&o.Precision))
}

func importCommand() *cli.Command {
	o := &folderOptions{}
	return &cli.Command{
		Name: "import", Usage: "bring a model from a folder", Args: "FOLDER",
		Description: `FOLDER is in the layout of Hugging Face: config.json; model.safetensors or pytorch_model.bin,
also in several files; spiece.model, tokenizer.json or vocab.txt. It may be one of
sentence-transformers. A BERT is converted into the ALBERT that computes the same. The
weights are read without running anything that a file may hold, checked, and rounded to 8
bits, unless --precision fp32 keeps them. FOLDER itself is not needed afterwards.`,
		Examples: []string{
			`albert-search model import ~/models/my-albert`,
			`albert-search model import . --name mine --precision fp32`,
			`albert-search model import ~/models/german --samples german-passages.txt`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return importFolder(ctx, c, o) },
	}
}

func importFolder(ctx context.Context, c *cli.Call, f *folderOptions) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	if len(c.Args) != 1 {
		return c.Usagef("name one folder that holds a model")
	}
	folder, err := filepath.Abs(c.Args[0])
	if err != nil {
		return err
	}
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && modelstore.ValidHubName(c.Args[0]):
		return fmt.Errorf("there is no folder %s here; albert-search model pull %[1]s downloads the model of that name", c.Args[0])
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file: name the folder that holds config.json, the weights and the tokenizer", s.Path(folder))
	}
	o := modelstore.ImportOptions{Name: f.Name, Source: folder}
	if o.Name == "" {
		o.Name = localName(filepath.Base(folder))
	}
	i := importing{s, &f.importOptions, f.Precision}
	return i.run(o, func(o modelstore.ImportOptions) (*modelstore.Record, error) {
		r, err := s.store.Import(ctx, os.DirFS(folder), o)
		return r, about(s.Path(folder), err)
	})
}

// about is an error with the model of that folder or name, nil if there is none.
func about(model string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("import %s: %w", model, err)
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// localName makes the name of a model of that of its folder.
func localName(name string) string {
	return strings.TrimLeft(notInNames.ReplaceAllString(name, "-"), "._-")
}
