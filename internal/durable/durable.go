// Package durable changes files so that a crash or a loss of power leaves
// either the old content or the new one, never a part of it.
//
// A file is replaced in this order: write a temporary file beside it, sync it,
// close it, rename it, sync the folder. The temporary file is beside the other
// one because only a rename within a file system is atomic. It is synced before
// the rename because a file system may write the name before the data, and a
// power cut in between would leave an empty file under the right name. The
// folder is synced after the rename because until then the new name is in
// memory only: a caller that goes on to delete what the file replaces could
// lose both. Close is checked because network file systems report there that a
// write did not fit.
package durable

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Op is a step that changes the disk.
type Op string

// The steps.
const (
	OpCreate  Op = "create"
	OpWrite   Op = "write"
	OpSync    Op = "sync"
	OpClose   Op = "close"
	OpChmod   Op = "chmod"
	OpRename  Op = "rename"
	OpSyncDir Op = "sync folder"
	OpLink    Op = "link"
	OpMkdir   Op = "mkdir"
)

// FS is the operating system's file system. The zero value is ready for use.
type FS struct {
	// Before, if not nil, is called before each step with the path that it is
	// about; its error is that of the step, which is not taken. It is how tests
	// make a disk fail.
	Before func(op Op, path string) error
}

func (d FS) before(op Op, path string) error {
	if d.Before == nil {
		return nil
	}
	return d.Before(op, path)
}

// TempSuffix ends the name of the temporary file of Replace.
const TempSuffix = ".tmp"

// Replace makes data the content of the file at path. The temporary file is
// path with TempSuffix: only one process at a time may replace the file, and
// what one that was killed has left is overwritten. For others there is
// Create. After an error path is what it was, unless the error is of the very
// last step, the sync of the folder: then it may be either.
func (d FS) Replace(path string, data []byte, perm fs.FileMode) error {
	temp := path + TempSuffix
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.WriteNew(temp, data, perm); err != nil {
		return err
	}
	if err := d.Rename(temp, path); err != nil {
		return errors.Join(err, remove(temp))
	}
	return nil
}

// WriteNew creates a file, which must not exist, and returns when its content
// is on the disk. Its name is durable only after SyncDir of the folder. After
// an error there is no such file.
func (d FS) WriteNew(path string, data []byte, perm fs.FileMode) error {
	return d.writeNew(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func (d FS) writeNew(path string, perm fs.FileMode, write func(io.Writer) error) error {
	if err := d.before(OpCreate, path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	file := &File{d: d, f: f, path: path}
	err = write(file)
	if err == nil {
		err = file.sync()
	}
	if err = errors.Join(err, file.close()); err != nil {
		return errors.Join(err, remove(path))
	}
	return nil
}

// Rename moves the file old, which is on the disk already, to name, and
// returns when it is there after a loss of power. It may be a folder, if it and
// all in it was synced (see SyncTree). Both must be on one file system.
func (d FS) Rename(old, name string) error {
	if err := d.before(OpRename, name); err != nil {
		return err
	}
	if err := os.Rename(old, name); err != nil {
		return err
	}
	if from := filepath.Dir(old); from != filepath.Dir(name) {
		if err := d.SyncDir(from); err != nil {
			return err
		}
	}
	return d.SyncDir(filepath.Dir(name))
}

// MkdirAll makes a folder, and those it is in, so that they are there after a
// loss of power. The name of a folder that exists is made durable all the same:
// a process that made it may have been killed before it did.
func (d FS) MkdirAll(path string, perm fs.FileMode) error {
	parent := filepath.Dir(path)
	if parent == path {
		return nil
	}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := d.MkdirAll(parent, perm); err != nil {
			return err
		}
		if err := d.before(OpMkdir, path); err != nil {
			return err
		}
		if err := os.Mkdir(path, perm); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := d.SyncDir(parent); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil // whoever may not read a folder cannot sync it
}

// SyncFile returns when the content of an existing file is on the disk.
func (d FS) SyncFile(path string) (err error) {
	if err := d.before(OpSync, path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

// SyncDir makes the entries of a folder durable: without it a rename or a new
// file may be gone after a loss of power although its content was synced.
// Where folders cannot be synced it does nothing.
func (d FS) SyncDir(path string) error {
	if err := d.before(OpSyncDir, path); err != nil {
		return err
	}
	return syncDir(path)
}

// SyncTree makes a folder durable with all files and folders in it, but not
// its own name.
func (d FS) SyncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return d.SyncDir(path)
		case e.Type().IsRegular():
			return d.SyncFile(path)
		}
		return nil
	})
}

// Link makes the file src, which must never change, appear as dst, which must
// not exist. Where that fails, as on a file system without hard links, src is
// copied, once its own content is on the disk: whoever syncs dst may then go by it
// that the next link of src is to a file that was synced.
func (d FS) Link(src, dst string, perm fs.FileMode) error {
	if err := d.before(OpLink, dst); err == nil && os.Link(src, dst) == nil {
		return nil
	}
	if err := d.SyncFile(src); err != nil {
		return err
	}
	return d.Copy(src, dst, perm)
}

// Copy copies the file src to dst, which must not exist, and returns when the
// copy is on the disk. After an error there is no dst.
func (d FS) Copy(src, dst string, perm fs.FileMode) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	return d.writeNew(dst, perm, func(w io.Writer) error {
		if _, err := io.Copy(w, in); err != nil {
			return fmt.Errorf("copying %s: %w", src, err)
		}
		return nil
	})
}

