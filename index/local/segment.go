package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index"
)

// maxRow is the highest number of a row or a document.
const maxRow = math.MaxUint32 - 1

// The sections of a segment, in the order of the file.
const (
	secVectors = iota
	secRows
	secOffsets
	secPassages
	secDocs
	numSections
)

const (
	segMagic   = "ALBSEG01"
	footerSize = numSections*20 + 3*4 + 4 + len(segMagic)
)

// section is a part of a segment file.
type section struct {
	offset, length uint64
	crc            uint32
}

// footer ends a segment file and says where everything is.
type footer struct {
	sections [numSections]section
	rows     uint32
	docs     uint32
	dim      uint32
}

func (f *footer) encode() []byte {
	b := make([]byte, 0, footerSize)
	for _, s := range f.sections {
		b = binary.LittleEndian.AppendUint64(b, s.offset)
		b = binary.LittleEndian.AppendUint64(b, s.length)
		b = binary.LittleEndian.AppendUint32(b, s.crc)
	}
	b = binary.LittleEndian.AppendUint32(b, f.rows)
	b = binary.LittleEndian.AppendUint32(b, f.docs)
	b = binary.LittleEndian.AppendUint32(b, f.dim)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return append(b, segMagic...)
}

// decodeFooter reads the footer of a segment and checks that the sections lie
// in the file and are as long as the counts say.
func decodeFooter(file []byte) (*footer, error) {
	if len(file) < footerSize {
		return nil, errors.New("is too short")
	}
	end := uint64(len(file) - footerSize)
	b := file[end:]
	body, sum := b[:footerSize-len(segMagic)-4], b[footerSize-len(segMagic)-4:]
	if string(sum[4:]) != segMagic {
		return nil, errors.New("is not a segment")
	}
	if binary.LittleEndian.Uint32(sum) != crc32.Checksum(body, castagnoli) {
		return nil, errors.New("has a footer with a wrong checksum")
	}
	f := new(footer)
	var at uint64
	for i := range f.sections {
		s := section{binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:]), binary.LittleEndian.Uint32(body[16:])}
		body = body[20:]
		if s.offset != at || s.length > end-at {
			return nil, errors.New("has sections that do not fit")
		}
		at += s.length
		f.sections[i] = s
	}
	f.rows, f.docs, f.dim = binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[4:]), binary.LittleEndian.Uint32(body[8:])
	rows := uint64(f.rows)
	if at != end || f.dim > 1<<20 ||
		f.sections[secVectors].length != rows*uint64(f.dim)*4 ||
		f.sections[secRows].length != rows*4 ||
		f.sections[secOffsets].length != (rows+1)*8 ||
		uint64(f.docs) > f.sections[secDocs].length {
		return nil, errors.New("has counts that do not fit")
	}
	return f, nil
}

// segment is an open segment file: the passages of some documents, immutable.
// The methods may be called by several goroutines.
type segment struct {
	path    string
	name    string
	size    int64
	dim     int
	data    mmap.MMap
	vectors []float32 // of all rows one after the other
	rows    []uint32  // ascending
	offsets []uint64  // of the passage records, one more than rows
	records []byte
	docs    []*docRecord // ascending by number and by first
	refs    atomic.Int32
}

// openSegment maps a segment file. The parts that are read whole are checked
// here: document records, row numbers and offsets.
func openSegment(path string) (*segment, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("an index can only be read by a little-endian processor")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fi, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() < int64(footerSize) || fi.Size() > math.MaxInt {
		return nil, damaged(path, fmt.Sprintf("has %d bytes", fi.Size()))
	}
	data, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	s := &segment{path: path, name: filepath.Base(path), size: fi.Size(), data: data}
	if err := s.parse(); err != nil {
		if !errors.Is(err, errFault) {
			err = damaged(path, err.Error())
		}
		return nil, errors.Join(err, data.Unmap())
	}
	s.refs.Store(1)
	return s, nil
}

