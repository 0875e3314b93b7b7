package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
)

func (p *program) removeCommand() *cli.Command {
	return &cli.Command{
		Name:      "remove",
		Usage:     "take documents out of the index, or delete it",
		ArgsUsage: "PATH...",
		Description: `A PATH is a file, or a folder with all below it, which need not exist any more. The files
themselves are not touched. The exit code is 1 when the index holds no such document.

Examples:
   albert-search remove old-notes/ draft.docx
   albert-search remove --path '*.log' --before 2020
   albert-search remove --all`,
		Flags: flags([]cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "delete the whole index", DisableDefaultText: true},
		}, filterFlags(), indexFlags()),
		Action: p.remove,
	}
}

func (p *program) remove(c *cli.Context) error {
	s, err := p.open(c)
	if err != nil {
		return err
	}
	f, err := filter(c)
	if err != nil {
		return err
	}
	named := len(f.Paths)+len(f.NotPaths)+len(f.Types)+len(f.Metadata) > 0 || !f.After.IsZero() || !f.Before.IsZero()
	switch {
	case c.Bool("all") && (named || c.NArg() > 0):
		return usagef("remove", "--all deletes the whole index: name nothing beside it")
	case !c.Bool("all") && !named && c.NArg() == 0:
		return usagef("remove", "say which documents, or --all to delete the index")
	case named && c.NArg() > 0:
		return usagef("remove", "name documents by PATH or by filters, not by both")
	}
	if c.Bool("all") {
		return s.withEngine(func(e *albertsearch.Engine) error {
			if err := e.Drop(c.Context); err != nil {
				return err
			}
			return s.showRemoved(nil, true)
		})
	}
	if !named {
		if f.Paths, err = atAndBelow(c.Args().Slice()); err != nil {
			return err
		}
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		removed, err := e.Remove(c.Context, f)
		if err != nil {
			return err
		}
		if err := s.showRemoved(removed, false); err != nil {
			return err
		}
		if len(removed) == 0 {
			return errNothingFound
		}
		return nil
	})
}

// atAndBelow returns globs that match the documents at and below the paths.
func atAndBelow(paths []string) ([]string, error) {
	var globs []string
	for _, path := range paths {
		if path == "" { // not the working folder
			return nil, usagef("remove", "a PATH is empty")
		}
		id, err := ingest.PathID(path)
		if err != nil {
			return nil, err
		}
		literal := literalGlob(id)
		globs = append(globs, literal, strings.TrimSuffix(literal, "/")+"/**")
	}
	return globs, nil
}

// literalGlob returns a glob that matches s and nothing else.
func literalGlob(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`*?[]{}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// removeJSON is what remove --json prints.
type removeJSON struct {
	Index string `json:"index"`
	// Deleted says that the index itself is gone.
	Deleted bool     `json:"deleted"`
	Removed []string `json:"removed"` // ids
}

func (s *session) showRemoved(removed []*index.Info, all bool) error {
	if s.json {
		out := removeJSON{Index: s.index, Deleted: all, Removed: []string{}}
		for _, info := range removed {
			out.Removed = append(out.Removed, info.ID)
		}
		return s.printJSON(out)
	}
	if s.quiet {
		return nil
	}
	return s.print(func(w io.Writer) {
		if all {
			fmt.Fprintf(w, "deleted the index %s\n", s.path(s.index))
			return
		}
		for _, info := range removed {
			fmt.Fprintf(w, "removed %s\n", s.path(info.ID))
		}
		if len(removed) == 0 {
			s.remark("The index holds no such document.")
		}
	})
}
