package modelstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/internal/durable"
)

// Choice is which models are used, by role. The zero value is the built-in ones
// for all.
type Choice struct {
	names map[albert.Role]string
	// other is what a newer program has chosen for roles that this one does not
	// know. It is kept.
	other map[string]json.RawMessage
}

// Of is the name of the model used in a role.
func (c Choice) Of(r albert.Role) string {
	if name := c.names[r]; name != "" {
		return name
	}
	return Builtin
}

func (c *Choice) set(r albert.Role, name string) {
	names := maps.Clone(c.names)
	if names == nil {
		names = map[albert.Role]string{}
	}
	names[r] = name
	c.names = names
}

// MarshalJSON gives the names of all models that are not built in, by role.
func (c Choice) MarshalJSON() ([]byte, error) {
	all := map[string]any{}
	for name, v := range c.other {
		all[name] = v
	}
	for role, name := range c.names {
		if name != "" && name != Builtin {
			all[string(role)] = name
		}
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON gives.
func (c *Choice) UnmarshalJSON(text []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*c = Choice{names: map[albert.Role]string{}, other: map[string]json.RawMessage{}}
	for key, v := range all {
		if _, known := albert.Role(key).Info(); !known {
			c.other[key] = v
			continue
		}
		var name string
		if err := json.Unmarshal(v, &name); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		c.names[albert.Role(key)] = name
	}
	return nil
}

// Choice returns what Use has chosen.
func (s *Store) Choice() (Choice, error) {
	var c Choice
	file := filepath.Join(s.dir, choiceFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, fmt.Errorf("read which models are used: %s: %w; remove the file to use the built-in models", file, err)
	}
	return c, nil
}

// Use makes a model, or Builtin, the one for a role. The error is ErrRole if no
// model can be chosen for the role, or this one lacks what it takes.
func (s *Store) Use(ctx context.Context, role albert.Role, name string) error {
	if err := s.CheckUse(role, name); err != nil {
		return err
	}
	return s.change(ctx, func() error {
		c, err := s.Choice()
		if err != nil {
			return err
		}
		c.set(role, name)
		return s.writeChoice(c)
	})
}

// CheckUse returns the error that Use has for the role and the model.
func (s *Store) CheckUse(role albert.Role, name string) error {
	info, ok := role.Info()
	switch {
	case !ok:
		return roleErrorf("%q is no role of a model", role)
	case !info.Chosen:
		return roleErrorf("nothing uses a %s yet", role)
	case name == Builtin:
		return nil
	}
	r, err := s.Get(name)
	if err != nil {
		return err
	}
	if _, ok := r.Capability(role); !ok {
		return roleErrorf("%s cannot be a %s: it has no %s; it is for: %s", name, role, info.Lacks, strings.Join(r.Uses, ", "))
	}
	return nil
}

// roleError has the kind ErrRole.
type roleError string

func roleErrorf(format string, args ...any) error { return roleError(fmt.Sprintf(format, args...)) }

func (e roleError) Error() string        { return string(e) }
func (e roleError) Is(target error) bool { return target == ErrRole }

func (s *Store) writeChoice(c Choice) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	// On a full disk the choice stays what it was.
	return durable.FS{}.Replace(filepath.Join(s.dir, choiceFile), append(text, '\n'), 0o644)
}
