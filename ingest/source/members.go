package source

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
)

// maxMemberName is the length in bytes of the longest name that is taken for
// one, about that of the longest path.
const maxMemberName = 4096

// outermost is a file or stream with members, and what all of them share,
// however deeply they are nested.
type outermost struct {
	open       func() (*opened, error)
	x          ingest.Extractor
	containers []extract.Container
	budget     *budget
	spools     *spoolPool
	// stat and device are those of the file when it was listed, zero for a stream.
	stat   ingest.Stat
	device uint64
	// dir is the folder that the file is in; empty for a stream.
	dir string
}

// opened is the outermost file, open.
type opened struct {
	*io.SectionReader
	// stat is what the file system says now; nil for a stream.
	stat   func() (ingest.Stat, error)
	device uint64
	// fault is an error of the disk that came up while reading.
	fault func() error
	close func()
}

// with calls f with the content. With steady it fails with ErrChanged if the
// file is not what was listed any more.
func (o *outermost) with(steady bool, f func(*io.SectionReader) error) error {
	in, err := o.open()
	if err != nil {
		return err
	}
	defer in.close()
	steady = steady && in.stat != nil
	same := func() error {
		if now, err := in.stat(); err != nil {
			return err
		} else if now != o.stat {
			return ingest.ErrChanged
		}
		return nil
	}
	if steady {
		if err := same(); err != nil {
			return err
		}
	}
	err = f(in.SectionReader)
	if steady {
		// A change may well be why reading failed, so it is what is told.
		if err := same(); err != nil {
			return err
		}
	}
	if fault := in.fault(); fault != nil {
		return fault
	}
	return err
}

// container is a container on the way from the outermost file to a member.
type container struct {
	*outermost
	kind     extract.Container
	id, path string // of entries
	depth    int
	version  int // of its reader and those of all that it is in
	// The rest is not set for the outermost.
	in    *container
	entry memberContent

	mu    sync.Mutex // held while the content is expanded
	spool *spool
}

// memberContent is how to get the content of a member.
type memberContent struct {
	open    func(context.Context, *io.SectionReader) (io.Reader, error)
	sum     *[sha256.Size]byte
	charged *int64 // to the budget, which has it
}

// with calls f with the content of the container.
func (c *container) with(ctx context.Context, steady bool, f func(*io.SectionReader) error) error {
	if c.in == nil {
		return c.outermost.with(steady, f)
	}
	// One at a time expands it; all use that, at the same time.
	c.mu.Lock()
	if s := c.spools.take(c); s != nil {
		c.mu.Unlock()
		defer c.spools.give(c)
		return f(s.SectionReader)
	}
	var unlock sync.Once
	defer unlock.Do(c.mu.Unlock)
	var s *spool
	err := c.in.openMember(ctx, steady, &c.entry, func(r io.Reader) (err error) {
		if in, ok := r.(*io.SectionReader); ok {
			unlock.Do(c.mu.Unlock)
			return f(in)
		}
		s, err = c.budget.expand(ctx, r, c.entry.charged)
		return err
	})
	if err != nil || s == nil {
		if s != nil {
			s.close()
		}
		return err
	}
	c.spools.put(c, s)
	defer c.spools.give(c)
	unlock.Do(c.mu.Unlock)
	return f(s.SectionReader)
}

// openMember calls f with what the member's Open gives.
func (c *container) openMember(ctx context.Context, steady bool, m *memberContent, f func(io.Reader) error) error {
	return c.with(ctx, steady, func(in *io.SectionReader) error {
		r, err := m.openContent(ctx, in)
		if err != nil {
			return err
		}
		if closer, ok := r.(io.Closer); ok {
			defer closer.Close() // nothing was written
		}
		return f(r)
	})
}

// leaf is a member that is a document.
type leaf struct {
	memberContent
	in       *container
	name     string
	modified time.Time
	stat     ingest.Stat
	read     func(context.Context, []byte) (*extract.Text, error)
}

// with calls f with the content.
func (l *leaf) with(ctx context.Context, f func(*io.SectionReader) error) error {
	// A sum says for each member whether it is what was listed; a file of
	// records may have become longer meanwhile.
	steady := l.sum == nil || l.in.in != nil
	return l.in.openMember(ctx, steady, &l.memberContent, func(r io.Reader) error {
		if in, ok := r.(*io.SectionReader); ok {
			return f(in)
		}
		s, err := l.in.budget.expand(ctx, r, l.charged)
		if err != nil {
			return err
		}
		defer s.close()
		return f(s.SectionReader)
	})
}

