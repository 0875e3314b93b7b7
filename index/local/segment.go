package local

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
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
	offsets []byte    // of the passage records, one more than rows
	records []byte
	docs    []docEntry // ascending by number and by first
	docData []byte     // the document records
	totals  totals     // of all documents
	codes   *codesFile // of the vectors, nil when there are none that can be used
	// vectorsCRC is the checksum of the section vectors, as written there.
	vectorsCRC uint32
	refs       atomic.Int32
}

// docEntry is what is kept in memory of a document of a segment. The rest is
// read from the record when it is wanted: most of a large index never is.
type docEntry struct {
	end    uint64 // of the record in the section; it begins where the one before ends
	number uint32
	first  uint32 // row of the first passage
	at     uint32 // position of the first passage
	sum    uint32 // CRC-32C of the record, which a later reading must have too
}

// fitsSegment tells whether a segment may have a size.
func fitsSegment(size int64) bool { return size >= int64(footerSize) && size <= math.MaxInt }

// openSegment maps a segment file. Document records, row numbers and offsets
// are read whole once and checked here.
func openSegment(path string) (*segment, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("an index can only be read by a little-endian processor")
	}
	data, err := mapFile(path, fitsSegment)
	if err != nil {
		return nil, err
	}
	s := &segment{path: path, name: filepath.Base(path), size: int64(len(data)), data: data}
	if err := s.parse(); err != nil {
		if !errors.Is(err, errFault) {
			err = damaged(path, err.Error())
		}
		return nil, errors.Join(err, data.Unmap())
	}
	s.codes, _ = openCodes(s.codesPath(), s) // or it is searched without
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
	s.vectorsCRC = f.sections[secVectors].crc
	s.vectors = inPlace[float32](part(secVectors))
	s.rows = inPlace[uint32](part(secRows))
	s.records = part(secPassages)
	s.offsets = part(secOffsets)
	if err := s.checkOffsets(); err != nil {
		return err
	}
	for i, r := range s.rows {
		if r > maxRow || i > 0 && r <= s.rows[i-1] {
			return errors.New("has rows out of order")
		}
	}
	s.docData = part(secDocs)
	return s.parseDocs(int(f.docs))
}

