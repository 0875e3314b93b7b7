package segment

import (
	"bufio"
	"context"
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
	return write(path, len(docs), func(i int) (*Doc, error) { return docs[i].Doc, nil },
		func(i, n int) ([]byte, error) { return docs[i].Records[n], nil })
}

// Rewrite writes the documents of a file, which may be of an older format, into
// another and returns when it is on the disk. It ends with ctx's error when ctx
// does.
func Rewrite(ctx context.Context, path string, f *File) error {
	return write(path, f.Docs(), f.Doc, func(i, n int) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return f.Record(f.At(i)+Position(n), nil)
	})
}

// write writes a segment file of n documents. record returns the n-th passage of
// the i-th document; it is asked for twice, so that only one has to be in memory.
func write(path string, n int, doc func(i int) (*Doc, error), record func(i, n int) ([]byte, error)) error {
	return disk.Create(path, true, func(file *os.File) error {
		w := &writer{w: bufio.NewWriterSize(file, 1<<20)}
		w.footer.docs = uint32(n)
		for _, section := range []struct {
			number int
			doc    func(i int, d *Doc) error
		}{
			{secRows, w.rows},
			{secOffsets, w.offsets(record)},
			{secPassages, w.passages(record)},
			{secDocs, w.doc},
		} {
			for i := range n {
				d, err := doc(i)
				if err == nil {
					err = section.doc(i, d)
				}
				if err != nil {
					return err
				}
			}
			w.end(section.number)
		}
		w.write(w.footer.encode())
		return w.flush()
	})
}

// rows writes the rows of a document's passages.
func (w *writer) rows(_ int, d *Doc) error {
	w.buf = w.buf[:0]
	for i := range d.Info.Passages {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(d.First)+uint32(i))
	}
	w.write(w.buf)
	w.footer.rows += uint32(d.Info.Passages)
	return nil
}

// offsets writes where each passage of a document ends, after a 0 before the first.
func (w *writer) offsets(record func(i, n int) ([]byte, error)) func(i int, d *Doc) error {
	var end uint64
	return func(i int, d *Doc) error {
		w.buf = w.buf[:0]
		if i == 0 {
			w.buf = binary.LittleEndian.AppendUint64(w.buf, 0)
		}
		for n := range d.Info.Passages {
			r, err := record(i, n)
			if err != nil {
				return err
			}
			end += uint64(len(r))
			w.buf = binary.LittleEndian.AppendUint64(w.buf, end)
		}
		w.write(w.buf)
		return nil
	}
}

// passages writes the passages of a document.
func (w *writer) passages(record func(i, n int) ([]byte, error)) func(i int, d *Doc) error {
	return func(i int, d *Doc) error {
		for n := range d.Info.Passages {
			r, err := record(i, n)
			if err != nil {
				return err
			}
			w.write(r)
		}
		return nil
	}
}

// doc writes a document.
func (w *writer) doc(_ int, d *Doc) error {
	w.buf = AppendDoc(w.buf[:0], d)
	w.write(w.buf)
	return nil
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
	buf    []byte // reused
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
