package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	pathpkg "path"
	"path/filepath"
	"strings"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// formatVersion is the version of everything that docs/format.md describes.
// Its history is there too. Format 1 is read, and brought over by the next
// writer.
const formatVersion = 2

// manifest describes one generation. Opening starts here: what it does not
// name is not part of the generation.
type manifest struct {
	Format     int       `json:"format"`
	Generation uint64    `json:"generation"`
	Created    time.Time `json:"created"`
	// Settings are written as manifestSettings.
	Settings index.Settings `json:"-"`
	// Batch counts the batches; the postings carry the same number.
	Batch uint64 `json:"batch"`
	// Previous is the checksum of the manifest of the generation before, which
	// is kept for a while and has no other.
	Previous uint32 `json:"previous,omitempty"`
	// NextRow, NextDocument and NextFile are the numbers that are handed out
	// next. They only grow, so that a number never means two things.
	NextRow      segment.Row       `json:"next_row"`
	NextDocument segment.DocNumber `json:"next_document"`
	NextFile     uint64            `json:"next_file"`
	// Documents and Passages are what is live, of all states; Vectors is how many
	// of the passages have a vector.
	Documents int `json:"documents"`
	Passages  int `json:"passages"`
	Vectors   int `json:"vectors"`
	// Segments names the segments in ascending order of rows.
	Segments []segmentManifest `json:"segments"`
	// Reembedding is missing when there is none.
	Reembedding *shadowManifest `json:"reembedding,omitempty"`
	// Requires names what a program must know to read or write this index besides
	// the format. This program knows nothing of the kind.
	Requires []string `json:"requires,omitempty"`
	// Files is every file of the generation but the manifest.
	Files []fileSum `json:"files"`
}

// manifestSettings are index.Settings in a manifest.
type manifestSettings struct {
	Embedder     string   `json:"embedder"`
	EmbedderName string   `json:"embedder_name,omitempty"`
	Dim          int      `json:"dim"`
	Languages    []string `json:"languages"`
	SplitTokens  int      `json:"split_tokens"`
}

func settingsOf(s index.Settings) manifestSettings {
	return manifestSettings{s.Embedder, s.EmbedderName, s.Dim, s.Languages.Names(), s.SplitTokens}
}

func (s manifestSettings) settings() index.Settings {
	return index.Settings{Embedder: s.Embedder, EmbedderName: s.EmbedderName, Dim: s.Dim, Languages: index.LanguagesOf(s.Languages...), SplitTokens: s.SplitTokens}
}

// shadowManifest describes the vectors of another embedder in the making.
type shadowManifest struct {
	Embedder string `json:"embedder"`
	Name     string `json:"name,omitempty"`
	Dim      int    `json:"dim"`
	// Passages is how many live passages have such a vector.
	Passages int `json:"passages"`
	// Segments names the segments with these vectors in ascending order of rows.
	Segments []segmentManifest `json:"segments"`
}

// manifestFile is a manifest as it is written.
type manifestFile struct {
	*manifest
	Settings manifestSettings `json:"settings"`
}

// manifestFileV1 is a manifest of format 1.
type manifestFileV1 struct {
	*manifest
	Settings struct {
		Embedder     string
		EmbedderName string
		Dim          int
		Analyzer     string
		SplitTokens  int
		SplitVersion int
	} `json:"settings"`
	NextSegment uint64   `json:"next_segment"`
	Segments    []string `json:"segments"`
	Reembedding *struct {
		Embedder string   `json:"embedder"`
		Name     string   `json:"name"`
		Dim      int      `json:"dim"`
		Passages int      `json:"passages"`
		Segments []string `json:"segments"`
	} `json:"reembedding"`
}

// read makes a manifest of text in the given format. Unless unknown fields are
// allowed, they are an error.
func (m *manifest) read(text []byte, format int, unknown bool) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if !unknown {
		d.DisallowUnknownFields()
	}
	if format != 1 {
		f := manifestFile{manifest: m}
		if err := d.Decode(&f); err != nil {
			return err
		}
		m.Settings = f.Settings.settings()
		return nil
	}
	f := manifestFileV1{manifest: m}
	if err := d.Decode(&f); err != nil {
		return err
	}
	s := f.Settings
	m.Settings = index.Settings{Embedder: s.Embedder, EmbedderName: s.EmbedderName, Dim: s.Dim, Languages: index.Languages(s.Analyzer), SplitTokens: s.SplitTokens}
	m.NextFile, m.Segments = f.NextSegment, segmentsV1(f.Segments)
	if r := f.Reembedding; r != nil {
		m.Reembedding = &shadowManifest{Embedder: r.Embedder, Name: r.Name, Dim: r.Dim, Passages: r.Passages, Segments: segmentsV1(r.Segments)}
	}
	return nil
}