func (l *leaf) hash(ctx context.Context) (sum [sha256.Size]byte, err error) {
	if l.sum != nil {
		return *l.sum, nil
	}
	err = l.with(ctx, func(in *io.SectionReader) (err error) {
		sum, err = hash(ctx, io.NewSectionReader(in, 0, in.Size()))
		return err
	})
	return sum, err
}

func (l *leaf) load(ctx context.Context) (*ingest.Document, error) {
	var text *extract.Text
	var sum [sha256.Size]byte
	err := l.with(ctx, func(in *io.SectionReader) (err error) {
		if l.read == nil {
			if text, err = extractText(ctx, l.in.x, baseName(l.name), in, in.Size()); err != nil {
				return err
			}
			sum, err = hash(ctx, io.NewSectionReader(in, 0, in.Size()))
			return err
		}
		content := make([]byte, in.Size())
		if _, err := in.ReadAt(content, 0); err != nil && err != io.EOF {
			return fmt.Errorf("cannot be read: %w", err)
		}
		if sum = sha256.Sum256(content); l.sum != nil && sum != *l.sum {
			return ingest.ErrChanged
		}
		defer catch(&err)
		text, err = l.read(ctx, content)
		return err
	})
	if err != nil {
		return nil, err
	}
	if l.sum != nil && sum != *l.sum {
		return nil, ingest.ErrChanged
	}
	return &ingest.Document{
		Text: *text, Modified: l.modified, Container: l.in.version, Encoding: ingest.EncodingOf(l.in.x), Fingerprint: ingest.Fingerprint{
			Stat: l.stat.Settled(time.Now()), SHA256: sum, Device: l.in.device,
		},
	}, nil
}

// errStopped says that nobody wants more entries.
var errStopped = errors.New("stopped")

// lister yields entries.
type lister struct {
	ctx   context.Context
	yield func(ingest.Entry, error) bool
}

func (l *lister) offer(e ingest.Entry) error {
	if !l.yield(e, nil) {
		return errStopped
	}
	return nil
}

// end yields the error of the context.
func (l *lister) end() error {
	l.yield(ingest.Entry{}, l.ctx.Err())
	return errStopped
}

// outermost yields the entries of a file or stream that is a container, and own,
// its own entry, if it is a document as well.
func (l *lister) outermost(o *outermost, kind extract.Container, own ingest.Entry) error {
	err := func() error {
		in, err := o.open()
		if err != nil {
			return err
		}
		defer in.close()
		if in.stat != nil {
			if o.stat, err = in.stat(); err != nil {
				return err
			}
			o.device = in.device
		}
		err = l.members(&container{outermost: o, kind: kind, id: own.ID, path: own.Path, version: kind.Version()}, in.SectionReader)
		if fault := in.fault(); fault != nil && !errors.Is(err, errStopped) {
			return fault
		}
		return err
	}()
	document := extract.IsDocument(kind)
	switch {
	case errors.Is(err, errStopped), err == nil && !document:
		return err
	case l.ctx.Err() != nil:
		return l.end()
	case document:
		return l.offer(carrying(own, err))
	}
	return l.offer(ingest.Entry{ID: own.ID, Path: own.Path, Skip: err, Incomplete: own.ID + "#", Device: o.device, Missing: o.dir != "" && isMissing(err) && isFolder(o.dir)})
}

// carrying is the entry of a document with members. err is why not all of these
// are known.
func carrying(e ingest.Entry, err error) ingest.Entry {
	if err == nil {
		return e
	}
	load := e.Load
	e.Incomplete = e.ID + "#"
	e.Load = func(ctx context.Context) (*ingest.Document, error) {
		doc, lerr := load(ctx)
		if lerr != nil {
			return nil, lerr
		}
		note := "what is attached to it is not all known: " + err.Error()
		if doc.Note != "" {
			note = doc.Note + "; " + note
		}
		doc.Note = note
		return doc, nil
	}
	return e
}

// members yields the entries of a container whose content is in. It returns
// errStopped when the iteration is to end, and a *limitError when that of the
// outermost file is.
func (l *lister) members(c *container, in *io.SectionReader) error {
	numbers := map[string]int{} // by name
	number := 0
	clock := time.Now()
	for m, err := range membersOf(l.ctx, c.kind, in) {
		if l.ctx.Err() != nil {
			return l.end()
		}
		if err != nil {
			return err
		}
		if number++; m.Number == 0 {
			m.Number = number
		}
		if c.depth > 0 || m.Read == nil { // what is not bounded by the size of the file
			if err := cmp.Or(c.budget.count(), c.budget.spend(time.Since(clock))); err != nil {
				return err
			}
		}
		if err := l.member(c, m, numbers); err != nil {
			return err
		}
		clock = time.Now()
	}
	return nil
}

