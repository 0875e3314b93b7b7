package modelcmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "compare models with what was imported", Args: "[NAME...]",
		Description: `Compares the checksums of all files and reads all weights; without names of all models. The
exit code is 2 when something is wrong.`,
		Examples: []string{
			`albert-search model verify`,
			`albert-search model verify mine`,
		},
		Run: verify,
	}
}

// VerifyJSON is an element of what model verify --json prints.
type VerifyJSON struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Problem says what is wrong.
	Problem string `json:"problem,omitempty"`
}

func verify(ctx context.Context, c *cli.Call) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	names := c.Args
	if len(names) == 0 {
		if names, err = s.store.Names(); err != nil {
			return err
		}
	}
	out := []VerifyJSON{}
	var failed error
	for _, name := range names {
		err := s.store.Verify(ctx, name)
		if err != nil && ctx.Err() != nil {
			return err
		}
		v := VerifyJSON{Name: name, OK: err == nil}
		if err != nil {
			v.Problem = err.Error()
			failed = errors.Join(failed, err)
		}
		out = append(out, v)
	}
	if s.JSON {
		err = s.PrintJSON(out)
		if err == nil && failed != nil {
			err = cli.Failed
		}
		return err
	}
	err = s.Print(func(w io.Writer) {
		for _, v := range out {
			if v.OK {
				fmt.Fprintf(w, "%s: as it was imported\n", v.Name)
			}
		}
		if len(out) == 0 {
			fmt.Fprintln(w, "There are no models to verify.")
		}
	})
	return errors.Join(err, failed)
}
