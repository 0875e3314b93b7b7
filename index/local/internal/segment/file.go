package segment

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// The sections of a segment, in the order of the file. Files of format 2 have
// no vectors.
const (
	secVectors = iota
	secRows
	secOffsets
	secPassages
	secDocs
	numSections
)

const (
	magicV1 = "ALBSEG01"
	magic   = "ALBSEG02"

	sectionSize  = 20
	footerSizeV1 = numSections*sectionSize + 3*4 + 4 + len(magicV1)
	footerSize   = (numSections-1)*sectionSize + 2*4 + 4 + len(magic)
)

// section is a part of a segment file.
type section struct {
	offset, length uint64
	crc            uint32
}

// footer ends a segment file and says where everything is.
type footer struct {
	version  int // of the format: 1 or 2
	sections [numSections]section
	rows     uint32
	docs     uint32
	dim      uint32 // 0 in format 2
}

func (f *footer) encode() []byte {
	b := make([]byte, 0, footerSize)
	for _, s := range f.sections[secRows:] {
		b = binary.LittleEndian.AppendUint64(b, s.offset)
		b = binary.LittleEndian.AppendUint64(b, s.length)
		b = binary.LittleEndian.AppendUint32(b, s.crc)
	}
	b = binary.LittleEndian.AppendUint32(b, f.rows)
	b = binary.LittleEndian.AppendUint32(b, f.docs)
	b = binary.LittleEndian.AppendUint32(b, disk.Sum(b))
	return append(b, magic...)
}

// decodeFooter reads the footer of a segment and checks that the sections lie
// in the file and are as long as the counts say.
func decodeFooter(file []byte) (*footer, error) {
	f, size, first := &footer{version: 2}, footerSize, secRows
	if len(file) >= len(magicV1) && string(file[len(file)-len(magicV1):]) == magicV1 {
		f, size, first = &footer{version: 1}, footerSizeV1, secVectors
	}
	if len(file) < size {
		return nil, errors.New("is too short")
	}
	end := uint64(len(file) - size)
	b := file[end:]
	body, sum := b[:size-len(magic)-4], b[size-len(magic)-4:]
	if f.version == 2 && string(sum[4:]) != magic {
		return nil, errors.New("is not a segment")
	}
	if binary.LittleEndian.Uint32(sum) != disk.Sum(body) {
		return nil, errors.New("has a footer with a wrong checksum")
	}
	var at uint64
	for i := first; i < numSections; i++ {
		s := section{binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:]), binary.LittleEndian.Uint32(body[16:])}
		body = body[sectionSize:]
		if s.offset != at || s.length > end-at {
			return nil, errors.New("has sections that do not fit")
		}
		at += s.length
		f.sections[i] = s
	}
	f.rows, f.docs = binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[4:])
	if f.version == 1 {
		f.dim = binary.LittleEndian.Uint32(body[8:])
	}
	rows := uint64(f.rows)
	if at != end || f.dim > maxDim ||
		f.sections[secVectors].length != rows*uint64(f.dim)*4 ||
		f.sections[secRows].length != rows*4 ||
		f.sections[secOffsets].length != (rows+1)*8 ||
		uint64(f.docs) > f.sections[secDocs].length {
		return nil, errors.New("has counts that do not fit")
	}
	return f, nil
}

// File is an open segment file: the documents and texts of some batches,
// immutable. What its methods return without copying is said there; it lives as
// long as the file is retained.
type File struct {
	Path string
	Name string
	Size int64

	data    mmap.MMap
	foot    *footer
	rows    []Row  // ascending
	offsets []byte // of the passage records, one more than rows; nil if damaged
	records []byte
	docs    []entry // ascending by number and by first
	docData []byte  // the document records
	damage  Damage
	refs    atomic.Int32
}

// Damage says what of a file that was opened by Recover cannot be trusted.
type Damage struct {
	// Any says that some checksum does not hold.
	Any bool
	// Names says that documents may have other names than those that can be
	// read, or that there are some that cannot.
	Names bool
	// Docs says that the document records do not have their checksum.
	Docs bool
	// Texts says that no passage can be found.
	Texts bool
}

// entry is what is kept in memory of a document of a segment. The rest is read
// from the record when it is wanted: most of a large index never is.
type entry struct {
	end    uint64 // of the record in the section; it begins where the one before ends
	number DocNumber
	first  Row    // of the first passage
	at     uint32 // position of the first passage
	sum    uint32 // CRC-32C of the record, which a later reading must have too
}