// member yields the entry of a member, or those of its members.
func (l *lister) member(c *container, m extract.Member, numbers map[string]int) error {
	nameless := func(err error, incomplete string) error {
		return l.offer(ingest.Entry{ID: ingest.PartID(c.id, m.Number), Path: c.path, Device: c.device, Container: c.version, Encoding: ingest.EncodingOf(c.x), Skip: err, Incomplete: incomplete})
	}
	unit, what := "member", "name"
	if m.Place.Line > 0 {
		unit, what = "line", "id"
	}
	if m.Name == "" {
		if m.Err == nil {
			m.Err = fmt.Errorf("%s %d: has no %s", unit, m.Number, what)
		}
		return nameless(m.Err, c.id+"#")
	}
	if len(m.Name) > maxMemberName {
		return nameless(fmt.Errorf("%s %d: its %s is longer than %d bytes", unit, m.Number, what, maxMemberName), "")
	}
	if first, ok := numbers[m.Name]; ok {
		return nameless(fmt.Errorf("%s %d: has the %s %q of %s %d", unit, m.Number, what, m.Name, unit, first), "")
	}
	numbers[m.Name] = m.Number

	e := ingest.Entry{ID: ingest.MemberID(c.id, m.Name), Path: c.path, Device: c.device, Container: c.version, Encoding: ingest.EncodingOf(c.x)}
	switch {
	case m.Path != "":
		e.Path = ingest.PrintablePath(strings.ReplaceAll(m.Path, `\`, "/"))
	case m.Read == nil:
		e.Path = c.path + "#" + ingest.PrintablePath(m.Name)
	}
	if m.Err != nil {
		e.Skip, e.Incomplete = skipped(m.Err), e.ID+"#"
		return l.offer(e)
	}
	content := memberContent{open: m.Open, sum: m.SHA256, charged: new(int64)}
	var unknown error // of its members
	if m.Read == nil {
		var done bool
		var err error
		if done, unknown, err = l.inner(c, m, e, content); done {
			return err
		}
	}
	e.Stat = ingest.Stat{Size: max(m.Size, 0)}
	if m.SHA256 == nil {
		// The content is that of before where the whole file is.
		e.Stat.ModTime, e.Stat.ChangeTime, e.Stat.Inode = c.stat.ModTime, c.stat.ChangeTime, c.stat.Inode
	}
	if m.Modified.IsZero() && m.Read == nil && c.stat.ModTime != 0 {
		m.Modified = time.Unix(0, c.stat.ModTime).UTC()
	}
	doc := &leaf{
		memberContent: content, in: c, name: m.Name, modified: m.Modified, stat: e.Stat, read: m.Read,
	}
	e.Load, e.Hash = doc.load, doc.hash
	return l.offer(carrying(e, unknown))
}

// inner yields the entries of a member that is a container. It is not done if the
// member is none, or is a document as well; unknown is then why not all members of
// that are known.
func (l *lister) inner(c *container, m extract.Member, e ingest.Entry, content memberContent) (done bool, unknown, err error) {
	fail := func(kind extract.Container, err error) (bool, error, error) {
		if extract.IsDocument(kind) {
			return false, err, nil
		}
		e.Skip, e.Incomplete = skipped(err), e.ID+"#"
		return true, nil, l.offer(e)
	}
	for _, kind := range c.containers {
		if !kind.Named(baseName(m.Name)) {
			continue
		}
		if c.depth+1 >= c.budget.limits.Depth {
			return fail(kind, fmt.Errorf("is nested more than %d deep", c.budget.limits.Depth))
		}
		n := &container{
			outermost: c.outermost, kind: kind, id: e.ID, path: e.Path, depth: c.depth + 1, version: c.version + kind.Version(),
			in: c, entry: content,
		}
		is := false
		var limit *limitError
		err := n.with(l.ctx, true, func(in *io.SectionReader) error {
			if is = holds(kind, in); !is {
				return nil
			}
			return l.members(n, in)
		})
		switch {
		case errors.Is(err, errStopped), errors.As(err, &limit):
			return true, nil, err
		case l.ctx.Err() != nil:
			return true, nil, l.end()
		case err != nil:
			return fail(kind, err)
		case is:
			return !extract.IsDocument(kind), nil, nil
		}
	}
	return false, nil, nil
}

// baseName is the last element of the name of a member.
func baseName(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }
