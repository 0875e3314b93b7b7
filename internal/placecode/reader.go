package placecode

import (
	"encoding/binary"
	"math"

	"github.com/albert-search/albert-search/document"
)

// reader reads numbers and bytes. After a failure it returns zeros.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) fail() { r.b, r.failed = nil, true }

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// flag reads a byte that is 0 or 1.
func (r *reader) flag() bool {
	v := r.byte()
	if v > 1 {
		r.fail()
	}
	return v == 1
}

func (r *reader) uvarint() uint64 {
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

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

// sum is v + more, unless that is no int or negative.
func (r *reader) sum(v int, more uint64) int {
	if v < 0 || more > uint64(math.MaxInt-v) {
		r.fail()
		return 0
	}
	return v + int(more)
}

// step reads a difference and adds it to v. The sum must be in 0..most.
func (r *reader) step(v, most int) int {
	d := r.varint()
	sum := int64(v) + d
	if sum < 0 || sum > int64(most) || d > 0 && sum < int64(v) {
		r.fail()
		return 0
	}
	return int(sum)
}

// coordinate reads a difference and adds it to v, a number in half points, which
// may be negative.
func (r *reader) coordinate(v int) int {
	const most = 8 * document.MaxPoints
	d := r.varint()
	if d < -most || d > most {
		r.fail()
		return 0
	}
	return v + int(d)
}
