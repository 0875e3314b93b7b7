package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	pathpkg "path"
	"path/filepath"
	"time"

	"github.com/albert-search/albert-search/index"
)

// formatVersion is the version of everything that docs/format.md describes.
// Its history is there too.
const formatVersion = 1

// manifest describes one generation. Opening starts here: what it does not
// name is not part of the generation.
type manifest struct {
	Format     int            `json:"format"`
	Generation uint64         `json:"generation"`
	Created    time.Time      `json:"created"`
	Settings   index.Settings `json:"settings"`
	// Batch counts the batches; the postings carry the same number.
	Batch uint64 `json:"batch"`
	// Previous is the checksum of the manifest of the generation before, which
	// is kept for a while and has no other.
	Previous uint32 `json:"previous,omitempty"`
	// NextRow, NextDocument and NextSegment are the numbers that are handed
	// out next. They only grow, so that a number never means two things.
	NextRow      uint32 `json:"next_row"`
	NextDocument uint32 `json:"next_document"`
	NextSegment  uint64 `json:"next_segment"`
	// Documents and Passages are what is live, of all states.
	Documents int `json:"documents"`
	Passages  int `json:"passages"`
	// Segments names the segment files in ascending order of rows.
	Segments []string `json:"segments"`
	// Reembedding is missing when there is none.
	Reembedding *shadowManifest `json:"reembedding,omitempty"`
	// Files is every file of the generation but the manifest.
	Files []fileSum `json:"files"`
}

// shadowManifest describes the vectors of another embedder in the making.
type shadowManifest struct {
	Embedder string `json:"embedder"`
	Name     string `json:"name,omitempty"`
	Dim      int    `json:"dim"`
	// Passages is how many live passages have such a vector.
	Passages int `json:"passages"`
	// Segments names the segment files with these vectors in ascending order
	// of rows.
	Segments []string `json:"segments"`
}

// fileSum is a file of a generation by its slash-separated path.
type fileSum struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	CRC32C uint32 `json:"crc32c"`
}

// parseManifest reads a generation's manifest.
func parseManifest(gen string, want uint32) (*manifest, error) {
	p := filepath.Join(gen, manifestName)
	b, err := os.ReadFile(p)
	if err != nil {
		return nil, unreadable(p, err)
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err == nil && version.Format > formatVersion {
		return nil, newerFormat(filepath.Dir(gen), version.Format)
	}
	if crc32.Checksum(b, castagnoli) != want {
		return nil, damaged(p, "has another checksum than "+currentName+" says")
	}
	return decodeManifest(p, b)
}

// newerFormat says that a later program wrote the index in dir.
func newerFormat(dir string, format int) error {
	return fmt.Errorf("%s: %w (format %d, this program reads up to %d)",
		dir, index.ErrNewerFormat, format, formatVersion)
}

// decodeManifest reads the text of the manifest at path.
func decodeManifest(path string, text []byte) (*manifest, error) {
	m := new(manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, damaged(path, "does not parse: "+err.Error())
	}
	if m.Format < 1 {
		return nil, damaged(path, "has no format version")
	}
	for _, f := range m.Files {
		if !fs.ValidPath(f.Name) || pathpkg.Clean(f.Name) != f.Name {
			return nil, damaged(path, fmt.Sprintf("names a file %q", f.Name))
		}
	}
	return m, nil
}

// readManifest reads a generation's manifest and checks that the files it
// names have the sizes it says, and the small ones the contents. Of the others
// knownFiles reads the postings; vectors and texts, which are most of an index,
// would cost more at every start than most searches: Check reads them.
func readManifest(gen string, want uint32) (*manifest, error) {
	m, err := parseManifest(gen, want)
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if isCodes(f.Name) {
			continue // opening the segment looks at them, and does without what is damaged
		}
		file := filepath.Join(gen, filepath.FromSlash(f.Name))
		fi, err := os.Stat(file)
		if err != nil {
			return nil, unreadable(file, err)
		}
		if fi.Size() != f.Size {
			return nil, damaged(file, fmt.Sprintf("has %d bytes instead of %d", fi.Size(), f.Size))
		}
		if !immutable(f.Name) { // small, and nothing else checks it
			_, crc, err := sumFile(file)
			if err != nil {
				return nil, unreadable(file, err)
			}
			if crc != f.CRC32C {
				return nil, damaged(file, "has another checksum than the manifest says")
			}
		}
	}
	return m, nil
}

// unreadable is the error for a file of a generation that cannot be read. One
// that is missing is damage, unless a writer has just removed the generation;
// openNewest looks for that.
func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return damaged(path, "is missing")
	}
	return fmt.Errorf("opening index: %w", err)
}

// encode returns the manifest's text and the checksum for CURRENT.
func (m *manifest) encode() ([]byte, uint32, error) {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, 0, err
	}
	b = append(b, '\n')
	return b, crc32.Checksum(b, castagnoli), nil
}

// bytes is the size of the generation on disk.
func (m *manifest) bytes() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// sumFile returns the size and checksum of a file.
func sumFile(path string) (size int64, crc uint32, err error) {
	return sumFileContext(context.Background(), path)
}

// sumFileContext is sumFile, which ends with ctx's error when ctx does.
func sumFileContext(ctx context.Context, path string) (size int64, crc uint32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	buf := make([]byte, 256<<10) // large for speed, and within the cache
	for {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		n, err := f.Read(buf)
		size += int64(n)
		crc = crc32.Update(crc, castagnoli, buf[:n])
		if err == io.EOF {
			return size, crc, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("reading %s: %w", path, err)
		}
	}
}
