package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli/hint"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/index"
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
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	if err := c.NoArguments(); err != nil {
		return err
	}
	return s.withEngine(func(e *albertsearch.Engine) error {
		st, err := e.Status(ctx)
		if err != nil {
			return err
		}
		if s.JSON {
			return s.PrintJSON(newStatusJSON(st))
		}
		return s.Print(func(w io.Writer) { s.showStatus(w, st) })
	})
}

// statusJSON is what status --json prints.
type statusJSON struct {
	Index        string    `json:"index"`
	Documents    int       `json:"documents"`
	Partial      int       `json:"partial"`
	Failed       int       `json:"failed"`
	Skipped      int       `json:"skipped"`
	Passages     int       `json:"passages"`
	TextBytes    int64     `json:"text_bytes"`
	DiskBytes    int64     `json:"disk_bytes"`
	Generation   uint64    `json:"generation"`
	Updated      time.Time `json:"updated"`
	Embedder     string    `json:"embedder"`
	EmbedderName string    `json:"embedder_name,omitempty"`
	Dim          int       `json:"dim"`
	// Reembedding is there when one is unfinished.
	Reembedding *unfinishedJSON `json:"reembedding,omitempty"`
	Analyzer    string          `json:"analyzer"`
	Unread      []unreadJSON    `json:"unread"`
}

// unfinishedJSON says how many passages have a vector of the embedder.
type unfinishedJSON struct {
	Embedder     string `json:"embedder"`
	EmbedderName string `json:"embedder_name,omitempty"`
	Dim          int    `json:"dim"`
	Passages     int    `json:"passages"`
}

type unreadJSON struct {
	ID      string               `json:"id"`
	Path    string               `json:"path"`
	Outcome albertsearch.Outcome `json:"outcome"`
	Reason  string               `json:"reason"`
}

func newStatusJSON(st *albertsearch.Status) statusJSON {
	out := statusJSON{
		Index: st.Dir, Documents: st.Documents, Partial: st.Partial, Failed: st.Failed, Skipped: st.Skipped, Passages: st.Passages,
		TextBytes: st.TextBytes, DiskBytes: st.DiskBytes, Generation: st.Generation, Updated: st.Updated,
		Embedder: st.Settings.Embedder, EmbedderName: st.Settings.EmbedderName, Dim: st.Settings.Dim, Analyzer: st.Settings.Analyzer,
		Unread: []unreadJSON{},
	}
	if r := st.Reembedding; r != (index.Unfinished{}) {
		out.Reembedding = &unfinishedJSON{r.Embedder.ID, r.Embedder.Name, r.Embedder.Dim, r.Passages}
	}
	for _, info := range st.Incomplete {
		out.Unread = append(out.Unread, unreadJSON{info.ID, info.Path, outcome(info), info.Reason})
	}
	return out
}

func outcome(info *index.Info) albertsearch.Outcome {
	switch info.State {
	case index.Failed:
		return albertsearch.OutcomeFailed
	case index.Skipped:
		return albertsearch.OutcomeSkipped
	}
	return albertsearch.OutcomeIndexed
}

func (s *session) showStatus(w io.Writer, st *albertsearch.Status) {
	fmt.Fprintf(w, "index      %s\n", s.Path(st.Dir))
	fmt.Fprintf(w, "documents  %d in %s, %d failed, %d skipped\n", st.Documents, cli.Plural(st.Passages, "passage"), st.Failed, st.Skipped)
	if st.Partial > 0 {
		fmt.Fprintf(w, "           %d of them read only in part\n", st.Partial)
	}
	fmt.Fprintf(w, "size       %s of text, %s on disk\n", cli.Size(st.TextBytes), cli.Size(st.DiskBytes))
	fmt.Fprintf(w, "updated    %s (generation %d)\n", st.Updated.Local().Format(time.DateTime), st.Generation)
	fmt.Fprintf(w, "embedder   %s\n", term.OneLine(st.Settings.Model().String()))
	if r := st.Reembedding; r != (index.Unfinished{}) {
		fmt.Fprintf(w, "unfinished re-embedding for %s: %d of %s\n", term.OneLine(r.Embedder.String()), r.Passages, cli.Plural(st.Passages, "passage"))
		command := hint.Reembed(s.Call)
		if _, name := options.EmbedderName(r.Embedder.ID); name != "" {
			command += " --embedder " + name // another would throw it away
		}
		fmt.Fprintf(w, "           %s goes on with it\n", command)
	}
	if s.Verbose {
		fmt.Fprintf(w, "analyzer   %s\n", st.Settings.Analyzer)
	}
	if len(st.Incomplete) > 0 {
		fmt.Fprintln(w, "\nNot read, or not all of it:")
	}
	for i, info := range st.Incomplete {
		if i == troublesShown && !s.Verbose {
			fmt.Fprintf(w, "  and %d more (--verbose lists them)\n", len(st.Incomplete)-i)
			return
		}
		fmt.Fprintf(w, "  %s: %s: %s\n", trouble(outcome(info)), s.Style(term.Place).On(s.Name(info.ID, info.Path)), term.OneLine(info.Reason))
	}
}
