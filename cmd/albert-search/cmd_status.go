package main

import (
	"context"
	"fmt"
	"io"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli/hint"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// statusOptions are the flags of status.
type statusOptions struct{ options.Index }

func statusCommand() *cli.Command {
	o := &statusOptions{}
	return &cli.Command{
		Name:  "status",
		Usage: "say what the index holds, and what could not be read",
		Examples: []string{
			`albert-search status`,
			`albert-search status --verbose`,
			`albert-search status --json | jq -r '.unread[].path'`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return status(ctx, c, o) },
	}
}

func status(ctx context.Context, c *cli.Call, o *statusOptions) error {
	s, err := newBareSession(c, &o.Index)
	if err != nil {
		return err
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		st, err := e.Status(ctx)
		if err != nil {
			return err
		}
		if s.JSON {
			return s.PrintJSON(st)
		}
		return s.Print(func(w io.Writer) { s.showStatus(w, st) })
	})
}

func (s *session) showStatus(w io.Writer, st *albertsearch.Status) {
	fmt.Fprintf(w, "index      %s\n", s.Path(st.Index))
	fmt.Fprintf(w, "documents  %d in %s, %d failed, %d skipped\n", st.Documents, cli.Plural(st.Passages, "passage"), st.Failed, st.Skipped)
	if st.Partial > 0 {
		fmt.Fprintf(w, "           %d of them read only in part\n", st.Partial)
	}
	if st.Older > 0 {
		fmt.Fprintf(w, "older      %s read by an older version; the next index run reads them again\n", cli.Plural(st.Older, "document"))
	}
	if st.Vectors < st.Passages && st.Dim > 0 {
		fmt.Fprintf(w, "vectors    %s without one; the next index run embeds them\n", cli.Plural(st.Passages-st.Vectors, "passage"))
	}
	for i, l := range st.LeftOut {
		name := "left out"
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(w, "%-10s %s (%d, %s)\n", name, term.OneLine(l.What), l.Count, cli.Size(int64(l.Bytes)))
	}
	fmt.Fprintf(w, "size       %s of text, %s on disk\n", cli.Size(st.TextBytes), cli.Size(st.DiskBytes))
	fmt.Fprintf(w, "updated    %s (generation %d)\n", st.Updated.Local().Format(time.DateTime), st.Generation)
	fmt.Fprintf(w, "embedder   %s\n", term.OneLine(st.Model().String()))
	if r := st.Reembedding; r != nil {
		fmt.Fprintf(w, "unfinished re-embedding for %s: %d of %s\n", term.OneLine(r.Model().String()), r.Passages, cli.Plural(st.Passages, "passage"))
		command := hint.Reembed(s.Call)
		if _, name := options.EmbedderName(r.Embedder); name != "" {
			command += " --embedder " + name // another would throw it away
		}
		fmt.Fprintf(w, "           %s goes on with it\n", command)
	}
	if s.Verbose {
		fmt.Fprintf(w, "analyzer   %s\n", st.Analyzer)
	}
	if len(st.Unread) > 0 {
		fmt.Fprintln(w, "\nNot read, or not all of it:")
	}
	for i, f := range st.Unread {
		if i == troublesShown && !s.Verbose {
			fmt.Fprintf(w, "  and %d more (--verbose lists them)\n", len(st.Unread)-i)
			return
		}
		fmt.Fprintf(w, "  %s: %s: %s\n", trouble(f.Outcome), s.Style(term.Place).On(s.Name(f.ID, f.Path)), term.OneLine(f.Reason))
	}
}
