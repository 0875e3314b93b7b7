// Package safetensors reads and writes the safetensors format of model weights
// (https://github.com/huggingface/safetensors#format): eight bytes of header
// length, a JSON header that names, types and places the tensors, and their
// bytes.
//
// Nothing in a file is trusted: the header's length and every tensor's place
// are checked against the size of the file before anything is allocated.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// ErrFormat is the error of a file that is not well-formed.
var ErrFormat = errors.New("not a well-formed safetensors file")

// Type is the type of a tensor's elements.
type Type string

// The types that this package knows the size of.
const (
	F64  Type = "F64"
	F32  Type = "F32"
	F16  Type = "F16"
	BF16 Type = "BF16"
	I64  Type = "I64"
	I32  Type = "I32"
	I16  Type = "I16"
	I8   Type = "I8"
	U8   Type = "U8"
	Bool Type = "BOOL"
)

func (t Type) size() (int, bool) {
	switch t {
	case F64, I64:
		return 8, true
	case F32, I32:
		return 4, true
	case F16, BF16, I16:
		return 2, true
	case I8, U8, Bool:
		return 1, true
	}
	return 0, false
}

// Size is the number of bytes of an element, 0 for a type that is not known.
func (t Type) Size() int {
	n, _ := t.size()
	return n
}

// Info describes a tensor.
type Info struct {
	Name  string
	Type  Type
	Shape []int
	// start and end are the bytes of the tensor in the file.
	start, end int64
}

// Len is the number of elements.
func (i Info) Len() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// File is an open safetensors file. It holds the header only: tensors are read
// when they are asked for. It is safe for use by several goroutines at once if
// its reader is.
type File struct {
	r        io.ReaderAt
	tensors  map[string]Info
	metadata map[string]string
}

// maxHeader is the longest header read, the limit of the reference
// implementation.
const maxHeader = 100 << 20

// Open reads the header of a file of the given size.
func Open(r io.ReaderAt, size int64) (*File, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return nil, fmt.Errorf("%w: %d bytes are too few", ErrFormat, size)
	}
	if err := readAt(r, length[:], 0); err != nil {
		return nil, fmt.Errorf("read the length of the header: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > uint64(size-8) || n > maxHeader {
		return nil, fmt.Errorf("%w: it is %d bytes long and says that its header has %d", ErrFormat, size, n)
	}
	header := make([]byte, n)
	if err := readAt(r, header, 8); err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	f := &File{r: r}
	if err := f.parse(header, 8+int64(n), size); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return f, nil
}

// parse reads the header. The tensors' bytes are those from base to size.
func (f *File) parse(header []byte, base, size int64) error {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	f.tensors = make(map[string]Info, len(entries))
	for name, raw := range entries {
		if name == "__metadata__" {
			if err := json.Unmarshal(raw, &f.metadata); err != nil {
				return fmt.Errorf("header: metadata: %w", err)
			}
			continue
		}
		info, err := parseInfo(name, raw, base, size)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.tensors[name] = info
	}
	return f.checkPlaces(base, size)
}

func parseInfo(name string, raw json.RawMessage, base, size int64) (Info, error) {
	var e struct {
		Type    Type     `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return Info{}, err
	}
	start, end := e.Offsets[0], e.Offsets[1]
	if start < 0 || end < start || end > size-base {
		return Info{}, fmt.Errorf("bytes %d to %d are not within the %d there are", start, end, size-base)
	}
	width, ok := e.Type.size()
	if !ok {
		return Info{}, fmt.Errorf("unknown type %q", e.Type)
	}
	bytes := int64(width)
	for _, d := range e.Shape {
		if d < 0 || d > 0 && bytes > math.MaxInt64/int64(d) {
			return Info{}, fmt.Errorf("impossible shape %v", e.Shape)
		}
		bytes *= int64(d)
	}
	if bytes != end-start {
		return Info{}, fmt.Errorf("shape %v of %s is %d bytes, the file has %d of it", e.Shape, e.Type, bytes, end-start)
	}
	return Info{name, e.Type, e.Shape, base + start, base + end}, nil
}

// checkPlaces makes sure that the tensors lie one behind the other and fill
// the file, as the format demands.
func (f *File) checkPlaces(base, size int64) error {
	at := base
	for _, t := range f.Tensors() {
		if t.start != at {
			return fmt.Errorf("tensor %q begins at byte %d of the file, the one before it ends at %d", t.Name, t.start, at)
		}
		at = t.end
	}
	if at != size {
		return fmt.Errorf("the last tensor ends at byte %d of %d", at, size)
	}
	return nil
}

// Tensors returns all tensors in the order of the file.
func (f *File) Tensors() []Info {
	all := make([]Info, 0, len(f.tensors))
	for _, t := range f.tensors {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// Tensor describes the tensor of that name.
func (f *File) Tensor(name string) (Info, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Metadata returns the value of a key that the file's maker chose, or "".
func (f *File) Metadata(key string) string { return f.metadata[key] }

// Bytes reads the bytes of a tensor: its elements row-major, little-endian.
func (f *File) Bytes(t Info) ([]byte, error) {
	b := make([]byte, t.end-t.start)
	if err := readAt(f.r, b, t.start); err != nil {
		return nil, fmt.Errorf("read tensor %q: %w", t.Name, err)
	}
	return b, nil
}

// readAt fills b. A reader may report the end of the file together with its
// last bytes.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if len(b) == 0 {
		return nil
	}
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return err
}
