// Package modelpack stores files of weights that have tensors in common: each
// distinct tensor once, in a blob that all share, and for each file a layout
// that says what it consists of. A file is put together again while it is read
// and has the bytes that it had.
package modelpack

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"time"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// Layout says what a file consists of: the header of a safetensors file, and
// behind it sections of the blob.
type Layout struct {
	header   []byte
	sections []section
	// ends are where the sections end in the file.
	ends []int64
}

// section is a part of the blob: its first byte and its length.
type section [2]int64

// Packer collects the tensors of files.
type Packer struct {
	blob bytes.Buffer
	at   map[[sha256.Size]byte]int64
}

// Add adds the tensors of a safetensors file, as far as the blob does not have
// them, and returns the file's layout.
func (p *Packer) Add(file []byte) (*Layout, error) {
	st, err := safetensors.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	if p.at == nil {
		p.at = make(map[[sha256.Size]byte]int64)
	}
	l := &Layout{header: file[:8+binary.LittleEndian.Uint64(file)]}
	for _, info := range st.Tensors() {
		b, err := st.Bytes(info)
		if err != nil {
			return nil, err
		}
		key := sha256.Sum256(b)
		at, ok := p.at[key]
		if !ok {
			at = int64(p.blob.Len())
			p.at[key] = at
			p.blob.Write(b)
		}
		l.append(section{at, int64(len(b))})
	}
	return l, l.place()
}

// append adds a section to the last, or as part of it.
func (l *Layout) append(s section) {
	if n := len(l.sections); n > 0 && l.sections[n-1][0]+l.sections[n-1][1] == s[0] {
		l.sections[n-1][1] += s[1]
		return
	}
	l.sections = append(l.sections, s)
}

// Blob is all that was added. The caller must not change it.
func (p *Packer) Blob() []byte { return p.blob.Bytes() }

// ErrFormat is the error of ReadLayout for what is no layout.
var ErrFormat = errors.New("not a layout of packed weights")

// maxLayout bounds what a layout unpacks to.
const maxLayout = 16 << 20

// Write writes the layout: gzip of the header and the sections as JSON.
func (l *Layout) Write(w io.Writer) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	sections, err := json.Marshal(l.sections)
	if err != nil {
		return err
	}
	if _, err := z.Write(append(bytes.Clone(l.header), sections...)); err != nil {
		return err
	}
	return z.Close()
}

// ReadLayout reads what Write wrote.
func ReadLayout(r io.Reader) (*Layout, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	b, err := io.ReadAll(io.LimitReader(z, maxLayout+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(b) < 8 || len(b) > maxLayout {
		return nil, fmt.Errorf("%w: %d bytes", ErrFormat, len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(b)-8) {
		return nil, fmt.Errorf("%w: a header of %d bytes in %d", ErrFormat, n, len(b))
	}
	l := &Layout{header: b[: 8+n : 8+n]}
	if err := json.Unmarshal(b[8+n:], &l.sections); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return l, l.place()
}

// place works out where in the file the sections lie.
func (l *Layout) place() error {
	end := int64(len(l.header))
	l.ends = make([]int64, len(l.sections))
	for i, s := range l.sections {
		if s[0] < 0 || s[1] < 0 || s[0]+s[1] < 0 || end+s[1] < 0 {
			return fmt.Errorf("%w: section %v", ErrFormat, s)
		}
		end += s[1]
		l.ends[i] = end
	}
	return nil
}

// Size is the length of the file.
func (l *Layout) Size() int64 {
	if len(l.ends) == 0 {
		return int64(len(l.header))
	}
	return l.ends[len(l.ends)-1]
}

// Open returns the file, put together from the blob, under a name. It is also an
// io.ReaderAt. Closing it closes nothing else.
func (l *Layout) Open(name string, blob io.ReaderAt) fs.File {
	f := &file{layout: l, blob: blob, name: name}
	f.SectionReader = io.NewSectionReader(readerAt{l, blob}, 0, l.Size())
	return f
}

type file struct {
	*io.SectionReader
	layout *Layout
	blob   io.ReaderAt
	name   string
}

// Stat implements fs.File.
func (f *file) Stat() (fs.FileInfo, error) { return info{f.name, f.layout.Size()}, nil }

// Close implements fs.File.
func (f *file) Close() error { return nil }

// readerAt reads a file.
type readerAt struct {
	*Layout
	blob io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (r readerAt) ReadAt(b []byte, at int64) (n int, err error) {
	if head := int64(len(r.header)); at < head {
		n = copy(b, r.header[at:])
		at += int64(n)
	}
	i := sort.Search(len(r.ends), func(i int) bool { return r.ends[i] > at })
	for ; n < len(b) && i < len(r.ends); i++ {
		s := r.sections[i]
		left := r.ends[i] - at
		part := b[n:min(int64(len(b)), int64(n)+left)]
		m, err := r.blob.ReadAt(part, s[0]+s[1]-left)
		n += m
		at += int64(m)
		if m < len(part) {
			if err == io.EOF { // of the blob, not of the file
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

type info struct {
	name string
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o444 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }
