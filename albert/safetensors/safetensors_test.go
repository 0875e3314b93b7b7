package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// file is a safetensors file with the given header and n bytes of tensors.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func openBytes(b []byte) (*safetensors.File, error) {
	return safetensors.Open(bytes.NewReader(b), int64(len(b)))
}

func TestRoundTrip(t *testing.T) {
	tensors := []safetensors.Data{
		{Name: "weights", Type: safetensors.I8, Shape: []int{2, 3}, Bytes: []byte{1, 2, 3, 4, 5, 255}},
		{Name: "a scalar", Type: safetensors.F32, Shape: []int{}, Bytes: []byte{0, 0, 128, 63}},
		{Name: "nothing", Type: safetensors.F32, Shape: []int{0, 7}, Bytes: []byte{}},
		{Name: "half", Type: safetensors.F16, Shape: []int{1}, Bytes: []byte{0, 0xc0}},
	}
	var w bytes.Buffer
	if err := safetensors.Write(&w, tensors, map[string]string{"made by": "a test"}); err != nil {
		t.Fatal(err)
	}
	f, err := openBytes(w.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Metadata("made by"); got != "a test" {
		t.Errorf("metadata is %q", got)
	}
	if n := len(f.Tensors()); n != len(tensors) {
		t.Errorf("%d tensors, want %d", n, len(tensors))
	}
	for _, want := range tensors {
		info, ok := f.Tensor(want.Name)
		if !ok || info.Type != want.Type || !slices.Equal(info.Shape, want.Shape) {
			t.Errorf("%s is %+v", want.Name, info)
		}
		got, err := f.Bytes(info)
		if err != nil || !bytes.Equal(got, want.Bytes) {
			t.Errorf("%s: bytes %v, error %v", want.Name, got, err)
		}
	}
	scalar, _ := f.Tensor("a scalar")
	if v, err := f.Floats(scalar); err != nil || !slices.Equal(v, []float32{1}) {
		t.Errorf("scalar is %v, error %v", v, err)
	}
	weights, _ := f.Tensor("weights")
	if _, err := f.Floats(weights); err == nil || !strings.Contains(err.Error(), "weights") {
		t.Errorf("integers as floats: error %v", err)
	}
}

func TestFloats(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		typ  safetensors.Type
		bits uint16
		want float32
	}{
		{safetensors.F16, 0x3c00, 1},
		{safetensors.F16, 0xc000, -2},
		{safetensors.F16, 0x7bff, 65504},
		{safetensors.F16, 0x0400, 1.0 / (1 << 14)},
		{safetensors.F16, 0x0001, 1.0 / (1 << 24)},
		{safetensors.F16, 0x83ff, -1023.0 / (1 << 24)},
		{safetensors.F16, 0x3555, 0.33325195},
		{safetensors.F16, 0x7c00, inf},
		{safetensors.F16, 0xfc00, -inf},
		{safetensors.F16, 0x8000, 0},
		{safetensors.BF16, 0x3f80, 1},
		{safetensors.BF16, 0xc2f7, -123.5},
		{safetensors.BF16, 0x7f80, inf},
	} {
		b := binary.LittleEndian.AppendUint16(file(fmt.Sprintf(`{"x":{"dtype":%q,"shape":[1],"data_offsets":[0,2]}}`, c.typ), 0), c.bits)
		f, err := openBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := f.Tensor("x")
		if v, err := f.Floats(info); err != nil || len(v) != 1 || v[0] != c.want {
			t.Errorf("%s %#04x is %v (error %v), want %g", c.typ, c.bits, v, err, c.want)
		}
	}
	f, err := openBytes(append(file(`{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 0), 0, 0x7e))
	if err != nil {
		t.Fatal(err)
	}
	info, _ := f.Tensor("x")
	if v, err := f.Floats(info); err != nil || v[0] == v[0] {
		t.Errorf("not a number is %v (error %v)", v, err)
	}
}

// broken are files that must be refused.
var broken = map[string][]byte{
	"empty":                 {},
	"short":                 {1, 0, 0, 0, 0, 0, 0},
	"header beyond the end": binary.LittleEndian.AppendUint64(nil, 1),
	"length that overflows": append(binary.LittleEndian.AppendUint64(nil, math.MaxUint64), '{', '}'),
	"header of a terabyte":  append(binary.LittleEndian.AppendUint64(nil, 1<<40), '{', '}'),
	"no header":             make([]byte, 8),
	"not JSON":              file(`{"x":`, 0),
	"a list":                file(`[]`, 0),
	"bytes of no tensor":    file(`{}`, 4),
	"offset beyond the end": file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4),
	"negative offset":       file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4),
	"end before start":      file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4),
	"offsets that overflow": file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}}`, 4),
	"shape too large":       file(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
	"shape that overflows":  file(`{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0),
	"negative shape":        file(`{"x":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, 4),
	"unknown type":          file(`{"x":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}}`, 4),
	"no type":               file(`{"x":{"shape":[1],"data_offsets":[0,4]}}`, 4),
	"overlap":               file(`{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, 4),
	"the same bytes twice":  file(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 4),
	"gap":                   file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3),
	"metadata not strings":  file(`{"__metadata__":{"a":1}}`, 0),
}

func TestRefuses(t *testing.T) {
	for name, b := range broken {
		if _, err := openBytes(b); !errors.Is(err, safetensors.ErrFormat) {
			t.Errorf("%s: error %v, want ErrFormat", name, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	x := safetensors.Data{Name: "x", Type: safetensors.U8, Shape: []int{1}, Bytes: []byte{1}}
	short := x
	short.Shape = []int{2}
	odd := x
	odd.Type = "F7"
	for name, tensors := range map[string][]safetensors.Data{"twice": {x, x}, "short": {short}, "type": {odd}} {
		if err := safetensors.Write(&bytes.Buffer{}, tensors, nil); err == nil || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: error %v, want one that names the tensor", name, err)
		}
	}
}

// FuzzOpen opens files and reads what they say they have.
func FuzzOpen(f *testing.F) {
	for _, b := range broken {
		f.Add(b)
	}
	f.Add(file(`{"x":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},"y":{"dtype":"I8","shape":[],"data_offsets":[4,5]}}`, 5))
	f.Add(file(`{"x":{"dtype":"F64","shape":[0],"data_offsets":[0,0]},"__metadata__":{"format":"pt"}}    `, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := openBytes(b)
		if err != nil {
			if !errors.Is(err, safetensors.ErrFormat) {
				t.Errorf("error %v, want ErrFormat", err)
			}
			return
		}
		total := 0
		for _, info := range st.Tensors() {
			data, err := st.Bytes(info)
			if err != nil {
				t.Errorf("%s: %v", info.Name, err)
			}
			total += len(data)
			if v, err := st.Floats(info); err == nil && len(v) != info.Len() {
				t.Errorf("%s: %d numbers, want %d", info.Name, len(v), info.Len())
			}
		}
		if total > len(b) {
			t.Errorf("tensors of %d bytes in a file of %d", total, len(b))
		}
	})
}

func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		v := safetensors.FromHalf(uint16(h))
		if v != v {
			if got := safetensors.FromHalf(safetensors.Half(v)); got == got {
				t.Errorf("%#04x is not a number, but %g from it", h, got)
			}
			continue
		}
		if got := safetensors.Half(v); got != uint16(h) {
			t.Errorf("%#04x is %g, and from it %#04x", h, v, got)
		}
		// Between two neighbours the nearer one, in the middle the even one.
		next := safetensors.FromHalf(uint16(h) + 1)
		if h&0x7fff >= 0x7bff {
			continue // the next is infinite, or has the other sign
		}
		middle := v + (next-v)/2
		even := uint16(h) + uint16(h&1)
		for _, c := range []struct {
			v    float32
			want uint16
		}{
			{middle, even},
			{math.Nextafter32(middle, v), uint16(h)},
			{math.Nextafter32(middle, next), uint16(h) + 1},
		} {
			if got := safetensors.Half(c.v); got != c.want {
				t.Errorf("%g: %#04x, want %#04x", c.v, got, c.want)
			}
		}
	}
	for v, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, -1e30: 0xfc00} {
		if got := safetensors.Half(v); got != want {
			t.Errorf("%g: %#04x, want %#04x", v, got, want)
		}
	}
}
