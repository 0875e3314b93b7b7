package extract

import (
	"bytes"
	"net/http"
	"strings"
)

const (
	binaryName = "binary data"
	oleName    = "an OLE container"
)

// zipMagic begins zip archives that have an entry.
const zipMagic = "PK\x03\x04"

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte(zipMagic)) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// sniff tells from its first bytes what a file is that is named like want.
func sniff(in input, head []byte, want kind) kind {
	switch {
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return kindPDF
	// Readers of PDF accept rubbish before the header, and files have it; but
	// a text may speak of "%PDF-".
	case want == kindPDF && bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return kindPDF
	case isZip(head):
		return sniffZip(in, want)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return kind{name: oleName}
	case bytes.HasPrefix(head, []byte(`{\rtf`)):
		return kind{name: "an RTF document"}
	case looksBinary(head):
		// DetectContentType knows the signatures of the WHATWG standard.
		if mime := http.DetectContentType(head); !strings.HasPrefix(mime, "text/") && mime != "application/octet-stream" {
			return kind{name: "a file of type " + mime}
		}
		return kind{name: binaryName}
	case strings.HasPrefix(http.DetectContentType(head), "text/html"):
		return kindHTML
	case bytes.HasPrefix(head, []byte("#!")):
		return kindCode
	}
	return kindText
}

// sniffZip tells the kinds of documents that are zip archives apart.
func sniffZip(in input, want kind) kind {
	z, err := openZip(in)
	switch {
	case err != nil && want == kindDOCX:
		return kindDOCX // whose reader says what is wrong with it
	case err != nil:
		return kind{name: "a zip archive that is damaged or cut off"}
	}
	for _, f := range z.File {
		switch {
		case strings.HasPrefix(f.Name, "word/"):
			return kindDOCX
		case strings.HasPrefix(f.Name, "xl/"):
			return kind{name: "an Excel workbook"}
		case strings.HasPrefix(f.Name, "ppt/"):
			return kind{name: "a PowerPoint presentation"}
		case f.Name == "mimetype":
			return kind{name: "an OpenDocument file or an EPUB book"}
		}
	}
	return kind{name: "a plain zip archive"}
}
