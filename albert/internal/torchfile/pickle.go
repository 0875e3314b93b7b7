package torchfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/albert-search/albert-search/albert/safetensors"
)

// The values of a pickle: nil, bool, int64, float64, string, and these.
type (
	tuple []any
	list  struct{ items []any }
	// dict has texts as keys; state dicts have no others.
	dict struct{ values map[string]any }
	// global is a name of Python's, "module.name".
	global string
	// mark is a place on the stack.
	mark struct{}
)

// The names that a dictionary of tensors may have.
const (
	orderedDict      global = "collections.OrderedDict"
	rebuildTensor    global = "torch._utils._rebuild_tensor_v2"
	rebuildParameter global = "torch._utils._rebuild_parameter"
)

// storageTypes are the types of storages by the names of their classes.
var storageTypes = map[global]safetensors.Type{
	"torch.DoubleStorage": safetensors.F64, "torch.FloatStorage": safetensors.F32,
	"torch.HalfStorage": safetensors.F16, "torch.BFloat16Storage": safetensors.BF16,
	"torch.LongStorage": safetensors.I64, "torch.IntStorage": safetensors.I32,
	"torch.ShortStorage": safetensors.I16, "torch.CharStorage": safetensors.I8,
	"torch.ByteStorage": safetensors.U8, "torch.BoolStorage": safetensors.Bool,
}

func allowed(g global) bool {
	switch g {
	case orderedDict, rebuildTensor, rebuildParameter:
		return true
	}
	_, ok := storageTypes[g]
	return ok
}

// storageOf reads the first five elements of a persistent id.
func storageOf(id tuple) (s *storage, key string, err error) {
	if len(id) < 5 || id[0] != any("storage") {
		return nil, "", errors.New("a storage is not described as torch.save does")
	}
	class, _ := id[1].(global)
	typ, ok := storageTypes[class]
	if !ok {
		return nil, "", fmt.Errorf("a storage is of type %s", describe(id[1]))
	}
	key, ok = id[2].(string)
	if !ok {
		return nil, "", fmt.Errorf("the key of a storage is %s", describe(id[2]))
	}
	n, ok := id[4].(int64)
	if !ok || n < 0 || n > math.MaxInt64/16 {
		return nil, "", fmt.Errorf("storage %q has %s for the count of its elements", key, describe(id[4]))
	}
	return &storage{typ: typ, len: n}, key, nil
}

// describe says what a value is, for errors. It never prints what a value holds:
// a tuple of twice the same tuple of twice the same …, a few bytes each, would
// be without end.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a truth value"
	case int64, float64:
		return fmt.Sprintf("the number %v", v)
	case string:
		return "a text"
	case tuple:
		return "a tuple"
	case *list:
		return "a list"
	case *dict:
		return "a dictionary"
	case *tensor:
		return "a tensor"
	case *storage:
		return "a storage"
	case global:
		return string(v)
	}
	return "something else"
}

// input is a pickle's bytes.
type input struct {
	r *bufio.Reader
	// read counts the bytes taken, from start.
	read, start int64
}

func newInput(b []byte) *input { return &input{r: bufio.NewReader(bytes.NewReader(b))} }

// newStream reads a file of the given size from start, no more than maxPickle.
func newStream(r io.ReaderAt, start, size int64) *input {
	return &input{r: bufio.NewReader(io.NewSectionReader(r, start, min(size-start, maxPickle))), start: start}
}

// at is the place of the next byte.
func (in *input) at() int64 { return in.start + in.read }

func (in *input) byte() (byte, error) {
	b, err := in.r.ReadByte()
	if err == nil {
		in.read++
	}
	return b, eof(err)
}

// bytes takes n bytes, which need not be there.
func (in *input) bytes(n uint64) ([]byte, error) {
	if n > maxPickle {
		return nil, fmt.Errorf("a text of %d bytes", n)
	}
	// Grown as it is read, so that a length that lies costs nothing.
	var b bytes.Buffer
	m, err := io.CopyN(&b, in.r, int64(n))
	in.read += m
	return b.Bytes(), eof(err)
}

func (in *input) line() (string, error) {
	var b []byte
	for {
		c, err := in.byte()
		if err != nil || c == '\n' {
			return string(b), err
		}
		b = append(b, c)
	}
}

