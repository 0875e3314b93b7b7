package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
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
	// SkipDir tells of a folder that is not to be entered, as one that is an
	// index. It may be nil.
	SkipDir func(path string) bool
	// Extractor reads the files.
	Extractor ingest.Extractor
	// Containers are the kinds of file whose members are offered in their
	// place, as if they were files below it; nil stands for those of package
	// formats. Globs and ignore files are about the file.
	Containers []extract.Container
	// Limits bound what is spent on the members of one file.
	Limits extract.ContainerLimits
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
func Files(roots []string, o FileOptions) (ingest.Source, error) {
	if o.SkipDir == nil {
		o.SkipDir = func(string) bool { return false }
	}
	if o.Containers == nil {
		o.Containers = formats.Containers()
	}
	s := &files{o: o, spools: &spoolPool{}}
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
	return s, nil
}

type files struct {
	o      FileOptions
	roots  []string
	spools *spoolPool
	// file says of each root whether it is one, as Roots has seen it last: Covers is
	// asked for every document that is gone.
	file sync.Map // string to bool
}

// Repeatable implements ingest.Repeatable.
func (s *files) Repeatable() bool { return true }

// Close frees what was expanded of containers. Entries can be read all the same.
func (s *files) Close() error { return s.spools.Close() }

// Versions implements ingest.Versioned.
func (s *files) Versions() map[string]int { return ingest.VersionsOf(s.o.Extractor) }

// Covers leaves out what Include, Exclude and Hidden leave out: what a wider
// run has indexed stays. What ignore files leave out is covered, so that it
// goes when a rule is added.
func (s *files) Covers(id string) bool {
	path := ingest.FileID(id)
	for _, r := range s.roots {
		rest, ok := strings.CutPrefix(path, idOf(r))
		if ok && (rest == "" || olderPart(rest) && containerNamed(r, s.o.Containers)) {
			return true
		}
		if dir := below(r); strings.HasPrefix(path, dir) && !s.isFile(r) && s.chosenBelow(shownID(path), len(shownID(dir))) {
			return true
		}
	}
	return false
}

// Roots implements ingest.Rooted.
func (s *files) Roots() []ingest.Root {
	var out []ingest.Root
	for _, r := range s.roots {
		s.file.Store(r, isFile(r))
		out = append(out, rootOf(r))
	}
	return out
}

// isFile reports whether a root is a file.
func (s *files) isFile(root string) bool {
	if known, ok := s.file.Load(root); ok {
		return known.(bool)
	}
	return isFile(root)
}

// rootOf is the file or folder at path, as it is now.
func rootOf(path string) ingest.Root {
	r := ingest.Root{ID: idOf(path)}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Doubt = ingest.DoubtRootGone
		if dir, err := os.Stat(filepath.Dir(path)); err == nil {
			r.Device = deviceOf(dir)
		}
	case err != nil:
		r.Doubt = ingest.DoubtRootUnreadable
	case info.IsDir():
		r.Device = deviceOf(info)
		r.Doubt = doubtOf(path)
	default:
		r.Device = deviceOf(info)
	}
	return r
}

// doubtOf looks whether there is anything in a folder.
func doubtOf(dir string) ingest.Doubt {
	f, err := os.Open(dir)
	if err == nil {
		defer f.Close() // nothing was written
		_, err = f.Readdirnames(1)
	}
	switch err {
	case nil:
		return ""
	case io.EOF:
		return ingest.DoubtRootEmpty
	default:
		return ingest.DoubtRootUnreadable
	}
}

// isFile reports whether there is something at path that is no folder.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// isMissing reports whether an error says that a file is not there.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// chosenBelow reports whether the options let the walk get to path, of which the
// first n bytes are a root.
func (s *files) chosenBelow(path string, n int) bool {
	for i := n; i < len(path); i++ {
		if path[i] == '/' && !s.chosen(path[:i], true) {
			return false
		}
	}
	return strings.HasSuffix(path, "/") || s.chosen(path, false)
}