// Open maps a segment file. Document records, row numbers and offsets are read
// whole once and checked here; each document is handed to each, which must not
// keep it: its strings are parts of the mapping.
func Open(path string, each func(d *Doc)) (*File, error) { return open(path, false, each) }

// Recover opens a segment file that may be damaged, as far as it can be read.
func Recover(path string) (*File, error) { return open(path, true, func(*Doc) {}) }

func open(path string, tolerant bool, each func(d *Doc)) (*File, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("an index can only be read by a little-endian processor")
	}
	data, err := disk.Map(path, footerSize)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, Name: filepath.Base(path), Size: int64(len(data)), data: data}
	if err := f.parse(tolerant, each); err != nil {
		if !errors.Is(err, disk.ErrFault) {
			err = disk.Damaged(path, err.Error())
		}
		return nil, errors.Join(err, data.Unmap())
	}
	f.refs.Store(1)
	return f, nil
}

// parse reads the file, which may be damaged if tolerant is true: then damage
// says what of it is.
func (f *File) parse(tolerant bool, each func(d *Doc)) (err error) {
	defer disk.CatchFault(&err)()
	if f.foot, err = decodeFooter(f.data); err != nil {
		return err
	}
	intact := func(i int) bool {
		ok := disk.Sum(f.section(i)) == f.foot.sections[i].crc
		f.damage.Any = f.damage.Any || !ok
		return ok
	}
	sound := true
	for _, i := range []int{secRows, secOffsets, secDocs} {
		switch {
		case intact(i):
			continue
		case !tolerant:
			return fmt.Errorf("has a wrong checksum in section %d", i)
		case i == secOffsets:
			f.damage.Texts = true
		case i == secDocs:
			f.damage.Docs, f.damage.Names = true, true
		}
		sound = false
	}
	if tolerant {
		intact(secVectors)
		intact(secPassages) // each has a checksum of its own
	}
	f.rows = inPlace[Row](f.section(secRows))
	f.records, f.offsets, f.docData = f.section(secPassages), f.section(secOffsets), f.section(secDocs)
	if err := f.checkOffsets(); err != nil {
		if !tolerant {
			return err
		}
		f.damage.Texts = true
	}
	if err := f.checkRows(); err != nil && !tolerant {
		return err
	}
	if err := f.parseDocs(!sound, each); err != nil {
		if !tolerant {
			return err
		}
		f.damage.Names = true
	}
	if f.damage.Texts {
		f.offsets = nil
	}
	if !sound {
		f.rowsFromDocs()
	}
	return nil
}

func (f *File) section(i int) []byte {
	s := f.foot.sections[i]
	return f.data[s.offset : s.offset+s.length]
}

func (f *File) checkRows() error {
	for i, r := range f.rows {
		if r > MaxNumber || i > 0 && r <= f.rows[i-1] {
			return errors.New("has rows out of order")
		}
	}
	return nil
}

// parseDocs makes the table of the document records. It checks them, against
// the rows unless these may be wrong, and stops at the first that is none.
func (f *File) parseDocs(doubtful bool, each func(d *Doc)) error {
	f.docs = make([]entry, 0, f.foot.docs)
	rest, at := f.docData, 0
	var d Doc
	for i := range int(f.foot.docs) {
		after, err := f.decodeDoc(&d, rest)
		if err != nil {
			return err
		}
		if i > 0 && (d.Number <= f.docs[i-1].number || d.First < f.docs[i-1].first) {
			return errors.New("has documents out of order")
		}
		n := d.Info.Passages
		if n > len(f.rows)-at || !doubtful && n > 0 && (f.rows[at] != d.First || f.rows[at+n-1] != d.First+Row(n)-1) {
			return errors.New("has documents that do not fit the rows")
		}
		f.docs = append(f.docs, entry{uint64(len(f.docData) - len(after)), d.Number, d.First, uint32(at), disk.Sum(rest[:len(rest)-len(after)])})
		each(&d)
		at += n
		rest = after
	}
	if at != len(f.rows) || len(rest) != 0 || len(f.docs) == 0 {
		return errors.New("has rows without a document")
	}
	return nil
}

