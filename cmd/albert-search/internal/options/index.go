// Package options has the groups of flags that commands share, and opens what
// they name: the index, the models and the runtime.
package options

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/internal/errkind"
)

// IndexVariable names the index.
const IndexVariable = "ALBERT_SEARCH_INDEX"

// Index names the index.
type Index struct{ Named string }

// Flags declares --index.
func (o *Index) Flags() []cli.Flag {
	return []cli.Flag{{
		Name: "index", Env: IndexVariable, Setting: cli.Configured, Path: true, To: cli.String(&o.Named),
		Address: func(value string) bool { return scheme(value) != "" },
		Usage:   "the index is in the folder `DIR`",
		Default: "index in the nearest .albert-search folder, else in the user's data folder",
	}}
}

// Schemes open the indexes that --index can name by an address, SCHEME:REST. A new
// kind of store is a line here.
func Schemes() index.Schemes {
	return index.Schemes{
		"file": func(dir string) (index.Backend, error) {
			dir, err := filepath.Abs(strings.TrimPrefix(dir, "//"))
			return local.New(dir, local.Options{}), err
		},
	}
}

// scheme is what the name of an index begins with if that is an address. The name
// of a drive is none, nor is that of a folder that is there or has a slash before
// the colon.
func scheme(name string) string {
	s, _, ok := strings.Cut(name, ":")
	if !ok || len(s) < 2 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+.-") != "" {
		return ""
	}
	if _, err := os.Lstat(name); err == nil {
		return ""
	}
	return s
}

// Address is what the index is opened by: an address of Schemes, or the absolute
// path of a folder. That is the one that is named, else the project's, else the
// user's.
func (o *Index) Address() (string, error) {
	if s := scheme(o.Named); s != "" {
		schemes := Schemes()
		if schemes[s] == nil {
			return "", errkind.Errorf(errkind.Usage, "--index %s: there is no kind of index %q, only %s and folders; a folder of that name is ./%s",
				o.Named, s+":", strings.Join(slices.Sorted(maps.Keys(schemes)), ":, ")+":", o.Named)
		}
		return o.Named, nil
	}
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
