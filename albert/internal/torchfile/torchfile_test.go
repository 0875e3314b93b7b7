package torchfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert/internal/torchfile"
	"github.com/albert-search/albert-search/albert/safetensors"
)

// Parts of pickles.
const (
	proto = "\x80\x02"
	dict  = "ccollections\nOrderedDict\n)R"
)

func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}
func number(n int) string {
	return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(int32(n))))
}
func long(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}
func tuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }

func storage(class, key string, n int) string {
	return tuple(text("storage"), "ctorch\n"+class+"\n", text(key), text("cpu"), number(n)) + "Q"
}

func numbers(ns ...int) string {
	items := make([]string, len(ns))
	for i, n := range ns {
		items[i] = number(n)
	}
	return tuple(items...)
}

func tensor(storage string, offset int, shape, strides string) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n" + tuple(storage, number(offset), shape, strides, "\x89", dict) + "R"
}

// state is the pickle of a dictionary of one entry, "w".
func state(value string) string { return proto + dict + "(" + text("w") + value + "u." }

type entry struct {
	name, content string
	method        uint16
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: e.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// floats are bytes of the numbers 0, 1, 2, …
func floats(n int) string {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
	}
	return string(b)
}

// file is an archive of the pickle and a storage "0" of six floats.
func file(t testing.TB, pickle string) []byte {
	return archive(t, entry{"m/data.pkl", pickle, zip.Store}, entry{"m/byteorder", "little", zip.Store}, entry{"m/data/0", floats(6), zip.Store})
}

func open(b []byte) (*torchfile.File, error) {
	return torchfile.Open(bytes.NewReader(b), int64(len(b)))
}

