package modelcmd

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

func usesOf(r *modelstore.Record) string {
	return term.Escape(cmp.Or(strings.Join(r.Uses, ", "), "nothing"))
}

// RecordJSON is what the commands print that are about one model.
type RecordJSON struct {
	*modelstore.Record
	Path string `json:"path"`
	// EmbedderID is what an index that it embeds for knows it by.
	EmbedderID string `json:"embedder_id"`
}

// showRecord prints a model.
func (s *session) showRecord(r *modelstore.Record) error {
	id, err := options.EmbedderID(r)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.PrintJSON(RecordJSON{r, s.modelPath(r.Name), id})
	}
	return s.Print(func(w io.Writer) { s.showRecordText(w, r) })
}

func (s *session) modelPath(name string) string {
	return filepath.Join(s.store.Dir(), name)
}

func (s *session) showRecordText(w io.Writer, r *modelstore.Record) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, term.Escape(fmt.Sprintf(format, args...)))
	}
	line("name", "%s", r.Name)
	line("for", "%s", usesOf(r))
	if len(r.Languages) > 0 {
		line("languages", "%s", strings.Join(r.Languages, ", "))
	}
	kind := cmp.Or(r.Architecture, "ALBERT")
	if r.Converted != "" {
		kind += ", converted to ALBERT"
	}
	line("model", "%s", kind)
	weights := fmt.Sprintf("%.1f million", float64(r.Parameters)/1e6)
	if r.Parameters < 1e6 {
		weights = fmt.Sprint(r.Parameters)
	}
	line("size", "%s weights in %s, %s", weights, r.Precision, cli.Size(r.Size()))
	line("shape", "%d passes over %s, hidden size %d, embeddings %d, %d tokens, %d positions",
		r.Layers, cli.Plural(r.Groups, "group"), r.Hidden, r.Embedding, r.Vocab, r.Positions)
	if r.Pooling != "" {
		window := "all positions"
		if r.Window > 0 {
			window = cli.Plural(r.Window, "token")
		}
		line("embeds", "by %s, windows of %s", r.Pooling, window)
	}
	source := r.Source
	if r.Revision != "" {
		source += " at " + r.Revision
	}
	line("from", "%s", source)
	line("imported", "%s", r.Imported.Local().Format(time.DateTime))
	line("content", "%s", r.ID)
	line("folder", "%s", s.modelPath(r.Name))
	for _, note := range r.Notes {
		line("note", "%s", note)
	}
}