// idOf returns the ID of the file or folder at path, shown how it is shown and
// how globs match it.
func idOf(path string) string  { return ingest.ID{File: filepath.ToSlash(path)}.String() }
func shown(path string) string { return ingest.PrintablePath(filepath.ToSlash(path)) }

// shownID is how the file of the ID is shown.
func shownID(id string) string {
	if parsed, err := ingest.ParseID(id); err == nil {
		return ingest.PrintablePath(parsed.File)
	}
	return id // of an older version
}

// below returns the prefix of the IDs of what is in the folder.
func below(dir string) string {
	return strings.TrimSuffix(idOf(dir), "/") + "/"
}

func (s *files) Entries(ctx context.Context) iter.Seq2[ingest.Entry, error] {
	return s.Find(ctx, s.roots)
}

// Find implements ingest.Finder.
func (s *files) Find(ctx context.Context, paths []string) iter.Seq2[ingest.Entry, error] {
	return func(yield func(ingest.Entry, error) bool) {
		w := &walk{files: s, lister: lister{ctx, yield}}
		var apart []string // none below another
		for _, p := range slices.SortedFunc(slices.Values(paths), comparePaths) {
			if len(apart) == 0 || !isWithin(p, apart[len(apart)-1]) {
				apart = append(apart, p)
			}
		}
		for _, r := range s.roots {
			for _, p := range apart {
				switch {
				case isWithin(r, p):
					if !w.root(r) {
						return
					}
				case isWithin(p, r):
					if !w.find(r, p) {
						return
					}
				}
			}
		}
	}
}

// isWithin reports whether path is dir or below it.
func isWithin(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

// walk is one iteration. Its methods return false when it is to end.
type walk struct {
	*files
	lister
}

func (w *walk) root(path string) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return w.yield(ingest.Entry{
			ID: idOf(path), Path: shown(path), Skip: fmt.Errorf("cannot be looked at: %w", bare(err)), Incomplete: below(path),
			Missing: isMissing(err) && isFolder(filepath.Dir(path)),
		}, nil)
	case !info.IsDir():
		return w.file(path, info)
	case w.o.SkipDir(path):
		return true
	}
	var up *ignores
	if !w.o.NoIgnore {
		if up, err = ignoresAbove(path); err != nil {
			return w.failFolder(path, err)
		}
	}
	return w.folder(path, up)
}

