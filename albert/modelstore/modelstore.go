// Package modelstore keeps the models that a user brings: a folder with one
// folder for each, which holds the model in the layout that package albert
// reads, and a record of where it comes from and what it is good for.
//
// A model appears in the store whole or not at all: it is made in a folder of
// its own and renamed when it is complete. One process at a time changes the
// store.
package modelstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/internal/sbert"
	"github.com/albert-search/albert-search/internal/durable"
	"github.com/albert-search/albert-search/internal/errkind"
)

// Errors that callers tell apart.
var (
	// ErrUnknown is the error for a model that is not in the store.
	ErrUnknown = errkind.New(errkind.NoModel, "there is no such model")
	// ErrExists is the error of bringing a model under a name that is taken.
	ErrExists = errkind.New(errkind.ModelExists, "there is a model of that name already")
	// ErrBusy is the error of changing a store that another process changes.
	ErrBusy = errors.New("another process is changing the models")
	// ErrDamaged is the error for a model whose files are not what they were.
	ErrDamaged = errkind.New(errkind.ModelDamaged, "the model is damaged")
	// ErrRole is the error of choosing a model for a role that it cannot have.
	ErrRole = errors.New("no model for the role")
	// ErrUnsupported is the error of importing a model of sentence-transformers
	// that computes something else than can be computed here.
	ErrUnsupported = sbert.ErrUnsupported
)

// Builtin is the name of the models that are part of the program. No model in
// a store has it.
const Builtin = "builtin"

const (
	recordFile = "albert-search.json"
	choiceFile = "choice.json"
	lockFile   = ".lock"
	// tempPrefix begins the names of folders of models that are being made.
	tempPrefix = ".new-"
	// downloads is the folder of what is being downloaded.
	downloads = ".downloads"
)

// Store is a folder of models. The zero value is of no use: see Open.
type Store struct{ dir string }

// Open returns the store in the folder dir, which need not exist yet.
func Open(dir string) *Store { return &Store{dir} }

// Dir is the folder of the store.
func (s *Store) Dir() string { return s.dir }

// Record describes a model in the store.
type Record struct {
	// Format is the version of this record.
	Format int    `json:"format"`
	Name   string `json:"name"`
	// ID is albert.Model.ID of the model as it is stored.
	ID string `json:"id"`
	// Source is the folder or the hub's model that it comes from, Revision the
	// hub's commit.
	Source   string    `json:"source"`
	Revision string    `json:"revision,omitempty"`
	Imported time.Time `json:"imported"`
	// Architecture is the class that saved the model, Converted the kind of
	// model if it was no ALBERT.
	Architecture string `json:"architecture,omitempty"`
	Converted    string `json:"converted,omitempty"`
	// Precision is "int8" or "fp32".
	Precision string `json:"precision"`
	// Uses are what the model was made for, as far as its weights say:
	// "embedder", "reader", "relevance", "classifier", "tagger".
	Uses []string `json:"uses"`
	// Roles are those that the model can have. The records of older programs
	// lack them: see Capability.
	Roles []Capability `json:"roles,omitempty"`
	// Languages are those that its card names, as BCP 47 tags.
	Languages []string `json:"languages,omitempty"`
	// Pooling and Window are settings of embedders; empty and 0 where nothing
	// says them.
	Pooling string `json:"pooling,omitempty"`
	Window  int    `json:"window,omitempty"`

	Parameters int64 `json:"parameters"`
	Layers     int   `json:"layers"`
	Groups     int   `json:"groups"`
	Hidden     int   `json:"hidden_size"`
	Embedding  int   `json:"embedding_size"`
	Vocab      int   `json:"vocab_size"`
	Positions  int   `json:"positions"`
	// Notes are what the user should know.
	Notes []string `json:"notes,omitempty"`
	Files []File   `json:"files"`
}

// File is a file of a model, by its slash-separated name.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Size is the number of bytes of all files.
func (r *Record) Size() int64 {
	var n int64
	for _, f := range r.Files {
		n += f.Size
	}
	return n
}