// rowsFromDocs makes the rows of the documents that can be read.
func (f *File) rowsFromDocs() {
	last := 0
	if n := len(f.docs); n > 0 {
		var d Doc
		if _, err := f.decodeDoc(&d, f.docRecord(n-1)); err == nil {
			last = d.Info.Passages
		}
	}
	var rows []Row
	for i, e := range f.docs {
		n := last
		if i+1 < len(f.docs) {
			n = int(f.docs[i+1].at - e.at)
		}
		for k := range n {
			rows = append(rows, e.first+Row(k))
		}
	}
	f.rows = rows
}

// inPlace reads a section in place: the file is little-endian, mapped at a page
// boundary, and the sections before are multiples of four bytes.
func inPlace[T ~float32 | ~uint32](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// checkOffsets checks that the records are one after the other. The offsets
// are read in place but not as numbers: they are not aligned when the rows are
// odd in number.
func (f *File) checkOffsets() error {
	last := uint64(0)
	for i := range int(f.foot.rows) + 1 {
		at := f.offset(i)
		if at < last {
			return errors.New("has offsets out of order")
		}
		last = at
	}
	if f.offset(0) != 0 || last != uint64(len(f.records)) {
		return errors.New("has offsets that do not fit")
	}
	return nil
}

func (f *File) offset(i int) uint64 { return binary.LittleEndian.Uint64(f.offsets[8*i:]) }

func (f *File) decodeDoc(d *Doc, b []byte) (rest []byte, err error) {
	if f.foot.version == 1 {
		return d.decodeV1(b, true)
	}
	return d.decode(b, true)
}

// Damage says what cannot be trusted of a file that was opened by Recover.
func (f *File) Damage() Damage { return f.damage }

// Rows are the rows of the passages, ascending. They must not be changed.
func (f *File) Rows() []Row { return f.rows }

// Docs is the number of documents.
func (f *File) Docs() int { return len(f.docs) }

// Number is the number of the i-th document; they ascend.
func (f *File) Number(i int) DocNumber { return f.docs[i].number }

// First is the row of the first passage of the i-th document, and At the
// position.
func (f *File) First(i int) Row   { return f.docs[i].first }
func (f *File) At(i int) Position { return Position(f.docs[i].at) }

// Passages is the number of passages of the i-th document.
func (f *File) Passages(i int) int {
	if i+1 == len(f.docs) {
		return len(f.rows) - int(f.docs[i].at)
	}
	return int(f.docs[i+1].at - f.docs[i].at)
}

// End is one past the last row that the segment's documents were given.
func (f *File) End() uint64 {
	last := len(f.docs) - 1
	return uint64(f.docs[last].first) + uint64(f.Passages(last))
}

// LastNumber is the number of the last document.
func (f *File) LastNumber() DocNumber { return f.docs[len(f.docs)-1].number }

// Position returns where a row is in the segment.
func (f *File) Position(row Row) (Position, bool) {
	// Rows follow each other until documents are deleted.
	if len(f.rows) > 0 && row >= f.rows[0] {
		if i := int(row - f.rows[0]); i < len(f.rows) && f.rows[i] == row {
			return Position(i), true
		}
	}
	i, ok := slices.BinarySearch(f.rows, row)
	return Position(i), ok
}

// docRecord returns the encoded record of the i-th document.
func (f *File) docRecord(i int) []byte {
	start := uint64(0)
	if i > 0 {
		start = f.docs[i-1].end
	}
	return f.docData[start:f.docs[i].end]
}

// Doc reads the i-th document.
func (f *File) Doc(i int) (*Doc, error) {
	d := new(Doc)
	return d, f.readDoc(i, slices.Clone(f.docRecord(i)), d)
}

// Peek reads the i-th document into d, whose strings are valid for as long as
// the segment is.
func (f *File) Peek(i int, d *Doc) error { return f.readDoc(i, f.docRecord(i), d) }

// readDoc decodes the record of the i-th document, which the strings in d
// stay part of. The record was whole when the segment was opened; what is no
// longer the same must not be shown.
func (f *File) readDoc(i int, record []byte, d *Doc) error {
	if disk.Sum(record) != f.docs[i].sum {
		return disk.Damaged(f.Path, fmt.Sprintf("has an unreadable document %d: checksum differs", f.docs[i].number))
	}
	if _, err := f.decodeDoc(d, record); err != nil {
		return disk.Damaged(f.Path, fmt.Sprintf("has an unreadable document %d: %v", f.docs[i].number, err))
	}
	return nil
}

// DocID returns the ID of the i-th document, which is valid for as long as the
// segment is.
func (f *File) DocID(i int) string {
	r := reader{b: f.docRecord(i), alias: true}
	r.uvarint() // number, first row and passages
	r.uvarint()
	r.uvarint()
	return r.sized()
}

// Find returns which of the documents has a number, or where it would be.
func (f *File) Find(number DocNumber) (i int, ok bool) {
	return slices.BinarySearchFunc(f.docs, number, func(e entry, number DocNumber) int { return cmp.Compare(e.number, number) })
}

// Numbered iterates over the documents whose numbers are in the bitmap.
func (f *File) Numbered(numbers *roaring.Bitmap) iter.Seq[int] {
	return func(yield func(int) bool) {
		it := numbers.Iterator()
		it.AdvanceIfNeeded(uint32(f.docs[0].number))
		for last := uint32(f.LastNumber()); it.HasNext() && it.PeekNext() <= last; {
			if i, ok := f.Find(DocNumber(it.Next())); ok && !yield(i) {
				return
			}
		}
	}
}

// DocOf returns which of the documents has a row of the segment.
func (f *File) DocOf(row Row) int {
	// Documents without passages have the row that was next; of several with
	// the same first row the last is the one with passages.
	// Written out: searches ask it for each hit.
	from, to := 0, len(f.docs)
	for from < to {
		if mid := int(uint(from+to) / 2); f.docs[mid].first <= row {
			from = mid + 1
		} else {
			to = mid
		}
	}
	return from - 1
}

// record returns the encoded passage at a position, as it is in the file.
func (f *File) record(pos Position) []byte { return f.records[f.offset(int(pos)):f.offset(int(pos)+1)] }

// Start is where in its document the passage at a position begins; 0 if the
// record is damaged.
func (f *File) Start(pos Position) int {
	r := reader{b: f.record(pos)}
	r.bytes(4)
	return r.size()
}

// Text returns the text of the passage at a position. It is valid for as long as
// the segment is.
func (f *File) Text(pos Position) (string, error) {
	if f.foot.version == 1 {
		p, err := decodePassageV1(f.record(pos))
		if err != nil {
			return "", f.damagedPassage(pos, err)
		}
		return p.Text, nil
	}
	body, err := unseal(f.record(pos))
	if err != nil {
		return "", f.damagedPassage(pos, err)
	}
	r := reader{b: body, alias: true}
	r.uvarint() // where it begins, and its length
	r.uvarint()
	for r.next() != 0 {
	}
	if r.err != nil {
		return "", f.damagedPassage(pos, r.err)
	}
	return r.string(r.b), nil
}

// Passage reads the passage at a position, with what was annotated later.
func (f *File) Passage(pos Position, later []*Annotations) (p document.Passage, err error) {
	var annotated Annotated
	if f.foot.version == 1 {
		p, err = decodePassageV1(f.record(pos))
	} else {
		p, annotated, err = decodePassage(f.record(pos))
	}
	if err != nil {
		return p, f.damagedPassage(pos, err)
	}
	more, some, err := AnnotatedLater(later, pos)
	if err != nil {
		return p, err
	}
	if some {
		all := annotated.Then(more)
		p.Annotations, p.Annotated = all.Annotations, all.Kinds
	}
	return p, nil
}

// Record returns the encoded passage at a position, with what was annotated
// later, as the newest format has it. It may be a part of the mapping.
func (f *File) Record(pos Position, later []*Annotations) ([]byte, error) {
	record := f.record(pos)
	if f.foot.version == 1 {
		p, err := decodePassageV1(record)
		if err != nil {
			return nil, f.damagedPassage(pos, err)
		}
		record = AppendPassage(nil, &p)
	}
	annotated, some, err := AnnotatedLater(later, pos)
	if err != nil || !some {
		return record, err
	}
	if record, err = annotate(record, annotated); err != nil {
		return nil, f.damagedPassage(pos, err)
	}
	return record, nil
}

func (f *File) damagedPassage(pos Position, err error) error {
	return disk.Damaged(f.Path, fmt.Sprintf("has an unreadable passage %d: %v", f.rows[pos], err))
}

// Retain keeps the file open until another Release.
func (f *File) Retain() { f.refs.Add(1) }

// Release unmaps the file when nobody uses it any more.
func (f *File) Release() error {
	if f.refs.Add(-1) > 0 {
		return nil
	}
	f.rows, f.offsets, f.records, f.docData = nil, nil, nil, nil
	return f.data.Unmap()
}
