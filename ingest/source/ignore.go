package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"
)

// IgnoreFile is the name of our own ignore files. They have the syntax of
// .gitignore files, hold whether git is used or not, and overrule those.
const IgnoreFile = ".albertignore"

// ignores holds the rules that apply in a folder: those of its own ignore
// files, then those of the folders above.
type ignores struct {
	up       *ignores
	dir      string // as the rules' paths begin, with a slash at the end
	git, own []ignoreRule
}

// within returns the rules for dir, a folder in the one that g is for. It
// reports ignore files that are there and cannot be read.
func (g *ignores) within(dir string) (*ignores, error) {
	n := &ignores{up: g, dir: strings.TrimSuffix(filepath.ToSlash(dir), "/") + "/"}
	var errs []error
	read := func(name string) []ignoreRule {
		b, err := readIgnoreFile(filepath.Join(dir, name))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s cannot be read: %w", name, bare(err)))
		}
		return parseIgnore(b)
	}
	if isRepository(dir) {
		// Another repository's rules end at its border; ours do not.
		n.up = g.ownOnly()
		n.git = read(".git/info/exclude")
	}
	n.git = append(n.git, read(".gitignore")...)
	n.own = read(IgnoreFile)
	return n, errors.Join(errs...)
}

func (g *ignores) ownOnly() *ignores {
	if g == nil {
		return nil
	}
	return &ignores{up: g.up.ownOnly(), dir: g.dir, own: g.own}
}

// above returns the rules that hold in dir from the folders above it: up to
// the root of the repository that dir is in, none outside of one.
func ignoresAbove(dir string) (*ignores, error) {
	var up []string
	for d := dir; !isRepository(d); {
		parent := filepath.Dir(d)
		if parent == d {
			return nil, nil
		}
		d = parent
		up = append(up, d)
	}
	var g *ignores
	var errs []error
	for i := len(up) - 1; i >= 0; i-- {
		var err error
		g, err = g.within(up[i])
		errs = append(errs, err)
	}
	return g, errors.Join(errs...)
}

// ignored tells whether the file or folder at the slash-separated path is left
// out. The last rule that matches decides; those of deeper folders come later,
// and all of our own after all of git's.
func (g *ignores) ignored(path string, folder bool) bool {
	for l := g; l != nil; l = l.up {
		if r := lastMatch(l.own, path[len(l.dir):], folder); r != nil {
			return !r.keep
		}
	}
	for l := g; l != nil; l = l.up {
		if r := lastMatch(l.git, path[len(l.dir):], folder); r != nil {
			return !r.keep
		}
	}
	return false
}

func lastMatch(rules []ignoreRule, path string, folder bool) *ignoreRule {
	base := path[strings.LastIndexByte(path, '/')+1:]
	for i := len(rules) - 1; i >= 0; i-- {
		r := &rules[i]
		if r.folderOnly && !folder {
			continue
		}
		name := path
		if r.anywhere {
			name = base
		}
		if ok, _ := doublestar.Match(r.glob, name); ok { // parseIgnore checked the glob
			return r
		}
	}
	return nil
}

// maxIgnoreBytes is where an ignore file is taken to be a mistake.
const maxIgnoreBytes = 4 << 20

// readIgnoreFile returns nothing for what is not there or not a regular file.
func readIgnoreFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	if info.Size() > maxIgnoreBytes {
		return nil, fmt.Errorf("it has more than %d MiB", maxIgnoreBytes>>20)
	}
	return os.ReadFile(path)
}

func isRepository(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
