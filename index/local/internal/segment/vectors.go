package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index/local/internal/disk"
)

const (
	magicVectors     = "ALBVEC01"
	magicAnnotations = "ALBANN01"
	// sideFooter is the length of the footer of both, in bytes. Vectors begin with
	// the file, so that they are aligned, and are a multiple of four bytes long.
	sideFooter = 64
	maxDim     = 1 << 20
)

// Vectors is an open file of vectors, immutable: those of some or all passages
// of a segment, by one embedder.
type Vectors struct {
	Path, Name string
	// Dim is the length of a vector.
	Dim int
	// Rows are the rows of the passages that have a vector here, ascending.
	Rows []Row
	// Sum is the checksum of the vectors, as written there.
	Sum uint32
	// All says that every passage of the segment has a vector here.
	All bool

	section []byte
	vectors []float32 // one after the other
	data    mmap.MMap // nil where they are part of a segment file
	file    *File
	refs    atomic.Int32
}

// OpenVectors maps a file of vectors of a segment. The vectors themselves are
// not compared with their checksum; see Intact.
func OpenVectors(path string, f *File) (_ *Vectors, err error) {
	data, err := disk.Map(path, sideFooter)
	if err != nil {
		return nil, err
	}
	v := &Vectors{Path: path, Name: filepath.Base(path), data: data}
	if err := v.parse(f); err != nil {
		if !errors.Is(err, disk.ErrFault) {
			err = disk.Damaged(path, err.Error())
		}
		return nil, errors.Join(err, data.Unmap())
	}
	v.refs.Store(1)
	return v, nil
}

func (v *Vectors) parse(f *File) (err error) {
	defer disk.CatchFault(&err)()
	foot, body, err := decodeSideFooter(v.data, magicVectors, f)
	if err != nil {
		return err
	}
	dim, n := binary.LittleEndian.Uint32(foot[16:]), binary.LittleEndian.Uint32(foot[20:])
	rows := f.foot.rows
	v.All = n == rows
	mask := uint64(rows+7) / 8
	if v.All {
		mask = 0
	}
	if dim == 0 || dim > maxDim || n > rows || uint64(len(body)) != uint64(n)*uint64(dim)*4+mask {
		return errors.New("has counts that do not fit")
	}
	v.Dim, v.Sum = int(dim), binary.LittleEndian.Uint32(foot[28:])
	v.section = body[:uint64(len(body))-mask]
	v.vectors = inPlace[float32](v.section)
	present := body[len(v.section):]
	if disk.Sum(present) != binary.LittleEndian.Uint32(foot[24:]) {
		return errors.New("has a wrong checksum in the list of its passages")
	}
	if len(f.rows) != int(rows) {
		return errors.New("has vectors of passages that cannot be found")
	}
	if v.All {
		v.Rows = f.rows
		return nil
	}
	v.Rows = make([]Row, 0, n)
	for i, r := range f.rows {
		if present[i/8]>>(i%8)&1 != 0 {
			v.Rows = append(v.Rows, r)
		}
	}
	if len(v.Rows) != int(n) || rows%8 != 0 && present[len(present)-1]>>(rows%8) != 0 {
		return errors.New("has another number of vectors than passages")
	}
	return nil
}

// InFile returns the vectors that a segment file of format 1 has in it, nil if
// there are none. They keep the file open.
func (f *File) InFile() *Vectors {
	if f.foot.version != 1 || f.foot.dim == 0 || len(f.rows) == 0 || len(f.rows) != int(f.foot.rows) {
		return nil
	}
	f.Retain()
	v := &Vectors{
		Path: f.Path, Name: f.Name, Dim: int(f.foot.dim), Rows: f.rows, Sum: f.foot.sections[secVectors].crc, All: true,
		section: f.section(secVectors), file: f,
	}
	v.vectors = inPlace[float32](v.section)
	v.refs.Store(1)
	return v
}

// At returns the i-th vector; it lives as long as the file is retained.
func (v *Vectors) At(i int) []float32 { return v.vectors[i*v.Dim : (i+1)*v.Dim] }

// Find returns which of the vectors is that of a row.
func (v *Vectors) Find(row Row) (i int, ok bool) { return slices.BinarySearch(v.Rows, row) }

// Intact reports whether the vectors have their checksum.
func (v *Vectors) Intact() bool { return disk.Sum(v.section) == v.Sum }

// Bytes is the length of the vectors on the disk.
func (v *Vectors) Bytes() int { return len(v.section) }

// Retain keeps the file open until another Release.
func (v *Vectors) Retain() { v.refs.Add(1) }

// Release unmaps the file when nobody uses it any more.
func (v *Vectors) Release() error {
	if v.refs.Add(-1) > 0 {
		return nil
	}
	v.vectors, v.section = nil, nil
	if v.file != nil {
		return v.file.Release()
	}
	return v.data.Unmap()
}

// The footer of a file beside a segment: what it is (8 bytes), the number of
// rows of the segment and the checksum of their section (4 bytes each), what is
// up to the kind of file (44 bytes), the checksum of the footer up to there.

func appendSideFooter(b []byte, magic string, f *File, rest func(b []byte) []byte) []byte {
	at := len(b)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, f.foot.rows)
	b = binary.LittleEndian.AppendUint32(b, f.foot.sections[secRows].crc)
	b = rest(b)
	b = append(b, make([]byte, sideFooter-4-(len(b)-at))...)
	return binary.LittleEndian.AppendUint32(b, disk.Sum(b[at:]))
}

func decodeSideFooter(data []byte, magic string, f *File) (foot, body []byte, err error) {
	if len(data) < sideFooter {
		return nil, nil, errors.New("is too short")
	}
	foot, body = data[len(data)-sideFooter:], data[:len(data)-sideFooter]
	switch {
	case string(foot[:8]) != magic:
		err = errors.New("is another kind of file")
	case binary.LittleEndian.Uint32(foot[sideFooter-4:]) != disk.Sum(foot[:sideFooter-4]):
		err = errors.New("has a footer with a wrong checksum")
	case binary.LittleEndian.Uint32(foot[8:]) != f.foot.rows || binary.LittleEndian.Uint32(foot[12:]) != f.foot.sections[secRows].crc:
		err = fmt.Errorf("does not belong to %s", f.Name)
	}
	return foot, body, err
}
