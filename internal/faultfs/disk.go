// Package faultfs is a file system in memory for tests of what becomes of files
// when the disk fails or the power goes. It knows what was synced and what was
// not, records every operation, and can be mounted by FUSE on Linux, so that
// other processes use it as they would a disk.
//
// Operations are counted one by one over all processes and threads: the n-th of
// them can fail, for once or from then on, or wait for ever. Of a recorded run
// the state after a loss of power at any operation can be made afterwards.
package faultfs

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// Kind is what an operation does.
type Kind string

// The kinds of operations. Reading attributes is none: the kernel remembers them.
const (
	Lookup   Kind = "lookup"
	Open     Kind = "open"
	Create   Kind = "create"
	Read     Kind = "read"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "fsync"
	SyncDir  Kind = "fsyncdir"
	ReadDir  Kind = "readdir"
	Mkdir    Kind = "mkdir"
	Link     Kind = "link"
	Rename   Kind = "rename"
	Unlink   Kind = "unlink"
	Rmdir    Kind = "rmdir"
)

// Allocates tells whether an operation of that kind needs space.
func (k Kind) Allocates() bool {
	switch k {
	case Create, Write, Truncate, Sync, SyncDir, Mkdir, Link, Rename:
		return true
	}
	return false
}

// Op is an operation as a hook sees it, before it is carried out.
type Op struct {
	N    int // from 1
	Kind Kind
	Name string // of the file or the entry, without its folder
	// Interrupted is closed when the process that waits for it is ended.
	Interrupted <-chan struct{}
}

func (o Op) String() string { return fmt.Sprintf("%d. operation, %s of %q", o.N, o.Kind, o.Name) }

// Disk is the file system.
type Disk struct {
	mu   sync.Mutex
	hook func(Op) syscall.Errno
	ops  int
	tree tree
	log  []*event
}

// New returns an empty file system.
func New() *Disk {
	d := new(Disk)
	d.tree.init()
	return d
}

// Copy returns another disk with the same content and history.
func (d *Disk) Copy() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := New()
	for _, e := range d.log {
		c.ops = e.op
		c.log = append(c.log, e)
		c.tree.apply(e)
	}
	return c
}

// Hook sets what is asked before each operation: an error other than 0 is its
// result. The hook may block, as a disk does that does not answer; others go on
// meanwhile. It may be nil.
func (d *Disk) Hook(hook func(Op) syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = hook
}

// Ops returns how many operations there were.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// begin counts an operation and asks the hook.
func (d *Disk) begin(ctx context.Context, kind Kind, name string) syscall.Errno {
	d.mu.Lock()
	d.ops++
	op, hook := Op{d.ops, kind, name, ctx.Done()}, d.hook
	d.mu.Unlock()
	if hook == nil {
		return 0
	}
	return hook(op)
}

// do carries out a change and records it. The caller holds the lock.
func (d *Disk) do(e event) {
	e.op = d.ops
	d.log = append(d.log, &e)
	d.tree.apply(&e)
}

// Events returns how many changes were recorded; reading is none.
func (d *Disk) Events() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.log)
}

// Crash says what a loss of power leaves of what was not synced.
type Crash int

// The ways of losing power.
const (
	// Kill loses nothing: it is what the end of a process leaves.
	Kill Crash = iota
	// Strict loses all that was not synced: the content of a file since its
	// last fsync, the entries of a folder since its own.
	Strict
	// Journal is what file systems with a journal do: folders are as they were
	// at one moment, not before the last sync of anything; of a file any of the
	// writes since its last fsync may be missing, or be there in part.
	Journal
	// Loose is the worst that may be: each folder is as it was at a moment of
	// its own since its last sync, files are as with Journal.
	Loose
)

func (c Crash) String() string { return [...]string{"kill", "strict", "journal", "loose"}[c] }

// At returns the file system that is there after a loss of power when the first
// n changes were made. Random decides what Journal and Loose leave.
func (d *Disk) At(n int, c Crash, random *rand.Rand) *Image {
	d.mu.Lock()
	log := d.log[:n]
	d.mu.Unlock()
	var t tree
	t.init()
	for _, e := range log {
		t.apply(e)
	}
	return &Image{root: t.crash(c, random)}
}

// Image is a file system at one moment.
type Image struct{ root *inode }

// ReadFile returns the content of a file of the root folder.
func (m *Image) ReadFile(name string) []byte {
	if f := m.root.entries[name]; f != nil {
		return f.data
	}
	return nil
}

// WriteTo makes the file system anew in a folder that exists, links included.
func (m *Image) WriteTo(dir string) error { return m.root.writeTo(dir, make(map[uint64]string)) }

func (i *inode) writeTo(path string, written map[uint64]string) error {
	for _, name := range slices.Sorted(maps.Keys(i.entries)) {
		child, to := i.entries[name], filepath.Join(path, name)
		if !child.dir {
			if first, ok := written[child.id]; ok {
				if err := os.Link(first, to); err != nil {
					return err
				}
				continue
			}
			written[child.id] = to
			if err := os.WriteFile(to, child.data, os.FileMode(child.mode)); err != nil {
				return err
			}
			continue
		}
		if err := os.Mkdir(to, os.FileMode(child.mode)); err != nil {
			return err
		}
		if err := child.writeTo(to, written); err != nil {
			return err
		}
	}
	return nil
}

// inode is a file or a folder: as it is, as it is on the disk, and the changes
// between.
type inode struct {
	id    uint64
	dir   bool
	mode  uint32
	links int

	data, synced []byte
	writes       []*event // since synced

	entries, syncedEntries map[string]*inode
	changes                []*event // since syncedEntries
}

