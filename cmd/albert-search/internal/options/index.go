// Package options has the groups of flags that commands share, and opens what
// they name: the index, the models and the runtime.
package options

import (
	"fmt"
	"path/filepath"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// IndexVariable names the folder of the index.
const IndexVariable = "ALBERT_SEARCH_INDEX"

// Index names the index.
type Index struct{ Named string }

// Flags declares --index.
func (o *Index) Flags() []cli.Flag {
	return []cli.Flag{{
		Name: "index", Env: IndexVariable, Setting: cli.Configured, Path: true, To: cli.String(&o.Named),
		Usage:   "the index is in the folder `DIR`",
		Default: "index in the nearest .albert-search folder, else in the user's data folder",
	}}
}

// Folder is the absolute path of the folder of the index: the one that is named,
// else the project's, else the user's.
func (o *Index) Folder() (string, error) {
	if o.Named != "" {
		return filepath.Abs(o.Named)
	}
	if project, err := cli.ProjectFolder(); err != nil || project != "" {
		return filepath.Join(project, "index"), err
	}
	data, err := cli.DataFolder()
	if err != nil {
		return "", fmt.Errorf("%w; name a folder for the index with --index", err)
	}
	return filepath.Join(data, "index"), nil
}
