package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
)

// removeOptions are the flags of remove.
type removeOptions struct {
	All bool
	options.Filter
	options.Index
}

func (o *removeOptions) Flags() []cli.Flag {
	return cli.Join([]cli.Flag{
		{Name: "all", Setting: cli.Unconfigured, Usage: "delete the whole index", To: cli.Bool(&o.All)},
	}, o.Filter.Flags(), o.Index.Flags())
}

func removeCommand() *cli.Command {
	o := &removeOptions{}
	return &cli.Command{
		Name:  "remove",
		Usage: "take documents out of the index, or delete it",
		Args:  "PATH...",
		Description: `A PATH is a file, or a folder with all below it, which need not exist any more. The files
themselves are not touched. The exit code is 1 when the index holds no such document.`,
		Examples: []string{
			`albert-search remove old-notes/ draft.docx`,
			`albert-search remove --path '*.log' --before 2020`,
			`albert-search remove --all`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return remove(ctx, c, o) },
	}
}

func remove(ctx context.Context, c *cli.Call, o *removeOptions) error {
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	filter, err := o.documents(c)
	if err != nil {
		return err
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		removed, err := e.Remove(ctx, albertsearch.RemoveRequest{Filter: filter, All: o.All})
		if err != nil {
			return err
		}
		if err := s.showRemoved(removed); err != nil {
			return err
		}
		if !removed.Deleted && len(removed.Removed) == 0 {
			return cli.NotFound
		}
		return nil
	})
}

// documents are those that the arguments or the filters name.
func (o *removeOptions) documents(c *cli.Call) (index.Filter, error) {
	filter := o.Filter.Filter
	filters, paths := !filter.IsZero(), len(c.Args) > 0
	switch {
	case o.All && (filters || paths):
		return filter, c.Usagef("--all deletes the whole index: name nothing beside it")
	case o.All:
		return filter, nil
	case !filters && !paths:
		return filter, c.Usagef("say which documents, or --all to delete the index")
	case filters && paths:
		return filter, c.Usagef("name documents by PATH or by filters, not by both")
	case filters:
		return filter, nil
	}
	globs, err := atAndBelow(c)
	return index.Filter{Paths: globs}, err
}

// atAndBelow returns globs that match the documents at and below the paths of the
// arguments.
func atAndBelow(c *cli.Call) ([]string, error) {
	var globs []string
	for _, path := range c.Args {
		if path == "" { // not the working folder
			return nil, c.Usagef("a PATH is empty")
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("making %q absolute: %w", path, err)
		}
		literal := literalGlob(ingest.PrintablePath(filepath.ToSlash(abs)))
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

func (s *session) showRemoved(r *albertsearch.RemoveResult) error {
	if s.JSON {
		return s.PrintJSON(r)
	}
	if s.Quiet {
		return nil
	}
	return s.Print(func(w io.Writer) {
		if r.Deleted {
			fmt.Fprintf(w, "deleted the index %s\n", s.Path(r.Index))
			return
		}
		for _, doc := range r.Documents {
			fmt.Fprintf(w, "removed %s\n", s.Name(doc.ID, doc.Path))
		}
		if len(r.Removed) == 0 {
			s.Remark("The index holds no such document.")
		}
	})
}
