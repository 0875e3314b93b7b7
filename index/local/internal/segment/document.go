package segment

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/albert-search/albert-search/document"
)

// FieldLength sums up one field over the passages of a document: the number of
// passages that have the field and the number of their tokens. BM25 takes the
// average length of a field from it.
type FieldLength struct {
	Passages, Tokens uint64
}

// NumFields is the number of fields whose lengths a document has.
const NumFields = 4

// Doc is a document as a segment keeps it: what a user knows of it and where
// its passages are.
type Doc struct {
	Info document.Info
	// Number identifies this version of the document; never reused.
	Number DocNumber
	// First is the row of the first of Info.Passages consecutive rows.
	First   Row
	Lengths [NumFields]FieldLength
	// Languages are those of passages that have another than the document,
	// each once, in the order of the passages.
	Languages []string
	// unknown are fields of a later program.
	unknown []byte
}

// The tags of the fields of a document.
const (
	tagPath       = 1
	tagTitle      = 2
	tagType       = 3
	tagModified   = 4 // seconds
	tagNanos      = 5
	tagMetadata   = 6
	tagSize       = 7
	tagModTime    = 8
	tagChangeTime = 9
	tagInode      = 10
	tagSHA256     = 11
	tagState      = 12
	tagReason     = 13
	tagBytes      = 14
	tagLengths    = 15
	tagDocLang    = 16
	tagReader     = 17
	tagSplitter   = 18
	tagDevice     = 19
	tagPassLang   = 20
	tagContainer  = 21
	tagLeftOut    = 22
	tagEncoding   = 23
)

// noTime is the zero time in seconds since 1970.
var noTime = time.Time{}.Unix()

// AppendDoc encodes a document record.
func AppendDoc(b []byte, d *Doc) []byte {
	b = binary.AppendUvarint(b, uint64(d.Number))
	b = binary.AppendUvarint(b, uint64(d.First))
	b = binary.AppendUvarint(b, uint64(d.Info.Passages))
	b = appendString(b, d.Info.ID)
	if d.Info.Path != d.Info.ID {
		b = appendBytes(b, tagPath, d.Info.Path)
	}
	b = appendText(b, tagTitle, d.Info.Title)
	b = appendText(b, tagType, d.Info.Type)
	if s := d.Info.Modified.Unix(); s != noTime {
		b = appendNumber(b, tagModified, zigzag(s))
	}
	b = appendInt(b, tagNanos, d.Info.Modified.Nanosecond())
	for _, k := range slices.Sorted(maps.Keys(d.Info.Metadata)) {
		b = appendBytes(b, tagMetadata, append(appendString(nil, k), d.Info.Metadata[k]...))
	}
	f := &d.Info.Fingerprint
	for _, x := range []struct {
		tag uint64
		v   int64
	}{{tagSize, f.Size}, {tagModTime, f.ModTime}, {tagChangeTime, f.ChangeTime}} {
		if x.v != 0 {
			b = appendNumber(b, x.tag, zigzag(x.v))
		}
	}
	if f.Inode != 0 {
		b = appendNumber(b, tagInode, f.Inode)
	}
	if f.Device != 0 {
		b = appendNumber(b, tagDevice, f.Device)
	}
	if f.SHA256 != [32]byte{} {
		b = appendBytes(b, tagSHA256, f.SHA256[:])
	}
	b = appendInt(b, tagState, int(d.Info.State))
	b = appendText(b, tagReason, d.Info.Reason)
	b = appendInt(b, tagBytes, d.Info.Bytes)
	if d.Lengths != [NumFields]FieldLength{} {
		var lengths []byte
		for _, l := range d.Lengths {
			lengths = binary.AppendUvarint(lengths, l.Passages)
			lengths = binary.AppendUvarint(lengths, l.Tokens)
		}
		b = appendBytes(b, tagLengths, lengths)
	}
	b = appendText(b, tagDocLang, d.Info.Language)
	b = appendInt(b, tagReader, d.Info.Versions.Reader)
	b = appendInt(b, tagSplitter, d.Info.Versions.Splitter)
	b = appendInt(b, tagContainer, d.Info.Versions.Container)
	b = appendText(b, tagEncoding, d.Info.Versions.Encoding)
	for _, l := range d.Languages {
		b = appendText(b, tagPassLang, l)
	}
	for _, l := range d.Info.LeftOut {
		left := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(l.Count)), uint64(l.Bytes))
		b = appendBytes(b, tagLeftOut, append(left, l.What...))
	}
	b = append(b, d.unknown...)
	return append(b, 0)
}

