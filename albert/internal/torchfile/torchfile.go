// Package torchfile reads the tensors of files that PyTorch's torch.save wrote,
// such as pytorch_model.bin: a pickle (Python's pickletools describes its
// instructions) that names the tensors, and their bytes, in a ZIP archive or,
// before PyTorch 1.6, one behind the other.
//
// A pickle is a program. The interpreter here knows only the instructions that
// build dictionaries of tensors, and calls nothing: the few functions that a
// dictionary of tensors names are recognised, every other is an error that says
// its name. Nothing else in a file is trusted either: no size is believed
// before it has been compared with the size of the file, and entries that are
// compressed, which torch.save never writes, are refused.
package torchfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/internal/errkind"
)

// ErrFormat is the error of a file that is not well-formed.
var ErrFormat = errors.New("not a well-formed PyTorch file")

// ErrUnsafe is the kind of an UnsafeError.
var ErrUnsafe = errors.New("the file holds code")

// UnsafeError is the error of a file whose pickle names something else than
// tensors and what they are made of. Nothing of it has been run.
type UnsafeError struct {
	// Global is what the pickle names, as "os.system".
	Global string
}

// Is reports whether target is ErrUnsafe.
func (e *UnsafeError) Is(target error) bool { return target == ErrUnsafe }

func (e *UnsafeError) Error() string {
	return fmt.Sprintf("the pickle names %s, which is not part of a tensor: it was not run, and the file is refused", e.Global)
}

// ErrorKind is the kind of the error for programs.
func (*UnsafeError) ErrorKind() string { return errkind.Refused }

// File is an open file. It holds the names and places of the tensors only:
// their bytes are read when they are asked for. It is safe for use by several
// goroutines at once if its reader is.
type File struct {
	r       io.ReaderAt
	tensors map[string]tensor
}

// tensor is a view of a storage.
type tensor struct {
	info    safetensors.Info
	storage *storage
	// offset and strides count elements of the storage.
	offset  int64
	strides []int64
}

// storage is a run of elements of one type.
type storage struct {
	typ safetensors.Type
	len int64
	// start is where in the file it begins.
	start int64
}

// Open reads which tensors a file of the given size has.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r}
	var magic [4]byte
	if _, err := r.ReadAt(magic[:], 0); err != nil {
		return nil, fmt.Errorf("%w: its %d bytes are too few", ErrFormat, size)
	}
	open := f.openLegacy
	if string(magic[:]) == "PK\x03\x04" {
		open = f.openZip
	}
	if err := open(size); err != nil {
		var unsafe *UnsafeError
		if errors.As(err, &unsafe) || errors.Is(err, ErrFormat) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return f, nil
}

// collect takes the tensors from what the pickle built.
func (f *File) collect(root any) error {
	entries, ok := root.(*dict)
	if !ok {
		return fmt.Errorf("it holds %s, not a dictionary of tensors", describe(root))
	}
	// Trainers put the weights into a dictionary beside other things.
	for _, key := range []string{"state_dict", "model_state_dict"} {
		if inner, ok := entries.values[key].(*dict); ok {
			entries = inner
			break
		}
	}
	f.tensors = make(map[string]tensor, len(entries.values))
	for name, v := range entries.values {
		t, ok := v.(*tensor)
		if !ok {
			return fmt.Errorf("entry %q is %s, not a tensor", name, describe(v))
		}
		named := *t
		named.info.Name = name
		f.tensors[name] = named
	}
	return nil
}

// rebuild is torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …).
func rebuild(args tuple) (*tensor, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor has %d arguments, not at least 4", len(args))
	}
	s, ok := args[0].(*storage)
	if !ok {
		return nil, fmt.Errorf("the storage of a tensor is %s", describe(args[0]))
	}
	offset, ok := args[1].(int64)
	if !ok || offset < 0 {
		return nil, fmt.Errorf("a tensor begins at element %s", describe(args[1]))
	}
	shape, err := integers(args[2])
	if err != nil {
		return nil, fmt.Errorf("the shape of a tensor: %w", err)
	}
	strides, err := integers(args[3])
	if err != nil {
		return nil, fmt.Errorf("the strides of a tensor: %w", err)
	}
	if len(shape) != len(strides) {
		return nil, fmt.Errorf("a tensor has %d dimensions and %d strides", len(shape), len(strides))
	}
	t := &tensor{storage: s, offset: offset, strides: strides, info: safetensors.Info{Type: s.typ, Shape: make([]int, len(shape))}}
	n := int64(1)
	for i, d := range shape {
		// A tensor may not have more elements than its storage: by repeating
		// them a small file could ask for any amount of memory.
		if d > 0 && n > s.len/d {
			return nil, fmt.Errorf("a tensor of shape %v has more elements than the %d of its storage", shape, s.len)
		}
		n *= d
		t.info.Shape[i] = int(d)
	}
	if last, ok := t.last(); !ok || last >= s.len {
		return nil, fmt.Errorf("a tensor of shape %v reaches past the %d elements of its storage", shape, s.len)
	}
	return t, nil
}

