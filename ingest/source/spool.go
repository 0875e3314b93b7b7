package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/albert-search/albert-search/ingest/extract"
)

// budget is what may still be spent on the members of an outermost file.
type budget struct {
	limits extract.ContainerLimits

	mu      sync.Mutex
	bytes   int64
	members int
	time    time.Duration
}

// limitError says that a limit is reached.
type limitError struct{ error }

func (e *limitError) Unwrap() error { return e.error }

// count takes one more member into account.
func (b *budget) count() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.members++; b.members > b.limits.Members {
		return &limitError{fmt.Errorf("%w: it has more than %d members", extract.ErrTooLarge, b.limits.Members)}
	}
	return nil
}

// charge takes into account that n bytes of a member were expanded, of which
// charged are already.
func (b *budget) charge(n int64, charged *int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n <= *charged {
		return nil
	}
	b.bytes += n - *charged
	if *charged = n; b.bytes > b.limits.Bytes {
		return &limitError{fmt.Errorf("%w: its members have more than %d bytes when expanded", extract.ErrTooLarge, b.limits.Bytes)}
	}
	return nil
}

// spend takes time into account.
func (b *budget) spend(d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.time += d; b.time > b.limits.Time {
		return &limitError{fmt.Errorf("%w: its members were not expanded within %v", extract.ErrTooSlow, b.limits.Time)}
	}
	return nil
}

// memorySpool is up to how many bytes content is kept in memory.
const memorySpool = 1 << 20

// spool is content that was read from a stream and can be read anywhere: in
// memory while it is small, else in a temporary file.
type spool struct {
	*io.SectionReader
	file  *os.File // nil for one in memory
	named bool     // file has a name still
	refs  int      // see spoolPool
	// unused closes it when it was not used for a while.
	unused *time.Timer
}

// expand reads the content of a member. charged is how much of it is in the budget
// already, whatever it was expanded for.
func (b *budget) expand(ctx context.Context, r io.Reader, charged *int64) (_ *spool, err error) {
	defer catch(&err)
	s, err := newSpool(ctx, r, func(n int64, d time.Duration) error {
		if err := b.charge(n, charged); err != nil {
			return err
		}
		return b.spend(d)
	})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// newSpool reads r to its end, and says after each read how many bytes there
// were so far and how long the read took. With an error the spool has what was
// read before it.
func newSpool(ctx context.Context, r io.Reader, read func(n int64, d time.Duration) error) (*spool, error) {
	s := &spool{}
	var memory bytes.Buffer
	var n int64
	finished := false
	defer func() {
		if !finished { // r has panicked
			s.close()
		}
	}()
	finish := func(err error) (*spool, error) {
		finished = true
		if s.file == nil {
			s.SectionReader = io.NewSectionReader(bytes.NewReader(memory.Bytes()), 0, n)
		} else {
			s.SectionReader = io.NewSectionReader(s.file, 0, n)
		}
		return s, err
	}
	buf := make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return finish(err)
		}
		began := time.Now()
		got, err := r.Read(buf)
		if got > 0 {
			if s.file == nil && n+int64(got) > memorySpool {
				if werr := s.toFile(memory.Bytes()); werr != nil {
					return finish(werr)
				}
				memory = bytes.Buffer{}
			}
			if s.file == nil {
				memory.Write(buf[:got])
			} else if _, werr := s.file.Write(buf[:got]); werr != nil {
				return finish(temporary(werr))
			}
			n += int64(got)
		}
		if lerr := read(n, time.Since(began)); lerr != nil {
			return finish(lerr)
		}
		if err == io.EOF {
			return finish(nil)
		}
		if err != nil {
			return finish(fmt.Errorf("cannot be read: %w", bare(err)))
		}
	}
}

// toFile goes on in a temporary file.
func (s *spool) toFile(content []byte) error {
	f, err := os.CreateTemp("", "albert-search-*")
	if err != nil {
		return temporary(err)
	}
	s.file = f
	// Without a name where the system can do that, so that nothing stays behind
	// whatever becomes of this process.
	s.named = os.Remove(f.Name()) != nil
	_, err = f.Write(content)
	return temporary(err)
}

// temporary says that a temporary file could not be written, which is nothing
// the document could help.
func temporary(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: writing a temporary file: %w", extract.ErrTransient, bare(err))
}

func (s *spool) close() {
	if s.file == nil {
		return
	}
	_ = s.file.Close() // nobody needs what was written
	if s.named {
		_ = os.Remove(s.file.Name())
	}
}

// spoolPool keeps the expanded content of containers for a while: their members
// are read one after the other.
type spoolPool struct {
	mu   sync.Mutex
	idle []*container // least recently used first
}

const (
	idleSpools = 4
	idleTime   = 5 * time.Second
)

// put adds the content of a container, in use.
func (p *spoolPool) put(c *container, s *spool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.refs, c.spool = 1, s
}

// take returns the content of a container, nil where it is not kept. give ends
// its use.
func (p *spoolPool) take(c *container) *spool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.spool == nil {
		return nil
	}
	if c.spool.refs++; c.spool.refs == 1 {
		p.idle = without(p.idle, c)
		if c.spool.unused != nil {
			c.spool.unused.Stop()
		}
	}
	return c.spool
}

func (p *spoolPool) give(c *container) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.spool.refs--; c.spool.refs > 0 {
		return
	}
	p.idle = append(p.idle, c)
	if len(p.idle) > idleSpools {
		p.drop(p.idle[0])
	}
	s := c.spool
	if s == nil { // there were too many
		return
	}
	if s.unused != nil {
		s.unused.Reset(idleTime)
		return
	}
	s.unused = time.AfterFunc(idleTime, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.spool == s && s.refs == 0 {
			p.drop(c)
		}
	})
}

// drop forgets the content of an idle container. The caller holds mu.
func (p *spoolPool) drop(c *container) {
	p.idle = without(p.idle, c)
	if c.spool.unused != nil {
		c.spool.unused.Stop()
	}
	c.spool.close()
	c.spool = nil
}

// Close closes what is idle; what is in use is closed when it was not used for a
// while.
func (p *spoolPool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		p.drop(p.idle[0])
	}
	return nil
}

func without(list []*container, c *container) []*container {
	return slices.DeleteFunc(list, func(x *container) bool { return x == c })
}
