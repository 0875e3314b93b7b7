package main

import (
	"context"
	"fmt"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// completionCommand prints the scripts of app.
func completionCommand(app *cli.App) *cli.Command {
	return &cli.Command{
		Name:  "completion",
		Usage: "print a script that completes commands and flags in a shell",
		Args:  "bash|zsh|fish",
		Examples: []string{
			`source <(albert-search completion bash)`,
			`source <(albert-search completion zsh)`,
			`albert-search completion fish > ~/.config/fish/completions/albert-search.fish`,
		},
		Run: func(_ context.Context, c *cli.Call) error {
			if len(c.Args) != 1 {
				return c.Usagef("name one shell: bash, zsh or fish")
			}
			script, err := app.Completion(c.Args[0])
			switch {
			case err != nil:
				return err
			case script == "":
				return c.Usagef("there is no completion for %q: name bash, zsh or fish", c.Args[0])
			}
			if _, err := fmt.Fprint(c.Stdout, script); err != nil {
				return fmt.Errorf("write the output: %w", err)
			}
			return nil
		},
	}
}