// number takes a little-endian number of some bytes.
func (in *input) number(bytes int) (uint64, error) {
	b, err := in.bytes(uint64(bytes))
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], b)
	return binary.LittleEndian.Uint64(wide[:]), nil
}

func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// machine runs a pickle.
type machine struct {
	in      *input
	resolve func(id tuple) (*storage, error)
	stack   []any
	memo    map[uint64]any
}

func newMachine(in *input, resolve func(tuple) (*storage, error)) *machine {
	return &machine{in: in, resolve: resolve, memo: map[uint64]any{}}
}

var errStack = errors.New("the stack does not hold what an instruction takes")

// maxSteps bounds the instructions run, and with them the memory that a pickle
// can ask for. A tensor takes about fifty.
const maxSteps = 2 << 20

// run runs the instructions up to STOP and returns the result.
func (m *machine) run() (any, error) {
	for range maxSteps {
		at := m.in.at()
		op, err := m.in.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' { // STOP
			return m.pop()
		}
		if err := m.step(op); err != nil {
			return nil, fmt.Errorf("byte %d: %w", at, err)
		}
	}
	return nil, fmt.Errorf("it has more than %d instructions", maxSteps)
}

func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := m.in.byte()
		if err == nil && v > 5 {
			err = fmt.Errorf("pickle protocol %d is not known", v)
		}
		return err
	case 0x95: // FRAME
		_, err := m.in.number(8)
		return err
	case '(':
		m.push(mark{})
	case 'N':
		m.push(nil)
	case 0x88:
		m.push(true)
	case 0x89:
		m.push(false)
	case ')':
		m.push(tuple{})
	case ']':
		m.push(&list{})
	case '}':
		m.push(&dict{map[string]any{}})
	case 'J', 'K', 'M', 0x8a, 'G', 'I', 'L':
		return m.pushNumber(op)
	case 'X', 0x8c, 'T', 'U':
		return m.pushText(op)
	case 'c', 0x93:
		return m.pushGlobal(op)
	case 'q', 'r', 0x94, 'h', 'j':
		return m.memory(op)
	case 't', 0x85, 0x86, 0x87:
		return m.makeTuple(op)
	case 'a', 'e', 's', 'u':
		return m.fill(op)
	case '0':
		_, err := m.pop()
		return err
	case 'Q':
		return m.persistent()
	case 'R':
		return m.reduce()
	case 'b':
		return m.build()
	default:
		return fmt.Errorf("the instruction %#02x is not one that tensors need", op)
	}
	return nil
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

