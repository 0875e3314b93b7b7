package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/albert-search/albert-search/albert/ort"
)

func (p *program) setupCommand() *cli.Command {
	return &cli.Command{
		Name:  "setup",
		Usage: "obtain ONNX Runtime, which some processors and models need",
		Description: `Downloads ONNX Runtime ` + ort.Version + `, verifies its checksum and puts it into the cache folder:
from its release on GitHub, else through pip, else through npm. Run again it only verifies.
The cache folder is albert-search in the user's; ` + ort.CacheVariable + ` names another.

Examples:
   albert-search setup
   ` + ort.CacheVariable + `=/srv/cache albert-search setup`,
		Flags:  flags(),
		Action: p.setup,
	}
}

// libraryJSON is what setup --json prints, and a part of doctor --json.
type libraryJSON struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Source  string `json:"source"`
}

func (p *program) setup(c *cli.Context) error {
	s := &session{Context: c, printer: newPrinter(p, c)}
	if err := noArguments(c); err != nil {
		return err
	}
	lib, err := ort.Setup(c.Context, ort.SetupOptions{Log: func(line string) { s.remark("%s", line) }})
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(libraryJSON(lib))
	}
	return s.print(func(w io.Writer) { fmt.Fprintf(w, "ONNX Runtime %s: %s\n", lib.Version, lib.Path) })
}
