package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/internal/placecode"
)

// The two sides exchange frames: a byte that says what it is, four bytes with
// the length of what follows, most significant first, and that. A request is
// answered by any number of reads, which are answered by data or an end, and
// then by a body, its blocks, places and boxes and a text, or by a failure.
const (
	frameRequest = 'Q' // request as JSON
	frameRead    = 'R' // offset (8 bytes) and length (4 bytes)
	frameData    = 'D' // the bytes read
	frameEnd     = 'E' // the bytes read, after which the file ends
	frameFault   = 'F' // why the file cannot be read
	frameBody    = 'B' // Text.Body
	frameBlocks  = 'S' // Text.Blocks: of each the kind (1 byte), level and length (varints)
	framePlaces  = 'P' // Text.Places, as package placecode writes them
	frameBoxes   = 'K' // Text.Boxes, likewise
	frameText    = 'T' // extract.Text without what came before, as JSON
	frameFailure = 'X' // failure as JSON
)

const (
	// maxRead is the most that is read of a file at once.
	maxRead = 1 << 20
	// maxMessage is the longest frame that is no part of a text.
	maxMessage = maxRead + 64<<10
)

// request asks for a file to be read.
type request struct {
	Name     string
	Size     int64
	Limits   extract.Limits
	Encoding string
}

var errFrame = errors.New("not a message of the protocol")

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	if len(payload) > math.MaxUint32 {
		return fmt.Errorf("%w: %d bytes", errFrame, len(payload))
	}
	head := [5]byte{kind}
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

func writeJSON(w io.Writer, kind byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, kind, payload)
}

// readFrame reads a frame of at most limit bytes. Memory is taken as they come.
func readFrame(r io.Reader, limit int64) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[1:]))
	if n > limit {
		return 0, nil, fmt.Errorf("%w: %d bytes", errFrame, n)
	}
	payload = make([]byte, 0, min(n, 64<<10))
	for int64(len(payload)) < n {
		if len(payload) == cap(payload) {
			payload = append(payload, 0)[:len(payload)]
		}
		got, err := io.ReadFull(r, payload[len(payload):min(int64(cap(payload)), n)])
		payload = payload[:len(payload)+got]
		if err != nil {
			return 0, nil, io.ErrUnexpectedEOF
		}
	}
	return head[0], payload, nil
}

// exchange asks for a file and answers what is asked of it, until it is read.
// failure says why the file could not be read, and err that the other side
// cannot be talked to, and began whether it had begun to answer.
func exchange(r io.Reader, w io.Writer, q request, file io.ReaderAt) (t *extract.Text, failure error, began bool, err error) {
	if err := writeJSON(w, frameRequest, q); err != nil {
		return nil, nil, false, err
	}
	var body []byte
	t = new(extract.Text)
	var fault error // the first of the file
	limit := maxMessage + 4*q.Limits.TextBytes
	for {
		kind, payload, err := readFrame(r, limit)
		if err != nil {
			return nil, nil, began, err
		}
		began = true
		switch kind {
		case frameRead:
			if err := answerRead(w, payload, file, &fault); err != nil {
				return nil, nil, true, err
			}
		case frameBody:
			body = payload
		case frameBlocks:
			if t.Blocks, err = decodeBlocks(payload); err != nil {
				return nil, nil, true, err
			}
		case framePlaces:
			if t.Places, err = placecode.Places(payload, document.Place{}); err != nil {
				return nil, nil, true, errFrame
			}
		case frameBoxes:
			if t.Boxes, err = placecode.Boxes(payload, 0); err != nil {
				return nil, nil, true, errFrame
			}
		case frameText:
			head := new(extract.Text) // its JSON has null for what came before
			if err := json.Unmarshal(payload, head); err != nil {
				return nil, nil, true, errFrame
			}
			head.Body, head.Blocks, head.Places, head.Boxes = string(body), t.Blocks, t.Places, t.Boxes
			t = head
			if t.Check() != nil {
				return nil, nil, true, errFrame
			}
			return t, nil, true, nil
		case frameFailure:
			var f failed
			if err := json.Unmarshal(payload, &f); err != nil {
				return nil, nil, true, errFrame
			}
			return nil, f.error(fault), true, nil
		default:
			return nil, nil, true, errFrame
		}
	}
}

