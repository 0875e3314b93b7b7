package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/albert-search/albert-search/index"
)

// Verify reads every file of the generation that a Store opened for reading
// shows and compares it with the checksums in the manifest. Opening checks
// sizes and what is read whole anyway; Verify finds a flipped bit in vectors
// and postings too. All files that differ are named in the error.
func (s *Store) Verify(ctx context.Context) error {
	s.mu.Lock()
	m := s.manifest
	s.mu.Unlock()
	var errs []error
	for _, f := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(s.dir, genName(m.Generation), filepath.FromSlash(f.Name))
		size, crc, err := sumFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if cur, cerr := readCurrent(s.dir); cerr == nil && cur.generation > m.Generation {
				return fmt.Errorf("verifying generation %d: a writer has replaced it: %w", m.Generation, index.ErrNotFound)
			}
			errs = append(errs, damaged(path, "is missing"))
		case err != nil:
			errs = append(errs, err)
		case size != f.Size || crc != f.CRC32C:
			errs = append(errs, damaged(path, "has another checksum than the manifest says"))
		}
	}
	return errors.Join(errs...)
}
