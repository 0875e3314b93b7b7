package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// matchText is the text that the keywords of a passage were taken from.
func matchText(o index.CheckOptions, text string) string {
	if o.Normalize == nil {
		return text
	}
	if m := o.Normalize(text); m != "" {
		return m
	}
	return text
}

// Check compares everything in the index in dir with everything it can be
// compared with: files with their checksums, counts with what is counted,
// passages with their checksums, codes with vectors, and the postings with the
// words of the passages. It writes nothing and takes no lock; what a writer
// publishes meanwhile makes it begin again.
//
// The error says that there was nothing to check or that it could not be read;
// what is wrong with the index is in the report.
func Check(ctx context.Context, dir string, o index.CheckOptions) (*index.CheckReport, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for range checkRounds {
		before, _ := readCurrent(dir)
		c := &checker{ctx: ctx, dir: dir, o: o, report: new(index.CheckReport)}
		if err := c.check(); err != nil {
			return nil, err
		}
		if now, _ := readCurrent(dir); now == before || len(c.report.Problems) == 0 {
			return c.report, nil
		}
	}
	return nil, fmt.Errorf("check %s: a writer publishes faster than it can be read; check it again when the writer is done", dir)
}

// checkRounds is how often Check begins.
const checkRounds = 5

// checker is one run of Check.
type checker struct {
	ctx    context.Context
	dir    string
	o      index.CheckOptions
	report *index.CheckReport
	total  int64
	// summed has the files that were compared with their checksum, by name, so
	// that a file which is linked into two generations is read once.
	summed map[string][]os.FileInfo
}

// problem notes that the file at path is not as it should be.
func (c *checker) problem(path, format string, args ...any) {
	rel, err := filepath.Rel(c.dir, path)
	if err != nil {
		rel = path
	}
	p := index.Problem{Path: filepath.ToSlash(rel), What: fmt.Sprintf(format, args...)}
	if !slices.Contains(c.report.Problems, p) {
		c.report.Problems = append(c.report.Problems, p)
	}
}

func (c *checker) check() error {
	c.summed = make(map[string][]os.FileInfo)
	cur, err := readCurrent(c.dir)
	switch {
	case errors.Is(err, index.ErrDamaged):
		c.problem(filepath.Join(c.dir, currentName), "%s", plainDamage(err))
	case err != nil:
		return err
	}
	generations, err := c.entries(cur)
	if err != nil {
		return err
	}
	c.report.Generation = cur.generation
	if cur.generation == 0 {
		return nil // no manifest can be trusted
	}
	newest := filepath.Join(c.dir, genName(cur.generation))
	m, err := c.manifest(newest, cur.manifest)
	if err != nil {
		return err
	}
	c.total = size(m)
	previous, err := c.previous(generations, cur.generation, m)
	if err != nil {
		return err
	}
	c.total += size(previous)
	sound := c.files(newest, m)
	if previous != nil {
		c.files(filepath.Join(c.dir, genName(cur.generation-1)), previous)
	}
	if err := c.ctx.Err(); err != nil || m == nil {
		return err
	}
	return c.contents(newest, cur.manifest, m, sound)
}

// entries looks for what does not belong in the folder and returns the numbers
// of the generations.
func (c *checker) entries(cur current) ([]uint64, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, fmt.Errorf("check index: %w", err)
	}
	var generations []uint64
	for _, e := range entries {
		name := e.Name()
		n, isGen := parseGen(name)
		_, isTmp := parseGen(strings.TrimSuffix(name, tmpSuffix))
		switch {
		case name == lockName, name == currentName:
		case isGen && (n == cur.generation || n+1 == cur.generation || cur.generation == 0):
			generations = append(generations, n)
		case isGen && n > cur.generation+1:
			c.problem(filepath.Join(c.dir, name), "is no generation of this index")
		case isGen, isTmp, name == workName, name == currentName+tmpSuffix:
			c.report.Leftovers = append(c.report.Leftovers, name)
		default:
			c.problem(filepath.Join(c.dir, name), "is no part of an index")
		}
	}
	return generations, nil
}

// manifest reads the manifest of a generation, nil if it cannot be trusted.
// Unlike readManifest it says of all files what is wrong with them, later. The
// error says that a later program wrote it.
func (c *checker) manifest(gen string, sum uint32) (*manifest, error) {
	m, err := parseManifest(gen, sum)
	if errors.Is(err, index.ErrNewerFormat) {
		return nil, err
	}
	if err != nil {
		c.problem(filepath.Join(gen, manifestName), "%s", plainDamage(err))
		return nil, nil
	}
	return m, nil
}

// previous returns the manifest of the generation before the newest, which is
// kept for readers that have just read CURRENT; nil if there is none. The
// newest has its checksum.
func (c *checker) previous(generations []uint64, newest uint64, m *manifest) (*manifest, error) {
	if newest < 2 || !slices.Contains(generations, newest-1) || m == nil || m.Previous == 0 {
		return nil, nil
	}
	return c.manifest(filepath.Join(c.dir, genName(newest-1)), m.Previous)
}

