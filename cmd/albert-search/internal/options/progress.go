package options

import (
	"fmt"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// ShowProgress moves the bar of an indexing: by bytes, because documents differ
// much in size.
func ShowProgress(bar *cli.Bar, now albertsearch.Progress) {
	bar.Describe(fmt.Sprintf("%d/%d documents, %s", now.Done, now.Documents, cli.Plural(now.Passages, "passage")))
	bar.Set(now.DoneBytes, now.Bytes)
}
