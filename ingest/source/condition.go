package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
)

// Condition says what became of a document since it was read.
type Condition uint8

// The conditions.
const (
	// AsRead: nothing says that it has changed, or nothing can be told of it, as of
	// a stream or of a file that is not of this machine.
	AsRead Condition = iota
	// Changed: the file has other content now.
	Changed
	// Gone: there is no such file any more, or it has no such part.
	Gone
)

// comparedBytes bounds what a Check reads of files that were written to, to see
// whether they have other content. Beyond, they count as changed.
const comparedBytes = 4 << 20

// Check looks what became of documents whose IDs are those of Files. It costs a
// stat of each file; only files of which the size is the same and the time is not
// are read, within comparedBytes. It is used by one goroutine at a time.
type Check struct {
	known map[string]Condition // by ID
	read  int64
}

// Of returns what became of a document. written is when the index was written
// last: of a part of a file that is what its file is compared with.
func (c *Check) Of(ctx context.Context, d *document.Info, written time.Time) Condition {
	if known, ok := c.known[d.ID]; ok {
		return known
	}
	found := c.look(ctx, d, written)
	if c.known == nil {
		c.known = make(map[string]Condition)
	}
	c.known[d.ID] = found
	return found
}

func (c *Check) look(ctx context.Context, d *document.Info, written time.Time) Condition {
	id, err := ingest.ParseID(d.ID)
	path := filepath.FromSlash(id.File)
	if err != nil || !filepath.IsAbs(path) {
		return AsRead
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if isGone(path, d.Fingerprint.Device) {
			return Gone
		}
		return AsRead
	case err != nil:
		return AsRead
	case !info.Mode().IsRegular():
		return Gone
	}
	now, old := statOf(info), d.Fingerprint.Stat
	part := len(id.Members) > 0 || id.Number > 0
	if old.ModTime == 0 && !part && !d.Modified.IsZero() {
		old.ModTime = d.Modified.UnixNano() // too new then to be trusted for more than this
	}
	switch {
	case part && old.ModTime == 0:
		if !info.ModTime().After(written) {
			return AsRead
		}
	case !part && now.Size != old.Size:
		return Changed
	case now.ModTime == old.ModTime && now.Inode == old.Inode:
		return AsRead
	}
	if c.read += now.Size; c.read > comparedBytes {
		return Changed
	}
	return compare(ctx, path, d)
}

// isGone reports whether a file that is not there can be said to be gone: the disk
// that it was on is there, or the folder with other files in it.
func isGone(path string, device uint64) bool {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	there := err == nil
	for errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	if err != nil {
		return false
	}
	if device != 0 && deviceOf(info) == device {
		return true
	}
	return there && doubtOf(dir) == ""
}

// compare looks for a document in a file and compares its content.
func compare(ctx context.Context, path string, d *document.Info) Condition {
	s, err := Files([]string{path}, FileOptions{NoIgnore: true})
	if err != nil {
		return Changed
	}
	for e, err := range s.Entries(ctx) {
		switch {
		case err != nil:
			return AsRead // ctx has ended
		case e.ID != d.ID:
			continue
		case e.Skip != nil:
			return Changed
		}
		if change, _, err := e.Compare(ctx, d.Fingerprint); err != nil || change == ingest.Changed {
			return Changed
		}
		return AsRead
	}
	return Gone
}