// recordFormat is the version of records that this package writes.
const recordFormat = 1

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// CheckName makes sure that a model can have the name.
func CheckName(name string) error {
	switch {
	case strings.EqualFold(name, Builtin):
		return fmt.Errorf("%q is the name of the models in the program; take another", name)
	case strings.EqualFold(name, choiceFile), strings.EqualFold(name, choiceFile+durable.TempSuffix):
		return fmt.Errorf("%q is the name of a file among the models; take another", name)
	case !validName.MatchString(name):
		return fmt.Errorf("%q cannot be the name of a model: use letters, digits, and within it -, _ and . (at most 100)", name)
	}
	return nil
}

// Files are the files of a model in the store.
func (s *Store) Files(name string) fs.FS { return os.DirFS(filepath.Join(s.dir, name)) }

// checkKept makes sure that a store can have a model of the name.
func (s *Store) checkKept(name string) error {
	if name == Builtin {
		return fmt.Errorf("%w in %s: %q stands for those that are part of the program", ErrUnknown, s.dir, name)
	}
	return CheckName(name)
}

// Get returns the record of a model. The error is ErrUnknown if there is none.
func (s *Store) Get(name string) (*Record, error) {
	if err := s.checkKept(name); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(s.dir, name, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %q is not in %s", ErrUnknown, name, s.dir)
	}
	if err != nil {
		return nil, err
	}
	r, err := parseRecord(text, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(s.dir, name, recordFile), err)
	}
	return r, nil
}

func parseRecord(text []byte, name string) (*Record, error) {
	r := new(Record)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if r.Format > recordFormat {
		return nil, fmt.Errorf("the record has format %d, this program reads up to %d: use a newer albert-search", r.Format, recordFormat)
	}
	if r.Format < 1 || r.Name != name {
		return nil, fmt.Errorf("%w: the record is of %q", ErrDamaged, r.Name)
	}
	for _, f := range r.Files {
		if !fs.ValidPath(f.Name) || strings.ContainsAny(f.Name, `\:`) || f.Size < 0 {
			return nil, fmt.Errorf("%w: the record names a file %q", ErrDamaged, f.Name)
		}
	}
	return r, nil
}

// Names returns the names of all models, those with a damaged record too.
func (s *Store) Names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(s.dir, e.Name(), recordFile)); err == nil && CheckName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove deletes models, none unless all are there. A role that one of them had
// goes to Builtin; those roles are returned.
func (s *Store) Remove(ctx context.Context, names ...string) (roles []albert.Role, err error) {
	err = s.change(ctx, func() error {
		for _, name := range names {
			if err := s.checkKept(name); err != nil {
				return err
			}
			// Not Get: a damaged model can be removed as well.
			if _, err := os.Stat(filepath.Join(s.dir, name, recordFile)); err != nil {
				return fmt.Errorf("%w: %q is not in %s", ErrUnknown, name, s.dir)
			}
		}
		c, err := s.Choice()
		if err != nil {
			return err
		}
		for _, info := range albert.Roles() {
			if slices.Contains(names, c.Of(info.Role)) {
				roles = append(roles, info.Role)
				c.set(info.Role, Builtin)
			}
		}
		if len(roles) > 0 {
			if err := s.writeChoice(c); err != nil {
				return err
			}
		}
		// Renamed first, so that they are gone at once.
		gone, err := os.MkdirTemp(s.dir, tempPrefix)
		if err != nil {
			return err
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			err = errors.Join(err, os.Rename(filepath.Join(s.dir, name), filepath.Join(gone, name)))
		}
		return errors.Join(err, os.RemoveAll(gone))
	})
	return roles, err
}

// change calls f while no other process changes the store, after removing what
// one that was killed has left.
func (s *Store) change(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the models: %w", err)
	}
	lock := flock.New(filepath.Join(s.dir, lockFile))
	ok, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", s.dir, err)
	}
	if !ok {
		return fmt.Errorf("%w in %s; wait for it", ErrBusy, s.dir)
	}
	err = s.clean()
	if err == nil {
		err = f()
	}
	return errors.Join(err, lock.Unlock())
}

// clean removes folders of models that were never completed.
func (s *Store) clean() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
