package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// The names in an index folder; docs/format.md describes the files.
const (
	lockName     = "LOCK"
	currentName  = "CURRENT"
	workName     = "work"
	manifestName = "MANIFEST"
	deletedName  = "deleted"
	touchedName  = "touched"
	postingsName = "postings"
	genPrefix    = "gen-"
	segPrefix    = "seg-"
	vecPrefix    = "vec-"
	annPrefix    = "ann-"
	codesPrefix  = "codes-"
	tmpSuffix    = ".tmp"
)

func genName(generation uint64) string { return fmt.Sprintf("%s%08d", genPrefix, generation) }

// fileName is the name of a file of a segment by its number.
func fileName(prefix string, number uint64) string { return fmt.Sprintf("%s%08d", prefix, number) }

func segName(number uint64) string { return fileName(segPrefix, number) }

// parseGen returns the generation that a folder's name stands for.
func parseGen(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, genPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && genName(n) == name
}

// parseFile returns the number of a file of a segment by its name.
func parseFile(name string) (uint64, bool) {
	for _, prefix := range []string{segPrefix, vecPrefix, annPrefix} {
		if digits, ok := strings.CutPrefix(name, prefix); ok {
			n, err := strconv.ParseUint(digits, 10, 64)
			return n, err == nil && fileName(prefix, n) == name
		}
	}
	return 0, false
}

// current is the content of CURRENT: the newest generation and the checksum of
// its manifest, from which all else is checked.
type current struct {
	generation uint64
	manifest   uint32
}

func (c current) bytes() []byte {
	return fmt.Appendf(nil, "%s %08x\n", genName(c.generation), c.manifest)
}

// readCurrent returns ErrNotFound where no index is and ErrNotIndex where
// something else is.
func readCurrent(dir string) (current, error) {
	b, err := os.ReadFile(filepath.Join(dir, currentName))
	if err != nil {
		return current{}, missing(dir, err)
	}
	cur, ok := parseCurrent(b)
	if !ok {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return current{}, fmt.Errorf("opening index: %w", err)
		}
		if entry := foreign(entries); entry != "" {
			return current{}, fmt.Errorf("%s: %w: it holds %q; choose another folder", dir, index.ErrNotIndex, entry)
		}
		return current{}, disk.Damaged(filepath.Join(dir, currentName), "does not name a generation")
	}
	return cur, nil
}

func parseCurrent(b []byte) (current, bool) {
	name, sum, ok := strings.Cut(strings.TrimSuffix(string(b), "\n"), " ")
	generation, isGen := parseGen(name)
	crc, err := strconv.ParseUint(sum, 16, 32)
	cur := current{generation, uint32(crc)}
	return cur, ok && isGen && err == nil && string(cur.bytes()) == string(b)
}

// IsIndex tells whether the folder is an index, or becoming one.
func IsIndex(dir string) bool {
	path := filepath.Join(dir, currentName)
	// Anything may have that name in a folder of the user's: a pipe, a video.
	if fi, err := os.Lstat(path); err == nil && fi.Mode().IsRegular() && fi.Size() < 100 {
		if b, err := os.ReadFile(path); err == nil {
			if _, ok := parseCurrent(b); ok {
				return true
			}
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, lockName)); err != nil {
		return false
	}
	entries, err := os.ReadDir(dir)
	return err == nil && foreign(entries) == ""
}

// enclosing returns the index that dir is inside of, or "".
func enclosing(dir string) string {
	for parent := filepath.Dir(dir); parent != dir; parent = filepath.Dir(dir) {
		if IsIndex(parent) {
			return parent
		}
		dir = parent
	}
	return ""
}

// missing says why a folder has no readable CURRENT.
func missing(dir string, cause error) error {
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w; make one by indexing a folder", dir, index.ErrNotFound)
	case err != nil:
		return fmt.Errorf("opening index: %w", err)
	case !fi.IsDir():
		return fmt.Errorf("%s: %w: it is a file", dir, index.ErrNotIndex)
	case !errors.Is(cause, fs.ErrNotExist):
		return fmt.Errorf("opening index: %w", cause)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("opening index: %w", err)
	}
	if entry := foreign(entries); entry != "" {
		return fmt.Errorf("%s: %w: it holds %q; choose another folder", dir, index.ErrNotIndex, entry)
	}
	if laterGeneration(entries) {
		return disk.Damaged(filepath.Join(dir, currentName), "is missing")
	}
	return fmt.Errorf("%s: %w; make one by indexing a folder", dir, index.ErrNotFound)
}

// laterGeneration tells whether there is a generation that cannot come from a
// first writer killed before it wrote CURRENT.
func laterGeneration(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		n, ok := parseGen(e.Name())
		return ok && n > 1
	})
}

// foreign returns the name of an entry that no index has, or "". Without it a
// mistyped folder would be taken for an index and cleaned.
func foreign(entries []fs.DirEntry) string {
	for _, e := range entries {
		name := e.Name()
		_, isGen := parseGen(strings.TrimSuffix(name, tmpSuffix))
		switch {
		case name == lockName, name == currentName, name == currentName+tmpSuffix, name == workName, isGen:
		default:
			return name
		}
	}
	return ""
}
