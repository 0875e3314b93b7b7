package main

import (
	"context"
	"fmt"
	"io"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

func setupCommand() *cli.Command {
	return &cli.Command{
		Name:  "setup",
		Usage: "obtain ONNX Runtime, which some processors and models need",
		Description: `Downloads ONNX Runtime ` + ort.Version + `, verifies its checksum and puts it into the cache folder:
from its release on GitHub, else through pip, else through npm. Run again it only verifies.
The cache folder is albert-search in the user's; ` + ort.CacheVariable + ` names another.`,
		Examples: []string{
			`albert-search setup`,
			ort.CacheVariable + `=/srv/cache albert-search setup`,
		},
		Run: setup,
	}
}

// libraryJSON is what setup --json prints, and a part of doctor --json.
type libraryJSON struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Source  string `json:"source"`
}

func setup(ctx context.Context, c *cli.Call) error {
	if err := c.NoArguments(); err != nil {
		return err
	}
	lib, err := ort.Setup(ctx, ort.SetupOptions{Log: func(line string) { c.Remark("%s", line) }})
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(libraryJSON(lib))
	}
	return c.Print(func(w io.Writer) { fmt.Fprintf(w, "ONNX Runtime %s: %s\n", lib.Version, lib.Path) })
}
