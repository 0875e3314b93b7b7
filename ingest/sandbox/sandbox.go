// Package sandbox reads documents in processes of their own, so that a document
// which makes its reader run on for ever, take all memory or crash costs that
// document only: the process that reads it is ended, and another one goes on.
//
// Only what has to be parsed goes to another process: archives, HTML, Markdown,
// as the Isolation of each format says. Plain text, code and data are read as
// they are, and PDFs in WebAssembly, in both cases within extract.Limits, so
// that nothing is gained by a process.
//
// A process is handed what it asks for of the file, through a pipe, and never
// its name or a handle. It lives until its standard input ends, which the
// operating system sees to however the program ends, and reads many files.
//
// Time is limited on all systems. How much memory a process holds resident is
// watched on Linux, which also keeps it from having much more, by RLIMIT_DATA;
// elsewhere the Go runtime of the process tries to keep to it.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"sync"

	"github.com/albert-search/albert-search/ingest/extract"
)

const (
	// maxProcesses is how many files are read at once by default.
	maxProcesses = 4
	// maxMemory is what they may take together, at Limits.Memory each.
	maxMemory = 512 << 20
)

var errClosed = errors.New("the extractor is closed")

// Options configure an Extractor.
type Options struct {
	// Extract is for the reading of files, wherever it happens.
	Extract extract.Options
	// Command returns a command, not started, that runs Main with the same
	// formats: as a rule this program with an argument that its main function
	// looks for. Nil reads all files in this process.
	Command func() *exec.Cmd
	// Processes is how many files are parsed at once, PDFs among them; 0 means
	// one for each processor, at most 4, and no more than may take 512 MiB of
	// memory together, by Limits.Memory, but one in any case.
	Processes int
}

// Extractor reads documents. It may be used by several goroutines at once.
type Extractor struct {
	local   *extract.Extractor
	limits  extract.Limits
	command func() *exec.Cmd
	slots   chan struct{} // one for each file that is parsed

	mu      sync.Mutex
	closed  bool
	idle    []*process
	running sync.WaitGroup
	ctx     context.Context // ends with the Extractor
	cancel  context.CancelFunc
}

// New returns an Extractor of the formats. Processes start when there is a file
// for them.
func New(formats []extract.Format, o Options) *Extractor {
	limits := o.Extract.Limits.WithDefaults()
	n := o.Processes
	if n < 1 {
		n = max(1, min(maxProcesses, runtime.GOMAXPROCS(0), int(maxMemory/max(1, limits.Memory))))
	}
	x := &Extractor{
		local: extract.New(formats, o.Extract), limits: limits,
		command: o.Command, slots: make(chan struct{}, n),
	}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	return x
}

// Extract is Extract of an extract.Extractor, with the same results.
func (x *Extractor) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	isolation := x.local.Isolation(ctx, name, r, size)
	if isolation == extract.InProcess {
		return x.local.Extract(ctx, name, r, size)
	}
	select {
	case x.slots <- struct{}{}:
		defer func() { <-x.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if x.command == nil || isolation == extract.WASM {
		return x.local.Extract(ctx, name, r, size)
	}
	if err := x.begin(); err != nil {
		return nil, err
	}
	defer x.running.Done()
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(x.ctx, cancel)()

	t, err := x.extract(ctx, request{Name: name, Size: size, Limits: x.limits, Encoding: x.local.Encoding()}, r)
	switch {
	case whole.Err() != nil:
		return nil, whole.Err()
	case ctx.Err() != nil:
		return nil, errClosed
	}
	return t, err
}

// begin keeps Close waiting until running is told that the caller is done.
func (x *Extractor) begin() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return errClosed
	}
	x.running.Add(1)
	return nil
}

// extract has a process read the file. One that ended while it had nothing to
// do, as at the hand of somebody, is replaced.
func (x *Extractor) extract(ctx context.Context, q request, r io.ReaderAt) (*extract.Text, error) {
	for {
		p, used, err := x.process()
		if err != nil {
			return nil, fmt.Errorf("%w: starting a process that reads it: %w", extract.ErrTransient, err)
		}
		t, err := p.extract(ctx, q, r)
		var ended *endedError
		if !errors.As(err, &ended) {
			x.put(p)
			return t, err
		}
		exit := p.end()
		if ended.cause == nil && !ended.began {
			if used {
				continue
			}
			return nil, fmt.Errorf("%w: the process that reads it does not start: %w", extract.ErrTransient, exit)
		}
		return nil, ended.explained(q.Limits, exit)
	}
}

// process returns an idle process, or a new one. used tells which.
func (x *Extractor) process() (p *process, used bool, err error) {
	x.mu.Lock()
	if n := len(x.idle); n > 0 {
		p, x.idle = x.idle[n-1], x.idle[:n-1]
	}
	x.mu.Unlock()
	if p != nil {
		return p, true, nil
	}
	p, err = start(x.command())
	return p, false, err
}

func (x *Extractor) put(p *process) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.idle = append(x.idle, p)
}

// Formats returns the formats that are read, in their order.
func (x *Extractor) Formats() []extract.Format { return x.local.Formats() }

// Versions are those of the readers, by name of the format.
func (x *Extractor) Versions() map[string]int { return x.local.Versions() }

// Encoding is that of extract.Options, as charset.Get names it.
func (x *Extractor) Encoding() string { return x.local.Encoding() }

// Close ends the processes; the files that are being parsed fail.
func (x *Extractor) Close() error {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.cancel()
	x.running.Wait()
	for _, p := range slices.Backward(x.idle) {
		_ = p.end() // it has been told to end; how it does is of no interest
	}
	x.idle = nil
	return x.local.Close()
}
