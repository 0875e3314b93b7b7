// Command export writes the files of the built-in models to a folder, with a
// folder for each model; what they share is in both:
//
//	go run ./internal/tools/exportmodel -to DIR
//
// Training goes on from there (training/README.md).
package main

import (
	"errors"
	"flag"
	"fmt"
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
		builtin.Copy(builtin.Embedder(), filepath.Join(*to, "embedder")),
		builtin.Copy(builtin.Reader(), filepath.Join(*to, "reader")))
	if err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}
