//go:build unix

package local

import (
	"errors"
	"os"
)

// syncDir makes the entries of a folder durable: without it a rename or a new
// file may be gone after a loss of power although its content was synced.
func syncDir(path string) (err error) {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Sync()
}
