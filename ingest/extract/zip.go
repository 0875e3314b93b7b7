package extract

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
)

// ratioFrom is the size in bytes from which Limits.Ratio counts.
const ratioFrom = 1 << 20

// OpenPart opens an entry whose expanded bytes count towards expanded. Reading
// fails with ErrTooLarge when a limit is passed: the sizes in the archive's
// directory are not believed.
func OpenPart(f *zip.File, lim Limits, expanded *int64) (io.ReadCloser, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", PartName(f.Name), err)
	}
	return &partReader{ReadCloser: r, file: f, lim: lim, expanded: expanded}, nil
}

// PartName is how a message names a file of an archive, which may have a name
// of 64 KiB that is no text.
func PartName(name string) string {
	const longest = 100
	return Cut(OneLine(strings.ToValidUTF8(name, "\uFFFD")), longest)
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
		return 0, fmt.Errorf("%w: %s of %s expands to more than %d times its size", ErrTooLarge, PartName(p.file.Name), Bytes(compressed), p.lim.Ratio)
	case *p.expanded > p.lim.ExpandedBytes:
		return 0, fmt.Errorf("%w: it expands to more than %s", ErrTooLarge, Bytes(p.lim.ExpandedBytes))
	}
	return n, err
}