func TestViews(t *testing.T) {
	six := storage("FloatStorage", "0", 6)
	for _, c := range []struct {
		name, value string
		shape       []int
		want        []float32
	}{
		{"whole", tensor(six, 0, numbers(2, 3), numbers(3, 1)), []int{2, 3}, []float32{0, 1, 2, 3, 4, 5}},
		{"part", tensor(six, 2, numbers(3), numbers(1)), []int{3}, []float32{2, 3, 4}},
		{"transposed", tensor(six, 0, numbers(3, 2), numbers(1, 3)), []int{3, 2}, []float32{0, 3, 1, 4, 2, 5}},
		{"every second", tensor(six, 1, numbers(3), numbers(2)), []int{3}, []float32{1, 3, 5}},
		{"three dimensions", tensor(six, 0, numbers(1, 3, 2), numbers(9, 1, 3)), []int{1, 3, 2}, []float32{0, 3, 1, 4, 2, 5}},
		{"one number", tensor(six, 4, numbers(), numbers()), []int{}, []float32{4}},
		{"nothing", tensor(six, 0, numbers(0, 3), numbers(3, 1)), []int{0, 3}, nil},
		{"parameter", "ctorch._utils\n_rebuild_parameter\n" + tuple(tensor(six, 0, numbers(2), numbers(1)), "\x88", dict) + "R", []int{2}, []float32{0, 1}},
	} {
		f, err := open(file(t, state(c.value)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		info, ok := f.Tensor("w")
		if !ok || !slices.Equal(info.Shape, c.shape) || info.Type != safetensors.F32 || len(f.Tensors()) != 1 {
			t.Errorf("%s: %+v, %v", c.name, info, ok)
		}
		got, err := f.Floats(info)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

func TestDictionaryInside(t *testing.T) {
	inner := dict + "(" + text("w") + tensor(storage("FloatStorage", "0", 6), 0, numbers(2), numbers(1)) + "u"
	f, err := open(file(t, proto+"}("+text("epoch")+number(3)+text("state_dict")+inner+"u."))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Tensor("w"); !ok {
		t.Error("the tensor is not found")
	}
}

func TestRefusesCode(t *testing.T) {
	for global, pickle := range map[string]string{
		"os.system":                      proto + "cos\nsystem\n" + tuple(text("touch /tmp/owned")) + "R.",
		"builtins.eval":                  "\x80\x04\x8c\x08builtins\x8c\x04eval\x93" + tuple(text("1")) + "R.",
		"torch.storage._load_from_bytes": state("ctorch.storage\n_load_from_bytes\n" + tuple(text("")) + "R"),
		"numpy.dtype":                    state("cnumpy\ndtype\n" + tuple(text("f4")) + "R"),
		// A name that is harmless in a place where it would be called.
		"torch.FloatStorage()": state("ctorch\nFloatStorage\n" + tuple(number(6)) + "R"),
	} {
		for form, b := range map[string][]byte{"archive": file(t, pickle), "older file": legacy(pickle, "](e.")} {
			_, err := open(b)
			var unsafe *torchfile.UnsafeError
			if !errors.As(err, &unsafe) || unsafe.Global != global || !strings.Contains(err.Error(), global) {
				t.Errorf("%s, %s: error %v", form, global, err)
			}
		}
	}
	if _, err := os.Stat("/tmp/owned"); err == nil {
		t.Error("it was run")
	}
}

// legacy is a file in the form before PyTorch 1.6.
func legacy(pickle, keys string, storages ...string) []byte {
	return []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e" +
		"\x80\x02M\xe9\x03." + "\x80\x02}(" + text("little_endian") + "\x88u." + pickle + keys + strings.Join(storages, ""))
}

func legacyStorage(key string, n int) string {
	return tuple(text("storage"), "ctorch\nFloatStorage\n", text(key), text("cpu"), number(n), "N") + "Q"
}

func TestLegacy(t *testing.T) {
	length := func(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }
	pickle := state(tensor(legacyStorage("b", 6), 1, numbers(2), numbers(1)))
	f, err := open(legacy(pickle, "]("+text("b")+"e.", length(6)+floats(6)))
	if err != nil {
		t.Fatal(err)
	}
	info, _ := f.Tensor("w")
	if got, err := f.Floats(info); err != nil || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("%v, %v", got, err)
	}
	for name, b := range map[string][]byte{
		"a storage that is missing":    legacy(pickle, "](e."),
		"a storage that nobody wants":  legacy(pickle, "]("+text("b")+text("c")+"e.", length(6)+floats(6)),
		"a length that lies":           legacy(pickle, "]("+text("b")+"e.", length(1<<60)+floats(6)),
		"a storage cut off":            legacy(pickle, "]("+text("b")+"e.", length(6)+floats(5)),
		"a storage without its length": legacy(pickle, "]("+text("b")+"e."),
		"keys that are none":           legacy(pickle, "}."),
		"cut off":                      legacy(pickle, "")[:60],
		"views of storages":            legacy(state(tensor(strings.Replace(legacyStorage("b", 6), "N", tuple(text("v"), number(0), number(2)), 1), 0, numbers(2), numbers(1))), "](e."),
	} {
		if _, err := open(b); !errors.Is(err, torchfile.ErrFormat) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// doubled is a tuple of twice the same tuple of twice the same …: a few hundred
// bytes that would be 2^64 elements if they were printed.
var doubled = ")" + strings.Repeat("q\x00h\x00\x86", 64)

func TestRefuses(t *testing.T) {
	six := storage("FloatStorage", "0", 6)
	good := state(tensor(six, 0, numbers(2, 3), numbers(3, 1)))
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "too few"},
		{"another format", []byte("GGUF0000000000000000000000"), "neither a ZIP"},
		{"cut off", file(t, good)[:200], "zip"},
		{"no pickle", archive(t, entry{"m/other", "", zip.Store}), "data.pkl"},
		{"a program", archive(t, entry{"m/data.pkl", good, zip.Store}, entry{"m/code/a.py", "", zip.Store}), "TorchScript"},
		{"compressed pickle", archive(t, entry{"m/data.pkl", strings.Repeat("N0", 1<<20) + "N.", zip.Deflate}), "compressed"},
		{"compressed storage", archive(t, entry{"m/data.pkl", good, zip.Store}, entry{"m/data/0", floats(6), zip.Deflate}), "compressed"},
		{"two entries of one name", archive(t, entry{"m/data.pkl", good, zip.Store}, entry{"m/data.pkl", good, zip.Store}), "two entries"},
		{"too many entries", archive(t, slices.Repeat([]entry{{"m/x", "", zip.Store}}, 1<<16+1)...), "too many files"},
		{"big-endian", archive(t, entry{"m/data.pkl", good, zip.Store}, entry{"m/byteorder", "big", zip.Store}), "byte order"},
		{"storage elsewhere", file(t, state(tensor(storage("FloatStorage", "../../../etc/passwd", 6), 0, numbers(2), numbers(1)))), "etc/passwd"},
		{"length of a storage", file(t, state(tensor(storage("FloatStorage", "0", 1000000), 0, numbers(2), numbers(1)))), "1000000"},
		{"type of a storage", file(t, state(tensor(storage("HalfStorage", "0", 6), 0, numbers(2), numbers(1)))), "F16"},
		{"negative length", file(t, state(tensor(storage("FloatStorage", "0", -6), 0, numbers(2), numbers(1)))), "-6"},
		{"past the end", file(t, state(tensor(six, 4, numbers(3), numbers(1)))), "past"},
		{"negative offset", file(t, state(tensor(six, -1, numbers(3), numbers(1)))), "-1"},
		{"negative stride", file(t, state(tensor(six, 5, numbers(3), numbers(-1)))), "-1"},
		{"repeated elements", file(t, state(tensor(six, 0, numbers(1<<20, 1<<20), numbers(0, 0)))), "more elements"},
		{"huge dimensions", file(t, state(tensor(six, 0, tuple(long(1<<62), long(1<<62)), tuple(long(1<<62), long(1))))), "shape"},
		{"huge strides", file(t, state(tensor(six, 0, numbers(2, 2), tuple(long(1<<40), long(1))))), "past"},
		{"stride without a dimension", file(t, state(tensor(six, 0, numbers(2, 3), numbers(1)))), "strides"},
		{"a tuple without end for an offset", file(t, state("ctorch._utils\n_rebuild_tensor_v2\n"+tuple(six, doubled, numbers(2), numbers(1))+"R")), "a tuple"},
		{"a tuple without end for a dimension", file(t, state(tensor(six, 0, tuple(doubled), numbers(1)))), "a tuple"},
		{"a tuple without end for a type", file(t, state(tuple(text("storage"), doubled, text("0"), text("cpu"), number(6))+"Q")), "a tuple"},
		{"a tuple without end for a length", file(t, state(tuple(text("storage"), "ctorch\nFloatStorage\n", text("0"), text("cpu"), doubled)+"Q")), "a tuple"},
		{"a tuple without end for a version", append(legacy("", "")[:len("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e")], proto+doubled+"."+proto+"N."+proto+"}."+proto+"]."...), "a tuple"},
		{"a text for a tensor", file(t, state(text("x"))), `"w" is a text`},
		{"a list for a dictionary", file(t, proto+"]."), "a list"},
		{"a number for a name", file(t, proto+"}("+number(1)+"Nu."), "key"},
		{"attributes of a tensor", file(t, state(tensor(six, 0, numbers(2), numbers(1))+"}b")), "attributes"},
		{"an instruction that is not known", file(t, proto+"i"), "0x69"},
		{"a stack that is empty", file(t, proto+"R."), "stack"},
		{"a mark that is missing", file(t, proto+"t."), "stack"},
		{"no end", file(t, proto+"N"), "EOF"},
		{"a text that is too long", file(t, proto+"X\xff\xff\xff\xff"), "text of"},
		{"a text that is not there", file(t, proto+"X\xff\xff\xff\x00"), "EOF"},
		{"memory that is empty", file(t, proto+"h\x05."), "remembered"},
		{"too many instructions", file(t, proto+strings.Repeat("N0", 2<<20)+"N."), "instructions"},
	} {
		_, err := open(c.file)
		if !errors.Is(err, torchfile.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	six := storage("FloatStorage", "0", 6)
	for _, pickle := range []string{
		state(tensor(six, 0, numbers(3, 2), numbers(1, 3))),
		state(tensor(six, 1, tuple(long(2)), numbers(2))),
		proto + "cos\nsystem\n" + tuple(text("id")) + "R.",
		"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01w\x94K\x01M\x02\x00\x86\x94u0N.",
	} {
		f.Add(pickle, true)
		f.Add(strings.Replace(pickle, six, legacyStorage("0", 6), 1), false)
	}
	f.Fuzz(func(t *testing.T, pickle string, zipped bool) {
		b := legacy(pickle, "]("+text("0")+"e.", "\x06\x00\x00\x00\x00\x00\x00\x00"+floats(6))
		if zipped {
			b = file(t, pickle)
		}
		readAll(t, b)
	})
}

func FuzzFile(f *testing.F) {
	f.Add(file(f, state(tensor(storage("FloatStorage", "0", 6), 0, numbers(2, 3), numbers(3, 1)))))
	f.Add(legacy(state(tensor(legacyStorage("b", 2), 1, numbers(1), numbers(1))), "]("+text("b")+"e.", "\x02\x00\x00\x00\x00\x00\x00\x00"+floats(2)))
	f.Fuzz(func(t *testing.T, b []byte) { readAll(t, b) })
}

// readAll reads all tensors of a file, which may be no file at all.
func readAll(t *testing.T, b []byte) {
	f, err := open(b)
	if err != nil {
		return
	}
	for _, info := range f.Tensors() {
		got, err := f.Bytes(info)
		if err != nil {
			t.Errorf("%+v: %v", info, err)
		}
		if len(got) != info.Len()*info.Type.Size() {
			t.Errorf("%+v has %d bytes", info, len(got))
		}
		if len(got) > len(b) {
			t.Errorf("%+v has %d bytes, the file %d", info, len(got), len(b))
		}
	}
}

// TestOverflow has a tensor whose last element would be at a number that is
// too large.
func TestOverflow(t *testing.T) {
	ns := make([]string, 60)
	strides := make([]string, 60)
	for i := range ns {
		ns[i], strides[i] = number(1), long(1<<40)
	}
	ns[0] = number(2)
	_, err := open(file(t, state(tensor(storage("FloatStorage", "0", 6), 0, tuple(ns...), tuple(strides...)))))
	if !errors.Is(err, torchfile.ErrFormat) {
		t.Error(fmt.Errorf("error %w", err))
	}
}
