// Command export writes the files of the built-in models to a folder, with a
// folder for each model; what they share is in both:
//
//	go run ./albert/builtin/internal/export -to DIR
//
// Training goes on from there (training/README.md).
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/albert-search/albert-search/albert/builtin"
)

func main() {
	to := flag.String("to", "", "folder to write to")
	flag.Parse()
	if *to == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	err := errors.Join(
		export(builtin.Embedder(), filepath.Join(*to, "embedder")),
		export(builtin.Reader(), filepath.Join(*to, "reader")))
	if err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}

// export copies what albert.Load reads. It goes by name: the file system of a
// built-in model cannot be listed.
func export(files fs.FS, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"} {
		if err := copyFile(files, name, to); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(files fs.FS, name, to string) error {
	from, err := files.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.Create(filepath.Join(to, name))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