// segmentsV1 are segments by their names; they have their vectors in them.
func segmentsV1(names []string) []segmentManifest {
	list := make([]segmentManifest, 0, len(names))
	for _, name := range names {
		list = append(list, segmentManifest{Name: name})
	}
	return list
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
	if format, requires := formatOf(b); format > formatVersion || len(requires) > 0 {
		return nil, newerFormat(filepath.Dir(gen), format, requires)
	}
	if disk.Sum(b) != want {
		return nil, disk.Damaged(p, "has another checksum than "+currentName+" says")
	}
	return decodeManifest(p, b)
}

// formatOf returns the format of a manifest, 0 if it has none, and what else a
// program must know.
func formatOf(text []byte) (format int, requires []string) {
	var m struct {
		Format   int      `json:"format"`
		Requires []string `json:"requires"`
	}
	if json.Unmarshal(text, &m) != nil {
		return 0, nil
	}
	return m.Format, m.Requires
}

// newerFormat says that a later program wrote the index in dir.
func newerFormat(dir string, format int, requires []string) error {
	what := fmt.Sprintf("format %d, this program reads up to %d", format, formatVersion)
	if format <= formatVersion {
		what = "it needs " + strings.Join(requires, ", ")
	}
	return fmt.Errorf("%s: %w (%s)", dir, index.ErrNewerFormat, what)
}

// decodeManifest reads the text of the manifest at path.
func decodeManifest(path string, text []byte) (*manifest, error) {
	m := new(manifest)
	format, _ := formatOf(text)
	if err := m.read(text, format, true); err != nil {
		return nil, disk.Damaged(path, "does not parse: "+err.Error())
	}
	if m.Format < 1 {
		return nil, disk.Damaged(path, "has no format version")
	}
	for _, f := range m.Files {
		if !fs.ValidPath(f.Name) || pathpkg.Clean(f.Name) != f.Name {
			return nil, disk.Damaged(path, fmt.Sprintf("names a file %q", f.Name))
		}
	}
	return m, nil
}

// readManifest reads a generation's manifest and checks that the files it
// names have the sizes it says, and the small ones the contents. Of the others
// knownFiles reads the postings; vectors and texts, which are most of an index,
// would cost more at every start than most searches: Check reads them.
func readManifest(gen string, want uint32) (*manifest, genFiles, error) {
	m, err := parseManifest(gen, want)
	if err != nil {
		return nil, nil, err
	}
	files := make(genFiles, len(m.Files))
	for _, f := range m.Files {
		file := filepath.Join(gen, filepath.FromSlash(f.Name))
		fi, err := os.Stat(file)
		if err == nil {
			files[f.Name] = genFile{f, fi}
		}
		if isCodes(f.Name) {
			continue // opening the segment looks at them, and does without what is damaged
		}
		if err != nil {
			return nil, nil, unreadable(file, err)
		}
		if fi.Size() != f.Size {
			return nil, nil, disk.Damaged(file, fmt.Sprintf("has %d bytes instead of %d", fi.Size(), f.Size))
		}
		if !immutable(f.Name) { // small, and nothing else checks it
			_, crc, err := sumFile(file)
			if err != nil {
				return nil, nil, unreadable(file, err)
			}
			if crc != f.CRC32C {
				return nil, nil, disk.Damaged(file, "has another checksum than the manifest says")
			}
		}
	}
	return m, files, nil
}

// genFiles are the files of a generation that are there, by name.
type genFiles map[string]genFile

type genFile struct {
	fileSum
	info os.FileInfo
}

// shares reports whether a file of that name in another generation is the same
// one: linked, not merely equal. A repair may have written a damaged file again,
// and whoever has that open must open the new one.
func (f genFiles) shares(other genFiles, name string) bool {
	a, ok := f[name]
	b, too := other[name]
	return ok && too && a.fileSum == b.fileSum && os.SameFile(a.info, b.info)
}

// unreadable is the error for a file of a generation that cannot be read. One
// that is missing is damage, unless a writer has just removed the generation;
// openNewest looks for that.
func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return disk.Damaged(path, "is missing")
	}
	return fmt.Errorf("opening index: %w", err)
}

// encode returns the manifest's text and the checksum for CURRENT.
func (m *manifest) encode() ([]byte, uint32, error) {
	b, err := json.MarshalIndent(manifestFile{m, settingsOf(m.Settings)}, "", "  ")
	if err != nil {
		return nil, 0, err
	}
	b = append(b, '\n')
	return b, disk.Sum(b), nil
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
	fi, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	// Large for speed, and within the cache; most files are small. One byte more
	// than there is sees the end.
	buf := make([]byte, min(max(fi.Size(), 0)+1, 256<<10))
	for {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		n, err := f.Read(buf)
		size += int64(n)
		crc = disk.Update(crc, buf[:n])
		if err == io.EOF {
			return size, crc, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("reading %s: %w", path, err)
		}
	}
}
