package local

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/bitcode"
)

// Codes are in a file of their own beside the segment. They are derived from
// its vectors: without them, or with some that do not belong to the vectors, a
// search compares with every vector, and the next writer makes them.

const (
	codesMagic  = "ALBCOD01"
	codesHeader = 64 // bytes; the centre follows, in a multiple of as many

	// codedRows is the number of passages from which on a segment gets codes.
	codedRows = 2048
)

// codesFile is an open file of codes, immutable.
type codesFile struct {
	bitcode.Codes
	rotation *bitcode.Rotation // of vectors of this length
	data     mmap.MMap
}

// codesName returns the name of the codes of a segment.
func codesName(seg string) string { return codesPrefix + strings.TrimPrefix(seg, segPrefix) }

// isCodes tells whether a file of a generation has codes.
func isCodes(name string) bool { return strings.HasPrefix(name, codesPrefix) }

func (s *segment) codesPath() string { return filepath.Join(filepath.Dir(s.path), codesName(s.name)) }

// encodeCodes makes the codes of a segment's vectors.
func (s *segment) encodeCodes() *bitcode.Codes { return bitcode.Encode(s.dim, len(s.rows), s.vector) }

// makeCodes writes the codes of a segment that has none, and opens them. They
// are on the disk when a generation with them is published.
func (s *segment) makeCodes() error {
	path := s.codesPath()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeCodes(path, s.encodeCodes(), s.vectorsCRC); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	var err error
	s.codes, err = openCodes(path, s)
	return err
}

// writeCodes writes codes of vectors with that checksum.
func writeCodes(path string, c *bitcode.Codes, vectorsCRC uint32) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	centre := make([]byte, 0, centreBytes(c.Dim))
	for _, x := range c.Centre {
		centre = binary.LittleEndian.AppendUint32(centre, math.Float32bits(x))
	}
	centre = centre[:cap(centre)]
	blocks := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c.Blocks))), 8*len(c.Blocks))
	w := bufio.NewWriterSize(file, 1<<16)
	for _, b := range [][]byte{appendCodesHeader(nil, c, vectorsCRC, crc32.Checksum(centre, castagnoli), crc32.Checksum(blocks, castagnoli)), centre, blocks} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return w.Flush()
}

// appendCodesHeader encodes the header of a file of codes.
func appendCodesHeader(b []byte, c *bitcode.Codes, vectors, centre, blocks uint32) []byte {
	at := len(b)
	b = append(b, codesMagic...)
	for _, x := range []uint32{bitcode.Version, uint32(c.Dim), uint32(c.Rows), vectors, centre, blocks} {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	b = append(b, make([]byte, codesHeader-4-(len(b)-at))...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

// centreBytes is what the centre takes in the file.
func centreBytes(dim int) int { return (4*dim + codesHeader - 1) / codesHeader * codesHeader }

// openCodes maps the codes of a segment. An error says that there are none, or
// others than this program makes of these vectors; the checksum of the blocks
// alone is not compared.
func openCodes(path string, s *segment) (_ *codesFile, err error) {
	c := &codesFile{Codes: bitcode.Codes{Dim: s.dim, Rows: len(s.rows)}, rotation: bitcode.NewRotation(s.dim)}
	words := bitcode.Blocks(c.Rows) * bitcode.BlockWords(c.Dim)
	start := codesHeader + centreBytes(c.Dim)
	size := int64(start) + 8*int64(words)
	if c.data, err = mapFile(path, func(n int64) bool { return n == size }); err != nil {
		return nil, err
	}
	centre := c.data[codesHeader:start]
	blocksCRC := binary.LittleEndian.Uint32(c.data[28:])
	if string(c.data[:codesHeader]) != string(appendCodesHeader(nil, &c.Codes, s.vectorsCRC, crc32.Checksum(centre, castagnoli), blocksCRC)) {
		return nil, errors.Join(damagedCodes(path, "does not belong to the vectors of "+s.name), c.data.Unmap())
	}
	c.Centre = inPlace[float32](centre)[:c.Dim]
	c.Blocks = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(c.data[start:]))), words)
	return c, nil
}

// damagedCodes says that codes are not what was written.
func damagedCodes(path, what string) error {
	return fmt.Errorf("%s: %w: it %s; searches do without it until a repair makes it again", path, index.ErrDamaged, what)
}

// lacksCodes tells whether a segment has none although it is to have them from so
// many rows on.
func (s *segment) lacksCodes(rows int) bool {
	return s.codes == nil && s.dim > 0 && len(s.rows) >= rows
}

// ensureCodes makes the codes that segments of the writer's lack. It tells
// whether there were any.
func (w *writer) ensureCodes(ctx context.Context, segs []*segment) (made bool, err error) {
	for _, s := range segs {
		if !s.lacksCodes(cmp.Or(w.codedRows, codedRows)) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return made, err
		}
		if err := s.makeCodes(); err != nil {
			return made, err
		}
		delete(w.sums, codesName(s.name)) // of the file that is replaced
		made = true
	}
	return made, nil
}

// link makes a segment and its codes appear in another folder.
func (s *segment) link(dir string) error {
	if err := linkFile(s.path, filepath.Join(dir, s.name)); err != nil || s.codes == nil {
		return err
	}
	return linkFile(s.codesPath(), filepath.Join(dir, codesName(s.name)))
}

// remove removes the files of a segment from the writer's folder. Generations
// that have them keep links of their own, views their mapping; what cannot be
// removed now goes with the folder.
func (s *segment) remove() {
	os.Remove(s.path)
	os.Remove(s.codesPath())
}

// compareCodes says what is wrong with the codes of a segment, if anything.
func (s *segment) compareCodes() string {
	want := s.encodeCodes()
	if slices.Equal(want.Centre, s.codes.Centre) && slices.Equal(want.Blocks, s.codes.Blocks) {
		return ""
	}
	return "has other codes than the vectors of " + s.name + " give"
}
