package extract

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ratioFrom is the size in bytes from which Limits.Ratio counts.
const ratioFrom = 1 << 20

// openZip reads the directory of an archive, of which it reads no more than
// the directory of so many entries as are allowed can take.
func openZip(in input) (*zip.Reader, error) {
	if entriesOf(in) > uint64(in.lim.Entries) {
		return nil, fmt.Errorf("%w: more than %d files in the archive", ErrTooLarge, in.lim.Entries)
	}
	const entryBytes = 1 << 10 // generous: names, dates, owners
	budget := &budgetReaderAt{r: in.r, left: int64(in.lim.Entries)*entryBytes + 1<<20}
	z, err := zip.NewReader(budget, in.size)
	switch {
	case errors.Is(err, ErrTooLarge) || err == nil && len(z.File) > in.lim.Entries:
		return nil, fmt.Errorf("%w: more than %d files in the archive", ErrTooLarge, in.lim.Entries)
	case err != nil:
		return nil, fmt.Errorf("damaged or cut off zip archive: %w", err)
	}
	budget.left = -1
	return z, nil
}

// entriesOf returns how many entries an archive says that it has, 0 if it does not
// say. Before package zip reads the first it makes room for all that a file of this
// size could have. Offsets are those of APPNOTE.TXT, 4.3.14 to 4.3.16.
func entriesOf(in input) uint64 {
	const (
		end, locator, end64 = 22, 20, 56 // bytes
		longest             = 65 << 10   // as far from the end as package zip looks
	)
	tail := make([]byte, min(in.size, longest))
	if n, err := in.r.ReadAt(tail, in.size-int64(len(tail))); n < len(tail) && err != nil {
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
	if from > uint64(in.size) {
		return entries
	}
	if n, _ := in.r.ReadAt(record, int64(from)); n < end64 || !bytes.HasPrefix(record, []byte("PK\x06\x06")) {
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
			return 0, ErrTooLarge
		}
		b.left -= int64(len(p))
	}
	return b.r.ReadAt(p, off)
}

// openPart opens an entry whose expanded bytes count towards expanded. Reading
// fails with ErrTooLarge when a limit is passed: the sizes in the archive's
// directory are not believed.
func openPart(f *zip.File, lim Limits, expanded *int64) (io.ReadCloser, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", partName(f.Name), err)
	}
	return &partReader{ReadCloser: r, file: f, lim: lim, expanded: expanded}, nil
}

// partName is how a message names a file of an archive, which may have a name
// of 64 KiB that is no text.
func partName(name string) string {
	const longest = 100
	return cut(oneLine(strings.ToValidUTF8(name, "\uFFFD")), longest)
}

type partReader struct {
	io.ReadCloser
	file     *zip.File
	lim      Limits
	n        int64
	expanded *int64
}

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.n += int64(n)
	*p.expanded += int64(n)
	compressed := int64(min(p.file.CompressedSize64, 1<<62/uint64(p.lim.Ratio)))
	switch {
	case p.n > ratioFrom && p.n > p.lim.Ratio*max(compressed, 1):
		return 0, fmt.Errorf("%w: %s of %s expands to more than %d times its size", ErrTooLarge, partName(p.file.Name), bytesText(compressed), p.lim.Ratio)
	case *p.expanded > p.lim.ExpandedBytes:
		return 0, fmt.Errorf("%w: it expands to more than %s", ErrTooLarge, bytesText(p.lim.ExpandedBytes))
	}
	return n, err
}
