package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
	"github.com/albert-search/albert-search/index"
)

// reembed brings the index over to the program's embedder. It returns no
// summary if there is nothing to tell: where no index is yet, and where it
// failed before it had begun.
func (s *session) reembed(e *albertsearch.Engine) (*albertsearch.ReembedSummary, error) {
	bar := newReembedProgress(&s.printer)
	defer bar.finish()
	sum, err := e.Reembed(s.Context.Context, albertsearch.ReembedRequest{
		ToIndex: s.NArg() > 0, Progress: bar.showReembedding,
	})
	switch {
	case s.NArg() > 0 && errors.Is(err, index.ErrNotFound):
		return nil, nil // which indexing makes with the program's embedder
	case err != nil && sum.Embedded+sum.Copied+sum.Resumed == 0:
		return nil, err
	}
	return &sum, err
}

// reembedCommand is the command that brings the index over to the embedder that
// this one was told to use. The flags that name the two belong to it: without
// them it would take others.
func (s *session) reembedCommand() string {
	command := "albert-search index --re-embed"
	for _, flag := range []string{"index", "embedder"} {
		if onCommandLine(s.args, flag) {
			command += " --" + flag + " " + shellWord(s.String(flag))
		}
	}
	return command
}

// onCommandLine reports whether a flag is there, and not only set by a
// configuration or the environment, as it will be the next time.
func onCommandLine(args []string, flag string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.ContainsFunc(args, func(a string) bool {
		name, _, _ := strings.Cut(a, "=")
		return name == "--"+flag || name == "-"+flag
	})
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:,@%+-]+$`)

// shellWord is a text as it is typed into a shell.
func shellWord(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// reembeddingJSON is what index --re-embed --json prints of the re-embedding.
type reembeddingJSON struct {
	From      index.Embedder `json:"from"`
	To        index.Embedder `json:"to"`
	Complete  bool           `json:"complete"`
	Passages  int            `json:"passages"`
	Embedded  int            `json:"embedded"`
	Copied    int            `json:"copied"`
	Resumed   int            `json:"resumed"`
	Discarded int            `json:"discarded"`
	TookMS    int64          `json:"took_ms"`
}

func newReembeddingJSON(sum *albertsearch.ReembedSummary) *reembeddingJSON {
	if sum == nil {
		return nil
	}
	return &reembeddingJSON{
		From: sum.From, To: sum.To, Complete: sum.Complete, Passages: sum.Passages, Embedded: sum.Embedded,
		Copied: sum.Copied, Resumed: sum.Resumed, Discarded: sum.Discarded, TookMS: sum.Took.Milliseconds(),
	}
}

func showReembedding(w io.Writer, sum albertsearch.ReembedSummary) {
	from, to := term.OneLine(sum.From.String()), term.OneLine(sum.To.String())
	counts := fmt.Sprintf("%d embedded, %d with the vector of an equal one, %d from an earlier run",
		sum.Embedded, sum.Copied, sum.Resumed)
	switch {
	case sum.From.Is(sum.To):
		fmt.Fprintf(w, "nothing to re-embed: the vectors are of the embedding model %s already\n", to)
	case sum.Complete:
		fmt.Fprintf(w, "%s re-embedded: %s%s\n", plural(sum.Passages, "passage"), counts, took(sum.Took))
		fmt.Fprintf(w, "embedding model: %s, before %s\n", to, from)
	default:
		fmt.Fprintf(w, "re-embedding: %d of %s done: %s\n", sum.Embedded+sum.Copied+sum.Resumed, plural(sum.Passages, "passage"), counts)
		fmt.Fprintf(w, "searches use the vectors of %s as before; run it again to go on\n", from)
	}
	if sum.Discarded > 0 {
		fmt.Fprintf(w, "%s of an unfinished re-embedding for another embedder discarded\n", plural(sum.Discarded, "vector"))
	}
}
