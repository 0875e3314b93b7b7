package segment

import (
	"bufio"
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// Source is a document with its passages on the way into a segment.
type Source struct {
	Doc     *Doc
	Records [][]byte // encoded passages
	// Vectors has one for each passage, nil where it is not known yet; it is nil
	// where none is.
	Vectors [][]float32
}

// Write writes a segment file with the documents, which must be in ascending
// order of number, and returns when it is on the disk. Vectors are left out.
func Write(path string, docs []Source) error {
	return disk.Create(path, true, func(file *os.File) error {
		w := &writer{w: bufio.NewWriterSize(file, 1<<20)}
		w.footer.docs = uint32(len(docs))
		var buf []byte
		for _, d := range docs {
			buf = buf[:0]
			for i := range d.Records {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(d.Doc.First)+uint32(i))
			}
			w.write(buf)
			w.footer.rows += uint32(len(d.Records))
		}
		w.end(secRows)
		var at uint64
		w.write(binary.LittleEndian.AppendUint64(nil, at))
		for _, d := range docs {
			buf = buf[:0]
			for _, r := range d.Records {
				at += uint64(len(r))
				buf = binary.LittleEndian.AppendUint64(buf, at)
			}
			w.write(buf)
		}
		w.end(secOffsets)
		for _, d := range docs {
			for _, r := range d.Records {
				w.write(r)
			}
		}
		w.end(secPassages)
		for _, d := range docs {
			buf = AppendDoc(buf[:0], d.Doc)
			w.write(buf)
		}
		w.end(secDocs)
		w.write(w.footer.encode())
		return w.flush()
	})
}

// WriteVectors writes a file of vectors of length dim for a segment. vector
// returns that at a position, or nil if there is none. The file is on the disk
// when somebody has synced it.
func WriteVectors(path string, f *File, dim int, vector func(pos Position) []float32) error {
	return disk.Create(path, false, func(file *os.File) error {
		w := &writer{w: bufio.NewWriterSize(file, 1<<20)}
		present := make([]byte, (f.foot.rows+7)/8)
		n := uint32(0)
		for i := range f.rows {
			v := vector(Position(i))
			if v == nil {
				continue
			}
			if len(v) != dim {
				return errors.New("a vector of another length")
			}
			present[i/8] |= 1 << (i % 8)
			n++
			w.write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*dim))
		}
		vectors := w.crc
		if n == f.foot.rows {
			present = nil
		}
		w.write(present)
		w.write(appendSideFooter(nil, magicVectors, f, func(b []byte) []byte {
			for _, x := range []uint32{uint32(dim), n, disk.Sum(present), vectors} {
				b = binary.LittleEndian.AppendUint32(b, x)
			}
			return b
		}))
		return w.flush()
	})
}

// WriteAnnotations writes a file of annotations for a segment. annotated returns
// those at a position, and whether there are any. The file is on the disk when
// somebody has synced it.
func WriteAnnotations(path string, f *File, annotated func(pos Position) (Annotated, bool, error)) error {
	return disk.Create(path, false, func(file *os.File) error {
		w := &writer{w: bufio.NewWriterSize(file, 1<<16)}
		var table []byte
		n := uint32(0)
		for i := range f.rows {
			a, ok, err := annotated(Position(i))
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			w.write(seal(appendAnnotated([]byte{0, 0, 0, 0}, &a), 0))
			table = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(table, uint32(i)), w.at)
			n++
		}
		w.write(table)
		w.write(appendSideFooter(nil, magicAnnotations, f, func(b []byte) []byte {
			return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, n), disk.Sum(table))
		}))
		return w.flush()
	})
}

// writer writes sections one after the other. After an error it does nothing.
type writer struct {
	w      *bufio.Writer
	at     uint64
	crc    uint32
	footer footer
	err    error
}

func (w *writer) write(b []byte) {
	if w.err != nil {
		return
	}
	_, w.err = w.w.Write(b)
	w.at += uint64(len(b))
	w.crc = disk.Update(w.crc, b)
}

// end closes a section.
func (w *writer) end(i int) {
	var start uint64
	if i > secRows {
		start = w.footer.sections[i-1].offset + w.footer.sections[i-1].length
	}
	w.footer.sections[i] = section{start, w.at - start, w.crc}
	w.crc = 0
}

func (w *writer) flush() error {
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}