// encodeBlocks writes adjacent blocks, of which the first begins at 0. As JSON
// they would be as long as the text.
func encodeBlocks(blocks []document.Block) []byte {
	var out []byte
	for _, b := range blocks {
		out = append(out, byte(b.Kind))
		out = binary.AppendUvarint(out, uint64(b.Level))
		out = binary.AppendUvarint(out, uint64(b.End-b.Start))
	}
	return out
}

// decodeBlocks reads what encodeBlocks writes. Whether the blocks fit the text
// is for extract.Text.Check to say.
func decodeBlocks(payload []byte) ([]document.Block, error) {
	var blocks []document.Block
	number := func() (int, bool) {
		v, n := binary.Uvarint(payload)
		if n <= 0 || v > math.MaxInt32 {
			return 0, false
		}
		payload = payload[n:]
		return int(v), true
	}
	at := 0
	for len(payload) > 0 {
		b := document.Block{Kind: document.BlockKind(payload[0]), Start: at}
		payload = payload[1:]
		var length int
		var ok bool
		if b.Level, ok = number(); !ok {
			return nil, errFrame
		}
		if length, ok = number(); !ok || at > math.MaxInt-length {
			return nil, errFrame
		}
		at += length
		b.End = at
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// answerRead answers a frameRead.
func answerRead(w io.Writer, payload []byte, file io.ReaderAt, fault *error) error {
	if len(payload) != 12 {
		return errFrame
	}
	off, n := int64(binary.BigEndian.Uint64(payload)), binary.BigEndian.Uint32(payload[8:])
	if off < 0 || n > maxRead {
		return errFrame
	}
	data := make([]byte, n)
	got, err := file.ReadAt(data, off)
	switch {
	case got == len(data):
		return writeFrame(w, frameData, data)
	case err == io.EOF:
		return writeFrame(w, frameEnd, data[:got])
	}
	if *fault == nil {
		*fault = err
	}
	return writeFrame(w, frameFault, nil)
}

// The causes of failures that callers tell apart, in an order that both sides
// share.
var causes = []error{
	extract.ErrEmpty, extract.ErrEncrypted, extract.ErrBinary, extract.ErrNoText, extract.ErrTooLarge, extract.ErrTooSlow,
	io.ErrUnexpectedEOF,
}

// failed is an error of extract on its way.
type failed struct {
	Message     string
	Causes      []int                     `json:",omitempty"` // indexes of causes
	Fault       bool                      `json:",omitempty"` // the file could not be read from
	Unsupported *extract.UnsupportedError `json:",omitempty"`
	Mismatch    *extract.MismatchError    `json:",omitempty"`
	// Format and Version are those of an extract.FormatError.
	Format  string `json:",omitempty"`
	Version int    `json:",omitempty"`
}

func newFailed(err error) failed {
	f := failed{Message: err.Error(), Fault: errors.Is(err, errFault)}
	for i, c := range causes {
		if errors.Is(err, c) {
			f.Causes = append(f.Causes, i)
		}
	}
	errors.As(err, &f.Unsupported)
	errors.As(err, &f.Mismatch)
	if e := (*extract.FormatError)(nil); errors.As(err, &e) {
		f.Format, f.Version = e.Format, e.Version
	}
	return f
}

// error is the error again. fault is that of the file, which only this side
// knows.
func (f failed) error(fault error) error {
	switch {
	case f.Unsupported != nil:
		return f.Unsupported
	case f.Mismatch != nil:
		return f.Mismatch
	case f.Fault && fault != nil:
		return fmt.Errorf("reading: %w", fault)
	}
	e := &remoteError{message: f.Message}
	for _, i := range f.Causes {
		if i >= 0 && i < len(causes) {
			e.causes = append(e.causes, causes[i])
		}
	}
	if f.Format != "" {
		return &extract.FormatError{Format: f.Format, Version: f.Version, Err: e}
	}
	return e
}

// remoteError has the words of an error of the other side, and its causes.
type remoteError struct {
	message string
	causes  []error
}

func (e *remoteError) Error() string   { return e.message }
func (e *remoteError) Unwrap() []error { return e.causes }
