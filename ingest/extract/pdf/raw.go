package pdf

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium"
)

// The calls that go-pdfium offers take one allocation in the sandbox for every
// number that they return, and reading the places of characters takes several
// calls for each of them. What follows calls the functions of the module
// directly. Handles are the module's own pointers.

// raw calls the functions of one instance of PDFium. The first failure is kept,
// as a bufio.Writer keeps it: every later call returns 0 at once.
type raw struct {
	ctx     context.Context
	lookup  func(name string) rawFunction
	memory  rawMemory
	files   rawFiles
	cache   map[string]rawFunction
	stack   [16]uint64
	scratch uint32 // scratchSize bytes in the sandbox, for results
	err     error
}

const scratchSize = 4 << 10

type rawFunction interface {
	CallWithStack(ctx context.Context, stack []uint64) error
}

type rawMemory interface {
	Read(offset, byteCount uint32) ([]byte, bool)
	WriteString(offset uint32, v string) bool
}

// rawFiles lets the sandbox read from a Go reader.
type rawFiles interface {
	CreateFileAccessReader(size int64, r io.ReadSeeker) (*uint64, *uint32, error)
}

// errEngine means that the library is not built as raw expects it.
var errEngine = errors.New("the PDF engine is not the expected one")

// newRaw reaches for the module behind an instance. Its types are internal to
// go-pdfium, their methods are not.
func newRaw(ctx context.Context, instance pdfium.Pdfium) (_ *raw, err error) {
	defer func() {
		if recover() != nil { // by package reflect
			err = errEngine
		}
	}()
	impl := instance.GetImplementation()
	module := reflect.ValueOf(impl).Elem().FieldByName("Module").Elem()
	memory, ok := module.MethodByName("Memory").Call(nil)[0].Interface().(rawMemory)
	files, alsoOK := impl.(rawFiles)
	if !ok || !alsoOK {
		return nil, errEngine
	}
	export := module.MethodByName("ExportedFunction")
	c := &raw{ctx: ctx, memory: memory, files: files, cache: map[string]rawFunction{}, lookup: func(name string) rawFunction {
		f, _ := export.Call([]reflect.Value{reflect.ValueOf(name)})[0].Interface().(rawFunction)
		return f
	}}
	c.scratch = uint32(c.call("malloc", scratchSize))
	if c.err == nil && c.scratch == 0 {
		return nil, errEngine
	}
	return c, c.err
}

// call calls a function of the module.
func (c *raw) call(name string, params ...uint64) uint64 {
	if c.err != nil {
		return 0
	}
	f, ok := c.cache[name]
	if !ok {
		if f = c.lookup(name); f == nil {
			c.err = fmt.Errorf("%w: no %s", errEngine, name)
			return 0
		}
		c.cache[name] = f
	}
	c.stack = [16]uint64{}
	copy(c.stack[:], params)
	if c.err = f.CallWithStack(c.ctx, c.stack[:]); c.err != nil {
		return 0
	}
	return c.stack[0]
}

// int calls a function that returns an int.
func (c *raw) int(name string, params ...uint64) int { return int(int32(c.call(name, params...))) }

// double calls a function that returns a double.
func (c *raw) double(name string, params ...uint64) float64 {
	return math.Float64frombits(c.call(name, params...))
}

// bytes are n bytes of the sandbox, until the next call.
func (c *raw) bytes(at, n uint32) []byte {
	b, ok := c.memory.Read(at, n)
	if !ok {
		c.err = errEngine
		return make([]byte, n)
	}
	return b
}

// floats reads floats of the scratch memory.
func (c *raw) floats(into []float32) {
	b := c.bytes(c.scratch, uint32(4*len(into)))
	for i := range into {
		into[i] = finite(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
	}
}

// doubles reads doubles of the scratch memory.
func (c *raw) doubles(into []float64) {
	b := c.bytes(c.scratch, uint32(8*len(into)))
	for i := range into {
		into[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
}

// finite keeps what a broken file has as a number from spoiling what is
// reckoned with it.
func finite(f float32) float32 {
	const most = 1e6
	if f != f {
		return 0
	}
	return max(-most, min(f, most))
}

// maxString is how much is taken of a string of the document, in bytes of UTF-16.
const maxString = 4 << 20

// text calls a function whose last two parameters are a buffer of UTF-16 and
// its size in bytes, and which returns the size that it needs.
func (c *raw) text(name string, params ...uint64) string {
	size := uint32(c.call(name, append(params, 0, 0)...))
	if size <= 2 || size > maxString {
		return ""
	}
	at := c.scratch
	if size > scratchSize {
		if at = uint32(c.call("malloc", uint64(size))); at == 0 {
			return ""
		}
		defer func() { c.call("free", uint64(at)) }()
	}
	c.call(name, append(params, uint64(at), uint64(size))...)
	units := make([]uint16, size/2)
	for i, b := 0, c.bytes(at, size); i < len(units); i++ {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	for len(units) > 0 && units[len(units)-1] == 0 {
		units = units[:len(units)-1]
	}
	return string(utf16.Decode(units))
}

// key writes a short name, as that of an entry of a dictionary, where text does
// not overwrite it, and returns its address.
func (c *raw) name(s string) uint64 {
	at := uint32(c.call("malloc", uint64(len(s)+1)))
	if at == 0 || !c.memory.WriteString(at, s+"\x00") {
		c.err = cmpErr(c.err, errEngine)
	}
	return uint64(at)
}

func cmpErr(err, or error) error {
	if err != nil {
		return err
	}
	return or
}
