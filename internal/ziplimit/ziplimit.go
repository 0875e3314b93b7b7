// Package ziplimit opens zip archives of unknown origin: archive/zip makes room for
// as many entries as a file says that it has, and then for as many as there are.
package ziplimit

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// ErrEntries is the error of an archive that has, or says that it has, more entries
// than are allowed.
var ErrEntries = errors.New("too many files in the archive")

// entryBytes is how much of a directory an entry may take: generous, for names,
// dates and owners.
const entryBytes = 1 << 10

// Open reads the directory of an archive of size bytes, of which it reads no more
// than the directory of so many entries can take. Errors are ErrEntries and those
// of zip.NewReader, with whose zip.ErrInsecurePath the reader is returned, too.
func Open(r io.ReaderAt, size int64, entries int) (*zip.Reader, error) {
	if claimed(r, size) > uint64(entries) {
		return nil, ErrEntries
	}
	budget := &budgetReaderAt{r: r, left: int64(entries)*entryBytes + 1<<20}
	z, err := zip.NewReader(budget, size)
	if errors.Is(err, ErrEntries) || z != nil && len(z.File) > entries {
		return nil, ErrEntries
	}
	budget.left = -1
	return z, err
}

// claimed returns how many entries an archive says that it has, 0 if it does not
// say. Offsets are those of APPNOTE.TXT, 4.3.14 to 4.3.16.
func claimed(r io.ReaderAt, size int64) uint64 {
	const (
		end, locator, end64 = 22, 20, 56 // bytes
		longest             = 65 << 10   // as far from the end as package zip looks
	)
	tail := make([]byte, min(size, longest))
	if n, err := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) && err != nil {
		return 0 // package zip says what is wrong
	}
	at := bytes.LastIndex(tail[:max(0, len(tail)-end+4)], []byte("PK\x05\x06"))
	if at < 0 {
		return 0
	}
	entries := uint64(binary.LittleEndian.Uint16(tail[at+10:]))
	if at < locator || !bytes.HasPrefix(tail[at-locator:], []byte("PK\x06\x07")) {
		return entries
	}
	record := make([]byte, end64)
	from := binary.LittleEndian.Uint64(tail[at-locator+8:])
	if from > uint64(size) {
		return entries
	}
	if n, _ := r.ReadAt(record, int64(from)); n < end64 || !bytes.HasPrefix(record, []byte("PK\x06\x06")) {
		return entries
	}
	if entries == 0xffff { // which says that the other record does
		entries = 0
	}
	return max(entries, binary.LittleEndian.Uint64(record[32:]))
}

// budgetReaderAt gives out so many bytes; any number when left is negative.
type budgetReaderAt struct {
	r    io.ReaderAt
	left int64
}

func (b *budgetReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if b.left >= 0 {
		if b.left < int64(len(p)) {
			return 0, ErrEntries
		}
		b.left -= int64(len(p))
	}
	return b.r.ReadAt(p, off)
}
