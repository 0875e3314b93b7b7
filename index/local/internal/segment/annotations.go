package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"sync/atomic"

	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// Annotations is an open file of annotations that were made after the segment
// was written, immutable.
type Annotations struct {
	Path, Name string
	// N is the number of passages that have some.
	N int

	data    mmap.MMap
	table   []byte // for each passage its position, uint32, and where its record ends, uint64
	records []byte
	refs    atomic.Int32
}

const annotationEntry = 12 // bytes of the table

// OpenAnnotations maps a file of annotations of a segment.
func OpenAnnotations(path string, f *File) (*Annotations, error) {
	data, err := disk.Map(path, sideFooter)
	if err != nil {
		return nil, err
	}
	a := &Annotations{Path: path, Name: filepath.Base(path), data: data}
	if err := a.parse(f); err != nil {
		if !errors.Is(err, disk.ErrFault) {
			err = disk.Damaged(path, err.Error())
		}
		return nil, errors.Join(err, data.Unmap())
	}
	a.refs.Store(1)
	return a, nil
}

func (a *Annotations) parse(f *File) (err error) {
	defer disk.CatchFault(&err)()
	foot, body, err := decodeSideFooter(a.data, magicAnnotations, f)
	if err != nil {
		return err
	}
	n := uint64(binary.LittleEndian.Uint32(foot[16:]))
	if n > uint64(f.foot.rows) || n*annotationEntry > uint64(len(body)) {
		return errors.New("has counts that do not fit")
	}
	a.N = int(n)
	a.records, a.table = body[:uint64(len(body))-n*annotationEntry], body[uint64(len(body))-n*annotationEntry:]
	if disk.Sum(a.table) != binary.LittleEndian.Uint32(foot[20:]) {
		return errors.New("has a wrong checksum in its table")
	}
	last := uint64(0)
	for i := range a.N {
		if a.end(i) < last || a.position(i) >= Position(f.foot.rows) || i > 0 && a.position(i) <= a.position(i-1) {
			return errors.New("has records out of order")
		}
		last = a.end(i)
	}
	if last != uint64(len(a.records)) {
		return errors.New("has records that do not fit")
	}
	return nil
}

func (a *Annotations) position(i int) Position {
	return Position(binary.LittleEndian.Uint32(a.table[annotationEntry*i:]))
}

func (a *Annotations) end(i int) uint64 {
	return binary.LittleEndian.Uint64(a.table[annotationEntry*i+4:])
}

// At returns what is annotated at a position, and whether anything is.
func (a *Annotations) At(pos Position) (Annotated, bool, error) {
	i := sort.Search(a.N, func(i int) bool { return a.position(i) >= pos })
	if i == a.N || a.position(i) != pos {
		return Annotated{}, false, nil
	}
	start := uint64(0)
	if i > 0 {
		start = a.end(i - 1)
	}
	body, err := unseal(a.records[start:a.end(i)])
	if err == nil {
		var found Annotated
		if found, err = decodeAnnotated(body); err == nil {
			return found, true, nil
		}
	}
	return Annotated{}, false, disk.Damaged(a.Path, fmt.Sprintf("has unreadable annotations of the passage at %d: %v", pos, err))
}

// Bytes is the length of the file.
func (a *Annotations) Bytes() int { return len(a.data) }

// Retain keeps the file open until another Release.
func (a *Annotations) Retain() { a.refs.Add(1) }

// Release unmaps the file when nobody uses it any more.
func (a *Annotations) Release() error {
	if a.refs.Add(-1) > 0 {
		return nil
	}
	a.table, a.records = nil, nil
	return a.data.Unmap()
}

// AnnotatedLater sums up what files, the later ones last, say of a position, and
// whether any says something.
func AnnotatedLater(files []*Annotations, pos Position) (sum Annotated, some bool, err error) {
	for _, a := range files {
		found, ok, err := a.At(pos)
		if err != nil {
			return sum, false, err
		}
		if ok {
			sum, some = sum.Then(found), true
		}
	}
	return sum, some, nil
}
