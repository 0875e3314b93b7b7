package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:     "version",
		Usage:    "say which version this is",
		Examples: []string{`albert-search version`, `albert-search version --json`},
		Run: func(_ context.Context, c *cli.Call) error {
			if err := c.NoArguments(); err != nil {
				return err
			}
			v := version()
			if c.JSON {
				return c.PrintJSON(v)
			}
			return c.Print(func(w io.Writer) { fmt.Fprintf(w, "albert-search %s\n", v) })
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

// version is the library's number, and what the Go command noted when it built
// the program.
func version() versionJSON {
	v := versionJSON{Version: albertsearch.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
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
