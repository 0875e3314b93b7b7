package extract

import (
	"archive/zip"
	"bytes"
	"net/http"
	"strings"
)

// sampleBytes is how much of a file is looked at to tell what it is.
const sampleBytes = 4096

// Sample is what a Format's Sniff looks at.
type Sample struct {
	// Head is the beginning of the file, 4 KiB or all of it.
	Head []byte
	// Named reports that the file has a name of this format.
	Named bool

	in      *Input
	zip     *zip.Reader
	zipErr  error
	zipRead bool
}

// zipMagic begins zip archives that have an entry.
const zipMagic = "PK\x03\x04"

// IsZip reports whether the file begins as zip archives do.
func (s *Sample) IsZip() bool { return isZip(s.Head) }

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte(zipMagic)) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// Zip returns the directory of a file for which IsZip holds.
func (s *Sample) Zip() (*zip.Reader, error) {
	if !s.zipRead {
		s.zip, s.zipErr = s.in.OpenZip()
		s.zipRead = true
	}
	return s.zip, s.zipErr
}

// IsOLE reports whether the file begins as OLE containers do: documents of
// Microsoft Office before 2007, and newer ones that are encrypted.
func (s *Sample) IsOLE() bool {
	return bytes.HasPrefix(s.Head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"))
}

// IsHTML reports whether the file begins as pages do, by the WHATWG standard.
func (s *Sample) IsHTML() bool {
	return strings.HasPrefix(http.DetectContentType(s.Head), "text/html")
}
