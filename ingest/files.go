package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// FileOptions say which files Files offers.
type FileOptions struct {
	// Include keeps only files that match one of the globs; Exclude drops
	// files and whole folders that match one. Globs are doublestar's. One
	// without a slash matches the base name, one that starts with a slash the
	// whole path, any other a whole tail of the path; a slash at the end of
	// an Exclude glob restricts it to folders. Files named as roots are
	// offered in any case.
	Include, Exclude []string
	// Hidden offers files and folders whose names begin with a dot, too.
	Hidden bool
	// NoIgnore disregards .gitignore and .albertignore files, and enters
	// node_modules and __pycache__ folders, which hold what is not the
	// user's own.
	NoIgnore bool
	// SkipDirs are folders not to enter, as that of the index itself.
	SkipDirs []string
	// Extractor reads the files.
	Extractor Extractor
}

// Files offers the files that roots name, and those in the folders that roots
// name, however deep, in lexical order. It lists only; what a file holds is
// read by the entry's Load.
//
// A root is followed when it is a symbolic link, and taken even when it is
// hidden or ignored; below a root, symbolic links are skipped entries, so that
// nothing is offered twice and no loop is entered. The folders of version
// control (.git, .hg, .svn) and of our own indexes (.albert-search) are never
// entered. Of git's rules those in .gitignore files and .git/info/exclude
// count, up to the root of the repository; they count outside of a repository
// too, from the root on.
func Files(roots []string, o FileOptions) (Source, error) {
	s := &files{o: o}
	for _, r := range roots {
		abs, err := filepath.Abs(r)
		if err != nil {
			return nil, fmt.Errorf("making %q absolute: %w", r, err)
		}
		s.roots = append(s.roots, abs)
	}
	slices.SortFunc(s.roots, comparePaths)
	s.roots = slices.Compact(s.roots)
	for _, g := range slices.Concat(o.Include, o.Exclude) {
		if g == "" || !doublestar.ValidatePattern(g) {
			return nil, fmt.Errorf("%q is not a glob: check its brackets, braces and backslashes", g)
		}
	}
	for _, d := range o.SkipDirs {
		if info, err := os.Stat(d); err == nil {
			s.skip = append(s.skip, info)
		}
	}
	return s, nil
}

type files struct {
	o     FileOptions
	roots []string
	skip  []fs.FileInfo
}

// Roots returns the roots that are folders, or files of records, now. Any other
// file is not a prefix; a root that is missing covers nothing, so that an
// unmounted disk does not empty an index.
func (s *files) Roots() []string {
	var ids []string
	for _, r := range s.roots {
		switch {
		case isFolder(r):
			ids = append(ids, below(r))
		case holdsRecords(r):
			ids = append(ids, recordsOf(r).Roots()...)
		}
	}
	return ids
}

// below returns the prefix of the IDs of what is in the folder.
func below(dir string) string {
	return strings.TrimSuffix(escapeID(filepath.ToSlash(dir)), "/") + "/"
}

func (s *files) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := &walk{files: s, ctx: ctx, yield: yield}
		for _, r := range s.roots {
			if !w.root(r) {
				return
			}
		}
	}
}

// walk is one iteration. Its methods return false when it is to end.
type walk struct {
	*files
	ctx   context.Context
	yield func(Entry, error) bool
}

func (w *walk) root(path string) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return w.fail(path, fmt.Errorf("cannot be looked at: %w", bare(err)))
	case !info.IsDir():
		return w.file(path, info)
	case w.isSkipped(info):
		return true
	}
	var up *ignores
	if !w.o.NoIgnore {
		if up, err = ignoresAbove(path); err != nil {
			return w.fail(path, err)
		}
	}
	return w.folder(path, up)
}

func (w *walk) folder(path string, up *ignores) bool {
	rules := up
	if !w.o.NoIgnore {
		var err error
		if rules, err = up.within(path); err != nil {
			// What the rules would have kept out is not known: better
			// nothing than what the user wanted to hide.
			return w.fail(path, err)
		}
	}
	list, err := os.ReadDir(path)
	if err != nil && !w.fail(path, fmt.Errorf("folder cannot be read: %w", bare(err))) {
		return false
	}
	for _, d := range list {
		if err := w.ctx.Err(); err != nil {
			w.yield(Entry{}, err)
			return false
		}
		if !w.member(filepath.Join(path, d.Name()), d, rules) {
			return false
		}
	}
	return true
}

func (w *walk) member(path string, d fs.DirEntry, rules *ignores) bool {
	if w.excluded(path, d.IsDir()) || slices.Contains(w.roots, path) {
		return true // a root below a root is listed on its own
	}
	if rules.ignored(filepath.ToSlash(path), d.IsDir()) {
		return true
	}
	if !d.IsDir() && !w.included(path) {
		return true
	}
	info, err := d.Info()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true // removed since the folder was listed
	case err != nil:
		return w.fail(path, fmt.Errorf("cannot be looked at: %w", bare(err)))
	case !info.IsDir():
		return w.file(path, info)
	case w.isSkipped(info):
		return true
	}
	return w.folder(path, rules)
}

func (w *walk) file(path string, info fs.FileInfo) bool {
	if info.Mode().IsRegular() && holdsRecords(path) {
		for e, err := range recordsOf(path).Entries(w.ctx) {
			if !w.yield(e, err) {
				return false
			}
		}
		return true
	}
	id := escapeID(filepath.ToSlash(path))
	e := Entry{ID: id, Path: id, Stat: statOf(info)}
	if info.Mode().IsRegular() {
		f := file{path: path, x: w.o.Extractor}
		e.Load, e.Hash = f.load, f.hash
	} else {
		e.Skip = &SkipError{Reason: special(info.Mode())}
	}
	return w.yield(e, nil)
}

// fail yields an entry for a file or folder that could not be looked into.
func (w *walk) fail(path string, err error) bool {
	id := escapeID(filepath.ToSlash(path))
	return w.yield(Entry{ID: id, Path: id, Skip: err, Unseen: below(path)}, nil)
}

func (w *walk) excluded(path string, folder bool) bool {
	name := filepath.Base(path)
	if !w.o.Hidden && strings.HasPrefix(name, ".") {
		return true
	}
	if folder {
		switch name {
		case ".git", ".hg", ".svn", ".albert-search":
			return true
		case "node_modules", "__pycache__":
			if !w.o.NoIgnore {
				return true
			}
		}
	}
	for _, g := range w.o.Exclude {
		trimmed := strings.TrimSuffix(g, "/")
		if (folder || trimmed == g) && matchPath(trimmed, path) {
			return true
		}
	}
	return false
}

func (w *walk) included(path string) bool {
	return len(w.o.Include) == 0 ||
		slices.ContainsFunc(w.o.Include, func(g string) bool { return matchPath(g, path) })
}

func matchPath(glob, path string) bool {
	path = filepath.ToSlash(path)
	switch {
	case !strings.Contains(glob, "/"):
		path = path[strings.LastIndexByte(path, '/')+1:]
	case !strings.HasPrefix(glob, "/"):
		glob = "**/" + glob
	}
	ok, _ := doublestar.Match(glob, path) // Files checked the glob
	return ok
}

func (w *walk) isSkipped(info fs.FileInfo) bool {
	return slices.ContainsFunc(w.skip, func(s fs.FileInfo) bool { return os.SameFile(s, info) })
}

// comparePaths orders paths as a walk meets them, element by element.
func comparePaths(a, b string) int {
	return slices.Compare(strings.Split(a, string(filepath.Separator)), strings.Split(b, string(filepath.Separator)))
}
