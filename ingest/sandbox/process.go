package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/albert-search/albert-search/ingest/extract"
)

const (
	// grace is how much longer than Limits.Time a process may take, which
	// keeps to that time as far as it can.
	grace = time.Second
	// watchEvery is how often the memory of a process is looked at.
	watchEvery = 10 * time.Millisecond
)

// process is a process that reads files, one at a time.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(cmd *exec.Cmd) (*process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10)}, nil
}

// end ends the process, if it has not ended, and returns how it did.
func (p *process) end() error {
	_ = p.in.Close() // ends it, unless it is not listening
	_ = p.cmd.Process.Kill()
	return p.cmd.Wait()
}

// endedError: the process exited, was killed for cause, or broke the protocol.
type endedError struct {
	cause error
	alien bool // it broke the protocol
	began bool // to read the file
}

func (e *endedError) Error() string { return "the process that read it ended" }

// explained is the error that is told of the file, of which the process ended
// with exit.
func (e *endedError) explained(lim extract.Limits, exit error) error {
	switch {
	case e.cause == extract.ErrTooSlow:
		return fmt.Errorf("not read within %v: %w", lim.Time, extract.ErrTooSlow)
	case e.cause == extract.ErrTooLarge:
		return fmt.Errorf("%w: its reader needs more than %d MiB of memory", extract.ErrTooLarge, lim.Memory>>20)
	case e.cause != nil:
		return e.cause
	case !e.alien && killed(exit):
		return fmt.Errorf("%w: the process that reads it was killed, as a system does that is out of memory", extract.ErrTransient)
	}
	return errors.New("the file made its reader crash")
}

// killed reports whether a process ended by SIGKILL.
func killed(exit error) bool {
	var e *exec.ExitError
	if !errors.As(exit, &e) {
		return false
	}
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// extract has the process read a file. The error is an *endedError when the
// process is of no use any more.
func (p *process) extract(ctx context.Context, q request, r io.ReaderAt) (*extract.Text, error) {
	ctx, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	timer := time.AfterFunc(q.Limits.Time+grace, func() { kill(extract.ErrTooSlow) })
	defer timer.Stop()
	var watching sync.WaitGroup
	defer watching.Wait()
	answered := make(chan struct{})
	defer close(answered)
	watching.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-answered:
				return
			case <-ctx.Done():
				_ = p.cmd.Process.Kill() // which ends the exchange
				return
			case <-tick.C:
				if n, ok := resident(p.cmd.Process.Pid); ok && n > q.Limits.Memory {
					kill(extract.ErrTooLarge)
				}
			}
		}
	})
	t, failure, began, err := exchange(p.out, p.in, q, r)
	switch {
	case err != nil:
		return nil, &endedError{cause: context.Cause(ctx), alien: errors.Is(err, errFrame), began: began}
	case failure != nil:
		return nil, failure
	}
	return t, nil
}
