package extract

import (
	"bytes"
	"net/http"
	"strings"
)

// What is known and not read stands here and not beside the formats: the first
// format that claims one of these extensions reads its files.

// unreadExtensions has for the extensions of kinds of file that are known and
// not read what they are.
var unreadExtensions = byExtension(map[string]string{
	"RTF document":                                     "rtf",
	"Word document of the old binary format":           "doc dot",
	"Excel workbook of the old binary format":          "xls",
	"PowerPoint presentation of the old binary format": "ppt",
	"Excel workbook":                                   "xlsx xlsm xltx",
	"PowerPoint presentation":                          "pptx pptm potx",
	"OpenDocument text":                                "odt ott",
	"OpenDocument spreadsheet":                         "ods",
	"OpenDocument presentation":                        "odp",
	"EPUB book":                                        "epub",
	"Kindle book":                                      "mobi azw azw3",
	"DjVu document":                                    "djvu",
	"PostScript":                                       "ps eps",
	"e-mail":                                           "eml msg mbox",
	"Jupyter notebook":                                 "ipynb",
	"image":                                            "png jpg jpeg gif bmp tif tiff webp heic ico psd avif svg",
	"sound recording":                                  "mp3 wav flac ogg oga opus m4a aac",
	"film":                                             "mp4 mkv avi mov webm mpg mpeg wmv",
	"archive":                                          "zip tar gz tgz bz2 xz zst 7z rar jar war whl deb rpm iso dmg",
	"program code in binary form":                      "exe dll so dylib o a obj class pyc wasm bin",
	"font":                                             "ttf otf woff woff2",
	"database or data set in binary form":              "db sqlite sqlite3 parquet npy npz onnx safetensors pt pkl",
})

func byExtension(kinds map[string]string) map[string]string {
	m := map[string]string{}
	for kind, extensions := range kinds {
		for _, e := range strings.Fields(extensions) {
			m[e] = kind
		}
	}
	return m
}

const binaryTitle = "binary data"

// unreadSignature says by its first bytes what a file is that is no text and
// none of the formats; it is empty for a text.
func unreadSignature(s *Sample) string {
	switch {
	case s.IsZip():
		return unreadZip(s)
	case s.IsOLE():
		return "an OLE container"
	case bytes.HasPrefix(s.Head, []byte(`{\rtf`)):
		return "an RTF document"
	case looksBinary(s.Head):
		// DetectContentType knows the signatures of the WHATWG standard.
		if mime := http.DetectContentType(s.Head); !strings.HasPrefix(mime, "text/") && mime != "application/octet-stream" {
			return "a file of type " + mime
		}
		return binaryTitle
	}
	return ""
}

// unreadZip tells apart the kinds of documents that are zip archives.
func unreadZip(s *Sample) string {
	z, err := s.Zip()
	if err != nil {
		return "a zip archive that is damaged or cut off"
	}
	for _, f := range z.File {
		switch {
		case strings.HasPrefix(f.Name, "word/"):
			return "a Word document"
		case strings.HasPrefix(f.Name, "xl/"):
			return "an Excel workbook"
		case strings.HasPrefix(f.Name, "ppt/"):
			return "a PowerPoint presentation"
		case f.Name == "mimetype":
			return "an OpenDocument file or an EPUB book"
		}
	}
	return "a plain zip archive"
}
