package sandbox

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/internal/placecode"
)

// Main is all that a process of Options.Command does: it serves standard input
// and output, and ends the process when the input ends.
func Main(formats []extract.Format) {
	// A signal from the terminal goes to all processes in front of it; the
	// program decides what becomes of the files that are being read.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A runaway recursion ends long before it has taken the memory.
	debug.SetMaxStack(64 << 20)
	err := serve(formats, untilEnd{os.Stdin}, os.Stdout, limitMemory)
	if err != nil {
		os.Exit(2)
	}
	os.Exit(0)
}

// untilEnd ends the process, whatever it is doing, when the input ends.
type untilEnd struct{ io.Reader }

func (r untilEnd) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil {
		os.Exit(0)
	}
	return n, nil
}

// Serve reads the files that in asks for and writes what it read to out, until
// in ends.
func Serve(formats []extract.Format, in io.Reader, out io.Writer) error {
	return serve(formats, in, out, func(int64) {})
}

// serve calls limit with the memory that the files to come may take.
func serve(formats []extract.Format, in io.Reader, out io.Writer, limit func(bytes int64)) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	frames := make(chan frame)
	ended := make(chan error, 1)
	// Read always, also while a file is parsed, to notice the end.
	go func() {
		defer cancel()
		for {
			kind, payload, err := readFrame(in, maxMessage)
			if err != nil {
				ended <- err
				return
			}
			select {
			case frames <- frame{kind, payload}:
			case <-ctx.Done():
				return
			}
		}
	}()
	s := &server{ctx: ctx, formats: formats, frames: frames, out: out}
	for {
		select {
		case f := <-frames:
			var q request
			if f.kind != frameRequest || json.Unmarshal(f.payload, &q) != nil {
				return errFrame
			}
			limit(q.Limits.Memory)
			if err := s.answer(q); err != nil {
				return err
			}
			tidy()
		case err := <-ended:
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// tidy gives memory back that a large file took, which would count as the next
// one's.
func tidy() {
	const large = 32 << 20
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapSys-m.HeapReleased > large {
		debug.FreeOSMemory()
	}
}

type frame struct {
	kind    byte
	payload []byte
}

// server is the side that reads files.
type server struct {
	ctx     context.Context
	formats []extract.Format
	frames  <-chan frame
	out     io.Writer
	x       *extract.Extractor
	options extract.Options // of x
}

func (s *server) answer(q request) error {
	if o := (extract.Options{Limits: q.Limits, Encoding: q.Encoding}); s.x == nil || s.options != o {
		s.x, s.options = extract.New(s.formats, o), o
	}
	t, err := s.x.Extract(s.ctx, q.Name, &remoteFile{s: s, size: q.Size}, q.Size)
	if err != nil {
		return writeJSON(s.out, frameFailure, newFailed(err))
	}
	if err := writeFrame(s.out, frameBody, []byte(t.Body)); err != nil {
		return err
	}
	if err := writeFrame(s.out, frameBlocks, encodeBlocks(t.Blocks)); err != nil {
		return err
	}
	if err := writeFrame(s.out, framePlaces, placecode.AppendPlaces(nil, document.Place{}, t.Places)); err != nil {
		return err
	}
	if err := writeFrame(s.out, frameBoxes, placecode.AppendBoxes(nil, 0, t.Boxes)); err != nil {
		return err
	}
	head := *t
	head.Body, head.Blocks, head.Places, head.Boxes = "", nil, nil, nil
	return writeJSON(s.out, frameText, head)
}

// errFault stands for an error that the other side knows.
var errFault = errors.New("the file cannot be read")

// blockBytes is what is asked for when less is wanted: parsers read in small
// pieces.
const blockBytes = 128 << 10

// remoteFile is a file of the other side. It is not for several goroutines.
type remoteFile struct {
	s     *server
	size  int64
	block []byte
	start int64 // of block
}

func (f *remoteFile) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at >= f.start && at < f.start+int64(len(f.block)) {
			n += copy(p[n:], f.block[at-f.start:])
			continue
		}
		if at >= f.size {
			return n, io.EOF
		}
		want := int64(len(p) - n)
		if want < blockBytes {
			// What is before is wanted soon as often as what is behind: an
			// archive is read from its end.
			f.start = at - at%blockBytes
			want = blockBytes
		} else {
			f.start = at
		}
		if f.block, err = f.read(f.start, min(want, maxRead, f.size-f.start)); err != nil {
			f.block = nil
			return n, err
		}
		if at >= f.start+int64(len(f.block)) {
			return n, io.EOF // shorter than it was said to be
		}
	}
	return n, nil
}

// read asks for n bytes from off on. There are fewer when the file ends.
func (f *remoteFile) read(off, n int64) ([]byte, error) {
	var ask [12]byte
	binary.BigEndian.PutUint64(ask[:], uint64(off))
	binary.BigEndian.PutUint32(ask[8:], uint32(n))
	if err := writeFrame(f.s.out, frameRead, ask[:]); err != nil {
		return nil, err
	}
	select {
	case got := <-f.s.frames:
		switch {
		case got.kind == frameFault:
			return nil, errFault
		case got.kind != frameData && got.kind != frameEnd || int64(len(got.payload)) > n:
			return nil, errFrame
		}
		return got.payload, nil
	case <-f.s.ctx.Done():
		return nil, f.s.ctx.Err()
	}
}