func (s *segment) parse() (err error) {
	defer catchFault(&err)()
	f, err := decodeFooter(s.data)
	if err != nil {
		return err
	}
	part := func(i int) []byte {
		return s.data[f.sections[i].offset : f.sections[i].offset+f.sections[i].length]
	}
	for _, i := range []int{secRows, secOffsets, secDocs} {
		if crc32.Checksum(part(i), castagnoli) != f.sections[i].crc {
			return fmt.Errorf("has a wrong checksum in section %d", i)
		}
	}
	s.dim = int(f.dim)
	s.vectors = inPlace[float32](part(secVectors))
	s.rows = inPlace[uint32](part(secRows))
	s.records = part(secPassages)
	if s.offsets, err = copyOffsets(part(secOffsets), uint64(len(s.records))); err != nil {
		return err
	}
	for i, r := range s.rows {
		if r > maxRow || i > 0 && r <= s.rows[i-1] {
			return errors.New("has rows out of order")
		}
	}
	rest := part(secDocs)
	s.docs = make([]*docRecord, f.docs)
	at := 0
	for i := range s.docs {
		d, after, err := decodeDoc(rest)
		if err != nil {
			return err
		}
		if i > 0 && (d.number <= s.docs[i-1].number || d.first < s.docs[i-1].first) {
			return errors.New("has documents out of order")
		}
		n := d.info.Passages
		if n > len(s.rows)-at || n > 0 && (s.rows[at] != d.first || s.rows[at+n-1] != d.first+uint32(n)-1) {
			return errors.New("has documents that do not fit the rows")
		}
		at += n
		s.docs[i], rest = d, after
	}
	if at != len(s.rows) || len(rest) != 0 || len(s.docs) == 0 {
		return errors.New("has rows without a document")
	}
	return nil
}

// inPlace reads a section in place: the file is little-endian, mapped at a page
// boundary, and the sections before are multiples of four bytes.
func inPlace[T float32 | uint32](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// copyOffsets reads the offsets, which are not aligned when the rows are odd
// in number.
func copyOffsets(b []byte, limit uint64) ([]uint64, error) {
	offsets := make([]uint64, len(b)/8)
	for i := range offsets {
		offsets[i] = binary.LittleEndian.Uint64(b[8*i:])
		if i > 0 && offsets[i] < offsets[i-1] {
			return nil, errors.New("has offsets out of order")
		}
	}
	if offsets[0] != 0 || offsets[len(offsets)-1] != limit {
		return nil, errors.New("has offsets that do not fit")
	}
	return offsets, nil
}

// position returns where a row is in the segment.
func (s *segment) position(row uint32) (int, bool) { return slices.BinarySearch(s.rows, row) }

// vector returns the vector at a position; it lives as long as the segment.
func (s *segment) vector(pos int) []float32 { return s.vectors[pos*s.dim : (pos+1)*s.dim] }

// record returns the encoded passage at a position.
func (s *segment) record(pos int) []byte { return s.records[s.offsets[pos]:s.offsets[pos+1]] }

// doc returns the document that has a row of the segment.
func (s *segment) doc(row uint32) *docRecord {
	// Documents without passages have the row that was next; of several with
	// the same first row the last is the one with passages.
	i, _ := slices.BinarySearchFunc(s.docs, row, func(d *docRecord, row uint32) int {
		if d.first <= row {
			return -1
		}
		return 1
	})
	return s.docs[i-1]
}

// passage reads the passage at a position.
func (s *segment) passage(pos int) (index.Passage, error) {
	p, err := decodePassage(s.record(pos))
	if err != nil {
		return p, damaged(s.path, fmt.Sprintf("has an unreadable passage %d: %v", s.rows[pos], err))
	}
	return p, nil
}

func (s *segment) retain() { s.refs.Add(1) }

// release unmaps the file when nobody uses it any more.
func (s *segment) release() error {
	if s.refs.Add(-1) > 0 {
		return nil
	}
	s.vectors, s.rows, s.records = nil, nil, nil
	return s.data.Unmap()
}

// end is one past the last row that the segment's documents were given.
func (s *segment) end() uint64 {
	last := s.docs[len(s.docs)-1]
	return uint64(last.first) + uint64(last.info.Passages)
}

func releaseSegments(segs []*segment) (err error) {
	for _, s := range segs {
		err = errors.Join(err, s.release())
	}
	return err
}
