package local

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/bmatcuk/doublestar/v4"

	"github.com/albert-search/albert-search/index"
)

// filterRows returns the live rows of the documents that pass the filter, or
// nil when all pass.
func (v *view) filterRows(ctx context.Context, f index.Filter) (*roaring.Bitmap, error) {
	m, err := newMatcher(f)
	if err != nil || m == nil {
		return nil, err
	}
	rows := roaring.New()
	n := 0
	for d := range v.docs() {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if d.info.Passages > 0 && m.match(&d.info) {
			rows.AddRange(uint64(d.first), uint64(d.first)+uint64(d.info.Passages))
		}
	}
	return rows, nil
}

// matcher is a filter with its globs made ready.
type matcher struct {
	index.Filter
	paths, notPaths []glob
}

// newMatcher returns nil for the filter that lets all pass.
func newMatcher(f index.Filter) (*matcher, error) {
	if len(f.Paths)+len(f.NotPaths)+len(f.Types)+len(f.Metadata) == 0 && f.After.IsZero() && f.Before.IsZero() {
		return nil, nil
	}
	m := &matcher{Filter: f}
	var err error
	if m.paths, err = newGlobs(f.Paths); err != nil {
		return nil, err
	}
	if m.notPaths, err = newGlobs(f.NotPaths); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *matcher) match(d *index.Info) bool {
	matches := func(g glob) bool { return g.match(d.Path) }
	if len(m.paths) > 0 && !slices.ContainsFunc(m.paths, matches) || slices.ContainsFunc(m.notPaths, matches) {
		return false
	}
	if len(m.Types) > 0 && !slices.Contains(m.Types, d.Type) {
		return false
	}
	for k, want := range m.Metadata {
		if have, ok := d.Metadata[k]; !ok || have != want {
			return false
		}
	}
	return (m.After.IsZero() || !d.Modified.Before(m.After)) && (m.Before.IsZero() || d.Modified.Before(m.Before))
}

// glob is a path pattern as index.Filter describes it.
type glob struct {
	pattern string
	base    bool // matches the last element only
}

func newGlobs(patterns []string) ([]glob, error) {
	globs := make([]glob, len(patterns))
	for i, p := range patterns {
		if !doublestar.ValidatePattern(p) {
			return nil, fmt.Errorf("path pattern %q is malformed", p)
		}
		switch {
		case !strings.Contains(p, "/"):
			globs[i] = glob{p, true}
		case strings.HasPrefix(p, "/"):
			globs[i] = glob{p, false}
		default:
			globs[i] = glob{"**/" + p, false}
		}
	}
	return globs, nil
}

func (g glob) match(path string) bool {
	if g.base {
		path = path[strings.LastIndexByte(path, '/')+1:]
	} else if !strings.HasPrefix(path, "/") && strings.HasPrefix(g.pattern, "/") {
		path = "/" + path
	}
	return doublestar.MatchUnvalidated(g.pattern, path)
}
