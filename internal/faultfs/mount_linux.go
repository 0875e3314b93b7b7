package faultfs

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount shows the disk in a folder until unmount is called. Processes that wait
// for an operation then get an error. It fails where FUSE is not permitted.
func (d *Disk) Mount(dir string) (unmount func() error, err error) {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return nil, err
	}
	d.mu.Lock()
	root := &node{disk: d, inode: d.tree.inodes[rootID]}
	d.mu.Unlock()
	server, err := fs.Mount(dir, root, &fs.Options{
		RootStableAttr: &fs.StableAttr{Ino: rootID, Gen: 1},
		MountOptions:   fuse.MountOptions{DirectMount: os.Geteuid() == 0, FsName: "faultfs", Name: "faultfs"},
	})
	if err != nil {
		return nil, fmt.Errorf("mounting by FUSE: %w", err)
	}
	return func() error {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			return server.Unmount()
		}
		server.Wait()
		return nil
	}, nil
}

// node is an inode as the kernel knows it.
type node struct {
	fs.Inode
	disk  *Disk
	inode *inode
}

func (n *node) lock() func() {
	n.disk.mu.Lock()
	return n.disk.mu.Unlock
}

func (n *node) attr(out *fuse.Attr) {
	i := n.inode
	out.Ino, out.Nlink, out.Size = i.id, uint32(max(i.links, 0)), uint64(len(i.data))
	out.Blocks, out.Blksize = (out.Size+511)/512, 4096
	out.Mode = i.mode | kind(i)
	// All times are zero: nothing here asks for them.
	out.Owner = fuse.Owner{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
}

func kind(i *inode) uint32 {
	if i.dir {
		return syscall.S_IFDIR
	}
	return syscall.S_IFREG
}

// child returns the node of an inode. The caller holds the lock.
func (n *node) child(ctx context.Context, i *inode, out *fuse.EntryOut) *fs.Inode {
	c := &node{disk: n.disk, inode: i}
	c.attr(&out.Attr)
	return n.NewInode(ctx, c, fs.StableAttr{Mode: kind(i), Ino: i.id, Gen: 1})
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if errno := n.disk.begin(ctx, Lookup, name); errno != 0 {
		return nil, errno
	}
	defer n.lock()()
	i := n.inode.entries[name]
	if i == nil {
		return nil, syscall.ENOENT
	}
	return n.child(ctx, i, out), 0
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	defer n.lock()()
	n.attr(&out.Attr)
	return 0
}

func (n *node) Setattr(ctx context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if errno := n.disk.begin(ctx, Truncate, n.name()); errno != 0 {
			return errno
		}
		defer n.lock()()
		n.disk.do(event{kind: Truncate, node: n.inode.id, offset: int64(size)})
	} else {
		defer n.lock()()
	}
	n.attr(&out.Attr)
	return 0
}

// name returns a name of the inode.
func (n *node) name() string {
	name, _ := n.Parent()
	return name
}

func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	out.Bsize, out.Blocks, out.Bfree, out.Bavail, out.NameLen = 4096, 1<<20, 1<<19, 1<<19, 255
	return 0
}

func (n *node) Open(ctx context.Context, _ uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, n.disk.begin(ctx, Open, n.name())
}

// add makes an entry of an inode that has none yet, or one more.
func (n *node) add(ctx context.Context, kind Kind, name string, mode uint32, target *inode, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if errno := n.disk.begin(ctx, kind, name); errno != 0 {
		return nil, errno
	}
	defer n.lock()()
	if n.inode.entries[name] != nil {
		return nil, syscall.EEXIST
	}
	id := n.disk.tree.next
	if target != nil {
		id = target.id
	}
	n.disk.do(event{kind: kind, parent: n.inode.id, name: name, node: id, mode: mode & 0o777})
	return n.child(ctx, n.disk.tree.inodes[id], out), 0
}

func (n *node) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	child, errno := n.add(ctx, Create, name, mode, nil, out)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	return child, nil, 0, 0
}

func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.add(ctx, Mkdir, name, mode, nil, out)
}

func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.add(ctx, Link, name, 0, target.(*node).inode, out)
}

func (n *node) Read(ctx context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if errno := n.disk.begin(ctx, Read, n.name()); errno != 0 {
		return nil, errno
	}
	defer n.lock()()
	data := n.inode.data
	data = data[min(off, int64(len(data))):]
	return fuse.ReadResultData(slices.Clone(data[:min(len(data), len(dest))])), 0
}

func (n *node) Write(ctx context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	if errno := n.disk.begin(ctx, Write, n.name()); errno != 0 {
		return 0, errno
	}
	defer n.lock()()
	n.disk.do(event{kind: Write, node: n.inode.id, offset: off, data: slices.Clone(data)})
	return uint32(len(data)), 0
}

func (n *node) Fsync(ctx context.Context, _ fs.FileHandle, _ uint32) syscall.Errno {
	kind := Sync
	if n.inode.dir {
		kind = SyncDir
	}
	if errno := n.disk.begin(ctx, kind, n.name()); errno != 0 {
		return errno
	}
	defer n.lock()()
	n.disk.do(event{kind: kind, node: n.inode.id})
	return 0
}

// remove takes an entry away.
func (n *node) remove(ctx context.Context, kind Kind, name string) syscall.Errno {
	if errno := n.disk.begin(ctx, kind, name); errno != 0 {
		return errno
	}
	defer n.lock()()
	i := n.inode.entries[name]
	switch {
	case i == nil:
		return syscall.ENOENT
	case len(i.entries) > 0:
		return syscall.ENOTEMPTY
	}
	n.disk.do(event{kind: kind, parent: n.inode.id, name: name})
	return 0
}

func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	return n.remove(ctx, Unlink, name)
}
func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	return n.remove(ctx, Rmdir, name)
}

func (n *node) Rename(ctx context.Context, name string, newParent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL
	}
	if errno := n.disk.begin(ctx, Rename, newName); errno != 0 {
		return errno
	}
	defer n.lock()()
	i, to := n.inode.entries[name], newParent.(*node).inode
	switch old := to.entries[newName]; {
	case i == nil:
		return syscall.ENOENT
	case old != nil && len(old.entries) > 0:
		return syscall.ENOTEMPTY
	}
	n.disk.do(event{kind: Rename, parent: n.inode.id, name: name, node: i.id, to: to.id, new: newName})
	return 0
}

func (n *node) Readdir(ctx context.Context) (fs.DirStream, syscall.Errno) {
	if errno := n.disk.begin(ctx, ReadDir, n.name()); errno != 0 {
		return nil, errno
	}
	defer n.lock()()
	var list []fuse.DirEntry
	for name, i := range n.inode.entries {
		list = append(list, fuse.DirEntry{Name: name, Ino: i.id, Mode: kind(i)})
	}
	slices.SortFunc(list, func(a, b fuse.DirEntry) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) })
	return fs.NewListDirStream(list), 0
}
