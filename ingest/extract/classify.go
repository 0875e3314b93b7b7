package extract

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// registry finds formats.
type registry struct {
	formats []Format
	names   map[string]*Format // by file name
	exts    map[string]*Format
}

// newRegistry panics when two formats claim the same name or file name, or one
// cannot be read: the list of formats is part of the program.
func newRegistry(formats []Format) *registry {
	r := &registry{formats: slices.Clone(formats), names: map[string]*Format{}, exts: map[string]*Format{}}
	types := map[string]*Format{}
	claim := func(m map[string]*Format, key string, f *Format) {
		if other := m[key]; other != nil {
			panic(fmt.Sprintf("extract: formats %s and %s both claim %q", other.Name, f.Name, key))
		}
		m[key] = f
	}
	for i := range r.formats {
		f := &r.formats[i]
		if f.Name == "" || f.Version < 1 || (f.Read == nil) == (f.Open == nil) {
			panic(fmt.Sprintf("extract: format %q needs a name, a version, and one of Read and Open", f.Name))
		}
		claim(types, f.Name, f)
		for _, n := range f.Names {
			claim(r.names, n, f)
		}
		for _, e := range f.Extensions {
			claim(r.exts, e, f)
		}
	}
	return r
}

// named returns the format that a file of that name has, by custom.
func (r *registry) named(name, ext string) *Format {
	if f := r.names[strings.ToLower(name)]; f != nil {
		return f
	}
	return r.exts[ext]
}

func baseName(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }

// classify decides what a file is. Its name says what to expect and its first
// bytes have to agree; without a known name they decide alone.
func (r *registry) classify(in *Input) (*Format, error) {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(in.Name), "."))
	want := r.named(in.Name, ext)
	if want == nil {
		if title := unreadExtensions[ext]; title != "" {
			return nil, &UnsupportedError{Kind: title}
		}
	}
	if in.Size <= 0 {
		return nil, ErrEmpty
	}
	head, err := in.Head(sampleBytes)
	if err != nil {
		return nil, err
	}
	got, other := r.sniff(&Sample{Head: head, in: in}, want)
	switch {
	case want == nil && got == nil:
		return nil, &UnsupportedError{Kind: strings.TrimPrefix(strings.TrimPrefix(other, "an "), "a ")}
	case want == nil || got == want:
		return got, nil
	case want.Text && got != nil && got.Text:
		return want, nil // text of one kind under the name of another is still text
	case want.Text && other == binaryTitle:
		return want, nil // the decoder sees more of it
	case got != nil:
		other = got.Title
	}
	return nil, &MismatchError{Want: want.Title, Got: other}
}

// sniff returns what a file looks like: one of the formats, or something else
// that is not read.
func (r *registry) sniff(s *Sample, want *Format) (f *Format, other string) {
	looksLike := func(text bool) *Format {
		for i := range r.formats {
			f := &r.formats[i]
			s.Named = f == want
			if f.Text == text && f.Sniff != nil && f.Sniff(s) {
				return f
			}
		}
		return nil
	}
	if f := looksLike(false); f != nil {
		return f, ""
	}
	if other := unreadSignature(s); other != "" {
		return nil, other
	}
	if f := looksLike(true); f != nil {
		return f, ""
	}
	// A text of which nothing else is known.
	for i := range r.formats {
		if f := &r.formats[i]; f.Text && f.Sniff == nil {
			return f, ""
		}
	}
	return nil, "a text file"
}
