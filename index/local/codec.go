package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"time"
	"unsafe"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// errRecord says that bytes are not a record.
var errRecord = errors.New("malformed record")

// fieldLength sums up one field over the passages of a document: the number of
// passages that have the field and the number of their tokens. BM25 takes the
// average length of a field from it.
type fieldLength struct {
	Passages, Tokens uint64
}

// docRecord is a document as a segment keeps it: what a user knows of it and
// where its passages are.
type docRecord struct {
	info index.Info
	// number identifies this version of the document; never reused.
	number uint32
	// first is the row of the first of info.Passages consecutive rows.
	first   uint32
	lengths [numFields]fieldLength
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// appendDoc encodes a document record.
func appendDoc(b []byte, d *docRecord) []byte {
	b = binary.AppendUvarint(b, uint64(d.number))
	b = binary.AppendUvarint(b, uint64(d.first))
	b = binary.AppendUvarint(b, uint64(d.info.Passages))
	b = appendString(b, d.info.ID)
	b = appendString(b, d.info.Path)
	b = appendString(b, d.info.Title)
	b = appendString(b, d.info.Type)
	b = binary.AppendVarint(b, d.info.Modified.Unix())
	b = binary.AppendUvarint(b, uint64(d.info.Modified.Nanosecond()))
	b = binary.AppendUvarint(b, uint64(len(d.info.Metadata)))
	for _, k := range slices.Sorted(maps.Keys(d.info.Metadata)) {
		b = appendString(appendString(b, k), d.info.Metadata[k])
	}
	f := &d.info.Fingerprint
	b = binary.AppendVarint(b, f.Size)
	b = binary.AppendVarint(b, f.ModTime)
	b = binary.AppendVarint(b, f.ChangeTime)
	b = binary.AppendUvarint(b, f.Inode)
	b = append(b, f.SHA256[:]...)
	b = append(b, byte(d.info.State))
	b = appendString(b, d.info.Reason)
	b = binary.AppendUvarint(b, uint64(d.info.Bytes))
	for _, l := range d.lengths {
		b = binary.AppendUvarint(b, l.Passages)
		b = binary.AppendUvarint(b, l.Tokens)
	}
	return b
}

// decodeDoc is the inverse of appendDoc; it returns the bytes after the record.
func decodeDoc(b []byte) (*docRecord, []byte, error) {
	d := new(docRecord)
	rest, err := d.decode(b, false)
	return d, rest, err
}

// decode reads a record into d. If alias is true, the strings of d are the
// bytes of b themselves, which must stay as they are for as long as d is used.
func (d *docRecord) decode(b []byte, alias bool) (rest []byte, err error) {
	r := recordReader{b: b, alias: alias}
	*d = docRecord{number: r.uint32(), first: r.uint32()}
	d.info.Passages = r.int()
	d.info.ID = r.string()
	d.info.Path = r.string()
	d.info.Title = r.string()
	d.info.Type = r.string()
	seconds, nanos := r.varint(), r.int()
	d.info.Modified = time.Unix(seconds, int64(nanos)).UTC()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		if d.info.Metadata == nil {
			d.info.Metadata = make(map[string]string, n)
		}
		k := r.string()
		d.info.Metadata[k] = r.string()
	}
	f := &d.info.Fingerprint
	f.Size, f.ModTime, f.ChangeTime = r.varint(), r.varint(), r.varint()
	f.Inode = r.uvarint()
	copy(f.SHA256[:], r.bytes(len(f.SHA256)))
	if s := r.bytes(1); r.err == nil {
		d.info.State = index.State(s[0])
	}
	d.info.Reason = r.string()
	d.info.Bytes = r.int()
	for i := range d.lengths {
		d.lengths[i] = fieldLength{r.uvarint(), r.uvarint()}
	}
	if uint64(d.first)+uint64(d.info.Passages) > maxRow {
		r.fail()
	}
	return r.b, r.err
}

// appendPassage encodes a passage record: a checksum and what it covers.
func appendPassage(b []byte, p *index.Passage) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.AppendUvarint(b, uint64(p.Start))
	b = binary.AppendUvarint(b, uint64(p.End))
	b = binary.AppendUvarint(b, uint64(p.Place.Page))
	b = binary.AppendUvarint(b, uint64(p.Place.Line))
	b = binary.AppendUvarint(b, uint64(p.Place.Column))
	b = binary.AppendUvarint(b, uint64(len(p.Heading)))
	for _, h := range p.Heading {
		b = appendString(b, h)
	}
	b = append(b, p.Text...)
	binary.LittleEndian.PutUint32(b[at:], crc32.Checksum(b[at+4:], castagnoli))
	return b
}

// decodePassage is the inverse of appendPassage for exactly the bytes of one
// record.
func decodePassage(b []byte) (index.Passage, error) {
	if len(b) < 4 {
		return index.Passage{}, errRecord
	}
	if binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli) {
		return index.Passage{}, fmt.Errorf("%w: checksum differs", errRecord)
	}
	r := recordReader{b: b[4:]}
	p := index.Passage{Start: r.int(), End: r.int(), Place: document.Place{Page: r.int(), Line: r.int(), Column: r.int()}}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		p.Heading = append(p.Heading, r.string())
	}
	p.Text = string(r.b)
	return p, r.err
}

// recordReader reads the fields of a record. After an error it returns zeros.
type recordReader struct {
	b     []byte
	alias bool // strings are the bytes themselves, not a copy
	err   error
}

func (r *recordReader) fail() { r.err, r.b = errRecord, nil }

func (r *recordReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) uint32() uint32 {
	v := r.uvarint()
	if v > maxRow {
		r.fail()
		return 0
	}
	return uint32(v)
}

func (r *recordReader) int() int {
	v := r.uvarint()
	if v > 1<<62 || uint64(int(v)) != v {
		r.fail()
		return 0
	}
	return int(v)
}

// count reads a number of elements; each takes at least a byte.
func (r *recordReader) count() int {
	v := r.int()
	if v > len(r.b) {
		r.fail()
		return 0
	}
	return v
}

func (r *recordReader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *recordReader) string() string {
	b := r.bytes(r.count())
	if r.alias {
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	return string(b)
}
