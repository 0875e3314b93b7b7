// Package disk has what all readers of an index's files share: mapping a file,
// turning a disk that cannot be read into an error, saying what is damaged, and
// the checksum that all files use.
package disk

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index"
)

// FileMode is that of all files of an index.
const FileMode = 0o600

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum returns the CRC-32C of b.
func Sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// Update returns the CRC-32C of what had the checksum crc, followed by b.
func Update(crc uint32, b []byte) uint32 { return crc32.Update(crc, castagnoli, b) }

// DamageError says that a file is not what was written. errors.Is(err,
// index.ErrDamaged) holds.
type DamageError struct {
	// What is to be read after the name of the file and "it".
	Path, What string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: %v: it %s", e.Path, index.ErrDamaged, e.What)
}

func (e *DamageError) Unwrap() error { return index.ErrDamaged }

// Damaged returns a DamageError.
func Damaged(path, what string) error { return &DamageError{path, what} }

// ErrFault says that a mapped file cannot be read.
var ErrFault = fmt.Errorf("a file of the index cannot be read, because the disk fails or the file was cut short: %w", syscall.EIO)

// CatchFault turns a memory fault on a mapped file into ErrFault in *err. The
// system reports a disk that cannot be read, or a file that was cut short, by a
// signal, which would end the program. It holds for the one goroutine, until
// what it returns is called:
//
//	defer disk.CatchFault(&err)()
func CatchFault(err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		switch r := recover().(type) {
		case nil:
		case interface {
			runtime.Error
			Addr() uintptr
		}:
			*err = ErrFault
		default:
			panic(r)
		}
	}
}

// Map maps a file of at least that many bytes for reading. A shorter one is damaged.
func Map(path string, least int) (mmap.MMap, error) {
	return MapIf(path, func(size int64) bool { return size >= int64(least) && size <= math.MaxInt })
}

// MapIf maps a file for reading. One of a size that does not fit is damaged.
func MapIf(path string, fits func(size int64) bool) (mmap.MMap, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fi, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !fits(fi.Size()) {
		return nil, Damaged(path, fmt.Sprintf("has %d bytes", fi.Size()))
	}
	data, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	return data, nil
}

// Create creates a file, which must not exist, for write to write. Unless sync
// is true, it is on the disk only when somebody has synced it. After an error
// the file may be there, unfinished.
func Create(path string, sync bool, write func(f *os.File) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, FileMode)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err := write(f); err != nil || !sync {
		return err
	}
	return f.Sync()
}
