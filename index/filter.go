package index

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/text/unicode/norm"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/internal/errkind"
)

// IsZero tells whether the filter lets all documents pass.
func (f Filter) IsZero() bool {
	return len(f.Paths)+len(f.NotPaths)+len(f.Types)+len(f.Languages)+len(f.Metadata) == 0 && f.After.IsZero() && f.Before.IsZero() &&
		f.PassageMatcher() == nil
}

// PassageMatcher returns the function that reports whether a passage passes the
// conditions on passages; nil if there are none.
func (f Filter) PassageMatcher() func(*Passage) bool {
	if len(f.Annotated)+len(f.Unannotated) == 0 {
		return nil
	}
	return func(p *Passage) bool {
		for kind, value := range f.Annotated {
			if !slices.ContainsFunc(p.Annotations, func(a document.Annotation) bool {
				return a.Kind == kind && (value == "" || a.Value == value)
			}) {
				return false
			}
		}
		return len(f.Unannotated) == 0 ||
			slices.ContainsFunc(f.Unannotated, func(kind string) bool { return !slices.Contains(p.Annotated, kind) })
	}
}

// Matcher returns the function that reports whether a document passes the
// conditions on documents. A malformed glob is an error.
func (f Filter) Matcher() (func(*Info) bool, error) {
	paths, err := newGlobs(f.Paths)
	if err != nil {
		return nil, err
	}
	notPaths, err := newGlobs(f.NotPaths)
	if err != nil {
		return nil, err
	}
	named := func(d *Info) bool {
		// A name is the same whether its accents are letters of their own or not.
		path, id := norm.NFC.String(d.Path), norm.NFC.String(d.ID)
		// A record of a file has an ID of its own, by which it can be named.
		matches := func(g glob) bool { return g.match(path) || id != path && g.match(id) }
		return (len(paths) == 0 || slices.ContainsFunc(paths, matches)) && !slices.ContainsFunc(notPaths, matches)
	}
	return func(d *Info) bool {
		if len(paths)+len(notPaths) > 0 && !named(d) {
			return false
		}
		if len(f.Types) > 0 && !slices.Contains(f.Types, d.Type) {
			return false
		}
		if len(f.Languages) > 0 && !slices.ContainsFunc(f.Languages, func(tag string) bool { return isOf(d.Language, tag) }) {
			return false
		}
		for k, want := range f.Metadata {
			if have, ok := d.Metadata[k]; !ok || have != want {
				return false
			}
		}
		if d.Modified.IsZero() {
			return f.After.IsZero() && f.Before.IsZero()
		}
		return (f.After.IsZero() || !d.Modified.Before(f.After)) && (f.Before.IsZero() || d.Modified.Before(f.Before))
	}, nil
}

// isOf reports whether a language is the one of the tag, or one more special.
func isOf(language, tag string) bool {
	return strings.EqualFold(language, tag) ||
		tag != "" && len(language) > len(tag) && language[len(tag)] == '-' && strings.EqualFold(language[:len(tag)], tag)
}

// glob is a path pattern as Filter describes it.
type glob struct {
	pattern string
	base    bool // matches the last element only
}

func newGlobs(patterns []string) ([]glob, error) {
	var globs []glob
	for _, given := range patterns {
		p := norm.NFC.String(given)
		for strings.HasPrefix(p, "./") {
			p = strings.TrimLeft(p[1:], "/")
		}
		if p == "" || p == "." || !doublestar.ValidatePattern(p) {
			return nil, errkind.Errorf(errkind.Usage, "path pattern %q is malformed", given)
		}
		globs = append(globs, newGlob(p))
		if strings.ContainsAny(p, "[{") && !strings.Contains(p, `\`) {
			// Brackets may be part of a name.
			literal := strings.NewReplacer("[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`)
			globs = append(globs, newGlob(literal.Replace(p)))
		}
	}
	return globs, nil
}

func newGlob(p string) glob {
	whole := p
	if !strings.HasPrefix(p, "/") {
		whole = "**/" + p
	}
	folder := strings.TrimRight(whole, "/")
	switch last := strings.ReplaceAll(folder[strings.LastIndexByte(folder, '/')+1:], `\[`, ""); {
	case folder != whole:
		return glob{folder + "/**/*", false}
	case !strings.ContainsAny(last, "*?["):
		return glob{whole + "/**", false} // matches what has that name, too
	case !strings.Contains(p, "/"):
		return glob{p, true}
	}
	return glob{whole, false}
}

func (g glob) match(path string) bool {
	if g.base {
		path = path[strings.LastIndexByte(path, '/')+1:]
	} else if !strings.HasPrefix(path, "/") && strings.HasPrefix(g.pattern, "/") {
		path = "/" + path
	}
	return doublestar.MatchUnvalidated(g.pattern, path)
}

// FieldValue returns the function that reads a field of a document, as
// Snapshot.Counts names it. It returns false for a document without the field.
func FieldValue(field string) (func(*Info) (string, bool), error) {
	switch field {
	case "type":
		return func(d *Info) (string, bool) { return d.Type, true }, nil
	case "language":
		return func(d *Info) (string, bool) { return d.Language, true }, nil
	case "state":
		return func(d *Info) (string, bool) { return d.State.String(), true }, nil
	}
	key, ok := strings.CutPrefix(field, "meta.")
	if !ok || key == "" {
		return nil, errkind.Errorf(errkind.Usage, "unknown field %q: fields are type, language, state, meta.KEY", field)
	}
	return func(d *Info) (string, bool) { v, ok := d.Metadata[key]; return v, ok }, nil
}
