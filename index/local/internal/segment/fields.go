package segment

import (
	"encoding/binary"
	"errors"
	"unsafe"
)

// ErrRecord says that bytes are not a record.
var ErrRecord = errors.New("malformed record")

// A record ends with fields, in any order, of which each is a key and a value.
// The key is twice the tag for a number, which follows as a uvarint, and twice
// the tag plus one for bytes, which follow with their length. The key 0 ends
// the fields. A reader skips tags that it does not know.

func appendNumber(b []byte, tag uint64, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, tag<<1), v)
}

func appendBytes[T string | []byte](b []byte, tag uint64, v T) []byte {
	b = binary.AppendUvarint(b, tag<<1|1)
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

// appendInt appends a number that is not 0.
func appendInt(b []byte, tag uint64, v int) []byte {
	if v == 0 {
		return b
	}
	return appendNumber(b, tag, uint64(v))
}

// appendText appends a string that is not empty.
func appendText(b []byte, tag uint64, s string) []byte {
	if s == "" {
		return b
	}
	return appendBytes(b, tag, s)
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// reader reads the parts of a record. After an error it returns zeros.
type reader struct {
	b     []byte
	alias bool // strings are the bytes themselves, not a copy
	err   error
	// number and value are those of the field that next has read.
	number uint64
	value  []byte
	raw    []byte // all of that field
}

func (r *reader) fail() { r.err, r.b = ErrRecord, nil }

// next reads a field and returns its key, 0 at the end of the fields.
func (r *reader) next() uint64 {
	before := r.b
	key := r.uvarint()
	switch {
	case key == 0:
	case key == 1:
		r.fail()
		return 0
	case key&1 == 0:
		r.number = r.uvarint()
	default:
		r.value = r.bytes(r.count())
	}
	if r.err != nil {
		return 0
	}
	r.raw = before[:len(before)-len(r.b)]
	return key
}

// int is the number of the field as an int.
func (r *reader) int() int { return r.asInt(r.number) }

func (r *reader) asInt(v uint64) int {
	if v > 1<<62 || uint64(int(v)) != v {
		r.fail()
		return 0
	}
	return int(v)
}

// text is the value of the field as a string.
func (r *reader) text() string { return r.string(r.value) }

func (r *reader) string(b []byte) string {
	if r.alias {
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	return string(b)
}

func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 { // most are small
		v := r.b[0]
		r.b = r.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// uint32 reads a number up to MaxNumber.
func (r *reader) uint32() uint32 {
	v := r.uvarint()
	if v > MaxNumber {
		r.fail()
		return 0
	}
	return uint32(v)
}

// size reads a number that is an int.
func (r *reader) size() int { return r.asInt(r.uvarint()) }

// count reads a number of elements; each takes at least a byte.
func (r *reader) count() int {
	v := r.size()
	if v > len(r.b) {
		r.fail()
		return 0
	}
	return v
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// sized reads a string with its length.
func (r *reader) sized() string { return r.string(r.bytes(r.count())) }