// event is a change. Names of inodes are their numbers, so that a record can be
// carried out again from the beginning.
type event struct {
	op         int
	kind       Kind
	node       uint64 // the file or folder; of a Rename or Link the one that gets a name
	parent, to uint64 // folder
	name, new  string
	mode       uint32
	offset     int64 // or size
	data       []byte
}

// tree is what the record makes.
type tree struct {
	inodes map[uint64]*inode
	next   uint64
	// synced is the operation at which something was synced last.
	synced int
}

const rootID = 1

func (t *tree) init() {
	t.inodes = map[uint64]*inode{rootID: newDir(rootID, 0o700)}
	t.next = rootID + 1
}

func newDir(id uint64, mode uint32) *inode {
	return &inode{id: id, dir: true, mode: mode, links: 2, entries: make(map[string]*inode), syncedEntries: make(map[string]*inode)}
}

func (t *tree) apply(e *event) {
	switch e.kind {
	case Create:
		t.inodes[e.node] = &inode{id: e.node, mode: e.mode}
	case Mkdir:
		t.inodes[e.node] = newDir(e.node, e.mode)
	case Write, Truncate:
		i := t.inodes[e.node]
		i.data = written(i.data, e, len(e.data))
		i.writes = append(i.writes, e)
		return
	case Sync:
		i := t.inodes[e.node]
		i.synced, i.writes = slices.Clone(i.data), nil
		t.synced = e.op
		return
	case SyncDir:
		i := t.inodes[e.node]
		i.syncedEntries, i.changes = maps.Clone(i.entries), nil
		t.synced = e.op
		return
	}
	t.next = max(t.next, e.node+1)
	if e.kind == Create || e.kind == Link || e.kind == Mkdir {
		t.inodes[e.node].links++
	}
	if gone := removed(e, t.inodes); gone != nil {
		gone.links--
	}
	dir := t.inodes[e.parent]
	change(dir.entries, e, e.parent, t.inodes)
	dir.changes = append(dir.changes, e)
	if e.kind == Rename && e.to != e.parent {
		to := t.inodes[e.to]
		change(to.entries, e, e.to, t.inodes)
		to.changes = append(to.changes, e)
	}
}

// removed returns what an event takes a name from for good.
func removed(e *event, inodes map[uint64]*inode) *inode {
	switch e.kind {
	case Unlink, Rmdir:
		return inodes[e.parent].entries[e.name]
	case Rename:
		return inodes[e.to].entries[e.new]
	}
	return nil
}

// change carries out on the entries of a folder what an event does there.
func change(entries map[string]*inode, e *event, dir uint64, inodes map[uint64]*inode) {
	switch e.kind {
	case Create, Mkdir, Link:
		entries[e.name] = inodes[e.node]
	case Unlink, Rmdir:
		delete(entries, e.name)
	case Rename:
		if dir == e.parent {
			delete(entries, e.name)
		}
		if dir == e.to {
			entries[e.new] = inodes[e.node]
		}
	}
}

// written returns data after the first n bytes of a write, or a truncation.
func written(data []byte, e *event, n int) []byte {
	end := int(e.offset) + n
	if e.kind == Truncate && end < len(data) {
		return data[:end:end]
	}
	if end > len(data) {
		data = append(data, make([]byte, end-len(data))...)
	}
	copy(data[e.offset:], e.data[:n])
	return data
}

// crash returns the root of what a loss of power leaves.
func (t *tree) crash(c Crash, random *rand.Rand) *inode {
	moment := 0
	if c == Journal {
		last := t.synced
		for _, i := range t.inodes {
			if n := len(i.changes); n > 0 {
				last = max(last, i.changes[n-1].op)
			}
		}
		moment = t.synced + random.IntN(last-t.synced+1)
	}
	left := make(map[uint64]*inode)
	for _, id := range slices.Sorted(maps.Keys(t.inodes)) {
		i := t.inodes[id]
		n := &inode{id: i.id, dir: i.dir, mode: i.mode}
		if i.dir {
			n.entries = i.left(c, moment, random, t.inodes)
		} else {
			n.data = i.content(c, random)
		}
		left[id] = n
	}
	for _, n := range left {
		for name, child := range n.entries {
			n.entries[name] = left[child.id]
		}
	}
	return left[rootID]
}

// left returns the entries of a folder that are left.
func (i *inode) left(c Crash, moment int, random *rand.Rand, inodes map[uint64]*inode) map[string]*inode {
	if c == Kill {
		return maps.Clone(i.entries)
	}
	if c == Loose {
		moment = 0
		if n := len(i.changes); n > 0 {
			if at := random.IntN(n + 1); at > 0 {
				moment = i.changes[at-1].op
			}
		}
	}
	entries := maps.Clone(i.syncedEntries)
	for _, e := range i.changes {
		if e.op <= moment {
			change(entries, e, i.id, inodes)
		}
	}
	return entries
}

// content returns the content of a file that is left.
func (i *inode) content(c Crash, random *rand.Rand) []byte {
	switch {
	case c == Kill:
		return slices.Clone(i.data)
	case c == Strict || len(i.writes) == 0:
		return slices.Clone(i.synced)
	}
	data := slices.Clone(i.synced)
	for _, e := range i.writes {
		switch n := len(e.data); random.IntN(4) {
		case 0: // lost
		case 1: // torn
			if n > 0 {
				n = random.IntN(n+1) &^ 511
			}
			data = written(data, e, n)
		default:
			data = written(data, e, n)
		}
	}
	return data
}
