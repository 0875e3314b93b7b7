// Command albert-eval measures the engine on test collections: how well it
// finds documents (BEIR folders), how well it answers questions (SQuAD files),
// and how well it knows what it cannot answer. It also fits the calibration
// that belongs to a reader model. It prints a table, or JSON with --json.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := app().RunContext(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "albert-eval:", err)
		os.Exit(2)
	}
}

func app() *cli.App {
	return &cli.App{
		Name:  "albert-eval",
		Usage: "measure retrieval and question answering on test collections",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of the ONNX Runtime library", EnvVars: []string{"ALBERT_SEARCH_ONNXRUNTIME"}},
			&cli.StringFlag{Name: "reader", Usage: "`DIR` of a reader in Hugging Face layout, instead of the built-in one"},
			&cli.StringFlag{Name: "precision", Value: "int8", Usage: "of the reader: int8 or fp32"},
			&cli.StringFlag{Name: "calibration", Usage: "`FILE` of the reader's calibration, instead of the built-in one"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Commands: []*cli.Command{retrievalCommand(), answersCommand(), calibrateCommand()},
	}
}

// show prints v as JSON if that is asked for, and as the table otherwise.
func show(c *cli.Context, v any, table func(w io.Writer)) error {
	if !c.Bool("json") {
		table(c.App.Writer)
		return nil
	}
	enc := json.NewEncoder(c.App.Writer)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
