package modelstore

import (
	"fmt"
	"io/fs"
)

// regular is a folder of which files, folders and links to them are opened, and
// nothing else: a pipe in the place of a file would be waited for, a device read
// without end.
type regular struct{ fs.FS }

// Open opens a file or a folder.
func (r regular) Open(name string) (fs.File, error) {
	info, err := fs.Stat(r.FS, name)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, fmt.Errorf("%s is no file but a pipe, a device or the like: a model has none", name)
	}
	return r.FS.Open(name)
}
