package modelpack_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/iotest"

	"github.com/albert-search/albert-search/albert/safetensors"
	"github.com/albert-search/albert-search/internal/modelpack"
)

// weights is a safetensors file of tensors whose bytes are all the same.
func weights(t testing.TB, tensors map[string]byte, order ...string) []byte {
	t.Helper()
	var all []safetensors.Data
	for _, name := range order {
		all = append(all, safetensors.Data{
			Name: name, Type: safetensors.I8, Shape: []int{1000}, Bytes: bytes.Repeat([]byte{tensors[name]}, 1000),
		})
	}
	var w bytes.Buffer
	if err := safetensors.Write(&w, all, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

func TestFilesAreWhatTheyWere(t *testing.T) {
	values := map[string]byte{"a": 1, "b": 2, "again": 1, "c": 3, "d": 4}
	files := [][]byte{
		weights(t, values, "a", "b", "again", "c"),
		weights(t, values, "c", "d", "b"),
		weights(t, values),
	}
	var p modelpack.Packer
	var layouts [][]byte
	for _, f := range files {
		l, err := p.Add(f)
		if err != nil {
			t.Fatal(err)
		}
		var w bytes.Buffer
		if err := l.Write(&w); err != nil {
			t.Fatal(err)
		}
		layouts = append(layouts, w.Bytes())
	}
	if n := len(p.Blob()); n != 4000 {
		t.Errorf("four distinct tensors of 1000 bytes are %d", n)
	}
	for i, want := range files {
		l, err := modelpack.ReadLayout(bytes.NewReader(layouts[i]))
		if err != nil {
			t.Fatal(err)
		}
		f := l.Open("model.safetensors", bytes.NewReader(p.Blob()))
		if err := iotest.TestReader(f, want); err != nil {
			t.Errorf("file %d: %v", i, err)
		}
		info, err := f.Stat()
		if err != nil || info.Size() != int64(len(want)) || info.Name() != "model.safetensors" || info.IsDir() {
			t.Errorf("file %d: %v, %v", i, info, err)
		}
		for _, at := range []int64{0, 7, int64(len(want)) - 1, int64(len(want)) / 2} {
			part := make([]byte, min(1500, int64(len(want))-at))
			if n, err := f.(io.ReaderAt).ReadAt(part, at); n != len(part) || err != nil && err != io.EOF || !bytes.Equal(part, want[at:at+int64(n)]) {
				t.Errorf("file %d at %d: %d bytes, %v", i, at, n, err)
			}
		}
	}
}

func TestABlobThatIsTooShort(t *testing.T) {
	var p modelpack.Packer
	l, err := p.Add(weights(t, map[string]byte{"a": 1}, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(l.Open("x", bytes.NewReader(p.Blob()[:999]))); err == nil {
		t.Error("no error")
	}
}

func TestAddRefuses(t *testing.T) {
	var p modelpack.Packer
	for _, b := range [][]byte{nil, []byte("not weights at all"), weights(t, nil, "a")[:500]} {
		if _, err := p.Add(b); !errors.Is(err, safetensors.ErrFormat) {
			t.Errorf("%d bytes: error %v", len(b), err)
		}
	}
}

func FuzzReadLayout(f *testing.F) {
	var p modelpack.Packer
	l, err := p.Add(weights(f, map[string]byte{"a": 1, "b": 2}, "a", "b"))
	if err != nil {
		f.Fatal(err)
	}
	var w bytes.Buffer
	if err := l.Write(&w); err != nil {
		f.Fatal(err)
	}
	f.Add(w.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := modelpack.ReadLayout(bytes.NewReader(b))
		if err != nil {
			if !errors.Is(err, modelpack.ErrFormat) {
				t.Errorf("error %v", err)
			}
			return
		}
		var file fs.File = l.Open("x", bytes.NewReader(p.Blob()))
		n, err := io.Copy(io.Discard, io.LimitReader(file, 1<<20))
		if err == nil && n < min(l.Size(), 1<<20) {
			t.Errorf("read %d of %d bytes without an error", n, l.Size())
		}
	})
}
