package index

import (
	"errors"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/internal/errkind"
)

// Schemes opens Backends by address. An address is SCHEME:REST, where a scheme has
// two letters or more, so that no drive of a path is taken for one. The scheme ""
// is that of addresses without one: paths.
type Schemes map[string]func(rest string) (Backend, error)

// Open returns the Backend of an address. A path may have a colon: what looks like
// a scheme and is none of these belongs to it, if there is a scheme "".
func (s Schemes) Open(address string) (Backend, error) {
	if address == "" {
		return nil, errkind.New(errkind.Usage, "no index given")
	}
	if scheme, rest, ok := strings.Cut(address, ":"); ok && len(scheme) > 1 {
		if open := s[scheme]; open != nil {
			return open(rest)
		}
	}
	if open := s[""]; open != nil {
		return open(address)
	}
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name+":")
	}
	slices.Sort(names)
	return nil, errkind.Errorf(errkind.Usage, "index %q: addresses begin with one of %s: %w", address, strings.Join(names, ", "), errors.ErrUnsupported)
}
