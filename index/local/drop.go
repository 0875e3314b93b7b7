package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/albert-search/albert-search/index"
)

// Drop deletes the index in dir, damaged or not, and the folder if nothing
// else is in it. While a writer has the index it returns a *LockedError.
func Drop(ctx context.Context, dir string) (err error) {
	if _, err := readCurrent(dir); err != nil && !errors.Is(err, index.ErrDamaged) {
		return err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("delete index: %w", err)
	}
	// Without CURRENT it is no index any more, however far the rest gets.
	if err := os.Remove(filepath.Join(dir, currentName)); err != nil {
		return fmt.Errorf("delete index: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("delete index: %w", err)
	}
	foreign := false
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), tmpSuffix)
		_, isGen := parseGen(name)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case isGen || name == workName || name == lockName || name == currentName:
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("delete index: %w", err)
			}
		default:
			foreign = true
		}
	}
	if foreign {
		return nil
	}
	if err := os.Remove(dir); err != nil {
		return fmt.Errorf("delete index: %w", err)
	}
	return nil
}
