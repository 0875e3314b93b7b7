package local

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
	"github.com/albert-search/albert-search/internal/bitcode"
)

// Codes are in a file of their own beside the vectors. They are derived from
// these: without them, or with some that do not belong to the vectors, a search
// compares with every vector, and the next writer makes them.

const (
	codesMagic  = "ALBCOD01"
	codesHeader = 64 // bytes; the centre follows, in a multiple of as many

	// codedRows is the number of vectors from which on a file of them gets codes.
	codedRows = 2048
)

// codesFile is an open file of codes, immutable.
type codesFile struct {
	bitcode.Codes
	rotation *bitcode.Rotation // of vectors of this length
	data     mmap.MMap
}

// vectors is an open file of vectors with its codes.
type vectors struct {
	*segment.Vectors
	codes *codesFile // nil when there are none that can be used
	refs  atomic.Int32
}

// newVectors takes over a reference to a file of vectors and opens the codes that
// are beside it.
func newVectors(file *segment.Vectors) *vectors {
	v := &vectors{Vectors: file}
	v.codes, _ = openCodes(v.codesPath(), file) // or it is searched without
	v.refs.Store(1)
	return v
}

func (v *vectors) retain() { v.refs.Add(1) }

// release closes the files when nobody uses them any more.
func (v *vectors) release() error {
	if v.refs.Add(-1) > 0 {
		return nil
	}
	err := v.Release()
	if v.codes != nil {
		err = errors.Join(err, v.codes.data.Unmap())
		v.codes = nil
	}
	return err
}

// rowSet is a bitmap of the rows that have a vector here.
func (v *vectors) rowSet() *roaring.Bitmap { return rowsOf(v.Rows) }

// codesName returns the name of the codes of a file of vectors.
func codesName(vectors string) string {
	return codesPrefix + strings.TrimPrefix(strings.TrimPrefix(vectors, vecPrefix), segPrefix)
}

// isCodes reports whether a file of a generation has codes.
func isCodes(name string) bool { return strings.HasPrefix(name, codesPrefix) }

func (v *vectors) codesPath() string { return filepath.Join(filepath.Dir(v.Path), codesName(v.Name)) }

// encodeCodes makes the codes of vectors.
func encodeCodes(v *segment.Vectors) *bitcode.Codes { return bitcode.Encode(v.Dim, len(v.Rows), v.At) }

// makeCodes writes the codes of vectors that have none, and opens them. They
// are on the disk when a generation with them is published.
func (v *vectors) makeCodes() error {
	path := v.codesPath()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeCodes(path, encodeCodes(v.Vectors), v.Sum); err != nil {
		return err
	}
	var err error
	v.codes, err = openCodes(path, v.Vectors)
	return err
}

// writeCodes writes codes of vectors with that checksum.
func writeCodes(path string, c *bitcode.Codes, vectorsCRC uint32) error {
	return disk.Create(path, false, func(file *os.File) error {
		centre := make([]byte, 0, centreBytes(c.Dim))
		for _, x := range c.Centre {
			centre = binary.LittleEndian.AppendUint32(centre, math.Float32bits(x))
		}
		centre = centre[:cap(centre)]
		blocks := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c.Blocks))), 8*len(c.Blocks))
		w := bufio.NewWriterSize(file, 1<<16)
		for _, b := range [][]byte{appendCodesHeader(nil, c, vectorsCRC, disk.Sum(centre), disk.Sum(blocks)), centre, blocks} {
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return w.Flush()
	})
}

// appendCodesHeader encodes the header of a file of codes.
func appendCodesHeader(b []byte, c *bitcode.Codes, vectors, centre, blocks uint32) []byte {
	at := len(b)
	b = append(b, codesMagic...)
	for _, x := range []uint32{bitcode.Version, uint32(c.Dim), uint32(c.Rows), vectors, centre, blocks} {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	b = append(b, make([]byte, codesHeader-4-(len(b)-at))...)
	return binary.LittleEndian.AppendUint32(b, disk.Sum(b[at:]))
}

// centreBytes is what the centre takes in the file.
func centreBytes(dim int) int { return (4*dim + codesHeader - 1) / codesHeader * codesHeader }

// openCodes maps the codes of vectors. An error says that there are none, or
// others than this program makes of these vectors; the checksum of the blocks
// alone is not compared.
func openCodes(path string, v *segment.Vectors) (_ *codesFile, err error) {
	c := &codesFile{Codes: bitcode.Codes{Dim: v.Dim, Rows: len(v.Rows)}, rotation: bitcode.NewRotation(v.Dim)}
	words := bitcode.Blocks(c.Rows) * bitcode.BlockWords(c.Dim)
	start := codesHeader + centreBytes(c.Dim)
	size := int64(start) + 8*int64(words)
	if c.data, err = disk.MapIf(path, func(n int64) bool { return n == size }); err != nil {
		return nil, err
	}
	centre := c.data[codesHeader:start]
	blocksCRC := binary.LittleEndian.Uint32(c.data[28:])
	if string(c.data[:codesHeader]) != string(appendCodesHeader(nil, &c.Codes, v.Sum, disk.Sum(centre), blocksCRC)) {
		return nil, errors.Join(damagedCodes(path, "does not belong to the vectors of "+v.Name), c.data.Unmap())
	}
	c.Centre = unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(centre))), c.Dim)
	c.Blocks = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(c.data[start:]))), words)
	return c, nil
}

// damagedCodes says that codes are not what was written.
func damagedCodes(path, what string) error {
	return fmt.Errorf("%s: %w: it %s; searches do without it until a repair makes it again", path, index.ErrDamaged, what)
}

// lacksCodes reports whether vectors have none although they are to have them
// from so many on.
func (v *vectors) lacksCodes(rows int) bool { return v.codes == nil && len(v.Rows) >= rows }

// lacksCodes reports whether vectors of the segment lack them.
func (s *segReader) lacksCodes(rows int) bool {
	return slices.ContainsFunc(s.vecs, func(v *vectors) bool { return v.lacksCodes(rows) })
}

// ensureCodes makes the codes that vectors of the writer's lack. It reports
// whether there were any.
func (w *writer) ensureCodes(ctx context.Context, files ...*vectors) (made bool, err error) {
	for _, v := range files {
		if !v.lacksCodes(cmp.Or(w.codedRows, codedRows)) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return made, err
		}
		if err := v.makeCodes(); err != nil {
			return made, err
		}
		delete(w.sums, codesName(v.Name)) // of the file that is replaced
		made = true
	}
	return made, nil
}

// link makes all files of a segment appear in another folder.
func (s *segReader) link(dir string) error {
	for path := range s.files() {
		if err := linkFile(path, filepath.Join(dir, filepath.Base(path))); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the files of a segment from the writer's folder. Generations
// that have them keep links of their own, views their mapping; what cannot be
// removed now goes with the folder.
func (s *segReader) remove() {
	for path := range s.files() {
		os.Remove(path)
	}
}

// compareCodes says what is wrong with the codes of vectors, if anything.
func (v *vectors) compareCodes() string {
	want := encodeCodes(v.Vectors)
	if slices.Equal(want.Centre, v.codes.Centre) && slices.Equal(want.Blocks, v.codes.Blocks) {
		return ""
	}
	return "has other codes than the vectors of " + v.Name + " give"
}