// File is a file in the making. It takes the place of another when it is
// committed.
type File struct {
	d    FS
	f    *os.File
	path string // where it belongs
	perm fs.FileMode

	done bool  // it is closed
	err  error // why it must not be committed
}

// Create begins a file that belongs at path. Several processes may do so at
// once: the last to commit wins. The caller must call Discard when done with
// it. What a killed process leaves is a hidden file beside path.
func (d FS) Create(path string, perm fs.FileMode) (*File, error) {
	if err := d.before(OpCreate, path); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*"+TempSuffix)
	if err != nil {
		return nil, err
	}
	return &File{d: d, f: f, path: path, perm: perm}, nil
}

// Name is the path of the temporary file.
func (f *File) Name() string { return f.f.Name() }

// Write appends to the file. A file of which a part was not written cannot be
// committed.
func (f *File) Write(b []byte) (n int, err error) {
	if err = f.d.before(OpWrite, f.f.Name()); err == nil {
		n, err = f.f.Write(b)
	}
	f.err = cmp.Or(f.err, err)
	return n, err
}

// ReadFrom appends what r has. The system copies by itself what comes from a
// file.
func (f *File) ReadFrom(r io.Reader) (n int64, err error) {
	if err = f.d.before(OpWrite, f.f.Name()); err == nil {
		n, err = f.f.ReadFrom(r)
	}
	f.err = cmp.Or(f.err, err)
	return n, err
}

func (f *File) sync() error {
	if err := f.d.before(OpSync, f.f.Name()); err != nil {
		return err
	}
	return f.f.Sync()
}

func (f *File) close() error {
	return errors.Join(f.d.before(OpClose, f.f.Name()), f.f.Close())
}

// Finish returns when the file's content is on the disk; it cannot be written
// any more. It is for callers that look at the file under Name before they
// commit it. Commit calls it otherwise.
func (f *File) Finish() error {
	if !f.done {
		f.done = true
		if f.err == nil {
			f.err = f.chmod()
		}
		if f.err == nil {
			f.err = f.sync()
		}
		f.err = errors.Join(f.err, f.close())
	}
	return f.err
}

// chmod gives the file the permissions of the one that it replaces, or perm.
func (f *File) chmod() error {
	perm := f.perm
	if info, err := os.Stat(f.path); err == nil {
		perm = info.Mode().Perm()
	}
	if err := f.d.before(OpChmod, f.f.Name()); err != nil {
		return err
	}
	return f.f.Chmod(perm)
}

// Commit puts the file in its place, and returns when it is there after a loss
// of power. After an error the place is what it was, unless the error is of the
// sync of the folder.
func (f *File) Commit() error {
	if err := f.Finish(); err != nil {
		return err
	}
	return f.d.Rename(f.f.Name(), f.path)
}

// Discard removes the file unless it was committed.
func (f *File) Discard() error {
	var err error
	if !f.done {
		f.done, f.err = true, fs.ErrClosed
		err = f.f.Close()
	}
	return errors.Join(err, remove(f.f.Name()))
}

// remove removes a file that may be gone already.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