// find yields what is at and below a path below a root, if a walk from the root
// would get there.
func (w *walk) find(root, path string) bool {
	if slices.ContainsFunc(w.roots, func(r string) bool { return r != root && len(r) > len(root) && isWithin(path, r) }) {
		return true // it is below that one
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() || w.o.SkipDir(root) {
		return true
	}
	var rules *ignores
	var err error
	if !w.o.NoIgnore {
		if rules, err = ignoresAbove(root); err != nil {
			return w.failFolder(root, err)
		}
	}
	for dir := root; ; {
		if !w.o.NoIgnore {
			if rules, err = rules.within(dir); err != nil {
				return w.failFolder(dir, err)
			}
		}
		rest := strings.TrimPrefix(path[len(dir):], string(filepath.Separator))
		name, _, deeper := strings.Cut(rest, string(filepath.Separator))
		next := filepath.Join(dir, name)
		info, err := os.Lstat(next)
		switch {
		case isMissing(err) || errors.Is(err, syscall.ENOTDIR):
			return true
		case err != nil:
			return w.fail(next, fmt.Errorf("cannot be looked at: %w", bare(err)))
		case !deeper:
			return w.member(next, fs.FileInfoToDirEntry(info), rules)
		case !info.IsDir() || !w.chosen(shown(next), true) || rules.ignored(filepath.ToSlash(next), true) || w.skips(next):
			return true
		}
		dir = next
	}
}

func (w *walk) folder(path string, up *ignores) bool {
	rules := up
	if !w.o.NoIgnore {
		var err error
		if rules, err = up.within(path); err != nil {
			// What the rules would have kept out is not known: better
			// nothing than what the user wanted to hide.
			return w.failFolder(path, err)
		}
	}
	list, err := os.ReadDir(path)
	if err != nil && !w.failFolder(path, fmt.Errorf("folder cannot be read: %w", bare(err))) {
		return false
	}
	for _, d := range list {
		if err := w.ctx.Err(); err != nil {
			w.yield(ingest.Entry{}, err)
			return false
		}
		if !w.member(filepath.Join(path, d.Name()), d, rules) {
			return false
		}
	}
	return true
}

func (w *walk) member(path string, d fs.DirEntry, rules *ignores) bool {
	if slices.Contains(w.roots, path) {
		return true // a root below a root is listed on its own
	}
	if !w.chosen(shown(path), d.IsDir()) || rules.ignored(filepath.ToSlash(path), d.IsDir()) {
		return true
	}
	if d.IsDir() && w.skips(path) {
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
	}
	return w.folder(path, rules)
}

func (w *walk) file(path string, info fs.FileInfo) bool {
	e := ingest.Entry{ID: idOf(path), Path: shown(path), Stat: statOf(info), Device: deviceOf(info), Encoding: ingest.EncodingOf(w.o.Extractor)}
	if info.Mode().IsRegular() {
		f := file{path: path, device: e.Device, x: w.o.Extractor}
		e.Load, e.Hash = f.load, f.hash
		if kind := containerOf(path, w.o.Containers); kind != nil {
			return w.outermost(w.container(path), kind, e) == nil
		}
	} else {
		e.Skip = &ingest.SkipError{Reason: special(info.Mode())}
	}
	return w.yield(e, nil)
}

// container is the file at path as what has members.
func (s *files) container(path string) *outermost {
	return &outermost{
		dir: filepath.Dir(path), open: func() (*opened, error) { return openContainer(path) }, x: s.o.Extractor, containers: s.o.Containers,
		budget: &budget{limits: s.o.Limits.WithDefaults()}, spools: s.spools,
	}
}

// fail yields an entry for a file or folder that could not be looked at.
func (w *walk) fail(path string, err error) bool {
	return w.yield(ingest.Entry{ID: idOf(path), Path: shown(path), Skip: err, Incomplete: below(path)}, nil)
}

// failFolder yields an entry for a folder that could not be looked into.
func (w *walk) failFolder(path string, err error) bool {
	dir := below(path)
	return w.yield(ingest.Entry{ID: dir, Path: strings.TrimSuffix(shown(path), "/") + "/", Skip: err, Incomplete: dir}, nil)
}

// skips tells of a folder that holds what is nobody's document.
func (w *walk) skips(path string) bool {
	switch filepath.Base(path) {
	case ".git", ".hg", ".svn", ".albert-search":
		return true
	case "node_modules", "__pycache__":
		if !w.o.NoIgnore {
			return true
		}
	}
	return w.o.SkipDir(path)
}

// chosen reports whether the options let the file or folder of that path pass.
func (s *files) chosen(path string, folder bool) bool {
	if !s.o.Hidden && strings.HasPrefix(path[strings.LastIndexByte(path, '/')+1:], ".") {
		return false
	}
	for _, g := range s.o.Exclude {
		trimmed := strings.TrimSuffix(g, "/")
		if (folder || trimmed == g) && matchPath(trimmed, path) {
			return false
		}
	}
	return folder || len(s.o.Include) == 0 ||
		slices.ContainsFunc(s.o.Include, func(g string) bool { return matchPath(g, path) })
}

func matchPath(glob, path string) bool {
	switch {
	case !strings.Contains(glob, "/"):
		path = path[strings.LastIndexByte(path, '/')+1:]
	case !strings.HasPrefix(glob, "/"):
		glob = "**/" + glob
	}
	ok, _ := doublestar.Match(glob, path) // Files checked the glob
	return ok
}

// comparePaths orders paths as a walk meets them, element by element.
func comparePaths(a, b string) int {
	return slices.Compare(strings.Split(a, string(filepath.Separator)), strings.Split(b, string(filepath.Separator)))
}