// DecodeDoc is the inverse of AppendDoc; it returns the bytes after the record.
func DecodeDoc(b []byte) (*Doc, []byte, error) {
	d := new(Doc)
	rest, err := d.decode(b, false)
	return d, rest, err
}

// decode reads a record into d. If alias is true, the strings of d are the
// bytes of b themselves, which must stay as they are for as long as d is used.
func (d *Doc) decode(b []byte, alias bool) (rest []byte, err error) {
	r := reader{b: b, alias: alias}
	*d = Doc{Number: DocNumber(r.uint32()), First: Row(r.uint32())}
	i := &d.Info
	i.Passages = r.size()
	i.ID = r.sized()
	i.Path = i.ID
	seconds, nanos := noTime, 0
	for key := r.next(); key != 0; key = r.next() {
		switch key {
		case tagPath<<1 | asBytes:
			i.Path = r.text()
		case tagTitle<<1 | asBytes:
			i.Title = r.text()
		case tagType<<1 | asBytes:
			i.Type = r.text()
		case tagModified<<1 | asNumber:
			seconds = unzigzag(r.number)
		case tagNanos<<1 | asNumber:
			nanos = r.int()
		case tagMetadata<<1 | asBytes:
			pair := reader{b: r.value, alias: alias}
			k := pair.sized()
			if pair.err != nil {
				r.fail()
				break
			}
			if i.Metadata == nil {
				i.Metadata = make(map[string]string)
			}
			i.Metadata[k] = pair.string(pair.b)
		case tagSize<<1 | asNumber:
			i.Fingerprint.Size = unzigzag(r.number)
		case tagModTime<<1 | asNumber:
			i.Fingerprint.ModTime = unzigzag(r.number)
		case tagChangeTime<<1 | asNumber:
			i.Fingerprint.ChangeTime = unzigzag(r.number)
		case tagInode<<1 | asNumber:
			i.Fingerprint.Inode = r.number
		case tagDevice<<1 | asNumber:
			i.Fingerprint.Device = r.number
		case tagSHA256<<1 | asBytes:
			if len(r.value) != len(i.Fingerprint.SHA256) {
				r.fail()
				break
			}
			copy(i.Fingerprint.SHA256[:], r.value)
		case tagState<<1 | asNumber:
			if i.State = document.State(r.number); uint64(i.State) != r.number {
				r.fail()
			}
		case tagReason<<1 | asBytes:
			i.Reason = r.text()
		case tagBytes<<1 | asNumber:
			i.Bytes = r.int()
		case tagLengths<<1 | asBytes:
			lengths := reader{b: r.value}
			for n := range d.Lengths {
				d.Lengths[n] = FieldLength{lengths.uvarint(), lengths.uvarint()}
			}
			if lengths.err != nil {
				r.fail()
			}
		case tagDocLang<<1 | asBytes:
			i.Language = r.text()
		case tagPassLang<<1 | asBytes:
			d.Languages = append(d.Languages, r.text())
		case tagReader<<1 | asNumber:
			i.Versions.Reader = r.int()
		case tagSplitter<<1 | asNumber:
			i.Versions.Splitter = r.int()
		case tagContainer<<1 | asNumber:
			i.Versions.Container = r.int()
		case tagEncoding<<1 | asBytes:
			i.Versions.Encoding = r.text()
		case tagLeftOut<<1 | asBytes:
			left := reader{b: r.value, alias: alias}
			l := document.LeftOut{Count: left.size(), Bytes: left.size()}
			if l.What = left.string(left.b); left.err != nil {
				r.fail()
				break
			}
			i.LeftOut = append(i.LeftOut, l)
		default:
			d.unknown = append(d.unknown, r.raw...)
		}
	}
	i.Modified = time.Unix(seconds, int64(nanos)).UTC()
	if uint64(d.First)+uint64(i.Passages) > MaxNumber {
		r.fail()
	}
	return r.b, r.err
}
