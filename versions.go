package albertsearch

import (
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract/formats"
)

// versions are those of the code that reads and splits documents.
type versions struct {
	splitter int
	readers  map[string]int // by type
}

func currentVersions() versions {
	v := versions{splitter: ingest.SplitVersion, readers: map[string]int{}}
	for _, f := range formats.All() {
		v.readers[f.Name] = f.Version
	}
	return v
}

// of returns the versions to be kept of a document.
func (v versions) of(doc *ingest.Document) document.Versions {
	read := doc.Versions()
	if read.Reader == 0 { // an Extractor that has none
		read.Reader = v.readers[doc.Type]
	}
	return read
}

// areNewer reports whether a document was read or split by older code, or before
// versions were recorded.
func (v versions) areNewer(info *index.Info) bool {
	return info.State == index.Indexed &&
		(info.Versions.Reader < v.readers[info.Type] || info.Versions.Splitter < v.splitter)
}