// parseDocs checks the document records and makes the table of them.
func (s *segment) parseDocs(n int) error {
	s.docs = make([]docEntry, n)
	rest, at := s.docData, 0
	var d docRecord
	for i := range s.docs {
		after, err := d.decode(rest, true)
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
		s.docs[i] = docEntry{uint64(len(s.docData) - len(after)), d.number, d.first, uint32(at),
			crc32.Checksum(rest[:len(rest)-len(after)], castagnoli)}
		s.totals.add(&d)
		at += n
		rest = after
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

// checkOffsets checks that the records are one after the other. The offsets
// are read in place but not as numbers: they are not aligned when the rows are
// odd in number.
func (s *segment) checkOffsets() error {
	last := uint64(0)
	for i := range len(s.rows) + 1 {
		at := s.offset(i)
		if at < last {
			return errors.New("has offsets out of order")
		}
		last = at
	}
	if s.offset(0) != 0 || last != uint64(len(s.records)) {
		return errors.New("has offsets that do not fit")
	}
	return nil
}

func (s *segment) offset(i int) uint64 { return binary.LittleEndian.Uint64(s.offsets[8*i:]) }

// position returns where a row is in the segment.
func (s *segment) position(row uint32) (int, bool) { return slices.BinarySearch(s.rows, row) }

// vector returns the vector at a position; it lives as long as the segment.
func (s *segment) vector(pos int) []float32 { return s.vectors[pos*s.dim : (pos+1)*s.dim] }

// record returns the encoded passage at a position.
func (s *segment) record(pos int) []byte { return s.records[s.offset(pos):s.offset(pos+1)] }

// docRecord returns the encoded record of the i-th document.
func (s *segment) docRecord(i int) []byte {
	start := uint64(0)
	if i > 0 {
		start = s.docs[i-1].end
	}
	return s.docData[start:s.docs[i].end]
}

// doc reads the i-th document.
func (s *segment) doc(i int) (*docRecord, error) {
	d := new(docRecord)
	return d, s.readDoc(i, slices.Clone(s.docRecord(i)), d)
}

// peekDoc reads the i-th document into d, whose strings are valid for as long
// as the segment is.
func (s *segment) peekDoc(i int, d *docRecord) error { return s.readDoc(i, s.docRecord(i), d) }

// readDoc decodes the record of the i-th document, which the strings in d
// stay part of. The record was whole when the segment was opened; what is no
// longer the same must not be shown.
func (s *segment) readDoc(i int, record []byte, d *docRecord) error {
	if crc32.Checksum(record, castagnoli) == s.docs[i].sum {
		if _, err := d.decode(record, true); err == nil {
			return nil
		}
	}
	return damaged(s.path, fmt.Sprintf("has an unreadable document %d", s.docs[i].number))
}

// docID returns the ID of the i-th document, which is valid for as long as the
// segment is.
func (s *segment) docID(i int) string {
	r := recordReader{b: s.docRecord(i), alias: true}
	r.uvarint() // number, first row and passages
	r.uvarint()
	r.uvarint()
	return r.string()
}

// passages is the number of passages of the i-th document.
func (s *segment) passages(i int) int {
	if i+1 == len(s.docs) {
		return len(s.rows) - int(s.docs[i].at)
	}
	return int(s.docs[i+1].at - s.docs[i].at)
}

// find returns which of the documents has a number.
func (s *segment) find(number uint32) (i int, ok bool) {
	return slices.BinarySearchFunc(s.docs, number, func(d docEntry, number uint32) int { return cmp.Compare(d.number, number) })
}

// numbered iterates over the documents whose numbers are in the bitmap.
func (s *segment) numbered(numbers *roaring.Bitmap) iter.Seq[int] {
	return func(yield func(int) bool) {
		it := numbers.Iterator()
		it.AdvanceIfNeeded(s.docs[0].number)
		for last := s.docs[len(s.docs)-1].number; it.HasNext() && it.PeekNext() <= last; {
			if i, ok := s.find(it.Next()); ok && !yield(i) {
				return
			}
		}
	}
}

// docOf returns which of the documents has a row of the segment.
func (s *segment) docOf(row uint32) int {
	// Documents without passages have the row that was next; of several with
	// the same first row the last is the one with passages.
	i, _ := slices.BinarySearchFunc(s.docs, row, func(d docEntry, row uint32) int {
		if d.first <= row {
			return -1
		}
		return 1
	})
	return i - 1
}

// passage reads the passage at a position.
func (s *segment) passage(pos int) (index.Passage, error) {
	p, err := decodePassage(s.record(pos))
	if err != nil {
		return p, damaged(s.path, fmt.Sprintf("has an unreadable passage %d: %v", s.rows[pos], err))
	}
	return p, nil
}

// start is where the passage at a position begins in its document's text.
func (s *segment) start(pos int) int {
	record := s.record(pos)
	if len(record) < 4 {
		return 0
	}
	r := recordReader{b: record[4:]}
	return r.int()
}

func (s *segment) retain() { s.refs.Add(1) }

// release unmaps the file when nobody uses it any more.
func (s *segment) release() error {
	if s.refs.Add(-1) > 0 {
		return nil
	}
	s.vectors, s.rows, s.offsets, s.records, s.docData = nil, nil, nil, nil, nil
	err := s.data.Unmap()
	if s.codes != nil {
		err = errors.Join(err, s.codes.data.Unmap())
		s.codes = nil
	}
	return err
}

// end is one past the last row that the segment's documents were given.
func (s *segment) end() uint64 {
	last := len(s.docs) - 1
	return uint64(s.docs[last].first) + uint64(s.passages(last))
}

func releaseSegments(segs []*segment) (err error) {
	for _, s := range segs {
		err = errors.Join(err, s.release())
	}
	return err
}
