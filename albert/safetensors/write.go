package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Data is a tensor to be written: its description and its elements, row-major
// and little-endian.
type Data struct {
	Name  string
	Type  Type
	Shape []int
	Bytes []byte
	// Read gives the bytes when it is their turn to be written, so that not all
	// tensors need be in memory at once. It counts when Bytes is nil.
	Read func() ([]byte, error)
}

// bytes are the tensor's elements, n bytes.
func (d Data) bytes(n int) ([]byte, error) {
	b := d.Bytes
	if b == nil && d.Read != nil {
		var err error
		if b, err = d.Read(); err != nil {
			return nil, err
		}
	}
	if len(b) != n {
		return nil, fmt.Errorf("write tensor %q: shape %v of type %q is %d bytes, not %d", d.Name, d.Shape, d.Type, n, len(b))
	}
	return b, nil
}

// alignment is what the header is padded to a multiple of, so that tensors
// can be used in place where a file is mapped into memory.
const alignment = 8

// Write writes a file of the given tensors in their order. Metadata may be
// nil.
func Write(w io.Writer, tensors []Data, metadata map[string]string) error {
	type entry struct {
		Type    Type   `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header := make(map[string]any, len(tensors)+1) // json writes it sorted by key
	if len(metadata) > 0 {
		header["__metadata__"] = metadata
	}
	at := 0
	for _, t := range tensors {
		width, ok := t.Type.size()
		n := width * (Info{Shape: t.Shape}).Len()
		if !ok {
			return fmt.Errorf("write tensor %q: unknown type %q", t.Name, t.Type)
		}
		if lazy := t.Bytes == nil && t.Read != nil; !lazy {
			if _, err := t.bytes(n); err != nil {
				return err
			}
		}
		if _, twice := header[t.Name]; twice {
			return fmt.Errorf("write tensor %q: the name is used twice", t.Name)
		}
		header[t.Name] = entry{t.Type, t.Shape, [2]int{at, at + n}}
		at += n
	}
	text, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	for len(text)%alignment != 0 {
		text = append(text, ' ')
	}
	if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	for _, t := range tensors {
		b, err := t.bytes(t.Type.Size() * (Info{Shape: t.Shape}).Len())
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("write tensor %q: %w", t.Name, err)
		}
	}
	return nil
}
