package local

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"unsafe"
)

// segSource is a document with its passages on the way into a segment.
type segSource struct {
	doc     *docRecord
	vectors [][]float32 // one for each passage; none when the dimension is 0
	records [][]byte    // encoded passages
}

// writeSegment writes a segment file with the documents, which must be in
// ascending order of number, and returns when it is on the disk.
func writeSegment(path string, dim int, docs []segSource) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := &segWriter{w: bufio.NewWriterSize(file, 1<<20)}
	w.footer.dim, w.footer.docs = uint32(dim), uint32(len(docs))

	for _, d := range docs {
		for _, v := range d.vectors {
			w.write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v)))
		}
	}
	w.end(secVectors)
	var buf []byte
	for _, d := range docs {
		buf = buf[:0]
		for i := range d.records {
			buf = binary.LittleEndian.AppendUint32(buf, d.doc.first+uint32(i))
		}
		w.write(buf)
		w.footer.rows += uint32(len(d.records))
	}
	w.end(secRows)
	var at uint64
	w.write(binary.LittleEndian.AppendUint64(nil, at))
	for _, d := range docs {
		buf = buf[:0]
		for _, r := range d.records {
			at += uint64(len(r))
			buf = binary.LittleEndian.AppendUint64(buf, at)
		}
		w.write(buf)
	}
	w.end(secOffsets)
	for _, d := range docs {
		for _, r := range d.records {
			w.write(r)
		}
	}
	w.end(secPassages)
	for _, d := range docs {
		w.write(appendDoc(buf[:0], d.doc))
	}
	w.end(secDocs)
	w.write(w.footer.encode())
	if w.err == nil {
		w.err = w.w.Flush()
	}
	if w.err == nil {
		w.err = file.Sync()
	}
	if w.err != nil {
		return fmt.Errorf("writing %s: %w", path, w.err)
	}
	return nil
}

// segWriter writes sections one after the other. After an error it does
// nothing.
type segWriter struct {
	w      *bufio.Writer
	at     uint64
	crc    uint32
	footer footer
	err    error
}

func (w *segWriter) write(b []byte) {
	if w.err != nil {
		return
	}
	_, w.err = w.w.Write(b)
	w.at += uint64(len(b))
	w.crc = crc32.Update(w.crc, castagnoli, b)
}

// end closes a section.
func (w *segWriter) end(i int) {
	var start uint64
	if i > 0 {
		start = w.footer.sections[i-1].offset + w.footer.sections[i-1].length
	}
	w.footer.sections[i] = section{start, w.at - start, w.crc}
	w.crc = 0
}
