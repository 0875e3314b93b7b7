package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "say which version this is",
		Description: `Examples:
   albert-search version
   albert-search version --json`,
		Flags: flags(),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			printer := newPrinter(p, c)
			v := version()
			if printer.json {
				return printer.printJSON(v)
			}
			return printer.print(func(w io.Writer) { fmt.Fprintf(w, "albert-search %s\n", v) })
		},
	}
}

// versionJSON is what version --json prints.
type versionJSON struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified *bool  `json:"modified,omitempty"` // since the commit, where that is known
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// version is what the Go command noted when it built the program.
func version() versionJSON {
	v := versionJSON{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			modified := s.Value == "true"
			v.Modified = &modified
		}
	}
	return v
}

func (v versionJSON) String() string { return fmt.Sprintf("%s (%s, %s)", v.Version, v.Go, v.Platform) }