// last is the highest element of the storage that belongs to the tensor, -1 if
// none does. It is not ok where that is more than an int64 holds.
func (t *tensor) last() (int64, bool) {
	last := t.offset
	for i, d := range t.info.Shape {
		if d == 0 {
			return -1, true
		}
		stride := t.strides[i]
		if steps := int64(d - 1); steps > 0 && stride > (math.MaxInt64-last)/steps {
			return 0, false
		}
		last += int64(d-1) * stride
	}
	return last, true
}

// integers reads a tuple or list of numbers that are not negative.
func integers(v any) ([]int64, error) {
	var items []any
	switch v := v.(type) {
	case tuple:
		items = v
	case *list:
		items = v.items
	default:
		return nil, fmt.Errorf("it is %s", describe(v))
	}
	if len(items) > 64 {
		return nil, fmt.Errorf("%d dimensions", len(items))
	}
	out := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok || n < 0 || n > math.MaxInt32*int64(1024) {
			return nil, fmt.Errorf("%s is not a possible number", describe(item))
		}
		out[i] = n
	}
	return out, nil
}

// Tensors returns all tensors by name.
func (f *File) Tensors() []safetensors.Info {
	all := make([]safetensors.Info, 0, len(f.tensors))
	for _, t := range f.tensors {
		all = append(all, t.info)
	}
	slices.SortFunc(all, func(a, b safetensors.Info) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Tensor describes the tensor of that name.
func (f *File) Tensor(name string) (safetensors.Info, bool) {
	t, ok := f.tensors[name]
	return t.info, ok
}

// Metadata returns "": these files have none.
func (*File) Metadata(string) string { return "" }

// Floats reads a tensor of F32, F16 or BF16 as 32-bit floats, row-major.
func (f *File) Floats(info safetensors.Info) ([]float32, error) {
	b, err := f.Bytes(info)
	if err != nil {
		return nil, err
	}
	return safetensors.Decode(info, b)
}

// Bytes reads the elements of a tensor, row-major, little-endian.
func (f *File) Bytes(info safetensors.Info) ([]byte, error) {
	t, ok := f.tensors[info.Name]
	if !ok {
		return nil, fmt.Errorf("there is no tensor %q", info.Name)
	}
	last, _ := t.last()
	if last < 0 {
		return nil, nil
	}
	width := int64(t.info.Type.Size())
	span := make([]byte, (last-t.offset+1)*width)
	if n, err := f.r.ReadAt(span, t.storage.start+t.offset*width); n < len(span) {
		return nil, fmt.Errorf("read tensor %q: %w", info.Name, err)
	}
	if t.contiguous() {
		return span, nil
	}
	return gather(span, t.info.Shape, t.strides, width), nil
}

func (t *tensor) contiguous() bool {
	next := int64(1)
	for i := len(t.strides) - 1; i >= 0; i-- {
		if t.info.Shape[i] != 1 && t.strides[i] != next {
			return false
		}
		next *= int64(t.info.Shape[i])
	}
	return true
}

// gather brings elements of the given width into row-major order.
func gather(src []byte, shape []int, strides []int64, width int64) []byte {
	n := width
	for _, d := range shape {
		n *= int64(d)
	}
	out := make([]byte, 0, n)
	at := make([]int, len(shape))
	for from := int64(0); int64(len(out)) < n; {
		out = append(out, src[from:from+width]...)
		for d := len(shape) - 1; d >= 0; d-- {
			at[d]++
			from += strides[d] * width
			if at[d] < shape[d] {
				break
			}
			from -= int64(at[d]) * strides[d] * width
			at[d] = 0
		}
	}
	return out
}
