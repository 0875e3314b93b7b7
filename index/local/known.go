package local

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// knownFiles are files of Bleve that a Backend has compared with their checksums.
// Bleve (zapx 17) takes lengths from a segment as they stand there and
// allocates by them, tens of gigabytes where a byte has changed: none is opened
// before it was read once. A file of one name never changes, so that of a newer
// generation only what is new is read.
type knownFiles struct {
	mu   sync.Mutex
	sums map[string]fileSum
}

// verify reads the postings of a generation that are not known yet, on all
// processors, unless ctx ends.
func (k *knownFiles) verify(ctx context.Context, gen string, m *manifest) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := make(map[string]fileSum)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range m.Files {
		if path.Ext(f.Name) != ".zap" {
			continue
		}
		now[f.Name] = f
		if k.sums[f.Name] == f {
			continue
		}
		g.Go(func() error {
			file := filepath.Join(gen, filepath.FromSlash(f.Name))
			size, crc, err := sumFileContext(ctx, file)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return unreadable(file, err)
			case err != nil:
				return err
			case size != f.Size || crc != f.CRC32C:
				return disk.Damaged(file, "has another checksum than the manifest says")
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	k.sums = now
	return nil
}

// all returns a copy of what is known.
func (k *knownFiles) all() map[string]fileSum {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.sums)
}