func (m *machine) pop() (any, error) {
	if len(m.stack) == 0 {
		return nil, errStack
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	if v == any(mark{}) {
		return nil, errStack
	}
	return v, nil
}

// popMark takes all that is above the last mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if m.stack[i] == any(mark{}) {
			items := append([]any(nil), m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, errStack
}

func (m *machine) top() (any, error) {
	if len(m.stack) == 0 {
		return nil, errStack
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) pushNumber(op byte) error {
	var v any
	switch op {
	case 'J':
		n, err := m.in.number(4)
		if err != nil {
			return err
		}
		v = int64(int32(n))
	case 'K', 'M':
		n, err := m.in.number(map[byte]int{'K': 1, 'M': 2}[op])
		if err != nil {
			return err
		}
		v = int64(n)
	case 0x8a: // LONG1: two's complement of any length
		n, err := m.in.byte()
		if err != nil {
			return err
		}
		if n > 8 {
			return fmt.Errorf("a number of %d bytes", n)
		}
		u, err := m.in.number(int(n))
		if err != nil {
			return err
		}
		shift := 64 - 8*uint(n)
		v = int64(u<<shift) >> shift
	case 'G':
		b, err := m.in.bytes(8)
		if err != nil {
			return err
		}
		v = math.Float64frombits(binary.BigEndian.Uint64(b))
	case 'I', 'L':
		text, err := m.in.line()
		if err != nil {
			return err
		}
		switch text {
		case "00":
			v = false
		case "01":
			v = true
		default:
			n, err := strconv.ParseInt(strings.TrimSuffix(text, "L"), 10, 64)
			if err != nil {
				return errors.New("a number is not one")
			}
			v = n
		}
	}
	m.push(v)
	return nil
}

func (m *machine) pushText(op byte) error {
	width := 4
	if op == 0x8c || op == 'U' {
		width = 1
	}
	n, err := m.in.number(width)
	if err != nil {
		return err
	}
	b, err := m.in.bytes(n)
	if err != nil {
		return err
	}
	m.push(string(b))
	return nil
}

// pushGlobal is where a pickle would get hold of code.
func (m *machine) pushGlobal(op byte) error {
	var module, name string
	var err error
	if op == 'c' {
		if module, err = m.in.line(); err != nil {
			return err
		}
		if name, err = m.in.line(); err != nil {
			return err
		}
	} else {
		n, err := m.pop()
		if err != nil {
			return err
		}
		mod, err := m.pop()
		if err != nil {
			return err
		}
		var ok1, ok2 bool
		name, ok1 = n.(string)
		module, ok2 = mod.(string)
		if !ok1 || !ok2 {
			return errStack
		}
	}
	g := global(module + "." + name)
	if !allowed(g) {
		return &UnsafeError{Global: string(g)}
	}
	m.push(g)
	return nil
}

func (m *machine) memory(op byte) error {
	key := uint64(len(m.memo)) // MEMOIZE
	if op != 0x94 {
		var err error
		if key, err = m.in.number(map[byte]int{'q': 1, 'h': 1, 'r': 4, 'j': 4}[op]); err != nil {
			return err
		}
	}
	if op == 'h' || op == 'j' {
		v, ok := m.memo[key]
		if !ok {
			return fmt.Errorf("nothing is remembered as %d", key)
		}
		m.push(v)
		return nil
	}
	v, err := m.top()
	if err != nil || v == any(mark{}) {
		return errStack
	}
	m.memo[key] = v
	return nil
}

func (m *machine) makeTuple(op byte) error {
	if op == 't' {
		items, err := m.popMark()
		m.push(tuple(items))
		return err
	}
	t := make(tuple, op-0x84)
	for i := len(t) - 1; i >= 0; i-- {
		var err error
		if t[i], err = m.pop(); err != nil {
			return err
		}
	}
	m.push(t)
	return nil
}

// fill adds to the list or dictionary on the stack.
func (m *machine) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case 'e', 'u':
		items, err = m.popMark()
	case 'a', 's':
		items = make([]any, map[byte]int{'a': 1, 's': 2}[op])
		for i := len(items) - 1; i >= 0 && err == nil; i-- {
			items[i], err = m.pop()
		}
	}
	if err != nil {
		return err
	}
	to, err := m.top()
	if err != nil {
		return err
	}
	switch to := to.(type) {
	case *list:
		if op == 'a' || op == 'e' {
			to.items = append(to.items, items...)
			return nil
		}
	case *dict:
		if (op == 's' || op == 'u') && len(items)%2 == 0 {
			return to.set(items)
		}
	}
	return errStack
}

func (d *dict) set(items []any) error {
	for i := 0; i < len(items); i += 2 {
		key, ok := items[i].(string)
		if !ok {
			return fmt.Errorf("a key of a dictionary is %s, not a text", describe(items[i]))
		}
		d.values[key] = items[i+1]
	}
	return nil
}

func (m *machine) persistent() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	id, ok := v.(tuple)
	if !ok {
		return errStack
	}
	s, err := m.resolve(id)
	if err != nil {
		return err
	}
	m.push(s)
	return nil
}

// reduce is a call. Only those that make a dictionary or a tensor are known.
func (m *machine) reduce() error {
	a, err := m.pop()
	if err != nil {
		return err
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	args, ok1 := a.(tuple)
	g, ok2 := f.(global)
	if !ok1 || !ok2 {
		return errStack
	}
	switch g {
	case orderedDict:
		d := &dict{map[string]any{}}
		if len(args) > 0 {
			return fmt.Errorf("%s with arguments", g)
		}
		m.push(d)
	case rebuildTensor:
		t, err := rebuild(args)
		if err != nil {
			return err
		}
		m.push(t)
	case rebuildParameter:
		if len(args) == 0 {
			return errStack
		}
		t, ok := args[0].(*tensor)
		if !ok {
			return errStack
		}
		m.push(t)
	default:
		return &UnsafeError{Global: string(g) + "()"}
	}
	return nil
}

// build sets attributes of an object. State dicts have some ("_metadata") that
// do not matter; nothing but a dictionary may have any.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	on, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := on.(*dict); !ok {
		return fmt.Errorf("attributes of %s", describe(on))
	}
	return nil
}