// files compares the files of a generation with its manifest and tells whether
// they are what it says.
func (c *checker) files(gen string, m *manifest) bool {
	if m == nil {
		return false
	}
	before := len(c.report.Problems)
	named := map[string]bool{manifestName: true}
	for _, f := range m.Files {
		named[f.Name] = true
		if c.ctx.Err() != nil {
			return false
		}
		c.file(filepath.Join(gen, filepath.FromSlash(f.Name)), f)
	}
	for _, sub := range []string{"", postingsName} {
		entries, err := os.ReadDir(filepath.Join(gen, sub))
		if err != nil {
			c.problem(filepath.Join(gen, sub), "cannot be read: %v", err)
		}
		for _, e := range entries {
			name := path.Join(sub, e.Name())
			if named[name] || name == postingsName && e.IsDir() {
				continue
			}
			c.problem(filepath.Join(gen, filepath.FromSlash(name)), "is not named by the manifest")
		}
	}
	return len(c.report.Problems) == before
}

// file compares a file with what the manifest says of it.
func (c *checker) file(path string, want fileSum) {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.problem(path, "is missing")
		return
	case err != nil:
		c.problem(path, "cannot be read: %v", err)
		return
	case fi.Size() != want.Size:
		c.problem(path, "has %d bytes instead of %d", fi.Size(), want.Size)
		return
	}
	if slices.ContainsFunc(c.summed[want.Name], func(seen os.FileInfo) bool { return os.SameFile(seen, fi) }) {
		c.advance(0, want.Size)
		return
	}
	c.summed[want.Name] = append(c.summed[want.Name], fi)
	_, crc, err := sumFile(path)
	switch {
	case err != nil:
		c.problem(path, "cannot be read: %v", err)
	case crc != want.CRC32C:
		c.problem(path, "has another checksum than the manifest says")
	}
	c.report.Files++
	c.advance(want.Size, 0)
}

// advance counts bytes that were read, and bytes that need not be read.
func (c *checker) advance(read, spared int64) {
	c.report.Bytes += read
	c.total -= spared
	if c.o.Progress != nil {
		c.o.Progress(c.report.Bytes, c.total)
	}
}

func size(m *manifest) int64 {
	if m == nil {
		return 0
	}
	return m.bytes()
}

// contents compares the parts of the newest generation with each other.
func (c *checker) contents(gen string, sum uint32, m *manifest, sound bool) (err error) {
	defer catchFault(&err)()
	for _, m := range slices.Concat(m.Segments, m.shadowSegments()) {
		c.segment(gen, m)
	}
	g, err := openGeneration(c.ctx, gen, sum, openOptions{readOnly: true, known: new(knownFiles)})
	if err != nil {
		if sound { // otherwise the file is named already
			c.problem(gen, "cannot be opened: %s", plainDamage(err))
		}
		return c.ctx.Err()
	}
	defer g.close()
	c.report.Documents, c.report.Passages = g.view.stats.Documents, g.view.stats.Passages
	if err := c.postings(filepath.Join(gen, postingsName), g.view); err != nil {
		return err
	}
	return c.ctx.Err()
}

// damage notes damage of the file that err names, or of that at path.
func (c *checker) damage(path string, err error) {
	if d := new(disk.DamageError); errors.As(err, &d) {
		path = d.Path
	}
	c.problem(path, "%s", plainDamage(err))
}

// segment checks what is inside of a segment.
func (c *checker) segment(gen string, m segmentManifest) {
	path := filepath.Join(gen, filepath.Base(m.Name))
	var fault error
	defer func() {
		if fault != nil {
			c.damage(path, fault)
		}
	}()
	defer catchFault(&fault)()
	s, err := openSegReader(gen, m)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.damage(path, err)
		}
		return
	}
	defer s.release()
	for i := range s.Rows() {
		if i%1024 == 0 && c.ctx.Err() != nil {
			return
		}
		if _, err := s.passage(segment.Position(i)); err != nil {
			c.damage(path, err)
		}
	}
	for _, v := range s.vecs {
		for i, row := range v.Rows {
			if i%1024 == 0 && c.ctx.Err() != nil {
				return
			}
			if err := index.ValidateVector(v.At(i), v.Dim); err != nil {
				c.problem(v.Path, "has a %v for passage %d", err, row)
			}
		}
		if v.codes != nil {
			if what := v.compareCodes(); what != "" {
				c.problem(v.codesPath(), "%s", what)
			}
		}
	}
}

// shadowSegments are the segments of an unfinished re-embedding.
func (m *manifest) shadowSegments() []segmentManifest {
	if m.Reembedding == nil {
		return nil
	}
	return m.Reembedding.Segments
}

// plainDamage is what an error of damage says is wrong, without the name of the
// file and the advice.
func plainDamage(err error) string {
	var d *disk.DamageError
	if errors.As(err, &d) {
		return d.What
	}
	return err.Error()
}
